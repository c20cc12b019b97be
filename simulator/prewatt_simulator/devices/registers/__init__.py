"""Register tables: value of each register, effect of a write and of a vendor command."""
