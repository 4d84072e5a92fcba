"""MPOR: marginal odds ratio of matched pairs.

Counts **pairs**, each once: ai with the event under both, bi under treatment only, ci under control only, di under
neither (drawn as a table under `MPRR`, with what goes wrong when a paper prints the margins only).

The ratio of the two marginal odds, (ai + bi)/(ci + di) over (ai + ci)/(bi + di): the same quantity as `OR` of independent
groups, so it may be pooled with it. It is **not** the conditional odds ratio `MPORC` (bi/ci), which is further from 1
whenever pairs differ in risk; never pool the two together. The variance subtracts twice the covariance of the two logits.

**Zeros.** 0.5 to all cells of a table with a zero (`only0`), as in metafor. The ratio exists with zeros as long as
neither margin is empty or full, so `to="none"` is sound there. A table with no event at all, or nothing but events under
both, is refused. Sweeting's treatment-arm correction is not defined for pairs.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import paired_two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log marginal odds ratio and its variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in paired_two_by_two.CELLS)
    n = a + b + c + d
    p, q = (a + b) / n, (a + c) / n
    yi = np.log((a + b) / (c + d)) - np.log((a + c) / (b + d))
    treated, control = p * (1 - p), q * (1 - q)
    return Computed(yi, (1 / treated + 1 / control - 2 * (a / n - p * q) / (treated * control)) / n)


MEASURE = Measure(
    name="MPOR",
    title="Odds ratio of matched pairs, marginal",
    family="paired two by two",
    formula_id="MPOR.v1",
    formula="n = ai + bi + ci + di; p = (ai + bi)/n; q = (ai + ci)/n; yi = ln((p/(1 - p)) / (q/(1 - q))); "
    "vi = (1/(p*(1 - p)) + 1/(q*(1 - q)) - 2*(ai/n - p*q)/(p*(1 - p)*q*(1 - q))) / n",
    inputs=paired_two_by_two.INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): lower odds of the event under treatment.",
    source=Source(
        "Becker & Balagtas (1993), Marginal modeling of binary cross-over data, Biometrics 49, pages 997-1009",
        "marginal log odds ratio and its delta-method variance",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=paired_two_by_two.SWAP,
    check=paired_two_by_two.check,
    cells=paired_two_by_two.CELLS,
    margins=(("ai", "bi", "ci"), ("bi", "ci", "di")),
)
