"""Commands to meters, and how far they got."""
