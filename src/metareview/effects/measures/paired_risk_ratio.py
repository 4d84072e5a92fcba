"""MPRR: marginal risk ratio of matched pairs.

Every **pair** (a treated unit and its match, or one unit under treatment and under control) is counted once:

|                              | event under control | no event under control |
|------------------------------|---------------------|------------------------|
| **event under treatment**    | ai                  | bi                     |
| **no event under treatment** | ci                  | di                     |

So ai + bi of all pairs have the event under treatment, and ai + ci under control. A paper that prints the usual table
of two groups ("10 of 17 treated, 5 of 17 controls") shows these margins, **not** these cells: put into this measure they
give nonsense, and put into the measure for independent groups they lose the pairing.

The ratio of the two marginal risks, (ai + bi) / (ai + ci): the same quantity as `RR`, so it may be pooled with it. Only
the variance knows of the pairing; it is smaller than that of independent groups when pairs are alike.

**Zeros.** 0.5 to all cells of a table with a zero (`only0`), as in metafor. The ratio exists with zeros as long as both
margins have events, so `to="none"` is sound there. A table without any event is refused. Sweeting's treatment-arm
correction is not defined for pairs: both "arms" are the same size.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import paired_two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log marginal risk ratio and its variance; arrays of shape (k,)."""
    a, b, c, _ = (columns[name] for name in paired_two_by_two.CELLS)
    return Computed(np.log(a + b) - np.log(a + c), (b + c) / ((a + b) * (a + c)))


MEASURE = Measure(
    name="MPRR",
    title="Risk ratio of matched pairs",
    family="paired two by two",
    formula_id="MPRR.v1",
    formula="yi = ln((ai + bi) / (ai + ci)); vi = (bi + ci) / ((ai + bi)*(ai + ci))",
    inputs=paired_two_by_two.INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): a lower risk of the event under treatment.",
    source=Source(
        "Zou (2007), One relative risk versus two odds ratios: implications for meta-analyses involving paired and unpaired "
        "binary data, Clinical Trials 4, pages 25-31",
        "marginal relative risk of paired data and its variance",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=paired_two_by_two.SWAP,
    check=paired_two_by_two.check,
    cells=paired_two_by_two.CELLS,
    margins=(("ai", "bi", "ci"),),
)
