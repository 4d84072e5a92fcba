"""An area-by-period table as arrays, checked: who is treated from when, what is missing, what says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.measure import Floats, Mask
from metareview.effects.series.columns import check_columns, counts, log_exposure, numbers, refuse, whole
from metareview.errors import MetareviewError


@dataclass(frozen=True)
class Panel:
    """Counts of G areas over T periods.

    `areas` (G,) and `periods` (T,); `y`, `offset` (log exposure) and the mask `present`, shape (G, T);
    `start` (G,): first treated period, inf for areas not treated in the table; `cluster` (G,): codes.
    """

    areas: tuple[Any, ...]
    periods: Floats
    y: Floats
    offset: Floats
    present: Mask
    start: Floats
    cluster: Floats
    notes: tuple[str, ...] = ()

    @property
    def treated(self) -> Mask:
        """Which areas are treated, shape (G,)."""
        return np.isfinite(self.start)

    @property
    def on(self) -> Mask:
        """Which area-periods are treated, shape (G, T)."""
        return np.asarray(self.periods[None, :] >= self.start[:, None])

    @property
    def starts(self) -> Floats:
        """The periods in which treatment starts somewhere, in order."""
        return np.unique(self.start[self.treated])

    def keep(self, areas: Mask | None = None, periods: Mask | None = None) -> Panel:
        """The panel of some areas and periods."""
        rows = np.arange(len(self.areas)) if areas is None else np.flatnonzero(areas)
        columns = np.arange(self.periods.size) if periods is None else np.flatnonzero(periods)
        at = np.ix_(rows, columns)
        return replace(
            self, areas=tuple(self.areas[i] for i in rows), periods=self.periods[columns], y=self.y[at],
            offset=self.offset[at], present=self.present[at], start=self.start[rows], cluster=self.cluster[rows],
        )  # fmt: skip


def read_panel(
    data: pd.DataFrame,
    *,
    area: str,
    period: str,
    count: str,
    treated_from: str | None,
    treated: str | None,
    after: str | None,
    exposure: str | None,
    cluster: str | None,
) -> Panel:
    """Read and check a long table, one row an area and period; see `panel_did` for the columns.

    Areas without events say nothing of a ratio and are left out, and so are periods without events; `notes` tells.
    Raises MetareviewError for what cannot be, naming area, period and column.
    """
    names = [area, period, count, treated_from, treated, after, exposure, cluster]
    check_columns(data, names)
    keys = [area, period]
    refuse(data, area, [period], data[area].isna().to_numpy(), lambda _: "is missing")
    whole(data, period, keys)
    counts(data, count, keys)
    twice = data.duplicated(keys).to_numpy()
    refuse(data, period, keys, twice, lambda v: f"{v!r} stands there twice for this area")
    data = data.assign(_start=_starts(data, keys, treated_from, treated, after))
    data = data.assign(_offset=log_exposure(data, exposure, keys), _cluster=_clusters(data, area, cluster))

    def wide(name: str) -> pd.DataFrame:
        return data.pivot(index=area, columns=period, values=name).sort_index(axis=1)

    y = wide(count)
    fixed = data.groupby(area, sort=True, observed=True)[["_start", "_cluster"]].first()
    panel = Panel(
        areas=tuple(y.index),
        periods=y.columns.to_numpy(dtype=float),
        y=y.fillna(0).to_numpy(dtype=float),
        offset=wide("_offset").fillna(0).to_numpy(dtype=float),
        present=y.notna().to_numpy(),
        start=fixed["_start"].to_numpy(dtype=float),
        cluster=fixed["_cluster"].to_numpy(dtype=float),
    )
    return _informative(panel, area)


def _starts(
    data: pd.DataFrame, keys: list[str], treated_from: str | None, treated: str | None, after: str | None
) -> Floats:
    """First treated period of each row's area, inf where there is none, shape (n,)."""
    area, period = keys
    if treated_from is not None and treated is None and after is None:
        start = whole(data, treated_from, keys, missing=True)
        start = np.where(np.isnan(start), np.inf, start)
        _constant(data, treated_from, keys, area, start)
        return start
    if treated_from is not None or treated is None or after is None:
        raise MetareviewError(
            "Treatment is told in one of two ways.", "Give treated_from (first treated period), or treated and after."
        )
    arm, post = (numbers(data, name, keys) for name in (treated, after))
    for name, values in ((treated, arm), (after, post)):
        refuse(data, name, keys, ~np.isin(values, (0, 1)), lambda v: f"{v!r} is not 0 or 1")
    _constant(data, treated, keys, area, arm)
    _constant(data, after, keys, period, post)
    t = data[period].to_numpy(dtype=float)
    first = t[post == 1].min(initial=np.inf)
    refuse(data, after, keys, (post == 0) & (t > first), lambda _: "is 0 again, after periods where it was 1")
    return np.asarray(np.where(arm == 1, first, np.inf))


