"""Devices as sans-io objects: `receive(pdu, now_s) -> pdu`, lazy, on the time they are told."""
