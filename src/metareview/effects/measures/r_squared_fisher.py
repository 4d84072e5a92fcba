"""ZR2: R squared, on the scale of Fisher's z of the multiple correlation.

`artanh(sqrt(R^2))`, whose large-sample variance `1 / n` does not hang on R squared: the counterpart of ZCOR for R2.
Turned back by squaring tanh. It cures the variance and not the bias: R squared is too large in small samples with many
predictors, and an interval that reaches below 0 has no meaning there (the transformed values cannot be negative). Near
0 the normal approximation is poor. metafor has ZR2 since version 4.4.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import correlation
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source, flag_rows


def compute(columns: Columns) -> Computed:
    """Fisher's z of the multiple correlation and its variance; arrays of shape (k,)."""
    return Computed(np.arctanh(np.sqrt(columns["r2i"])), 1 / columns["ni"])


def check(columns: Columns) -> list[Problem]:
    """An R squared of 1."""
    return flag_rows(columns["r2i"] == 1, "r2i", "is 1: nothing is left to vary")


MEASURE = Measure(
    name="ZR2",
    title="R squared, Fisher's z of its root",
    family="correlation",
    formula_id="ZR2.v1",
    formula="yi = atanh(sqrt(r2i)); vi = 1 / ni",
    inputs=(correlation.R2, correlation.N),
    scale="linear",
    back="tanh2",
    orientation="0: the regression explains nothing; the higher, the more; it has no direction.",
    positive="",
    source=Source(
        "Olkin & Finn (1995), Correlations redux, Psychological Bulletin 118",
        "pages 155-164: variance-stabilising transformation of the multiple correlation",
    ),
    compute=compute,
    check=check,
)
