"""Double entry, append only: where the money is."""
