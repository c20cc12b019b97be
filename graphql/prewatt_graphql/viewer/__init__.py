"""The signed-in operator; sign-in and sign-out."""
