"""TNE: total net effect, crimes prevented in a target and its buffer together.

What would have happened in the target and in the buffer, had they followed the control? 207 and 178 crimes before,
times what happened in the control, 318 / 308, is 397.5. There were 110 + 157 = 267 after, so 130.5 crimes were
prevented, on balance of displacement and diffusion.

**Unlike `WDD`** it takes for granted that both areas would have changed by the same *factor* as the control, not by
the same number; and above 0 is the benefit here.

**One control for both** (the usual case: leave out `g` and `h`). The control's chance error then moves both expected
numbers the same way. Adding the variances of two separate effects would miss that covariance; the formula here has
it, as it puts the two areas together before it multiplies by d/c. With a control of its own for the buffer (`g`,
`h`), the two parts are independent and their variances add up.

**Variance**: first-order (delta method) for the expected number, plus the Poisson variance of what was observed,
times the overdispersion phi. Windows of unequal length need no exposures: the control's change from before to after
has the same windows. With few crimes in the control before (below about 20), d/c is wild and biased upwards, and the
interval with it: use a larger control.

**Pooling.** As with `WDD`, a number of crimes can be pooled only over comparable areas and windows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects.before_after import PHI, all_missing, counts, one_of
from metareview.effects.measure import Columns, Computed, Floats, Measure, Problem, Source, flag_rows

_CELLS = ("a", "b", "c", "d", "e", "f")
_SHARED = (
    "change = d/c; yi = (a + e)*change - (b + f); "
    "vi = phi * ((a + e)*change^2 + (a + e)^2 * change/c * (1 + change) + b + f)"
)
_OWN = (
    "change = d/c; change_e = h/g; yi = (a*change - b) + (e*change_e - f); "
    "vi = phi * (a*change^2 + a^2 * change/c * (1 + change) + b + e*change_e^2 + e^2 * change_e/g * (1 + change_e) + f)"
)


def check(columns: Columns) -> list[Problem]:
    """Rows with an empty control, with half a control of the buffer, or without any event in target and buffer."""
    text = "is 0: without events before, the control's change does not exist"
    found = [p for name in ("c", "g") for p in flag_rows(columns[name] == 0, name, text)]
    half = "is missing while {} is given"
    for name, other in (("g", "h"), ("h", "g")):
        found += flag_rows(np.isnan(columns[name]) & ~np.isnan(columns[other]), name, half.format(other))
    empty = np.all([columns[name] == 0 for name in ("a", "b", "e", "f")], axis=0)
    return found + flag_rows(empty, "a", "is 0 and so are b, e and f: nothing can be said")


def compute(columns: Columns) -> Computed:
    """Crimes prevented and the delta-method variance; arrays of shape (k,)."""
    a, b, c, d, e, f = (columns[name] for name in _CELLS)
    g, h = columns["g"], columns["h"]
    shared = all_missing(columns, ("g", "h"))
    yi = np.where(shared, (a + e) * d / c - (b + f), a * d / c - b + e * h / g - f)
    own = expected_variance(a, c, d) + expected_variance(e, g, h)
    vi = columns["phi"] * (np.where(shared, expected_variance(a + e, c, d), own) + b + f)
    return Computed(yi, vi, rule=one_of(shared, _OWN, _SHARED))


def expected_variance(a: Floats, c: Floats, d: Floats) -> Floats:
    """First-order Poisson variance of a * d / c, any shape; exists where a or d is 0."""
    change = d / c
    return np.asarray(a * change**2 + a**2 * change / c * (1 + change))


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row: with one control, or with a control of its own for the buffer."""
    return _SHARED if np.isnan(values["g"]) else _OWN


MEASURE = Measure(
    name="TNE",
    title="Total net effect",
    family="area counts",
    formula_id="TNE.v1",
    formula=_SHARED,
    formula_of=formula_of,
    inputs=(*counts(_CELLS), *counts(("g", "h"), required=False), PHI),
    scale="linear",
    orientation="Above 0: crimes prevented in the target and its buffer together, against the control's change.",
    positive="less",
    source=Source(
        "Guerette (2009), Analyzing crime displacement and diffusion, POP Center tool guide 10, after Bowers & Johnson "
        "(2003), Journal of Quantitative Criminology 19",
        "appendix B, equation 4; variance by the delta method",
    ),
    compute=compute,
    check=check,
    zero_rule="none",
)
