"""DIDM: difference in differences of means.

The change of the treated minus the change of the control, in the outcome's own unit. Only studies on the same scale can
be pooled. It supposes parallel trends: without the programme both groups would have changed by the same amount.

The variance of each change depends on who was measured, arm by arm:

- **the same people twice** (`ni_t`): from the SD of the changes, or the two SDs and their correlation, as in MC;
- **different people** before and after, such as two rounds of a residents' survey (`n_pre_t`, `n_post_t`): the two
  samples are independent, and their variances add.

Taking a panel for two samples makes the study look less precise than it is, and the reverse too precise. When whole
neighbourhoods were treated, the people are not independent: correct for clustering, or the variance is far too small.
For counts of events use RIRR, for counts of people DIDP or DIDOR.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from metareview.effects import change, pre_post_control
from metareview.effects.change import Pair
from metareview.effects.forms import Forms, Part
from metareview.effects.measure import Columns, Computed, Floats, Input, Mask, Measure, Problem, Source, flag_rows
from metareview.effects.pre_post_control import ARMS, PAIRS, WHO


def _two_samples(values: Mapping[str, Any], arm: str) -> Any:
    """Whether different people were measured before and after in this arm."""
    return np.isnan(values[f"ni_{arm}"])


def _variance_step(arm: str) -> Part:
    """The step of a formula that gives the variance of one arm's change."""
    by_r = (
        f"v_{arm} = (sd_pre_{arm}^2 + sd_post_{arm}^2 - 2*ri_{arm}*sd_pre_{arm}*sd_post_{arm}) / ni_{arm}; ",
        f"v_{arm} = sd_change_{arm}^2 / ni_{arm}; ",
        f"v_{arm} = sd_pre_{arm}^2/n_pre_{arm} + sd_post_{arm}^2/n_post_{arm}; ",
    )
    pair = PAIRS[ARMS.index(arm)]
    return Part(by_r, lambda values: np.where(_two_samples(values, arm), 2, change.route(values, pair)))


FORMS = Forms(
    *(_variance_step(arm) for arm in ARMS), "yi = (m_post_t - m_pre_t) - (m_post_c - m_pre_c); vi = v_t + v_c"
)


def compute(columns: Columns) -> Computed:
    """Difference of the two changes and its variance; arrays of shape (k,)."""
    (d1, v1), (d2, v2) = (_of_arm(columns, arm, pair) for arm, pair in zip(ARMS, PAIRS, strict=True))
    assumed: Mask = np.any(
        [change.assumed(columns, pair) & ~_two_samples(columns, arm) for arm, pair in zip(ARMS, PAIRS, strict=True)],
        axis=0,
    )
    return change.tell(columns, d1 - d2, v1 + v2, FORMS, assumed)


def _of_arm(columns: Columns, arm: str, pair: Pair) -> tuple[Floats, Floats]:
    pre, post = columns[f"sd_pre_{arm}"], columns[f"sd_post_{arm}"]
    same = change.sd_of_change(columns, pair) ** 2 / columns[pair.n]
    different = pre**2 / columns[f"n_pre_{arm}"] + post**2 / columns[f"n_post_{arm}"]
    return columns[pair.m1] - columns[pair.m2], np.where(_two_samples(columns, arm), different, same)


def check(columns: Columns) -> list[Problem]:
    """Arms without numbers of people, with both kinds of them, or without what their kind needs."""
    found: list[Problem] = []
    for arm, pair in zip(ARMS, PAIRS, strict=True):
        two = _two_samples(columns, arm)
        samples = (f"n_pre_{arm}", f"n_post_{arm}")
        some = ~np.all([np.isnan(columns[name]) for name in samples], axis=0)
        both = f"is given and so is {' or '.join(samples)}: were the same people measured twice, or different people?"
        found += flag_rows(~two & some, pair.n, both)
        found += flag_rows(two & ~some, pair.n, f"is missing, and so are {' and '.join(samples)}")
        for name in samples:
            found += flag_rows(two & some & np.isnan(columns[name]), name, "is missing while the other one is given")
        for name in (pair.sd1, pair.sd2):
            found += flag_rows(two & np.isnan(columns[name]), name, "is missing; different people need both SDs")
        found += [p for p in change.check_sd(columns, pair) if not two[p.row]]
    return found


def _samples(arm: str) -> tuple[Input, Input]:
    text = "{}, measured {}, where different people were"
    return (
        Input(f"n_pre_{arm}", "group", False, text.format(WHO[arm], "before"), "people"),
        Input(f"n_post_{arm}", "group", False, text.format(WHO[arm], "after"), "people"),
    )


MEASURE = Measure(
    name="DIDM",
    title="Difference in differences of means",
    family="pre-post-control",
    formula_id="DIDM.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    inputs=(
        *pre_post_control.arm("t", sd_post=False, n=False),
        *_samples("t"),
        *pre_post_control.arm("c", sd_post=False, n=False),
        *_samples("c"),
        change.R_SOURCE,
    ),
    scale="linear",
    orientation="Below 0: the treated fell more (or rose less) than the control, in the outcome's unit.",
    source=Source(
        "Angrist & Pischke (2009), Mostly harmless econometrics",
        "chapter 5, section 5.2: difference of two differences",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=(*pre_post_control.SWAP, ("n_pre_t", "n_pre_c"), ("n_post_t", "n_post_c")),
    prepare=pre_post_control.choose,
    check=check,
)
