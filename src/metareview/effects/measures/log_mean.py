"""MNLN: log of the mean of one group.

For a positive outcome that varies in proportion to its size. Its exponential is the mean; a difference between studies is a
ratio of their means. The outcome needs a true zero: the logarithm of a mean temperature or of an attitude scale depends on
where its zero was put.

The logarithm of a sample mean is a little too low in small groups, by about sdi^2/(2 ni mi^2), half the variance; like
metafor 3.8.1 this measure leaves that, so keep away from groups in which vi is not small.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_mean
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log mean and its delta-method variance; arrays of shape (k,)."""
    m, sd, n = (columns[name] for name in one_mean.NAMES)
    return Computed(np.log(m), sd**2 / (n * m**2))


MEASURE = Measure(
    name="MNLN",
    title="Log mean",
    family="one mean",
    formula_id="MNLN.v1",
    formula="yi = ln(mi); vi = sdi^2/(ni*mi^2)",
    inputs=one_mean.INPUTS,
    scale="log",
    back="exp",
    positive="",
    orientation="Higher: a higher mean of the outcome; there is no treated arm.",
    source=Source(
        "Hedges, Gurevitch & Curtis (1999), The meta-analysis of response ratios in experimental ecology, Ecology 80",
        "equation 1, the term of one group",
    ),
    compute=compute,
    check=one_mean.check_positive,
)
