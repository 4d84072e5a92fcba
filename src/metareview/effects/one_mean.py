"""Mean and standard deviation of one group, behind MN, SMN, MNLN, SDLN and CVLN: the inputs, and means that have no logarithm."""

from __future__ import annotations

from metareview.effects.measure import Columns, Input, Problem, flag_rows

INPUTS = (
    Input("mi", "number", True, "mean", "outcome"),
    Input("sdi", "sd", True, "standard deviation", "outcome"),
    Input("ni", "group", True, "size of the group", "people"),
)
NAMES = ("mi", "sdi", "ni")


def check_positive(columns: Columns) -> list[Problem]:
    """Means at or below 0, which have no logarithm."""
    mi = columns["mi"]
    return flag_rows(mi <= 0, "mi", "{:g} is not above 0; the outcome needs a true zero and a positive mean", mi)
