"""Synthesis: tau2 estimators, pooling, meta-regression, subgroups, influence; plain functions, frozen
results.
"""
