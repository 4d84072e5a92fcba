"""R2: R squared of a regression, the share of the variance it explains.

For studies that ask how much a set of predictors explains together. Three traps: R squared has no sign; it is too large
on average (by about `mi / ni`), so small studies with many predictors look better than they are; and near 0 its
distribution is so skewed that the large-sample variance goes to 0. A row with R squared 0 is refused here; ZR2 has a
variance there.

`vtype="LS"` is the large-sample variance; `"LS2"` is that of Cohen et al. (2003), which takes the number of predictors
(`mi`) into account. metafor has R2 since version 4.4.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import correlation
from metareview.effects.forms import Forms, by_choice
from metareview.effects.measure import Columns, Computed, Input, Measure, Problem, Source, flag_rows

FORMS = Forms(
    "yi = r2i; ",
    by_choice(
        "vtype",
        "vi = 4*r2i*(1 - r2i)^2 / ni",
        "vi = 4*r2i*(1 - r2i)^2*(ni - mi - 1)^2 / ((ni^2 - 1)*(ni + 3))",
    ),
)


def compute(columns: Columns) -> Computed:
    """R squared and its variance; arrays of shape (k,)."""
    n, m, r2 = (columns[name] for name in ("ni", "mi", "r2i"))
    base = 4 * r2 * (1 - r2) ** 2
    vi = np.where(columns["vtype"] == 0, base / n, base * (n - m - 1) ** 2 / ((n**2 - 1) * (n + 3)))
    return Computed(r2, vi, rule=FORMS.rules(columns))


def check(columns: Columns) -> list[Problem]:
    """R squared at its ends, predictors missing for LS2, and samples too small for the regression."""
    n, m, r2 = (columns[name] for name in ("ni", "mi", "r2i"))
    found = flag_rows(r2 == 0, "r2i", "is 0, where this variance is 0 too; use ZR2")
    found += flag_rows(r2 == 1, "r2i", "is 1: nothing is left to vary")
    found += flag_rows((columns["vtype"] == 1) & np.isnan(m), "mi", "is missing; vtype LS2 needs the predictors")
    return found + flag_rows(n - m <= 1, "ni", "{:g} people are too few for {:g} predictors", n, m)


MEASURE = Measure(
    name="R2",
    title="R squared",
    family="correlation",
    formula_id="R2.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    inputs=(
        correlation.R2,
        correlation.N,
        Input("mi", "size", False, "predictors in the regression, for vtype LS2", "predictors"),
        Input("vtype", "choice", False, "form of the variance", choices=("LS", "LS2"), default=0.0),
    ),
    scale="linear",
    orientation="0: the regression explains nothing; 1: everything; it has no direction.",
    positive="",
    source=Source(
        "Olkin & Finn (1995), Correlations redux, Psychological Bulletin 118, and Cohen, Cohen, West & Aiken (2003), "
        "Applied multiple regression/correlation analysis for the behavioral sciences, 3rd edition",
        "1995, pages 155-164: large-sample variance of R squared; 2003, chapter 3: its standard error (LS2)",
    ),
    compute=compute,
    check=check,
)
