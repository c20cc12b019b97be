"""Grants: free monthly allowances and subsidies, delivered to meters as credit that is never paid out."""
