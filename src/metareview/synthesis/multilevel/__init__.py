"""Multilevel and multivariate models: effects that depend on each other."""
