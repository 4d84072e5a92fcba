"""MPRD: marginal risk difference of matched pairs.

Counts **pairs**, each once: ai with the event under both, bi under treatment only, ci under control only, di under
neither (drawn as a table under `MPRR`, with what goes wrong when a paper prints the margins only).

The difference of the two marginal risks is (bi - ci)/n: only the pairs that disagree move it, all pairs make it precise.
It is the same quantity as `RD` of independent groups, so it may be pooled with it. A mean change of 0, 1 and -1.

**Zeros.** 0.5 to all cells of a table with a zero (`only0`), as in metafor, which pulls the difference slightly towards 0.
The difference exists with zeros as long as some pair disagrees, so `to="none"` is sound there; pairs that all agree are a
difference of 0 that only the correction gives a variance. Sweeting's treatment-arm correction is not defined for pairs.
"""

from __future__ import annotations

from metareview.effects import paired_two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Marginal risk difference and its variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in paired_two_by_two.CELLS)
    n = a + b + c + d
    yi = (b - c) / n
    return Computed(yi, ((b + c) / n - yi**2) / n)


MEASURE = Measure(
    name="MPRD",
    title="Risk difference of matched pairs",
    family="paired two by two",
    formula_id="MPRD.v1",
    formula="n = ai + bi + ci + di; yi = (bi - ci)/n; vi = ((bi + ci)/n - yi^2) / n",
    inputs=paired_two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0: a lower risk of the event under treatment.",
    source=Source(
        "May & Johnson (1997), Confidence intervals for differences in correlated binary proportions, Statistics in "
        "Medicine 16, pages 2127-2136",
        "difference of correlated proportions and its large-sample variance",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=paired_two_by_two.SWAP,
    check=paired_two_by_two.check,
    cells=paired_two_by_two.CELLS,
)
