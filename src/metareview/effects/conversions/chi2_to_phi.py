"""From a chi-squared test of a two-by-two table to phi, the correlation of its two sides.

phi is exact for chi-squared without continuity correction; its variance is the one of a correlation, which holds near
0 (the exact one needs the table), so the row is estimated. Phi depends on the margins of the table: where sizes of
arms and events are known, `chi2_to_log_odds_ratio` gives a measure that does not. No odds ratio follows from phi
alone. A chi-squared with more than 1 df has no phi.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import DIRECTION, ROSENTHAL, VARIANCE, correlation_variance, sign, turned
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, flag_rows

FORMULA = "phi = sqrt(chi2 / n); variance = (1 - phi^2)^2 / (n - 1)"


def compute(columns: Columns) -> Converted:
    """phi and its variance; arrays of shape (k,)."""
    phi = sign(columns) * np.sqrt(columns["chi2"] / columns["n"])
    return Converted({"phi": phi, "variance": correlation_variance(phi, columns["n"])})


def check(columns: Columns) -> list[Problem]:
    """Tests of more than two groups, and statistics above the size of the sample."""
    chi2, n, df1 = columns["chi2"], columns["n"], columns["df1"]
    found = flag_rows(~np.isnan(df1) & (df1 != 1), "df1", "{:g} is not 1: the table is larger than two by two", df1)
    return found + flag_rows(chi2 >= n, "chi2", "{:g} is not below n {:g}: phi would be 1 or more", chi2, n)


CONVERSION = Conversion(
    name="chi2_to_phi",
    title="Chi-squared with 1 df to phi",
    formula_id="chi2_to_phi.v1",
    formula=FORMULA,
    inputs=(
        Input("chi2", "statistic", True, "chi-squared statistic with 1 df, without continuity correction"),
        Input("df1", "df", False, "its degrees of freedom", default=1.0),
        Input("n", "group", True, "size of the sample", "people"),
        DIRECTION,
    ),
    outputs=(("phi", "phi coefficient"), VARIANCE),
    method="estimated",
    source=ROSENTHAL,
    compute=compute,
    check=check,
    formula_of=turned(FORMULA, "phi"),
)
