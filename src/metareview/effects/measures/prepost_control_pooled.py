"""DPPC2: pre-post-control effect of Morris, in pooled standard deviations before.

How much more did the treated change than the control, in standard deviations of the scores *before* (pooled over the
two arms)? Morris (2008) compared three such effects; this one was the most precise and robust. The SDs after are not
used, as a programme may change the spread; they are only needed where the correlation has to come from `sd_change_t` or
`sd_change_c`.

**The variance** follows from the distribution of the effect, with no large-sample step: the difference of the changes
varies by `tau2` in SD units, the pooled SD brings `df / (df - 2)`, and `c^2` the small-sample correction. Morris's
equation 25 has one correlation for both arms; here each arm has its own, `tau2 = 2 (1 - r_t)/n_t + 2 (1 - r_c)/n_c`,
which is his expression where the two are equal. It supposes equal SDs in both arms and at both times: where the SD
after is much larger, it is too small.

`correction="approximate"` is the default here, unlike in SMD, because this is Morris's estimator as he published it, with
`1 - 3 / (4 df - 1)`, and so gives his printed values; `"exact"` is Hedges' J, which metafor uses, and they differ in the
fourth decimal; `"none"` leaves it out. metafor has no measure of this name; its page on
Morris (2008) uses a plainer variance and says so.

For event counts, such as crimes by area, this is not the measure: use RIRR.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from metareview.effects import change, hedges, pre_post_control
from metareview.effects.forms import Forms, by_choice
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source, flag_rows
from metareview.effects.pre_post_control import CONTROL, PAIRS, TREATED

FORMS = Forms(
    change.step_to_r(TREATED),
    change.step_to_r(CONTROL),
    "df = ni_t + ni_c - 2; sp = sqrt(((ni_t - 1)*sd_pre_t^2 + (ni_c - 1)*sd_pre_c^2) / df); ",
    by_choice("correction", "c = J(df); ", "c = 1 - 3/(4*df - 1); ", "c = 1; "),
    "yi = c*((m_post_t - m_pre_t) - (m_post_c - m_pre_c)) / sp; "
    "tau2 = 2*(1 - ri_t)/ni_t + 2*(1 - ri_c)/ni_c; vi = c^2 * df/(df - 2) * (tau2 + yi^2) - yi^2",
)


def compute(columns: Columns) -> Computed:
    """Standardised difference of the changes and its variance; arrays of shape (k,)."""
    n1, n2, s1, s2 = (columns[name] for name in ("ni_t", "ni_c", "sd_pre_t", "sd_pre_c"))
    df = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df)
    c = hedges.correction(df, columns["correction"])
    more = (columns["m_post_t"] - columns["m_pre_t"]) - (columns["m_post_c"] - columns["m_pre_c"])
    r1, r2 = (change.correlation(columns, pair) for pair in PAIRS)
    yi = c * more / pooled
    vi = c**2 * df / (df - 2) * (2 * (1 - r1) / n1 + 2 * (1 - r2) / n2 + yi**2) - yi**2
    return change.tell(columns, yi, vi, FORMS, change.assumed(columns, *PAIRS))


def check(columns: Columns) -> list[Problem]:
    """Rows without correlations, and those with too few people for the variance to exist."""
    n = columns["ni_t"] + columns["ni_c"]
    few = "{:g} people in the two arms are too few: the variance of this effect needs 5"
    return pre_post_control.check_r(columns) + flag_rows(n < 5, "ni_t", few, n)


MEASURE = Measure(
    name="DPPC2",
    title="Pre-post-control effect (Morris, pooled SD before)",
    family="pre-post-control",
    formula_id="DPPC2.v1",
    formula=FORMS.texts[hedges.APPROXIMATE],
    formula_of=FORMS.of_row,
    inputs=(
        *pre_post_control.arm("t", sd_post=False),
        *pre_post_control.arm("c", sd_post=False),
        change.R_SOURCE,
        replace(hedges.INPUT, default=float(hedges.APPROXIMATE)),
    ),
    scale="linear",
    orientation="Below 0: the treated fell more (or rose less) than the control, in standard deviations before.",
    source=Source(
        "Morris (2008), Estimating effect sizes from pretest-posttest-control group designs, Organizational Research "
        "Methods 11",
        "pages 364-386: d_ppc2 and its variance, equation 25",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=pre_post_control.SWAP,
    prepare=pre_post_control.choose,
    check=check,
)
