"""Operators, their roles in projects, and their sessions."""
