"""Receipts: what stands on them, as plain text and as PDF, and how often each was printed."""
