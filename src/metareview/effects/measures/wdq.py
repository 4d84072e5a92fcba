"""WDQ: weighted displacement quotient, what the buffer gained or lost for each unit the target gained.

Crimes in the target (a before, b after) and in the buffer around it (e, f) are first divided by those in a control
(c, d), which takes out what happened everywhere:

- success measure: b/d - a/c. Below 0, the target did better than the control. 110/318 - 207/308 = -0.326.
- buffer measure: f/d - e/c. Below 0, the buffer did better too. 157/318 - 178/308 = -0.084.
- WDQ = buffer measure / success measure = 0.26: for every four crimes less in the target, one less in the buffer.

| WDQ | Reading |
|---|---|
| above 1 | diffusion of benefits, larger than the gain in the target itself |
| 0 to 1 | diffusion of benefits, smaller than the gain in the target |
| 0 | neither |
| -1 to 0 | displacement, but less than the gain in the target: something is left |
| below -1 | displacement that undoes the gain |

**Guards.** The quotient has a meaning only where the target gained. If the success measure is 0 or above, the same
sign could mean "both got worse", and such a row is refused. Where the success measure is within chance of 0 (its 95%
interval holds 0), the quotient is a number divided by something that may be 0: the note says so.

**Never pooled.** A ratio of two differences has no mean or variance that a pooled estimate could use, however many
counts there are. `vi` is the first-order (delta method) variance, with the covariance that the shared control brings;
it is there to be shown, it is rough, and an analysis of this measure is refused. Its interval by Fieller's theorem,
which may be unbounded, is in `mr.displacement`. Pool the buffer's `RIRR` instead.

Windows of unequal length need no exposures: target, buffer and control of one window are divided by each other.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.before_after import PHI, counts, one_of
from metareview.effects.measure import Columns, Computed, Floats, Measure, Problem, Source, Texts, flag_rows

_CELLS = ("a", "b", "c", "d", "e", "f")
_FORMULA = (
    "success = b/d - a/c; buffer = f/d - e/c; yi = buffer / success; "
    "vi = phi * (f / d^2 + e / c^2 + yi^2 * (b / d^2 + a / c^2) + (f - yi*b)^2 / d^3 + (e - yi*a)^2 / c^3) / success^2"
)


def check(columns: Columns) -> list[Problem]:
    """Rows for which the quotient does not exist."""
    a, b, c, d, e, f = (columns[name] for name in _CELLS)
    text = "is 0: crimes in the control divide all others"
    found = [p for name in ("c", "d") for p in flag_rows(columns[name] == 0, name, text)]
    success = b / d - a / c
    no_gain = "gives a success measure b/d - a/c of {:.3g}, not below 0: without a gain there is nothing to displace"
    found += flag_rows((c > 0) & (d > 0) & (success >= 0), "b", no_gain, success)
    return found + flag_rows((e == 0) & (f == 0), "e", "is 0 and so is f: the buffer says nothing")


def compute(columns: Columns) -> Computed:
    """Quotient and its delta-method variance; arrays of shape (k,)."""
    a, b, c, d, e, f = (columns[name] for name in _CELLS)
    phi = columns["phi"]
    success = b / d - a / c
    yi = (f / d - e / c) / success
    spread = f / d**2 + e / c**2 + yi**2 * (b / d**2 + a / c**2) + (f - yi * b) ** 2 / d**3 + (e - yi * a) ** 2 / c**3
    shaky = success**2 < 1.96**2 * phi * (b / d**2 + a / c**2 + b**2 / d**3 + a**2 / c**3)
    notes = bands(yi) + one_of(shaky, "", "; the gain in the target is within chance of 0, so this is not to be read")
    return Computed(yi, phi * spread / success**2, note=notes)


def bands(wdq: Floats) -> Texts:
    """What a quotient means in words, shape (k,), after Bowers and Johnson and Guerette."""
    with np.errstate(invalid="ignore"):
        above = (wdq >= -1) * 1 + (wdq >= 0) + (wdq > 0) + (wdq > 1)
    return one_of(
        above,
        "displacement that undoes the gain in the target",
        "displacement, smaller than the gain in the target",
        "neither displacement nor diffusion",
        "diffusion of benefits, smaller than the gain in the target",
        "diffusion of benefits, larger than the gain in the target",
    )


MEASURE = Measure(
    name="WDQ",
    title="Weighted displacement quotient",
    family="area counts",
    formula_id="WDQ.v1",
    formula=_FORMULA,
    inputs=(*counts(_CELLS), PHI),
    scale="linear",
    orientation="Above 0: the buffer gained with the target (diffusion); below 0: it lost (displacement).",
    positive="",
    pooled=False,
    source=Source(
        "Bowers & Johnson (2003), Measuring the geographical displacement and diffusion of benefit effects of crime "
        "prevention activity, Journal of Quantitative Criminology 19, pages 275-301",
        "the weighted displacement quotient, as in appendix B of Guerette (2009), Analyzing crime displacement and "
        "diffusion, POP Center tool guide 10; variance by the delta method",
    ),
    compute=compute,
    check=check,
    zero_rule="none",
)
