"""From what papers report to what measures need: one conversion a file, each exposing CONVERSION."""
