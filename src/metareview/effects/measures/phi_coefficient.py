"""PHI: phi coefficient, the correlation of two yes-or-no variables.

The Pearson correlation of the two columns of noughts and ones behind the table; phi^2 * n is the chi-squared statistic.

**A trap.** Phi reaches 1 only when both margins are split alike. Where events are rare or arms unequal its largest
possible value is far below 1, so two studies with the same odds ratio and other margins have another phi. To compare a
treated and a control group choose `OR` or `RR`; phi is for cross-sectional association of two attributes.

**The variance depends on how people were sampled** (`vtype`): "CS", the default and metafor's: only the total was fixed
(a survey); "ST": the sizes of both groups were (a trial, two areas, cases and controls). They rarely differ by much.
The first is the multinomial, the second the two-binomial delta-method variance.

**Zeros.** None is corrected (`none` is the rule of this measure, as in metafor): phi exists when no margin is empty. It is
-1 or 1, with a variance of 0, in a table with two opposite zeros; such a row is refused, as is one without any event
or with nothing but events.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Floats, Input, Measure, Source, texts

CROSS_SECTIONAL, STRATIFIED = 0.0, 1.0
_ESTIMATE = (
    "n1i = ai + bi; n2i = ci + di; n = n1i + n2i; p = n1i/n; q = (ai + ci)/n; "
    "yi = (ai*di - bi*ci) / sqrt(n1i*n2i*(ai + ci)*(bi + di)); "
)
_MULTINOMIAL = (
    _ESTIMATE + "u = (1 - 2*p)/sqrt(p*(1 - p)); w = (1 - 2*q)/sqrt(q*(1 - q)); "
    "vi = (1 - yi^2 + yi*(1 + yi^2/2)*u*w - 3/4*yi^2*(u^2 + w^2)) / n"
)
_BINOMIAL = (
    _ESTIMATE + "s = sqrt(p*(1 - p)/(q*(1 - q))); g = yi*(1 - 2*q)/(2*q*(1 - q)); "
    "vi = (s - g*p)^2*ai*bi/n1i^3 + (s + g*(1 - p))^2*ci*di/n2i^3"
)


def compute(columns: Columns) -> Computed:
    """Phi and its variance by the sampling of each row; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    n1, n2, n = a + b, c + d, a + b + c + d
    yi = (a * d - b * c) / (np.sqrt(n1 * n2) * np.sqrt((a + c) * (b + d)))
    p, q = n1 / n, (a + c) / n
    stratified = columns["vtype"] == STRATIFIED
    s, g = np.sqrt(p * (1 - p) / (q * (1 - q))), yi * (1 - 2 * q) / (2 * q * (1 - q))
    binomial = (s - g * p) ** 2 * a * b / n1**3 + (s + g * (1 - p)) ** 2 * c * d / n2**3
    vi = np.where(stratified, binomial, _multinomial(yi, p, q, n))
    complete = ((a == 0) & (d == 0)) | ((b == 0) & (c == 0))
    rule = texts(len(yi), _MULTINOMIAL)
    rule[stratified] = _BINOMIAL
    return Computed(yi, np.where(complete, 0.0, vi), rule=rule)


def _multinomial(yi: Floats, p: Floats, q: Floats, n: Floats) -> Floats:
    """Variance of phi when only the total is fixed, shape (k,)."""
    u, w = (1 - 2 * p) / np.sqrt(p * (1 - p)), (1 - 2 * q) / np.sqrt(q * (1 - q))
    return np.asarray((1 - yi**2 + yi * (1 + yi**2 / 2) * u * w - 3 / 4 * yi**2 * (u**2 + w**2)) / n)


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row, by how its people were sampled."""
    return _BINOMIAL if values["vtype"] == STRATIFIED else _MULTINOMIAL


MEASURE = Measure(
    name="PHI",
    title="Phi coefficient",
    family="two by two",
    formula_id="PHI.v1",
    formula=_MULTINOMIAL,
    formula_of=formula_of,
    inputs=(
        *two_by_two.INPUTS,
        Input(
            "vtype",
            "choice",
            False,
            "how people were sampled: CS cross-sectional (only the total fixed), ST stratified (both groups fixed)",
            choices=("CS", "ST"),
            default=CROSS_SECTIONAL,
        ),
    ),
    scale="linear",
    orientation="Below 0 (down to -1): the event is less common in the treated group.",
    source=Source(
        "Yule (1912), On the methods of measuring association between two attributes, Journal of the Royal "
        "Statistical Society 75, pages 579-652",
        "product-sum correlation and its probable error (CS); the same estimate by the delta method from two binomials (ST)",
    ),
    compute=compute,
    **two_by_two.TABLE,
    margins=(("ai", "ci"), ("bi", "di")),
    zero_rule="none",
)
