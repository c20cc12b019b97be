"""Prepaid meters: credit, relay, load control, step tariff."""
