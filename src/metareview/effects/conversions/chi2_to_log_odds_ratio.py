"""From a chi-squared test with the margins of its table to the log odds ratio: the table is solved for.

Sizes of both arms, the number with the event in both together, and chi-squared leave one unknown, the events of the
treated, and chi-squared is a square in it: the sign is `direction`. With Yates' continuity correction say `yates =
1`. It is algebra; a rounded chi-squared gives cells that are not whole, which says how well it is known.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects.converting import DIRECTION, TWO_GROUPS, VARIANCE, sign
from metareview.effects.measure import Columns, Conversion, Converted, Floats, Input, Problem, Source, flag_rows

FORMULA = (
    "n = n1 + n2; cross = sqrt(chi2 * n1 * n2 * events * (n - events)/n); ai = (n1*events + cross)/n; ci = events - ai; "
    "bi = n1 - ai; di = n2 - ci; log_odds_ratio = ln((ai*di) / (bi*ci)); variance = 1/ai + 1/bi + 1/ci + 1/di"
)


def compute(columns: Columns) -> Converted:
    """The events of both arms, the log odds ratio and its variance; arrays of shape (k,)."""
    ai, bi, ci, di = _cells(columns)
    values = {
        "ai": ai,
        "ci": ci,
        "log_odds_ratio": np.log(ai * di / (bi * ci)),
        "variance": 1 / ai + 1 / bi + 1 / ci + 1 / di,
    }
    return Converted(values)


def check(columns: Columns) -> list[Problem]:
    """Margins that no table has, and statistics that empty or overfill a cell."""
    n, events = columns["n1"] + columns["n2"], columns["events"]
    found = flag_rows(events >= n, "events", "{:g} is not below the {:g} people in both arms", events, n)
    with np.errstate(all="ignore"):
        none = (events < n) & (np.min(_cells(columns), axis=0) <= 0)
    text = "{:g} does not fit these margins: a cell would be 0 or less"
    return found + flag_rows(none, "chi2", text, columns["chi2"])


def _cells(columns: Columns) -> tuple[Floats, Floats, Floats, Floats]:
    n1, n2, events = columns["n1"], columns["n2"], columns["events"]
    n = n1 + n2
    cross = np.sqrt(columns["chi2"] * n1 * n2 * events * (n - events) / n) + np.where(columns["yates"] == 1, n / 2, 0.0)
    ai = (n1 * events + sign(columns) * cross) / n
    ci = events - ai
    return ai, n1 - ai, ci, n2 - ci


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row from its inputs by name."""
    formula = FORMULA.replace("/n); ai", "/n) + n/2; ai") if values["yates"] == 1 else FORMULA
    return formula.replace("+ cross", "- cross") if values["direction"] == 1 else formula


CONVERSION = Conversion(
    name="chi2_to_log_odds_ratio",
    title="Chi-squared with margins to log odds ratio",
    formula_id="chi2_to_log_odds_ratio.v1",
    formula=FORMULA,
    inputs=(
        *TWO_GROUPS,
        Input("events", "size", True, "people with the event, both arms together"),
        Input("chi2", "statistic", True, "chi-squared statistic of the two-by-two table, 1 df"),
        Input("yates", "flag", False, "1 when it was corrected for continuity", default=0.0),
        DIRECTION,
    ),
    outputs=(
        ("ai", "events of the treated"),
        ("ci", "events of the control"),
        ("log_odds_ratio", "log odds ratio"),
        VARIANCE,
    ),
    method="computed",
    source=Source(
        "Yates (1934), Contingency tables involving small numbers and the chi-squared test, Supplement to the "
        "Journal of the Royal Statistical Society 1",
        "pages 217-235, chi-squared of a two-by-two table, solved here for a cell",
    ),
    compute=compute,
    check=check,
    formula_of=formula_of,
)
