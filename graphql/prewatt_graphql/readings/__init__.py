"""Readings: the latest, columns of many, new ones as they come."""
