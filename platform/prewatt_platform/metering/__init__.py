"""Gateways, metering points, meters and their readings."""
