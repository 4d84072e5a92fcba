"""YUQ: Yule's Q, the odds ratio brought between -1 and 1.

Q = (OR - 1) / (OR + 1), and it is Goodman and Kruskal's gamma of a 2x2 table. It keeps the virtue of the odds ratio:
it does not change when one arm is sampled more heavily than the other, as `PHI` does. It is **1 as soon as one of bi
and ci is 0**, however weak the rest of the association, which is why zeros are corrected before it is computed.

**Zeros.** 0.5 to all cells of a table with a zero (`only0`), as in metafor. A table without events in either arm, or
with nothing but events, is refused.

The variance is that of the log odds ratio carried over by the delta method, and is too small near -1 and 1: pool the
log odds ratio (`OR`) and turn the pooled result into Q rather than pool Q.
"""

from __future__ import annotations

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source
from metareview.effects.measures import odds_ratio


def compute(columns: Columns) -> Computed:
    """Yule's Q and its delta-method variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    q = (a * d - b * c) / (a * d + b * c)
    return Computed(q, (1 - q**2) ** 2 / 4 * odds_ratio.compute(columns).vi)


MEASURE = Measure(
    name="YUQ",
    title="Coefficient of association (Yule's Q)",
    family="two by two",
    formula_id="YUQ.v1",
    formula="yi = (ai*di - bi*ci) / (ai*di + bi*ci); vi = (1 - yi^2)^2/4 * (1/ai + 1/bi + 1/ci + 1/di)",
    inputs=two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0 (down to -1): the event is less common in the treated group.",
    source=Source(
        "Yule (1912), On the methods of measuring association between two attributes, Journal of the Royal "
        "Statistical Society 75, pages 579-652",
        "coefficient of association Q and its probable error",
    ),
    compute=compute,
    **two_by_two.TABLE,
    margins=(("ai", "ci"), ("bi", "di")),
)
