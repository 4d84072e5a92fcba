"""OR2DL: a standardised mean difference from the odds ratio, logistic scores assumed.

ln(OR) * sqrt(3) / pi. Where the event is "the score lies above a cut-off" and scores follow logistic distributions of
one spread, the log odds ratio is the same at every cut-off and pi / sqrt(3) standard deviations of the score wide. It is
the conversion that most textbooks and calculators mean by "d from the odds ratio" (Hasselblad and Hedges; Chinn).

- **Direction.** Above 0 means more events in the treated group; make sure that the event is the high score in every
  study, or negate.
- With normal scores the answer depends on the cut-off: a true 0.50 comes out as 0.45 with a control risk of 30 percent, and
  0.56 with 5 percent. `PBIT` is made for that case; `OR2DN` is this measure times 1.10.

The distribution is assumed, so results say "estimated".

**Zeros.** As for `OR`: 0.5 to all cells of a table with a zero (`only0`), as in metafor; a table without events in either
arm, or with nothing but events, is refused.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source, texts
from metareview.effects.measures import odds_ratio


def compute(columns: Columns) -> Computed:
    """Log odds ratio in standard deviations of a logistic score, and its variance; arrays of shape (k,)."""
    log_ratio = odds_ratio.compute(columns)
    estimated = texts(len(log_ratio.yi), "estimated")
    return Computed(log_ratio.yi * np.sqrt(3) / np.pi, log_ratio.vi * 3 / np.pi**2, estimated)


MEASURE = Measure(
    name="OR2DL",
    title="Standardised mean difference from the odds ratio (logistic)",
    family="two by two",
    formula_id="OR2DL.v1",
    formula="yi = ln((ai*di) / (bi*ci)) * sqrt(3)/pi; vi = (1/ai + 1/bi + 1/ci + 1/di) * 3/pi^2",
    inputs=two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0: lower odds of the event in the treated group (in standard deviations of the score behind it).",
    source=Source(
        "Hasselblad & Hedges (1995), Meta-analysis of screening and diagnostic tests, Psychological Bulletin 117, "
        "pages 167-178; Chinn (2000), A simple method for converting an odds ratio to effect size for use in "
        "meta-analysis, Statistics in Medicine 19, pages 3127-3131",
        "effect size from the log odds ratio and its variance",
    ),
    compute=compute,
    **two_by_two.TABLE,
    margins=(("ai", "ci"), ("bi", "di")),
)
