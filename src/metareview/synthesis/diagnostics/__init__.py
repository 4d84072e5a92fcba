"""Diagnostics: what a synthesis becomes without some of its effects, and how far its effects and tau2 are from what
it supposes.
"""
