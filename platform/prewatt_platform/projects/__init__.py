"""Projects: the isolation unit; name, zone, currency, reading interval."""
