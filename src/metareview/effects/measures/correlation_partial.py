"""PCOR: partial correlation from a regression.

How closely the outcome goes with one predictor when the others are held fixed: from the predictor's t in a linear
regression, `r = t / sqrt(t^2 + n - m - 1)`. `mi` counts **all** predictors, the one of interest included and the
constant not; a set of dummies counts each. What is held fixed differs by study, so partial correlations of different
models are not the same quantity: a meta-analysis should describe the models, and not mix them with COR.

**Which variance is right.** A partial correlation with `m - 1` controls of n people is distributed as a plain
correlation of `n - (m - 1)` people (Fisher 1924). The plain one has `(1 - r^2)^2 / (n - 1)`, so the partial one has
`(1 - r^2)^2 / (n - m)`; with one predictor it is COR itself. metafor 3.8 divides by `n - m - 1`, the degrees of freedom
of t, which contradicts its own COR; later versions divide by `n - m`.

With the true correlation in its place, the variance with `n - m` is exact at 0, and 3.8's is 9% too large at
`n - m = 11`. With the *estimated* one both come out too small on average, as COR does (at `n - m = 11`: 14 to 16%, and
5 to 8% with 3.8's divisor, which hides half of it). In small samples use ZPCOR, which has no such trouble.
"""

from __future__ import annotations

from metareview.effects import correlation
from metareview.effects.forms import Forms
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source

FORMS = Forms(correlation.step_to_partial(), "yi = ri; vi = (1 - ri^2)^2 / (ni - mi)")


def compute(columns: Columns) -> Computed:
    """The partial correlation and its large-sample variance; arrays of shape (k,)."""
    r = correlation.partial(columns)
    return Computed(r, (1 - r**2) ** 2 / (columns["ni"] - columns["mi"]), rule=FORMS.rules(columns))


def check(columns: Columns) -> list[Problem]:
    """Rows without r and t, and samples too small for the regression."""
    return correlation.check_partial(columns, 1)


MEASURE = Measure(
    name="PCOR",
    title="Partial correlation",
    family="correlation",
    formula_id="PCOR.v1",
    formula=FORMS.texts[1],
    formula_of=FORMS.of_row,
    inputs=(correlation.T, correlation.R_PARTIAL, correlation.N, correlation.PREDICTORS),
    scale="linear",
    orientation="Below 0: the outcome is lower where the predictor is higher, the others held fixed.",
    positive="",
    source=Source(
        "Aloe & Thompson (2013), The synthesis of partial effect sizes, Journal of the Society for Social Work and "
        "Research 4, and Fisher (1924), The distribution of the partial correlation coefficient, Metron 3",
        "2013, pages 390-405: partial correlation from t; 1924, pages 329-332: its distribution with fewer people",
    ),
    compute=compute,
    prepare=correlation.choose,
    check=check,
)
