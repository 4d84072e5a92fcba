"""SMCRD: difference of two standardised mean changes, treated minus control.

The SMCR of each arm, standardised by that arm's own SD before, and their difference; the arms are independent, so the
variances add. Unlike DPPC2 it does not suppose that the two arms had the same spread before. The price is precision,
and a trap: with different SDs, equal changes in the outcome's unit are no longer a difference of 0. Choose one of the
two for a review and keep to it.

The variance of each arm supposes an equal SD before and after. `sd_post_t` and `sd_post_c` are only needed where the
correlation has to come from `sd_change_t` or `sd_change_c`.
"""

from __future__ import annotations

from metareview.effects import change, pre_post_control
from metareview.effects.change import Pair
from metareview.effects.forms import Forms
from metareview.effects.hedges import small_sample_correction
from metareview.effects.measure import Columns, Computed, Floats, Measure, Source
from metareview.effects.pre_post_control import CONTROL, PAIRS, TREATED

FORMS = Forms(
    change.step_to_r(TREATED),
    change.step_to_r(CONTROL),
    "g_t = J(ni_t - 1)*(m_post_t - m_pre_t)/sd_pre_t; g_c = J(ni_c - 1)*(m_post_c - m_pre_c)/sd_pre_c; yi = g_t - g_c; "
    "vi = 2*(1 - ri_t)/ni_t + g_t^2/(2*ni_t) + 2*(1 - ri_c)/ni_c + g_c^2/(2*ni_c)",
)


def compute(columns: Columns) -> Computed:
    """Difference of the two standardised changes and its variance; arrays of shape (k,)."""
    (g1, v1), (g2, v2) = (_of_arm(columns, pair) for pair in PAIRS)
    return change.tell(columns, g1 - g2, v1 + v2, FORMS, change.assumed(columns, *PAIRS))


def _of_arm(columns: Columns, arm: Pair) -> tuple[Floats, Floats]:
    n = columns[arm.n]
    g = small_sample_correction(n - 1) * (columns[arm.m1] - columns[arm.m2]) / columns[arm.sd2]
    return g, 2 * (1 - change.correlation(columns, arm)) / n + g**2 / (2 * n)


MEASURE = Measure(
    name="SMCRD",
    title="Difference of standardised mean changes",
    family="pre-post-control",
    formula_id="SMCRD.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    inputs=(
        *pre_post_control.arm("t", sd_post=False),
        *pre_post_control.arm("c", sd_post=False),
        change.R_SOURCE,
    ),
    scale="linear",
    orientation="Below 0: the treated fell more (or rose less) than the control, each in its own SD before.",
    source=Source(
        "Becker (1988), Synthesizing standardized mean-change measures, British Journal of Mathematical and "
        "Statistical Psychology 41",
        "pages 257-278, difference of the standardized mean changes of treatment and control",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=pre_post_control.SWAP,
    prepare=pre_post_control.choose,
    check=pre_post_control.check_r,
)
