"""PBIT: difference of two probits, a standardised mean difference seen through a cut-off.

Where the event is "the score lies above a cut-off" and scores are normal with one standard deviation in both groups,
z(p1) - z(p2) estimates the standardised mean difference of the scores, whatever the cut-off. It lets studies that
print counts join studies that print means (`SMD`).

- **Direction.** Above 0 means more events in the treated group; make sure that the event is the high score in every
  study, or negate.
- **Precision.** The variance is larger than that of `SMD` from the same people: the cut-off throws information away.
- `OR2DL` and `OR2DN` aim at the same quantity from the odds ratio. Sánchez-Meca et al. found PBIT and OR2DN nearly
  unbiased under normal scores.

The distribution is assumed, so results say "estimated".

**Zeros.** A risk of 0 or 1 has no probit: 0.5 to all cells of a table with a zero (`only0`), as in metafor. A table
without events in either arm, or with nothing but events, is refused.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source, texts


def compute(columns: Columns) -> Computed:
    """Probit difference and its delta-method variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    n1, n2 = a + b, c + d
    z1, z2 = special.ndtri(a / n1), special.ndtri(c / n2)
    vi = 2 * np.pi * (np.exp(z1**2) * a * b / n1**3 + np.exp(z2**2) * c * d / n2**3)
    return Computed(z1 - z2, vi, texts(len(vi), "estimated"))


MEASURE = Measure(
    name="PBIT",
    title="Probit difference",
    family="two by two",
    formula_id="PBIT.v1",
    formula="n1i = ai + bi; n2i = ci + di; z1 = z(ai/n1i); z2 = z(ci/n2i); yi = z1 - z2; "
    "vi = ai*bi/(n1i^3*phi_density(z1)^2) + ci*di/(n2i^3*phi_density(z2)^2)",
    inputs=two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0: a lower risk of the event in the treated group (in standard deviations of the score behind it).",
    source=Source(
        "Sánchez-Meca, Marín-Martínez & Chacón-Moscoso (2003), Effect-size indices for dichotomized outcomes in "
        "meta-analysis, Psychological Methods 8, pages 448-467",
        "probit index and its sampling variance",
    ),
    compute=compute,
    **two_by_two.TABLE,
    margins=(("ai", "ci"), ("bi", "di")),
)
