"""The derived SQLite index: opened, extended by what is new, rebuilt when a hash differs; it knows no room's tables."""
