"""Meters: the list, one meter, how often it is read."""
