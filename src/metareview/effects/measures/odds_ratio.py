"""OR: odds ratio of a 2x2 table."""

from __future__ import annotations

import numpy as np

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log odds ratio and its large-sample variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    return Computed(np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d)


MEASURE = Measure(
    name="OR",
    title="Odds ratio",
    family="two by two",
    formula_id="OR.v1",
    formula="yi = ln((ai*di) / (bi*ci)); vi = 1/ai + 1/bi + 1/ci + 1/di",
    inputs=two_by_two.INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): lower odds of the event in the treated group.",
    source=Source(
        "Woolf (1955), On estimating the relation between blood group and disease, Annals of Human Genetics 19",
        "pages 251-253, log odds ratio and its variance",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_by_two.SWAP,
    prepare=two_by_two.prepare,
    check=two_by_two.check,
    cells=two_by_two.CELLS,
    arms=two_by_two.ARMS,
    margins=(("ai", "ci"), ("bi", "di")),
)
