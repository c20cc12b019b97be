"""Register tables: what each register shows and what a write or a vendor command does."""
