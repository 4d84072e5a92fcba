"""The coding of a frame of effects as codes and numbers, with the mistakes met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.dependence.coding import Coding, Ints, column_of, find_columns
from metareview.effects.dependence.refusals import OTHERWISE
from metareview.effects.measure import Floats, Texts
from metareview.errors import MetareviewError

NUMBERS = ("time", "time_control", "overlap_share", "control_overlap_share", "size_treated", "size_control", "size_sd")
SHARES = ("overlap_share", "control_overlap_share")


def read_coding(
    effects: pd.DataFrame, study: str, roles: Mapping[str, Any], names: Texts, blank_times: bool = False
) -> Coding:
    """The coding of a frame of effects, which messages call by `names`.

    `blank_times`: whether some effects of a study may have a time and others none, which is nan then.

    Raises MetareviewError for a column that is not there, an effect without a study, and times, shares or sizes that
    are no (possible) number, naming the rows.
    """
    found = find_columns(effects, roles)
    column_of(effects, "study", study)
    if effects[study].isna().any():
        rows = ", ".join(map(str, names[effects[study].isna()][:5]))
        raise MetareviewError(f"{study} is missing for {rows}.", "Every effect belongs to a study.")
    cluster, clusters = _clusters(effects, study, found.get("sample"))
    told = {role: _words(effects, found.get(role)) for role in ("treated", "control", "outcome", "instrument")}
    warnings = _half_coded(cluster, clusters, {**told, "sample": _words(effects, found.get("sample"))}, found)
    codes = {role: pd.factorize(told[role]) for role in ("outcome", "instrument")}
    numbers = {role: _numbers(effects, role, found.get(role), names) for role in NUMBERS}
    treated_time = _times(names, cluster, numbers["time"], found.get("time"), blank_times)
    control_time = np.where(np.isnan(numbers["time_control"]), treated_time, numbers["time_control"])
    return Coding(
        cluster=cluster,
        clusters=clusters,
        group=_within(cluster, told["treated"], told["control"], ("(treated)", "(control)")),
        named=np.array([told["treated"] != "", told["control"] != ""]),
        overlap=_overlaps(effects, cluster, found, names),
        share=np.array([numbers["overlap_share"], numbers["control_overlap_share"]]),
        outcome=codes["outcome"][0].astype(np.int64),
        instrument=codes["instrument"][0].astype(np.int64),
        outcomes=np.asarray(codes["outcome"][1], dtype=object),
        instruments=np.asarray(codes["instrument"][1], dtype=object),
        time=np.array([treated_time, control_time]),
        size=np.array([numbers["size_treated"], numbers["size_control"]]),
        size_sd=numbers["size_sd"],
        found=found,
        warnings=warnings,
    )


def _clusters(effects: pd.DataFrame, study: str, sample: str | None) -> tuple[Ints, Texts]:
    names = effects[study].astype(str)
    if sample is not None:
        told = _words(effects, sample)
        names = names.str.cat(np.where(told == "", "", " / " + told))
    codes, values = pd.factorize(names)
    return codes.astype(np.int64), np.asarray(values, dtype=object)


def _words(effects: pd.DataFrame, column: str | None) -> Texts:
    """A column as words, "" for blank cells; shape (n,)."""
    if column is None:
        return np.full(len(effects), "", dtype=object)
    values = effects[column]
    return np.asarray(values.astype(object).where(values.notna(), "").astype(str).str.strip(), dtype=object)


def _numbers(effects: pd.DataFrame, role: str, column: str | None, names: Texts) -> Floats:
    """A column as numbers, nan for blank cells; shape (n,)."""
    if column is None:
        return np.full(len(effects), np.nan)
    values = pd.to_numeric(effects[column], errors="coerce").to_numpy(dtype=float, copy=True)
    blank = _words(effects, column) == ""
    wrong = np.isnan(values) & ~blank
    if role in SHARES:
        wrong |= (values < 0) | (values > 1)
    elif not role.startswith("time"):
        wrong |= values <= 0
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        needed = "a share from 0 to 1" if role in SHARES else "a number" if role.startswith("time") else "above 0"
        raise MetareviewError(f"{column} is {str(effects[column].iloc[row])!r} for {names[row]}; it is {needed}.")
    return values


def _within(cluster: Ints, first: Texts, second: Texts, blank: tuple[str, str]) -> Ints:
    """Codes of two columns of names, in which a name means the same within a cluster only; shape (2, n)."""
    words = np.concatenate([np.where(first == "", blank[0], first), np.where(second == "", blank[1], second)])
    codes, values = pd.factorize(words)
    both: Ints = codes.astype(np.int64).reshape(2, -1) + np.int64(len(values)) * cluster
    return both


def _overlaps(effects: pd.DataFrame, cluster: Ints, found: Mapping[str, str], names: Texts) -> Ints:
    one, two = (_words(effects, found.get(role)) for role in ("overlap", "control_overlap"))
    for words, role in ((one, "overlap_share"), (two, "control_overlap_share")):
        share = _numbers(effects, role, found.get(role), names)
        if (bare := (words != "") & np.isnan(share)).any():
            raise MetareviewError(
                f"{names[bare][0]} names a place it shares with others, and no {role}.",
                "Code the share of its events that fall in that place, from 0 to 1.",
            )
    return np.where(np.array([one, two]) == "", -1, _within(cluster, one, two, ("", "")))


def _half_coded(cluster: Ints, clusters: Texts, told: Mapping[str, Texts], found: Mapping[str, str]) -> tuple[str, ...]:
    """A warning for each role that some effects of a cluster have a value of and others have not."""
    warnings = []
    for role in (name for name in told if name in found):
        blank = pd.Series(told[role] == "").groupby(cluster).mean()
        mixed = [str(clusters[c]) for c in blank.index[(blank > 0) & (blank < 1)]]
        if mixed:
            more = f" and {len(mixed) - 5} more" if len(mixed) > 5 else ""
            warnings.append(
                f"{found[role]} is coded for some effects and blank for others in {', '.join(mixed[:5])}{more}; "
                "blank was taken as one value of its own"
            )
    return tuple(warnings)


def _times(names: Texts, cluster: Ints, time: Floats, column: str | None, blank_times: bool) -> Floats:
    """Times, 0 in clusters that have none; shape (n,)."""
    blank = pd.Series(np.isnan(time)).groupby(cluster).transform("mean").to_numpy()
    mixed = np.isnan(time) & (blank < 1)
    if mixed.any() and not blank_times:
        rows = ", ".join(str(name) for name in names[mixed][:5])
        raise MetareviewError(
            f"{column} is missing for {rows}, and coded for other effects of the same study.",
            f"Code the time of each effect, give time=None to leave times out, or {OTHERWISE}.",
        )
    return np.where(np.isnan(time) & ~mixed, 0.0, time)
