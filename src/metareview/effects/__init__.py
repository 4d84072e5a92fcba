"""Effect sizes: one measure a file in `measures/`, each with its formula, orientation and source."""
