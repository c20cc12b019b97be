"""Tills and their closings."""
