"""OR2DN: Cox's d, a standardised mean difference from the odds ratio, normal scores assumed.

ln(OR) / 1.65. Where the event is "the score lies above a cut-off" and scores are normal with one standard deviation in
both groups, dividing the log odds ratio by 1.65 comes close to their standardised mean difference. This is the index
that Sánchez-Meca et al. call d_Cox; metafor calls it OR2DN.

- **Direction.** Above 0 means more events in the treated group; make sure that the event is the high score in every
  study, or negate.
- **The constant fits risks of about 20 to 80 percent.** A true 0.50 comes out as 0.49 with a control risk of 30 percent,
  0.51 with 20 and 0.61 with 5 percent: it overstates with rare events. `PBIT` needs no constant and gives 0.50 throughout.
- `OR2DL` divides by pi / sqrt(3) = 1.81 instead (logistic scores) and is always 9 percent smaller. Choose one for all
  studies beforehand.

The distribution is assumed, so results say "estimated".

**Zeros.** As for `OR`: 0.5 to all cells of a table with a zero (`only0`), as in metafor; a table without events in either
arm, or with nothing but events, is refused.
"""

from __future__ import annotations

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source, texts
from metareview.effects.measures import odds_ratio

_DIVISOR = 1.65


def compute(columns: Columns) -> Computed:
    """Log odds ratio over 1.65 and its variance; arrays of shape (k,)."""
    log_ratio = odds_ratio.compute(columns)
    return Computed(log_ratio.yi / _DIVISOR, log_ratio.vi / _DIVISOR**2, texts(len(log_ratio.yi), "estimated"))


MEASURE = Measure(
    name="OR2DN",
    title="Standardised mean difference from the odds ratio (Cox, normal)",
    family="two by two",
    formula_id="OR2DN.v1",
    formula=f"yi = ln((ai*di) / (bi*ci)) / {_DIVISOR}; vi = (1/ai + 1/bi + 1/ci + 1/di) / {_DIVISOR}^2",
    inputs=two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0: lower odds of the event in the treated group (in standard deviations of the score behind it).",
    source=Source(
        "Cox & Snell (1989), Analysis of Binary Data, 2nd edition; named d_Cox by Sánchez-Meca, Marín-Martínez & "
        "Chacón-Moscoso (2003), Effect-size indices for dichotomized outcomes in meta-analysis, Psychological Methods 8, "
        "pages 448-467",
        "Cox index and its sampling variance",
    ),
    compute=compute,
    **two_by_two.TABLE,
    margins=(("ai", "ci"), ("bi", "di")),
)
