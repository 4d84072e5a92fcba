"""ZCOR: Fisher's z of a correlation.

`z = artanh(r)` has nearly the same variance whatever the correlation, `1 / (n - 3)`, and is nearly normal, which makes
it the usual scale for pooling correlations. Results are turned back with tanh. The back-transformed mean is no mean of
correlations when the true ones differ between studies: tanh of the mean is a median.

Not for correlations of a dichotomous variable (phi, point-biserial) or for Spearman's rho, whose variances are others.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import correlation
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Fisher's z and its variance; arrays of shape (k,)."""
    return Computed(np.arctanh(columns["ri"]), 1 / (columns["ni"] - 3))


MEASURE = Measure(
    name="ZCOR",
    title="Correlation, Fisher's z",
    family="correlation",
    formula_id="ZCOR.v1",
    formula="yi = atanh(ri); vi = 1 / (ni - 3)",
    inputs=(correlation.R, correlation.N),
    scale="linear",
    back="tanh",
    orientation="Below 0: where one variable is higher, the other is lower.",
    positive="",
    source=Source(
        "Fisher (1921), On the probable error of a coefficient of correlation deduced from a small sample, Metron 1",
        "pages 3-32, transformation and its variance",
    ),
    compute=compute,
    check=correlation.check,
)
