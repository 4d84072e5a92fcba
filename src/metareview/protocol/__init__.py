"""The plan of a review: one YAML file, checked as a whole, registered by its hash."""
