"""What conversions share: inputs, the sign that F, chi-squared and p do not have, bounds of p, and sizes of groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from metareview.effects.measure import Columns, Floats, Input, Problem, Source, Texts, flag_rows
from metareview.effects.reported import note_where, one_of
from metareview.effects.standard_error import ABOVE, BELOW, check_wide_bound

D = Input("d", "number", True, "standardised mean difference")
VD = Input("vd", "variance", True, "its sampling variance")
R = Input("r", "correlation", True, "correlation")
VR = Input("vr", "variance", True, "its sampling variance")
LOG_ODDS_RATIO = Input("log_odds_ratio", "number", True, "log odds ratio")
V_LOG_ODDS_RATIO = Input("v_log_odds_ratio", "variance", True, "its sampling variance")
LOG_RISK_RATIO = Input("log_risk_ratio", "number", True, "log risk ratio")
V_LOG_RISK_RATIO = Input("v_log_risk_ratio", "variance", True, "its sampling variance")
BASELINE_RISK = Input("baseline_risk", "share", True, "risk of the outcome in the control group")
DIRECTION = Input(
    "direction",
    "choice",
    True,
    "sign of the effect, which the statistic does not have",
    choices=("positive", "negative"),
)
P = Input("p", "p", True, "two-sided p")
TWO_GROUPS = (
    Input("n1", "group", True, "size of the treated group", "people"),
    Input("n2", "group", True, "size of the control group", "people"),
)
VARIANCE = ("variance", "its sampling variance")
CONVERTING = Source(
    "Borenstein, Hedges, Higgins & Rothstein (2009), Introduction to Meta-Analysis",
    "chapter 7, Converting among effect sizes",
)
FROM_TESTS = Source(
    "Borenstein (2009), Effect sizes for continuous data, in Cooper, Hedges & Valentine, The Handbook of Research "
    "Synthesis and Meta-Analysis, 2nd edition",
    "chapter 12, effects from tests of two independent groups",
)
ROSENTHAL = Source("Rosenthal (1991), Meta-Analytic Procedures for Social Research, revised edition", "chapter 2")


def sign(columns: Columns) -> Floats:
    """1 or -1 by `direction`; shape (k,)."""
    return np.where(columns["direction"] == 1, -1.0, 1.0)


def turned(formula: str, name: str) -> Callable[[Mapping[str, float]], str]:
    """A row's formula: as given, or with the sign of `name` turned where `direction` is negative."""

    def formula_of(values: Mapping[str, float]) -> str:
        return formula.replace(f"{name} = ", f"{name} = -", 1) if values["direction"] == 1 else formula

    return formula_of


def correlation_variance(r: Floats, n: Floats) -> Floats:
    """(1 - r^2)^2 / (n - 1), the large-sample variance of a correlation; shapes (k,)."""
    return (1 - r**2) ** 2 / (n - 1)


def difference_variance(d: Floats, n1: Floats, n2: Floats) -> Floats:
    """1/n1 + 1/n2 + d^2 / (2 (n1 + n2)), the large-sample variance of d; shapes (k,)."""
    return 1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2))


def group_constant(columns: Columns) -> Floats:
    """(n1 + n2 - 2) (1/n1 + 1/n2), which relates d to r; 4, its limit for equal groups, where sizes are missing."""
    n1, n2 = columns["n1"], columns["n2"]
    return np.where(np.isnan(n1), 4.0, (n1 + n2 - 2) * (1 / n1 + 1 / n2))


def with_group_constant(formula: str) -> Callable[[Mapping[str, float]], str]:
    """A row's formula, with the step for `group_constant` that its sizes allow."""
    step = "h = (n1 + n2 - 2) * (1/n1 + 1/n2); "
    return lambda values: ("h = 4; " if np.isnan(values["n1"]) else step) + formula


def assumed_equal(columns: Columns) -> Texts:
    """The method: "estimated" where sizes of groups are missing and taken as equal; shape (k,)."""
    return one_of(np.isnan(columns["n1"]), "computed", "estimated")


def check_pair(columns: Columns, one: str, two: str) -> list[Problem]:
    """One of two inputs that belong together is missing."""
    found: list[Problem] = []
    for name, other in ((one, two), (two, one)):
        lone = np.isnan(columns[name]) & ~np.isnan(columns[other])
        found += flag_rows(lone, name, f"is missing while {other} is given")
    return found


def check_bound(columns: Columns) -> list[Problem]:
    """Values of p that are only known to be above a bound."""
    text = "{:g} is not exact but a bound from below (p > {:g}): the effect may be anything down to none"
    above = flag_rows(columns["p_bound"] == ABOVE, "p", text, columns["p"], columns["p"])
    return above + check_wide_bound(columns, np.isfinite(columns["p"]))


def note_bound(columns: Columns) -> Texts:
    """What a p below a bound means for the effect; shape (k,)."""
    notes = np.full(len(columns["p"]), "", dtype=object)
    note_where(notes, columns["p_bound"] == BELOW, "p is a bound: the effect is at least this far from none")
    return notes


def check_inner_risk(columns: Columns) -> list[Problem]:
    """Baseline risks of 0 or 1, at which odds and risks say nothing of each other."""
    risk = columns["baseline_risk"]
    return flag_rows((risk == 0) | (risk == 1), "baseline_risk", "{:g} is no risk that can change", risk)
