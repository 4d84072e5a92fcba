"""Event study: the difference between treated and control areas period by period, and a test of what came before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from metareview.effects.measure import Floats, Mask
from metareview.effects.series import not_yet, twoway
from metareview.effects.series.panel_data import Panel
from metareview.errors import MetareviewError

EARLIEST = 5  # with several starts, leads from this one on are one term


@dataclass(frozen=True)
class EventStudy:
    """`frame`: relative, estimate, se, ci_low, ci_high (relative -1 is the reference); `joint`, `trend`: tests of leads.

    `joint`: F, df, df2, p of all leads together; None where there are too few areas for so many. `trend`: estimate,
    se, p of a straight line before the start, log ratio a period; None with fewer than two periods before.
    """

    frame: pd.DataFrame
    joint: dict[str, Any] | None
    trend: dict[str, Any] | None


def event_study(panel: Panel, level: float) -> EventStudy:
    """Leads and lags by period relative to the start.

    One start: treated areas have a term for every period but the last before the start. Several starts: leads come
    from area-periods not treated yet, lags from observed over expected (`not_yet`), so that no treated area serves
    as a control.
    """
    relative = np.where(
        panel.treated[:, None], panel.periods - np.where(panel.treated, panel.start, 0)[:, None], np.nan
    )
    if panel.starts.size == 1:
        last = panel.periods[panel.periods < panel.starts[0]][-1] - panel.starts[0]
        at, b, V = _terms(panel, relative, panel.present, last)
    else:
        last = -1.0
        at, b, V = _leads(panel, np.where(relative < -EARLIEST, -EARLIEST, relative))
        at, b, V = _with_lags(panel, at, b, V)
    df = len(np.unique(panel.cluster)) - 1
    half = stats.t.isf((1 - level) / 2, df) * np.sqrt(np.diag(V))
    columns = {"relative": at, "estimate": b, "se": np.sqrt(np.diag(V)), "ci_low": b - half, "ci_high": b + half}
    reference = {"relative": [last], "estimate": [0.0], "se": [0.0], "ci_low": [0.0], "ci_high": [0.0]}
    frame = pd.concat([pd.DataFrame(columns), pd.DataFrame(reference)]).sort_values("relative", ignore_index=True)
    lead = (at < 0) & np.isfinite(b)
    return EventStudy(frame, _joint(panel, b[lead], V[np.ix_(lead, lead)]), _trend(panel, relative))


def _covariance(panel: Panel, influence: Floats, rows: Mask) -> Floats:
    used = int((panel.present & rows).sum())
    return twoway.robust(influence, panel.cluster, used, panel.periods.size + influence.shape[1])


def _terms(panel: Panel, relative: Floats, rows: Mask, last: float) -> tuple[Floats, Floats, Floats]:
    """Estimates (m,) at relative periods (m,) other than `last`, with covariance (m, m); nan where no events are."""
    rows = rows & panel.present
    at = np.unique(relative[rows & ~np.isnan(relative)])
    at = at[at != last]
    empty = np.array([panel.y[rows & (relative == r)].sum() == 0 for r in at], dtype=bool)
    rows = rows & ~np.isin(relative, at[empty])
    terms = np.array([relative == r for r in at[~empty]], dtype=float).reshape(-1, *panel.y.shape)
    b, V = np.full(at.size, np.nan), np.full((at.size, at.size), np.nan)
    fitted = twoway.fit(panel, terms, rows)
    b[~empty] = fitted.beta
    V[np.ix_(~empty, ~empty)] = _covariance(panel, fitted.influence[:, : len(terms)], rows)
    return at, b, V


def _leads(panel: Panel, relative: Floats) -> tuple[Floats, Floats, Floats]:
    """Leads from area-periods not treated yet; none where these cannot tell leads from the effects of periods."""
    try:
        part = panel.keep(periods=np.asarray((panel.present & ~panel.on).any(axis=0)))
        return _terms(part, relative[:, np.isin(panel.periods, part.periods)], ~part.on, -1.0)
    except MetareviewError:
        return np.zeros(0), np.zeros(0), np.zeros((0, 0))


def _with_lags(panel: Panel, at: Floats, b: Floats, V: Floats) -> tuple[Floats, Floats, Floats]:
    panel = not_yet.comparable(panel)
    relative = np.where(panel.on, panel.periods - np.where(panel.treated, panel.start, 0)[:, None], np.nan)
    lags = np.unique(relative[panel.on & panel.present])
    estimates, influence = not_yet.log_ratios(panel, [relative == lag for lag in lags])
    added = _covariance(panel, influence, panel.present)
    both = np.zeros((at.size + lags.size,) * 2)
    both[: at.size, : at.size], both[at.size :, at.size :] = V, added
    return np.append(at, lags), np.append(b, estimates), both


def _joint(panel: Panel, b: Floats, V: Floats) -> dict[str, Any] | None:
    """Wald test of all leads as Hotelling's T2 with G - 1 degrees of freedom behind V."""
    q = b.size
    arms = [len(np.unique(panel.cluster[rows])) for rows in (panel.treated, ~panel.treated) if rows.any()]
    if q == 0 or q >= min(arms):
        return None
    G = len(np.unique(panel.cluster))
    F = float(b @ np.linalg.solve(V, b)) * (G - q) / ((G - 1) * q)
    return {"F": F, "df": q, "df2": G - q, "p": float(stats.f.sf(F, q, G - q))}


def _trend(panel: Panel, relative: Floats) -> dict[str, Any] | None:
    kept = np.asarray((panel.present & ~panel.on).any(axis=0))
    panel, relative = panel.keep(periods=kept), relative[:, kept]
    rows = panel.present & ~panel.on
    if np.unique(relative[rows & ~np.isnan(relative)]).size < 2:
        return None
    line = np.where(np.isnan(relative), 0.0, relative)[None]
    try:
        fitted = twoway.fit(panel, line, rows)
    except MetareviewError:
        return None
    se = float(np.sqrt(_covariance(panel, fitted.influence[:, :1], rows)[0, 0]))
    df = len(np.unique(panel.cluster)) - 1
    estimate = float(fitted.beta[0])
    return {"estimate": estimate, "se": se, "p": float(2 * stats.t.sf(abs(estimate / se), df))}
