"""Corrections for people or events in clusters: design effects, effective counts, and what one area an arm hides.

For standardised mean differences the measure SMDC is exact; here are the corrections for everything else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from metareview.effects.dependence.parts import BEFORE, MAIN, find_parts
from metareview.effects.measure import Floats, Texts, texts
from metareview.errors import MetareviewError

ICC_SOURCES = ("reported", "computed", "external", "assumed")
ARMS = ("both", "treated", "control")
SHOWN = 10


def design_effect(cluster_size: ArrayLike, icc: ArrayLike, cv: ArrayLike = 0.0) -> Floats:
    """How many times larger the variance of a mean is for people in clusters: 1 + ((1 + cv^2) size - 1) icc.

    Arguments:
        cluster_size: average size, 1 or more. icc: intraclass correlation, from 0 to below 1.
        cv: SD of the cluster sizes over their mean, 0 for equal clusters.

    Raises MetareviewError for values that cannot be.
    Source: Kish (1965), Survey sampling, section 5.4; for unequal clusters Eldridge, Ashby & Kerry (2006), International
    Journal of Epidemiology 35.
    """
    size, rho, spread = (np.asarray(value, dtype=float) for value in (cluster_size, icc, cv))
    for wrong, said in (
        (size < 1, "A cluster size is below 1."),
        ((rho < 0) | (rho >= 1), "An intraclass correlation is not from 0 to below 1."),
        (spread < 0, "A coefficient of variation of cluster sizes is below 0."),
    ):
        if np.any(wrong):
            raise MetareviewError(said, "The design effect is 1 + ((1 + cv^2) * size - 1) * icc.")
    return np.asarray(1 + ((1 + spread**2) * size - 1) * rho)


def effective_counts(
    events: ArrayLike, total: ArrayLike, cluster_size: ArrayLike, icc: ArrayLike, cv: ArrayLike = 0.0
) -> tuple[Floats, Floats]:
    """Events and people of an arm over its design effect, to compute a risk ratio or odds ratio from as usual.

    They are not rounded: the effect stays what it was and its variance is the design effect times larger.
    Raises MetareviewError as `design_effect` does, and for more events than people.
    Source: Higgins, Eldridge & Li, Cochrane Handbook for Systematic Reviews of Interventions, version 6, section 23.1.4.
    """
    effect = design_effect(cluster_size, icc, cv)
    seen, people = np.broadcast_arrays(np.asarray(events, dtype=float), np.asarray(total, dtype=float))
    wrong = (seen > people) | (seen < 0)
    if np.any(wrong):
        raise MetareviewError(
            f"{seen[wrong][0]:g} events in {people[wrong][0]:g} people cannot be.",
            "Give events, then people, of one arm.",
        )
    return np.asarray(events, dtype=float) / effect, np.asarray(total, dtype=float) / effect


def identifiability(n_areas_treatment: ArrayLike, n_areas_control: ArrayLike) -> Texts:
    """What the number of areas an arm leaves unsaid, shape (k,): "" where both arms have two areas or more.

    With one area an arm, how much areas differ by themselves cannot be told from the effect: no variance computed from
    the counts of these areas covers it, whatever the number of events. Missing numbers (nan) give "".
    Source: Varnell, Murray, Janega & Blitstein (2004), American Journal of Public Health 94.
    """
    one, two = np.broadcast_arrays(*(np.atleast_1d(np.asarray(n, float)) for n in (n_areas_treatment, n_areas_control)))
    note = texts(len(one))
    note[(one == 1) & (two == 1)] = (
        "one area an arm: the variance between areas cannot be told from the effect, and the interval leaves it out"
    )
    note[(one == 1) & (two > 1)] = "one treated area: the variance between areas is seen in the control areas only"
    note[(one > 1) & (two == 1)] = "one control area: the variance between areas is seen in the treated areas only"
    return note


def icc_method(source: Floats) -> tuple[Texts, Texts]:
    """ "computed" or "estimated" and a note, by the position in `ICC_SOURCES`; shapes (k,)."""
    method, note = texts(len(source), "computed"), texts(len(source))
    for word in ("external", "assumed"):
        borrowed = source == ICC_SOURCES.index(word)
        method[borrowed] = "estimated"
        note[borrowed] = {"external": "the ICC is from other studies", "assumed": "the ICC is assumed"}[word]
    return method, note


def cluster_correction(
    effects: pd.DataFrame,
    *,
    cluster_size: str = "cluster_size",
    icc: str = "icc",
    icc_source: str = "icc_source",
    cv: str = "cluster_cv",
    arms: str = "clustered_arms",
    adjusted: str = "cluster_adjusted",
) -> pd.DataFrame:
    """Effects with their variance corrected for clusters that were not taken into account.

    Arguments (columns of `effects`):
        effects: as `effect_size` gives, with vi, and better with measure and its inputs.
        cluster_size: average size; blank where nobody was in clusters, and the row is left as it is.
        icc, icc_source: intraclass correlation, and one of `ICC_SOURCES`. cv: SD of sizes over their mean, if there.
        arms: "both" (default), "treated" or "control": the arms in clusters, if there.
        adjusted: true or 1 where the authors took the clusters into account: left as it is, if there.

    Returns the frame with vi and sei corrected, `design_effect` (of vi), and method, rule and note that say so.

    Raises MetareviewError, naming rows, for a cluster size without ICC or source, and values that cannot be.
    """
    x = _read(effects, cluster_size, icc, icc_source, cv, arms, adjusted)
    rows = x["rows"]
    inflated = np.ones(len(effects))
    per_arm = design_effect(x["size"][rows], x["icc"][rows], x["cv"][rows])
    shares = _shares(effects)[:, rows]
    treated, control = (np.where(x["arms"][rows] == other, 1.0, per_arm) for other in ("control", "treated"))
    inflated[rows] = shares[0] * treated + shares[1] * control + (1 - shares.sum(axis=0)) * np.maximum(treated, control)
    vi = effects["vi"].to_numpy(float) * inflated
    out = effects.assign(vi=vi, sei=np.sqrt(vi), design_effect=inflated)
    method, told = icc_method(x["source"][rows])
    for row, effect, how, note in zip(np.flatnonzero(rows), inflated[rows], method, told, strict=True):
        _say(out, int(row), f"vi times the design effect {effect:.4g}", how, note)
    return out


def _say(out: pd.DataFrame, row: int, rule: str, method: str, note: str) -> None:
    """Add to what a row says of itself, in the columns that are there."""
    for name, text in (("rule", rule), ("note", note)):
        if name in out and text:
            before = out[name].iloc[row]
            out.iloc[row, out.columns.get_loc(name)] = f"{before}; {text}" if before else text  # type: ignore[index]
    if "method" in out and method == "estimated":
        out.iloc[row, out.columns.get_loc("method")] = method  # type: ignore[index]


def _shares(effects: pd.DataFrame) -> Floats:
    """The share of each effect's variance that its treated and its control arm bring, shape (2, n); at most 1 together."""
    sizes = [
        pd.to_numeric(effects[c], errors="coerce").to_numpy(float) if c in effects else np.full(len(effects), np.nan)
        for c in ("n1i", "n2i")
    ]
    root = find_parts(effects, np.array(sizes), np.full(len(effects), np.nan)).root
    parts = root[MAIN] ** 2 + root[BEFORE] ** 2
    return np.asarray(parts / parts.sum(axis=0))


