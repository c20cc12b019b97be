"""The schedule that reads every meter all year."""
