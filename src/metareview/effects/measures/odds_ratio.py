"""OR: odds ratio of a 2x2 table.

The odds of the event (events over non-events) among the treated over those among the controls. It is the same whichever
of event and non-event is counted (the log only changes its sign), can be had from case-control studies, and is what
logistic regression gives.

**A trap.** It is not a risk ratio: with common events it lies further from 1 (risks of 0.8 and 0.6 have a risk ratio of
1.33 and an odds ratio of 2.67). Do not read it as "times as likely", and never pool it with risk ratios.

**Zeros.** A zero cell makes the log ratio or its variance infinite: 0.5 to all cells of a table with a zero (`only0`), as
in metafor. With rare events or arms of different size this pulls the ratio towards 1; `to="treatment_arm"` (Sweeting
et al.) adds more to the larger arm, which does not, and `PETO` needs no correction at all. A table without events in
either arm, or with nothing but events, is refused: it says nothing about the ratio, and metafor's number for it comes from
the 0.5 alone. See that a result does not hang on the rule by running another.
"""

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
    **two_by_two.TABLE,
    margins=(("ai", "ci"), ("bi", "di")),
)
