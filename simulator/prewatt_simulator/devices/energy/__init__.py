"""Energy meters without credit: counters, clock, months, demand, electrical values."""
