"""ARAW: Cronbach's alpha, untransformed.

Reliability of a scale, to be pooled over studies that used it. The distribution of alpha is skewed, the more so the nearer
it is to 1, and its variance falls as alpha rises, so studies with a high alpha get more weight for that alone and an
interval can pass 1: `ABT` and `AHW` mend both.

Alpha can be negative (items that contradict each other); below -1 a coding mistake is likely. The variance assumes items
with equal variances and covariances.
"""

from __future__ import annotations

from metareview.effects import reliability
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Alpha and its variance; arrays of shape (k,)."""
    a, m, n = (columns[name] for name in reliability.NAMES)
    return Computed(a, 2 * m * (1 - a) ** 2 / ((m - 1) * (n - 2)))


MEASURE = Measure(
    name="ARAW",
    title="Cronbach's alpha",
    family="reliability",
    formula_id="ARAW.v1",
    formula="yi = ai; vi = 2*mi*(1 - ai)^2/((mi - 1)*(ni - 2))",
    inputs=reliability.INPUTS,
    scale="linear",
    back="identity",
    positive="",
    orientation=reliability.ORIENTATION,
    source=Source(
        "Bonett (2010), Varying coefficient meta-analytic methods for alpha reliability, Psychological Methods 15",
        "pages 368-385, variance of an alpha estimate",
    ),
    compute=compute,
    check=reliability.check,
)
