"""Receipts: data, and printed copies."""
