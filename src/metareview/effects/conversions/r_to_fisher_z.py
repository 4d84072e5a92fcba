"""From a correlation to Fisher's z, whose variance does not depend on the correlation."""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import VARIANCE, R
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, Source, flag_rows


def compute(columns: Columns) -> Converted:
    """Fisher's z and its variance; arrays of shape (k,)."""
    return Converted({"fisher_z": np.arctanh(columns["r"]), "variance": 1 / (columns["n"] - 3)})


def check(columns: Columns) -> list[Problem]:
    """Perfect correlations, and samples of 3 or fewer."""
    r, n = columns["r"], columns["n"]
    found = flag_rows(np.abs(r) == 1, "r", "{:g} is perfect: its z is infinite", r)
    return found + flag_rows(n <= 3, "n", "{:g} is not above 3: the variance does not exist", n)


CONVERSION = Conversion(
    name="r_to_fisher_z",
    title="Correlation to Fisher z",
    formula_id="r_to_fisher_z.v1",
    formula="fisher_z = atanh(r); variance = 1 / (n - 3)",
    inputs=(R, Input("n", "size", True, "size of the sample", "people")),
    outputs=(("fisher_z", "Fisher's z"), VARIANCE),
    method="computed",
    source=Source(
        "Fisher (1921), On the probable error of a coefficient of correlation, Metron 1",
        "pages 3-32, the transformation z",
    ),
    compute=compute,
    check=check,
)