def _read(effects: pd.DataFrame, size: str, icc: str, source: str, cv: str, arms: str, adjusted: str) -> dict[str, Any]:
    """The columns as arrays, and which rows to correct. Raises MetareviewError naming rows."""
    names = np.asarray(effects.get("effect_id", effects.index), dtype=object)
    for column in ("vi", size, icc, source):
        if column not in effects:
            raise MetareviewError(f"The effects have no column {column!r}.", "Name the columns: icc='...' and so on.")
    x = {
        key: pd.to_numeric(effects[column], errors="coerce").to_numpy(float) if column in effects else np.full(len(names), fill)
        for key, column, fill in (("size", size, np.nan), ("icc", icc, np.nan), ("cv", cv, 0.0))
    }  # fmt: skip
    x["cv"] = np.where(np.isnan(x["cv"]), 0.0, x["cv"])
    places = {word: float(place) for place, word in enumerate(ICC_SOURCES)}
    codes = effects[source].map(places).to_numpy(float)
    which = effects[arms].fillna("both").to_numpy(object) if arms in effects else texts(len(names), "both")
    done = (
        pd.to_numeric(effects[adjusted]).fillna(0).to_numpy(float) == 1
        if adjusted in effects
        else np.zeros(len(names), bool)
    )
    rows = ~np.isnan(x["size"]) & ~done
    for wrong, said in (
        (rows & np.isnan(x["icc"]), f"{icc} is missing or no number while {size} is given"),
        (rows & np.isnan(codes), f"{source} is not one of {', '.join(ICC_SOURCES)}"),
        (rows & ~np.isin(which.astype(str), ARMS), f"{arms} is not one of {', '.join(ARMS)}"),
    ):
        if wrong.any():
            raise MetareviewError(f"{said}, for {', '.join(str(name) for name in names[wrong][:SHOWN])}.")
    return x | {"source": codes, "arms": which, "rows": rows}
