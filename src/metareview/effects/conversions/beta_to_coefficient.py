"""From a standardised regression coefficient to an unstandardised one, by the two standard deviations.

It is algebra, with the standard deviations of the sample that the regression is of. For a treatment coded 0 and 1 the
standard deviation of the predictor is sqrt(p (1 - p)) with p the share treated, and the coefficient is a difference
of adjusted means.
"""

from __future__ import annotations

from metareview.effects.converting import VARIANCE
from metareview.effects.measure import Columns, Conversion, Converted, Input, Source


def compute(columns: Columns) -> Converted:
    """The coefficient and its variance; arrays of shape (k,)."""
    turn = columns["sd_y"] / columns["sd_x"]
    return Converted({"coefficient": columns["beta"] * turn, "variance": (columns["se"] * turn) ** 2})


CONVERSION = Conversion(
    name="beta_to_coefficient",
    title="Standardised coefficient to unstandardised coefficient",
    formula_id="beta_to_coefficient.v1",
    formula="coefficient = beta * sd_y / sd_x; variance = (se * sd_y / sd_x)^2",
    inputs=(
        Input("beta", "number", True, "standardised coefficient"),
        Input("se", "se", True, "its standard error"),
        Input("sd_y", "sd", True, "standard deviation of the outcome"),
        Input("sd_x", "sd", True, "standard deviation of the predictor"),
    ),
    outputs=(("coefficient", "unstandardised coefficient"), VARIANCE),
    method="computed",
    source=Source(
        "Cohen, Cohen, West & Aiken (2003), Applied Multiple Regression/Correlation Analysis for the Behavioral "
        "Sciences, 3rd edition",
        "chapter 3, standardised and raw coefficients",
    ),
    compute=compute,
)
