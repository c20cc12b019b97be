"""Reconciliation of meters with ledger and orders."""
