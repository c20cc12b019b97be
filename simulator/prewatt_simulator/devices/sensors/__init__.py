"""Devices that measure no energy: contacts, temperature, humidity."""
