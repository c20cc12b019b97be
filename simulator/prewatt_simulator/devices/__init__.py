"""Simulated devices: behaviour solved in closed form, and register tables above it."""
