"""The RS-485 line and what connects it to the network: bus, gateway, listener, dial-out, in-memory transport."""
