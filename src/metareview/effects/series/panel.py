"""Difference-in-differences from a table of counts by area and period."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.measure import Floats
from metareview.effects.series import not_yet, twoway
from metareview.effects.series.event_study import EventStudy, event_study
from metareview.effects.series.panel_data import Panel, read_panel
from metareview.effects.series.result import SeriesEffect, inference
from metareview.effects.telling import check_level
from metareview.errors import MetareviewError

ERRORS = {"by_arm": "cluster-robust errors by arm", "cr1": "cluster-robust errors (CR1)"}
COMPARISONS = {
    "two_way": "two-way fixed-effects Poisson difference-in-differences",
    "not_yet_treated": "Poisson difference-in-differences, observed over expected from areas not treated yet",
}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PanelEffect(SeriesEffect):
    """The effect of a panel difference-in-differences.

    Attributes:
        event_study: relative, estimate, se, ci_low, ci_high; relative 0 is the first period with treatment, and -1
            the reference.
        areas, treated_areas: how many areas the model used, and how many of them are treated.
    """

    event_study: pd.DataFrame
    areas: int
    treated_areas: int


def panel_did(
    data: pd.DataFrame,
    *,
    area: str,
    period: str,
    count: str,
    treated_from: str | None = None,
    treated: str | None = None,
    after: str | None = None,
    exposure: str | None = None,
    cluster: str | None = None,
    comparison: str = "two_way",
    errors: str = "by_arm",
    permutations: int = 0,
    seed: int = 1,
    level: float = 0.95,
) -> PanelEffect:
    """Difference-in-differences of counts: log E(count) = log exposure + area + period + effect x treated now.

    Arguments:
        data: one row an area and period. area: any id. period: whole numbers. count: events.
        treated_from: column with the first treated period of the area, missing for areas never treated; or treated
            and after: columns of 0 and 1, the same for all rows of an area and of a period.
        exposure: column of days, people or households at risk. cluster: column of larger units that areas lie in,
            where areas of a unit share their fate; without it every area is a cluster.
        comparison: "two_way", or "not_yet_treated" for adoption at several times: ln(observed/expected) over all
            treated area-periods, what is expected coming from area-periods that are not treated (yet).
        errors: "by_arm" (small-sample correction and degrees of freedom by arm, as in Welch's test) or "cr1" (one
            correction, t with clusters - 1 degrees of freedom, as most programs print), which also stands in where
            clusters hold areas of both arms or all areas are treated in the end.
        permutations: number of random reassignments of treatment to areas for a second p, `permutation_p`; seed.

    `diagnostics` holds the estimate by the other comparison, the tests of what came before (`pretrend_joint`,
    `pretrend_line`), phi, and where adoption is staggered the share of treated area-periods with negative weight.

    Raises MetareviewError for missing, negative or non-numeric values, rows given twice, a treatment that changes back,
    a treated area never seen before or after its start, one area an arm, and an arm without events.

    Source: Wooldridge (1999), Journal of Econometrics 90, 77-97; errors: Cameron & Miller (2015), Journal of Human
    Resources 50, 317-372; staggered adoption: Goodman-Bacon (2021), Journal of Econometrics 225, 254-277; Wooldridge
    (2023), Econometrics Journal 26, C31-C66.
    """
    check_level(level)
    for name, value, known in (("comparison", comparison, COMPARISONS), ("errors", errors, ERRORS)):
        if value not in known:
            raise MetareviewError(f"{name}={value!r} is not known.", f"Choose one of {', '.join(known)}.")
    panel = read_panel(
        data, area=area, period=period, count=count, treated_from=treated_from, treated=treated, after=after,
        exposure=exposure, cluster=cluster,
    )  # fmt: skip
    if len(np.unique(panel.cluster)) < 2:
        raise MetareviewError("All areas lie in one cluster: nothing can be said of how clusters differ.")
    if twoway.robust_by_arm(np.ones(len(panel.areas)), panel.cluster, panel.treated) is None:
        errors = "cr1"
    estimates, found, failed = _both(panel, errors)
    if comparison not in estimates:
        raise failed[comparison]
    estimate, se, df = estimates[comparison]
    found |= {f"{name}_estimate": e for name, (e, _, _) in estimates.items()}
    found |= {f"{name}_se": s for name, (_, s, _) in estimates.items()}
    study, unstudied = _study(panel, level)
    found |= {"pretrend_joint": study.joint, "pretrend_line": study.trend}
    if permutations:
        found["permutation_p"] = _permutation_p(panel, cluster, permutations, seed)
    return PanelEffect(
        **inference(estimate, se, df, level),
        method=f"{COMPARISONS[comparison]}, {ERRORS[errors]}, {found['clusters']} clusters",
        k=int((panel if comparison == "two_way" else not_yet.comparable(panel)).present.sum()),
        warnings=(*panel.notes, *_warnings(panel, found, study, comparison), *unstudied),
        diagnostics=found,
        event_study=study.frame,
        areas=len(panel.areas),
        treated_areas=int(panel.treated.sum()),
    )


def _both(
    panel: Panel, errors: str
) -> tuple[dict[str, tuple[float, float, float]], dict[str, Any], dict[str, MetareviewError]]:
    """(estimate, se, df) by each comparison that can be made, diagnostics, and why the others cannot."""
    estimates, failed = {}, {}
    found: dict[str, Any] = {"clusters": len(np.unique(panel.cluster)), "starts": panel.starts.tolist()}
    try:
        fitted = twoway.fit(panel, panel.on[None].astype(float))
        estimates["two_way"] = (float(fitted.beta[0]), *_error(panel, fitted.influence[:, 0], errors))
        found |= {"phi": _phi(panel, fitted), "negative_weights": _negative_weights(panel, fitted)}
    except MetareviewError as error:
        failed["two_way"] = error
    try:
        part = not_yet.comparable(panel)
        ratios, influence = not_yet.log_ratios(part, [part.on])
        estimates["not_yet_treated"] = (float(ratios[0]), *_error(part, influence[:, 0], errors))
    except MetareviewError as error:
        failed["not_yet_treated"] = error
    return estimates, found, failed


def _study(panel: Panel, level: float) -> tuple[EventStudy, list[str]]:
    try:
        return event_study(panel, level), []
    except MetareviewError as error:
        frame = pd.DataFrame(columns=["relative", "estimate", "se", "ci_low", "ci_high"])
        return EventStudy(frame, None, None), [f"No event study can be made: {error.message}"]


def _error(panel: Panel, influence: Floats, errors: str) -> tuple[float, float]:
    """Standard error and degrees of freedom from the influence of areas (G,)."""
    arms = twoway.robust_by_arm(influence, panel.cluster, panel.treated) if errors == "by_arm" else None
    if arms is not None:
        return math.sqrt(arms[0]), arms[1]
    rows = int(panel.present.sum())
    V = twoway.robust(influence[:, None], panel.cluster, rows, panel.periods.size + 1)
    return math.sqrt(float(V[0, 0])), len(np.unique(panel.cluster)) - 1


def _phi(panel: Panel, fitted: twoway.TwoWay) -> float:
    """Pearson X2 over its degrees of freedom."""
    used = panel.present & (fitted.mu > 0)
    df = int(used.sum()) - len(panel.areas) - panel.periods.size
    return float(np.sum((panel.y - fitted.mu)[used] ** 2 / fitted.mu[used]) / df) if df > 0 else math.nan


def _negative_weights(panel: Panel, fitted: twoway.TwoWay) -> float:
    """Share of treated area-periods that enter the two-way estimate with a negative weight.

    Source: de Chaisemartin & D'Haultfoeuille (2020), American Economic Review 110, 2964-2996, with Poisson weights.
    """
    on, mu = panel.on.astype(float), fitted.mu
    share = mu / mu.sum(axis=1, keepdims=True)
    periods = np.diag(mu.sum(axis=0)) - share.T @ mu
    target = np.sum(mu * (on - np.sum(share * on, axis=1, keepdims=True)), axis=0)
    b = np.append(0.0, np.linalg.solve(periods[1:, 1:], target[1:]))
    left = on - b - np.sum(share * (on - b), axis=1, keepdims=True)
    return float(np.mean(left[panel.on & panel.present] < -1e-12))


def _permutation_p(panel: Panel, cluster: str | None, permutations: int, seed: int) -> float:
    """Share of random reassignments of the starts to areas whose |t| (CR1) is as large as the one observed.

    Source: MacKinnon & Webb (2020), Journal of Econometrics 218, 435-450.
    """
    if cluster is not None:
        raise MetareviewError("Permutations reassign areas, not clusters.", "Leave out cluster or permutations.")
    rng = np.random.default_rng(seed)

    def statistic(start: Floats) -> float:
        on = (panel.periods[None, :] >= start[:, None]).astype(float)
        try:
            fitted = twoway.fit(panel, on[None])
        except MetareviewError:
            return math.inf
        return abs(float(fitted.beta[0])) / _error(panel, fitted.influence[:, 0], "cr1")[0]

    observed = statistic(panel.start)
    larger = sum(statistic(rng.permutation(panel.start)) >= observed - 1e-9 for _ in range(permutations))
    return (1 + larger) / (1 + permutations)


def _warnings(panel: Panel, found: dict[str, Any], study: EventStudy, comparison: str) -> list[str]:
    out = []
    treated, all_ = int(panel.treated.sum()), len(panel.areas)
    if min(treated, all_ - treated) < 6 or found["clusters"] < 20:
        out.append(
            f"{treated} treated and {all_ - treated} other areas in {found['clusters']} clusters: with few, cluster-robust "
            "errors are too small. See the permutation p (permutations=999)."
        )
    if panel.starts.size > 1:
        out.append(_staggered(panel, found, comparison))
    for name, test in (("line", study.trend), ("joint", study.joint)):
        if test is not None and test["p"] < 0.05:
            what = "drift apart along a line" if name == "line" else "differ from period to period"
            out.append(
                f"Treated and control areas {what} before the start (p = {test['p']:.2g}): the control areas may not show "
                "what would have happened."
            )
    if study.trend is None:
        out.append("Whether the areas moved together before the start cannot be checked: too little was seen before.")
    elif study.joint is None and len(study.frame[study.frame["relative"] < -1]) > 0:
        out.append("As many periods before as areas in an arm: their joint test cannot be made; see pretrend_line.")
    return out


def _staggered(panel: Panel, found: dict[str, Any], comparison: str) -> str:
    starts = ", ".join(f"{s:g}" for s in panel.starts)
    if comparison == "not_yet_treated":
        return f"Treatment starts at several times ({starts}); only area-periods not treated yet serve as controls."
    negative = f" ({found['negative_weights']:.0%} of treated area-periods here)"
    other = found.get("not_yet_treated_estimate")
    rest = "" if other is None else f" Against {found['two_way_estimate']:.3f}, it gives {other:.3f}."
    return (
        f"Treatment starts at several times ({starts}). The two-way model then also takes areas treated early as controls "
        "for areas treated late; where effects grow or differ, treated area-periods can count with a negative weight"
        f"{negative}, and the estimate can even have the wrong sign. Use comparison='not_yet_treated'.{rest}"
    )
