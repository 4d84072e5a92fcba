"""People's decisions: append-only logs with one order, hash chains and locks; knows no room's events."""
