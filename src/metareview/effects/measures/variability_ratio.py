"""VR: log ratio of two standard deviations.

Whether a treatment makes people more alike or more different, whatever it does to the mean. Where SDs grow with means, as
they mostly do on scales that start at 0, a change in the mean alone moves VR: use CVR. An SD that was estimated
from a median, or from an SE that was taken for an SD, goes straight into the effect: look at the notes.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from metareview.effects import two_means
from metareview.effects.measure import Columns, Computed, Measure, Source

_NEEDS = ("sd1i", "sd2i")
_FORMULAS = ("yi = ln(sd1i/sd2i) + 1/(2*(n1i - 1)) - 1/(2*(n2i - 1)); vi = 1/(2*(n1i - 1)) + 1/(2*(n2i - 1))",)


def compute(columns: Columns) -> Computed:
    """Log ratio of SDs, bias corrected, and its variance; arrays of shape (k,)."""
    a, b = (1 / (2 * (columns[name] - 1)) for name in ("n1i", "n2i"))
    return two_means.computed(columns, np.log(columns["sd1i"] / columns["sd2i"]) + a - b, a + b, _FORMULAS)


MEASURE = Measure(
    name="VR",
    title="Variability ratio",
    family="two means",
    formula_id="VR.v1",
    formula=_FORMULAS[0],
    formula_of=lambda values: two_means.filled_formula(values, _FORMULAS[0]),
    functions=two_means.FUNCTIONS,
    inputs=two_means.FULL_INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): less variation in the treated group.",
    source=Source(
        "Nakagawa, Poulin, Mengersen, Reinhold, Engqvist, Lagisz & Senior (2015), Meta-analysis of variation: ecological "
        "and evolutionary applications and beyond, Methods in Ecology and Evolution 6",
        "log variability ratio, bias corrected, and its sampling variance",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.FULL_SWAP,
    prepare=partial(two_means.prepare, needs=_NEEDS),
    check=partial(two_means.check, needs=_NEEDS),
)
