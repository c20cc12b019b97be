"""Meters: list, one meter, reading interval."""
