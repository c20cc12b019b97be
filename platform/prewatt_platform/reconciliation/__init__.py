"""Proof that ledger, orders, audit trail and the meters' own registers agree."""
