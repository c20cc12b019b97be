"""What every noun stands on: ids, settings, the database with its two walls, audit, events."""