def _constant(data: pd.DataFrame, name: str, keys: list[str], group: str, values: Floats) -> None:
    first = pd.Series(values).groupby(data[group].to_numpy()).transform("first").to_numpy()
    refuse(data, name, keys, first != values, lambda v: f"{v!r} differs from that of other rows of the same {group}")


def _clusters(data: pd.DataFrame, area: str, cluster: str | None) -> Floats:
    codes = pd.factorize(data[area if cluster is None else cluster])[0].astype(float)
    if cluster is not None:
        refuse(data, cluster, [area], codes < 0, lambda _: "is missing")
        _constant(data, cluster, [area], area, codes)
    return np.asarray(codes)


def _informative(panel: Panel, area: str) -> Panel:
    """Leave out areas and periods without events, and refuse a panel without a comparison."""
    notes = []
    seen = panel.y.sum(axis=1) > 0
    if not seen.all():
        gone = [a for a, has in zip(panel.areas, seen, strict=True) if not has]
        notes.append(f"{len(gone)} areas without any events are left out: {_listed(gone)}.")
    lively = panel.y[seen].sum(axis=0) > 0
    if not lively.all():
        notes.append(f"Periods without any events are left out: {_listed(panel.periods[~lively])}.")
    panel = panel.keep(seen, lively)
    if panel.periods.size < 2 or not len(panel.areas):
        raise MetareviewError("Fewer than two periods have events: there is nothing to compare.")
    late = np.isfinite(panel.start) & (panel.start > panel.periods[-1])
    if late.any():
        notes.append(f"{int(late.sum())} areas are treated after the last period only, and count as controls.")
    panel = replace(panel, start=np.where(late, np.inf, panel.start))
    if not panel.present.all():
        i = int(np.flatnonzero(~panel.present.all(axis=1))[0])
        missing = int((~panel.present).sum())
        notes.append(
            f"{missing} area-periods are missing from the table, the first in {area} {_label(panel.areas[i])}."
        )
    _compared(panel, area)
    return replace(panel, notes=tuple(notes))


def _compared(panel: Panel, area: str) -> None:
    for side, mask in (("before", panel.present & ~panel.on), ("after", panel.present & panel.on)):
        unseen = panel.treated & ~mask.any(axis=1)
        if unseen.any():
            name = _label(panel.areas[int(np.flatnonzero(unseen)[0])])
            raise MetareviewError(
                f"The treated {area} {name} is never observed {side} its start.", "Leave it out, or add the periods."
            )
    controls = panel.start > panel.starts[0] if panel.treated.any() else ~panel.treated
    for arm, n in (("treated", int(panel.treated.sum())), ("control", int(controls.sum()))):
        if n == 0:
            raise MetareviewError(f"There are no {arm} areas with events.")
        if n == 1:
            raise MetareviewError(
                f"There is one {arm} area: how much areas differ by themselves cannot be told from the effect.",
                "Use interrupted_time_series with a control, or synthetic_control (one treated area, many controls).",
            )
    for arm, rows in (("treated", panel.treated), ("control", ~panel.treated)):
        for side, mask in (("before", ~_after(panel)), ("after", _after(panel))):
            if rows.any() and panel.y[np.ix_(rows, mask)].sum() == 0:
                raise MetareviewError(
                    f"The {arm} areas have no events {side} the start: no log ratio can be estimated.",
                    "Use totals with a rule for zeros (measure RIRR).",
                )


def _after(panel: Panel) -> Mask:
    return np.asarray(panel.periods >= panel.starts[0])


def _label(value: Any) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)


def _listed(values: Sequence[Any] | Floats, most: int = 5) -> str:
    told = [f"{v:g}" if isinstance(v, float) else str(v) for v in list(values)[:most]]
    return ", ".join(told) + (f" and {len(values) - most} more" if len(values) > most else "")
