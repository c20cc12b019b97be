"""Customers' prepaid accounts: opening and selling, exactly once."""
