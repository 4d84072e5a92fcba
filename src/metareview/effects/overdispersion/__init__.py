"""Overdispersion of crime and similar counts: how much larger their variance is than Poisson's."""

from metareview.effects.overdispersion.defaults import find_default, phi_defaults
from metareview.effects.overdispersion.diagnostics import SeriesDiagnostics, diagnose_series
from metareview.effects.overdispersion.estimate import Dispersion, estimate_phi
from metareview.effects.overdispersion.table import phi_table

__all__ = [
    "Dispersion",
    "SeriesDiagnostics",
    "diagnose_series",
    "estimate_phi",
    "find_default",
    "phi_defaults",
    "phi_table",
]
