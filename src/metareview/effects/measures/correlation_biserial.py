"""RBIS: biserial correlation of a dichotomised variable with a quantitative outcome.

When two groups were cut from a continuous variable (high and low deprivation, say), the correlation with that variable
itself is what other studies report; RBIS estimates it from the two means, supposing that both variables are normal
together. It is on the scale of COR and can be pooled with it. With a true dichotomy (treated or not) there is no such
variable: use RPB.

The variance is Soper's (1914) approximation. The estimate can be beyond 1 in small samples with extreme groups; that is
sampling error, not a mistake, and its note says so. With a large difference and very unequal groups Soper's variance
falls below 0; such rows are refused.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from metareview.effects import two_means
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source, flag_rows
from metareview.effects.measures.correlation_point_biserial import STEPS, point_biserial


def compute(columns: Columns) -> Computed:
    """The biserial correlation and Soper's variance; arrays of shape (k,)."""
    r, _, _ = point_biserial(columns)
    n = columns["n1i"] + columns["n2i"]
    p, q = columns["n1i"] / n, columns["n2i"] / n
    cut = norm.ppf(q)
    height = norm.pdf(cut)
    yi = np.sqrt(p * q) / height * r
    middle = 1.5 + (1 - p * cut / height) * (1 + q * cut / height)
    vi = (p * q / height**2 - middle * yi**2 + yi**4) / (n - 1)
    note = np.where(np.abs(yi) > 1, "the biserial correlation is beyond 1", "").astype(object)
    return Computed(yi, vi, note=note)


def check(columns: Columns) -> list[Problem]:
    """Rows where Soper's approximation breaks down."""
    text = "gives Soper's variance below 0: the groups are too unequal and the difference too large for RBIS"
    return flag_rows(compute(columns).vi <= 0, "m1i", text)


MEASURE = Measure(
    name="RBIS",
    title="Biserial correlation",
    family="correlation",
    formula_id="RBIS.v1",
    formula=f"{STEPS}r = d / sqrt(d^2 + h); p = n1i/n; q = n2i/n; cut = z(q); height = phi_density(cut); "
    "yi = sqrt(p*q)/height * r; "
    "vi = (p*q/height^2 - (3/2 + (1 - p*cut/height)*(1 + q*cut/height))*yi^2 + yi^4) / (n - 1)",
    inputs=two_means.INPUTS,
    scale="linear",
    orientation="Below 0: a lower mean in group 1, the one above the cut.",
    source=Source(
        "Soper (1914), On the probable error of the bi-serial expression for the correlation coefficient, Biometrika 10, "
        "and Jacobs & Viechtbauer (2017), Estimation of the biserial correlation and its sampling variance for use in "
        "meta-analysis, Research Synthesis Methods 8",
        "1914, pages 384-390: variance; 2017, pages 161-180: from two means",
    ),
    compute=compute,
    check=check,
    swap="negates",
    swap_inputs=two_means.SWAP,
)
