"""UCOR: Pearson correlation without its small-sample bias.

r is on average a little nearer to 0 than the correlation it estimates. Olkin & Pratt (1958) found the one function of r
and n without that bias, `r F(1/2, 1/2; (n - 2)/2; 1 - r^2)`, with Gauss's hypergeometric function F. It is computed in
full here, to 1e-13, not by the short approximation `r (1 + (1 - r^2) / (2 (n - 4)))`. metafor computes it in full too,
with the package gsl, which loses digits below 10 people and near r = 0 (8 people, r = 0.05: 0.056625 instead of
0.056554).

`vtype="LS"` puts the estimate into the large-sample variance of COR. `"UB"` is the unbiased variance (Hedges 1989),
which hangs on the data more in small samples. At 20 people the correction is below 0.012, so UCOR matters for small
studies only.
"""

from __future__ import annotations

from metareview.effects import correlation
from metareview.effects.correlation import hypergeometric
from metareview.effects.forms import Forms, by_choice
from metareview.effects.measure import Columns, Computed, Input, Measure, Problem, Source

FORMS = Forms(
    "yi = ri * F(1/2, 1/2, (ni - 2)/2, 1 - ri^2); ",
    by_choice(
        "vtype",
        "vi = (1 - yi^2)^2 / (ni - 1)",
        "vi = yi^2 - 1 + (ni - 3)/(ni - 2) * (1 - ri^2) * F(1, 1, ni/2, 1 - ri^2)",
    ),
)


def compute(columns: Columns) -> Computed:
    """The unbiased correlation and its variance; arrays of shape (k,)."""
    r, n, unbiased = columns["ri"], columns["ni"], columns["vtype"] == 1
    x = 1 - r**2
    yi = r * hypergeometric(0.5, (n - 2) / 2, x)
    vi = (1 - yi**2) ** 2 / (n - 1)
    m, y = n[unbiased], yi[unbiased]
    vi[unbiased] = y**2 - 1 + (m - 3) / (m - 2) * x[unbiased] * hypergeometric(1.0, m / 2, x[unbiased])
    return Computed(yi, vi, rule=FORMS.rules(columns))


def check(columns: Columns) -> list[Problem]:
    """Perfect correlations and samples below 5."""
    return correlation.check(columns, 5)


MEASURE = Measure(
    name="UCOR",
    title="Correlation, unbiased",
    family="correlation",
    formula_id="UCOR.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    functions={"F": correlation.gauss},
    inputs=(
        correlation.R,
        correlation.N,
        Input("vtype", "choice", False, "large-sample or unbiased variance", choices=("LS", "UB"), default=0.0),
    ),
    scale="linear",
    orientation="Below 0: where one variable is higher, the other is lower.",
    positive="",
    source=Source(
        "Olkin & Pratt (1958), Unbiased estimation of certain correlation coefficients, Annals of Mathematical "
        "Statistics 29, and Hedges (1989), An unbiased correction for sampling error in validity generalization studies, "
        "Journal of Applied Psychology 74",
        "1958, equation 2.3; 1989, pages 469-477: unbiased variance, here with the full function",
    ),
    compute=compute,
    check=check,
)
