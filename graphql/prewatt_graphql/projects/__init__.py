"""Projects: the isolation unit that a request chooses."""
