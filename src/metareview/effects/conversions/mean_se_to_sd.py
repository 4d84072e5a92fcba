"""From the standard error of a mean to the standard deviation: SD = SE * sqrt(n).

The commonest slip in coding is to take a printed SE for an SD (or the reverse): an SD that is sqrt(n) times smaller than
that of other studies on the same scale is one. The SE must be that of one arm's mean, not of a difference between arms.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Columns, Conversion, Converted, Floats, Input, Source

STEP = "{sd} = {se} * sqrt({n})"
PAPER = "Cochrane Handbook 6.5.2.2"


def sd_from_se(se: Floats, n: Floats) -> Floats:
    """SE * sqrt(n); shapes (k,)."""
    return np.asarray(se * np.sqrt(n))


def compute(columns: Columns) -> Converted:
    """The standard deviation; arrays of shape (k,)."""
    return Converted({"sd": sd_from_se(columns["se"], columns["n"])})


CONVERSION = Conversion(
    name="mean_se_to_sd",
    title="Standard error of a mean to standard deviation",
    formula_id="mean_se_to_sd.v1",
    formula=STEP.format(sd="sd", se="se", n="n"),
    inputs=(
        Input("se", "se", True, "standard error of the mean", "outcome's unit"),
        Input("n", "group", True, "number in the group", "people"),
    ),
    outputs=(("sd", "standard deviation"),),
    method="computed",
    source=Source("Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions", "section 6.5.2.2"),
    compute=compute,
)
