"""CVLN: log of the coefficient of variation of one group.

The standard deviation as a share of the mean, on the log scale: spread at equal means. The outcome needs a true zero, and
a mean well above 0.

1/(2(n - 1)) corrects the logarithm of the standard deviation, as in `SDLN`. The bias of the logarithm of the mean, about
-sdi^2/(2 ni mi^2) and so the smaller one while the mean is above the standard deviation, is left, as metafor 3.8.1 does.
Nakagawa and others subtract from the variance a term with the correlation between means and standard deviations over
studies; here, as in metafor, it is 0, which is right for a normally distributed outcome, whose sample mean and standard
deviation are independent.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_mean
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log coefficient of variation, corrected for small groups, and its variance; arrays of shape (k,)."""
    m, sd, n = (columns[name] for name in one_mean.NAMES)
    half = 1 / (2 * (n - 1))
    return Computed(np.log(sd / m) + half, half + sd**2 / (n * m**2))


MEASURE = Measure(
    name="CVLN",
    title="Log coefficient of variation",
    family="one mean",
    formula_id="CVLN.v1",
    formula="yi = ln(sdi/mi) + 1/(2*(ni - 1)); vi = 1/(2*(ni - 1)) + sdi^2/(ni*mi^2)",
    inputs=one_mean.INPUTS,
    scale="log",
    back="exp",
    positive="",
    orientation="Higher: the outcome differs more within the group, for its mean; there is no treated arm.",
    source=Source(
        "Nakagawa, Poulin, Mengersen, Reinhold, Engqvist, Lagisz & Senior (2015), Meta-analysis of variation: "
        "ecological and evolutionary applications and beyond, Methods in Ecology and Evolution 6",
        "log coefficient of variation and its variance, without the correlation term",
    ),
    compute=compute,
    check=one_mean.check_positive,
)
