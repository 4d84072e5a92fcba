"""The terminal screens: one screen a file; each calls services and draws."""
