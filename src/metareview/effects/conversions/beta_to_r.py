"""From a standardised regression coefficient to a correlation, by a regression over published pairs. Contested.

Peterson and Brown fitted r = 0.98 beta + 0.05 (the 0.05 for beta of 0 or more) to published pairs with beta within
0.5 of 0. What a coefficient becomes depends on what else is in its regression, so the same r can go with any beta;
Roth, Le, Oh, Van Iddekinge and Bobko (2018, Journal of Applied Psychology 103) show bias and advise against it. The
step of 0.05 at 0 turns no relation into one. The variance is that of a correlation and leaves the error of the
imputation out. Prefer the t of the coefficient (`t_to_r`, a partial correlation), or leave the effect out; if used,
show the pooled result without it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects.converting import VARIANCE, correlation_variance
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, Source, flag_rows, texts

FORMULA = "r = 0.98*beta + 0.05; variance = (1 - r^2)^2 / (n - 1)"


def compute(columns: Columns) -> Converted:
    """r and its variance; arrays of shape (k,)."""
    beta = columns["beta"]
    r = 0.98 * beta + np.where(beta >= 0, 0.05, 0.0)
    values = {"r": r, "variance": correlation_variance(r, columns["n"])}
    return Converted(
        values, note=texts(len(beta), "imputed from a standardised coefficient: contested, variance too small")
    )


def check(columns: Columns) -> list[Problem]:
    """Coefficients beyond those the imputation was fitted to."""
    text = "{:g} is beyond 0.5, which the imputation was not made for"
    return flag_rows(np.abs(columns["beta"]) > 0.5, "beta", text, columns["beta"])


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row from its inputs by name."""
    return FORMULA if values["beta"] >= 0 else FORMULA.replace(" + 0.05", "")


CONVERSION = Conversion(
    name="beta_to_r",
    title="Standardised coefficient to correlation (contested)",
    formula_id="beta_to_r.v1",
    formula=FORMULA,
    inputs=(
        Input("beta", "number", True, "standardised coefficient"),
        Input("n", "group", True, "size of the sample", "people"),
    ),
    outputs=(("r", "correlation"), VARIANCE),
    method="estimated",
    source=Source(
        "Peterson & Brown (2005), On the use of beta coefficients in meta-analysis, Journal of Applied Psychology 90",
        "pages 175-181",
    ),
    compute=compute,
    check=check,
    formula_of=formula_of,
)
