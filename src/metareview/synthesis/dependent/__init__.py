"""Dependent effects by name: which working model to use when studies give several effects, with robust tests on top."""
