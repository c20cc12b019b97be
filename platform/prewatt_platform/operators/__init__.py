"""Operators: who signs in, what they may do in which project, and their sessions."""
