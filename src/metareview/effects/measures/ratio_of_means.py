"""ROM: log ratio of two means (response ratio)."""

from __future__ import annotations

import numpy as np

from metareview.effects import two_means
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source, flag_rows


def compute(columns: Columns) -> Computed:
    """Log ratio of means, without small-sample correction, and its variance; arrays of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    return Computed(np.log(m1 / m2), sd1**2 / (n1 * m1**2) + sd2**2 / (n2 * m2**2))


def check(columns: Columns) -> list[Problem]:
    """Means at or below 0: a ratio of means needs an outcome with a true zero."""
    text = "{:g} is not above 0; a ratio of means needs positive means"
    return [p for name in ("m1i", "m2i") for p in flag_rows(columns[name] <= 0, name, text, columns[name])]


MEASURE = Measure(
    name="ROM",
    title="Ratio of means",
    family="two means",
    formula_id="ROM.v1",
    formula="yi = ln(m1i/m2i); vi = sd1i^2/(n1i*m1i^2) + sd2i^2/(n2i*m2i^2)",
    inputs=two_means.INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): a lower mean in the treated group.",
    source=Source(
        "Hedges, Gurevitch & Curtis (1999), The meta-analysis of response ratios in experimental ecology, Ecology 80",
        "equation 1",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.SWAP,
    check=check,
)
