"""RR: risk ratio of a 2x2 table.

The share of the treated with the event over the share of the controls: "times as likely". Easy to read, but **not
symmetrical in what is counted**: the ratio of risks of dying says another thing than that of risks of surviving, and not
merely with the other sign. Count the same event in every study, usually the rarer, unwanted one. It cannot be had from
case-control studies, where the risks are set by the design.

**Zeros.** 0.5 to all cells of a table with a zero (`only0`), as in metafor, also where the zero is among the people without
the event and the ratio exists without (`to="none"` is sound there). `to="treatment_arm"` (Sweeting et al.) adds more to
the larger arm, so that the correction does not pull the ratio of unequal arms towards 1. A table without events in either
arm is refused: it says nothing about the ratio, and metafor's number for it comes from the 0.5 alone. If everyone has the
event in both arms the ratio is 1, or close to it, and its variance comes from the correction.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log risk ratio and its large-sample variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    n1, n2 = a + b, c + d
    return Computed(np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2)


MEASURE = Measure(
    name="RR",
    title="Risk ratio",
    family="two by two",
    formula_id="RR.v1",
    formula="n1i = ai + bi; n2i = ci + di; yi = ln((ai/n1i) / (ci/n2i)); vi = 1/ai - 1/n1i + 1/ci - 1/n2i",
    inputs=two_by_two.INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): a lower risk of the event in the treated group.",
    source=Source(
        "Katz, Baptista, Azen & Pike (1978), Obtaining confidence intervals for the risk ratio in cohort "
        "studies, Biometrics 34",
        "log method, pages 469-474",
    ),
    compute=compute,
    **two_by_two.TABLE,
    margins=(("ai", "ci"),),
)
