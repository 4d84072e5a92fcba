"""YUY: Yule's Y, the phi coefficient that the table would have if all its margins were halves.

Y = (sqrt(OR) - 1) / (sqrt(OR) + 1). It goes from -1 to 1 as `YUQ` does and like it depends on the odds ratio alone,
but lies closer to 0 and, being a phi coefficient of a balanced table, can be read as a correlation.

**Zeros.** 0.5 to all cells of a table with a zero (`only0`), as in metafor: Y is -1 or 1 with any single zero. A table
without events in either arm, or with nothing but events, is refused.

As with Q, the delta-method variance is too small near -1 and 1: pool the log odds ratio and transform the result.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source
from metareview.effects.measures import odds_ratio


def compute(columns: Columns) -> Computed:
    """Yule's Y and its delta-method variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    concordant, discordant = np.sqrt(a * d), np.sqrt(b * c)
    y = (concordant - discordant) / (concordant + discordant)
    return Computed(y, (1 - y**2) ** 2 / 16 * odds_ratio.compute(columns).vi)


MEASURE = Measure(
    name="YUY",
    title="Coefficient of colligation (Yule's Y)",
    family="two by two",
    formula_id="YUY.v1",
    formula="yi = (sqrt(ai*di) - sqrt(bi*ci)) / (sqrt(ai*di) + sqrt(bi*ci)); "
    "vi = (1 - yi^2)^2/16 * (1/ai + 1/bi + 1/ci + 1/di)",
    inputs=two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0 (down to -1): the event is less common in the treated group.",
    source=Source(
        "Yule (1912), On the methods of measuring association between two attributes, Journal of the Royal "
        "Statistical Society 75, pages 579-652",
        "coefficient of colligation and its probable error",
    ),
    compute=compute,
    **two_by_two.TABLE,
    margins=(("ai", "ci"), ("bi", "di")),
)
