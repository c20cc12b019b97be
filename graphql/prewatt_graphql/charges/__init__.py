"""Charged fees."""
