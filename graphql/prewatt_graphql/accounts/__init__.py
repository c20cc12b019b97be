"""Accounts and sales."""
