"""Fees charged to accounts: property fees, and shares of public use and losses. Sales settle them."""
