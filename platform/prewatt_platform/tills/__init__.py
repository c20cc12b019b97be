"""Cashiers' tills: counted at the end of a shift, handed over, and summed up for the day."""
