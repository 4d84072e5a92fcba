"""RPB: point-biserial correlation of a group with a quantitative outcome.

The Pearson correlation of the outcome with being in group 1 (coded 1) rather than 2 (coded 0), from the two means. Use
it when the dichotomy is real (treated or not). It cannot reach 1, and its size hangs on how many are in each group:
with 10 and 90 people it is smaller than with 50 and 50 for the same difference. When two groups were cut from a
continuous variable, use RBIS.

`vtype="ST"` (the default): the group sizes were fixed by the study, as in an experiment. `"CS"`: people were drawn and
then fell into the groups. Do not give its z the variance of ZCOR.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import two_means
from metareview.effects.forms import Forms, by_choice
from metareview.effects.measure import Columns, Computed, Floats, Input, Measure, Source

STEPS = (
    "n = n1i + n2i; df = n - 2; d = (m1i - m2i) / sqrt(((n1i - 1)*sd1i^2 + (n2i - 1)*sd2i^2) / df); "
    "h = df/n1i + df/n2i; "
)
FORMS = Forms(
    f"{STEPS}yi = d / sqrt(d^2 + h); ",
    by_choice(
        "vtype",
        "vi = h^2 / (h + d^2)^3 * (1/n1i + 1/n2i + d^2/(2*n))",
        "p = n1i/n; vi = (1 - yi^2)^2 * (1 - 3/2*yi^2 + yi^2/(4*p*(1 - p))) / n",
    ),
)


def point_biserial(columns: Columns) -> tuple[Floats, Floats, Floats]:
    """The correlation, the standardised difference d and h, each of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    df = n1 + n2 - 2
    d = (m1 - m2) / np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df)
    h = df / n1 + df / n2
    return d / np.sqrt(d**2 + h), d, h


def compute(columns: Columns) -> Computed:
    """The point-biserial correlation and its variance by the sampling; arrays of shape (k,)."""
    r, d, h = point_biserial(columns)
    n1, n2 = columns["n1i"], columns["n2i"]
    n = n1 + n2
    stratified = h**2 / (h + d**2) ** 3 * (1 / n1 + 1 / n2 + d**2 / (2 * n))
    drawn = (1 - r**2) ** 2 * (1 - 1.5 * r**2 + r**2 / (4 * n1 * n2 / n**2)) / n
    return Computed(r, np.where(columns["vtype"] == 0, stratified, drawn), rule=FORMS.rules(columns))


MEASURE = Measure(
    name="RPB",
    title="Point-biserial correlation",
    family="correlation",
    formula_id="RPB.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    inputs=(
        *two_means.INPUTS,
        Input("vtype", "choice", False, "stratified or cross-sectional sampling", choices=("ST", "CS"), default=0.0),
    ),
    scale="linear",
    orientation="Below 0: a lower mean in the treated group (group 1).",
    source=Source(
        "Tate (1954), Correlation between a discrete and a continuous variable: point-biserial correlation, Annals of "
        "Mathematical Statistics 25, and Jacobs & Viechtbauer (2017), Estimation of the biserial correlation and its "
        "sampling variance for use in meta-analysis, Research Synthesis Methods 8",
        "1954, pages 603-607: variance under cross-sectional sampling; 2017, pages 161-180: both",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.SWAP,
)
