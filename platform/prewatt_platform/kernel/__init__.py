"""Base of every noun: ids, settings, the database with its two layers of isolation, audit trail, events."""
