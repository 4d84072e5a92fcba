"""From an unstandardised regression coefficient of the treatment to an effect, by the link of the regression.

A logit link gives a log odds ratio, a log link (Poisson, negative binomial, log-binomial) a log rate or risk ratio,
an identity link a difference in the unit of the outcome. They are three measures: never pool them as one. `unit` is
how much of the predictor one compares, where it is not simply treated or not. The effect is adjusted for what else is
in the regression; say so where it is pooled with unadjusted ones.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import VARIANCE
from metareview.effects.measure import Columns, Conversion, Converted, Input, Source

_MEANS = {
    "logit": "coefficient times unit; by the logit link a log odds ratio",
    "log": "coefficient times unit; by the log link a log ratio",
    "identity": "coefficient times unit; by the identity link a difference in the unit of the outcome",
}


def compute(columns: Columns) -> Converted:
    """The effect and its variance; arrays of shape (k,)."""
    unit, link = columns["unit"], np.nan_to_num(columns["link"]).astype(np.intp)
    values = {"effect": columns["coefficient"] * unit, "variance": (columns["se"] * unit) ** 2}
    return Converted(values, rule=np.array(list(_MEANS.values()), dtype=object)[link])


CONVERSION = Conversion(
    name="coefficient_to_effect",
    title="Regression coefficient to effect",
    formula_id="coefficient_to_effect.v1",
    formula="effect = coefficient * unit; variance = (se * unit)^2",
    inputs=(
        Input("coefficient", "number", True, "regression coefficient as printed, on the scale of the link"),
        Input("se", "se", True, "its standard error"),
        Input("link", "choice", True, "link of the regression", choices=tuple(_MEANS)),
        Input("unit", "positive", False, "how many units of the predictor are compared", default=1.0),
    ),
    outputs=(("effect", "log odds ratio, log ratio or difference, by the link"), VARIANCE),
    method="computed",
    source=Source("McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition", "chapter 2, link functions"),
    compute=compute,
)
