"""`sampling_covariance`: the sampling covariance matrix of effects, from how their dependence is coded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from metareview.effects.dependence import assumed as assume
from metareview.effects.dependence.coding import Coding, Ints, shared_place
from metareview.effects.dependence.definite import nearest_correlation, not_definite
from metareview.effects.dependence.parts import BEFORE, EXACT, MAIN, SPREAD, Parts, direction, find_parts
from metareview.effects.dependence.reading import read_coding
from metareview.effects.dependence.reasons import why
from metareview.effects.dependence.refusals import (
    SHOWN,
    duplicates_error,
    not_definite_error,
    other_figures,
    refuse_unknown,
    unlike_groups,
)
from metareview.effects.dependence.result import Block, Pairs, SamplingCovariance
from metareview.effects.measure import Floats, Mask, Texts
from metareview.errors import MetareviewError


def sampling_covariance(
    effects: pd.DataFrame,
    *,
    study: str = "study_id",
    vi: str = "vi",
    labels: str | None = None,
    rho: assume.Rho = None,
    rho_within: assume.Rho = None,
    rho_time: float | None = None,
    rho_study: float | None = None,
    duplicates: float | None = None,
    nearest: bool = False,
    **roles: str | None,
) -> SamplingCovariance:
    """The sampling covariance matrix of effects, from what is coded about the groups, areas, outcomes and times they share.

    Effects of different studies, or of different samples of a study, are independent. Two effects of one sample share a
    group when its name is the same, and its part of the variance is then common to both; see `SPLITS` for the exact part
    by measure. A correlation is never assumed in silence: where two outcomes of one group meet and `rho` is not given, this
    is an error.

    Arguments:
        effects: one row an effect, as `effect_size` or `review.effects()` gives.
        study: column of what holds dependent effects together; a wider one (a programme) joins studies.
        vi: column of the variances. labels: column that effects are called by; default effect_id, else the index.
        rho: correlation between two outcomes in the same people: a number, the column that has each study's, a frame with
            outcomes as rows and columns, or {(outcome, outcome): correlation}.
        rho_within: the same between two instruments for one outcome; default `rho`.
        rho_time: correlation of one group's measurements one unit of time apart; times t apart correlate rho_time^t.
        rho_study: correlation of two effects of one study where what is coded does not settle it, see `unsettled`: the one
            correlation of a correlated-effects model. By default such pairs are refused.
        duplicates: correlation of effects that are coded alike in everything; by default they are refused, as they
            would correlate 1.
        nearest: replace a block that is not positive definite by the nearest one that is; by default it is refused.
        **roles: the column of a role (`treated="arm"`), or None not to use it (`time=None`); the roles, and the columns
            that are looked for where a role is not named, are in `coding.ROLES`, and `dependence_coded` shows them.

    Raises MetareviewError, naming effects: for columns that are not there, a variance not above 0, a correlation that is
    needed and not given, duplicates, and blocks that are not positive definite.

    Source: Gleser & Olkin (2009), Stochastically dependent effect sizes, in The handbook of research synthesis and
    meta-analysis (2nd ed.), chapter 19; for rho_study Pustejovsky & Tipton (2022), Prevention Science 23.
    """
    names = _labels(effects, labels)
    variances = _variances(effects, vi, names)
    coding = read_coding(effects, study, roles, names, blank_times=rho_study is not None)
    assumed = assume.read_assumed(effects, coding, rho, rho_within, rho_time, duplicates, rho_study)
    unscaled = find_parts(effects, coding.size, coding.size_sd)
    parts, warnings = _scaled(unscaled, coding, assumed.time, variances, names)
    groups = list(_by_size(coding.cluster))
    i, j = _pairs(groups)
    value, told = assume.correlations(coding, assumed, i, j)
    warnings += unlike_groups(unscaled, names, coding, i, j, value)
    alike = assume.same_effect(coding, i, j, value)
    if rho_study is None and np.isnan(assumed.same) and alike.any():
        raise duplicates_error(names, coding, i[alike], j[alike])
    value = np.where(alike, assumed.same, value)
    covariance = pair_covariances(parts, coding, assumed.time, i, j, value)
    signs = direction(effects)
    rest = np.zeros(len(i), dtype=bool) if rho_study is None else unsettled(coding, i, j, covariance)
    covariance = np.where(rest, assumed.study * signs[i] * signs[j] * np.sqrt(variances[i] * variances[j]), covariance)
    refuse_unknown(names, coding, i, j, covariance, value)
    blocks, covariance, repaired = _blocks(groups, covariance, variances, coding, names, nearest)
    if repaired:
        warnings += (f"not positive definite, replaced by the nearest matrix that is: {', '.join(repaired)}",)
    some = covariance != 0
    differ = np.any([other_figures(parts, coding, i, j, value, side) for side in (0, 1)], axis=0)
    reasons = why(coding, parts, i[some], j[some], told[some], alike[some], differ[some])
    pairs = Pairs(i[some], j[some], covariance[some], *assume.one_study(reasons, rest[some], assumed.study))
    return SamplingCovariance(blocks, names, variances, pairs, repaired, coding.warnings + warnings, dict(coding.found))


def unsettled(coding: Coding, i: Ints, j: Ints, covariance: Floats) -> Mask:
    """Pairs whose covariance is not known from what is coded and given; shape (pairs,).

    It needs a correlation that was not given, or a time that is not coded, or the effects are coded alike in everything;
    or all they share is a group that nobody named, as two treated areas do whose controls are not coded.
    """
    same = coding.group[:, i] == coding.group[:, j]
    nameless = (same & ~coding.named[:, i]).any(axis=0) & (same.sum(axis=0) == 1)
    return np.asarray(np.isnan(covariance) | nameless)


def shared_fraction(coding: Coding, one: Ints, other: Ints, side_one: int, side_other: int) -> Floats:
    """The part, 0 to 1, of two groups' error that is common: 1 for one group, root of the shares for overlapping areas."""
    same = coding.group[side_one, one] == coding.group[side_other, other]
    overlapping = shared_place(coding, one, other, side_one, side_other)
    shares = np.sqrt(coding.share[side_one, one] * coding.share[side_other, other])
    return np.where(same, 1.0, np.where(overlapping, shares, 0.0))


def pair_covariances(parts: Parts, coding: Coding, rho_time: float, i: Ints, j: Ints, value: Floats) -> Floats:
    """Covariance of each pair; shapes (pairs,). `value`: correlation between what was measured, but for times.

    nan where a correlation is needed and is nan.
    """
    apart = _apart(coding, i, j, 0, 0)
    total = _product(parts.pooled[i] * parts.pooled[j], (value * _decay(rho_time, apart)) ** 2)
    for one in (0, 1):
        for other in (0, 1):
            shared = shared_fraction(coding, i, j, one, other)
            in_time = value * _decay(rho_time, _apart(coding, i, j, one, other))
            # The counts of the period before are the same counts, whenever the period after was.
            for kind, correlation in ((MAIN, in_time), (BEFORE, value), (SPREAD, in_time**2)):
                total = total + _product(shared * parts.root[kind, one, i] * parts.root[kind, other, j], correlation)
    return np.asarray(total)


def _apart(coding: Coding, i: Ints, j: Ints, one: int, other: int) -> Floats:
    """Time between two groups of each pair, nan where it is not coded; an effect is no time apart from itself."""
    gap = np.abs(coding.time[one, i] - coding.time[other, j])
    return np.where(np.isnan(gap) & (i == j), 0.0, gap)


def _product(amount: Floats, correlation: Floats) -> Floats:
    """amount * correlation, and 0 where the amount is, whatever the correlation (which may be unknown)."""
    return np.where(amount == 0, 0.0, amount * correlation)


def _decay(rho_time: float, apart: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.where(apart == 0, 1.0, rho_time**apart)


def _scaled(parts: Parts, coding: Coding, rho_time: float, vi: Floats, names: Texts) -> tuple[Parts, tuple[str, ...]]:
    """Parts that sum to each effect's own variance, and a warning where those of its inputs did not."""
    rows = np.arange(len(vi))
    own = pair_covariances(parts, coding, rho_time, rows, rows, np.ones(len(vi)))
    if (bad := ~(own > 0)).any():
        row = int(np.flatnonzero(bad)[0])
        raise MetareviewError(
            f"effect {names[row]!r} compares a group with itself, and its variance cannot be divided.",
            "Give rho_time, and different times (time, time_control) for the two measurements.",
        )
    factor = np.sqrt(vi / own)
    off = (parts.way == EXACT) & ~np.isclose(own, vi, rtol=1e-6)
    warnings: tuple[str, ...] = ()
    if off.any():
        warnings = (
            f"{off.sum()} effects have another variance than their inputs give (overdispersion, a cluster correction, "
            "another formula): it was divided over the groups as the inputs say",
        )
    return replace(parts, root=parts.root * factor, pooled=parts.pooled * factor), warnings


def _by_size(cluster: Ints) -> Iterator[Ints]:
    """Row positions of the clusters of each size m, shape (clusters of that size, m), rising within a cluster."""
    order = np.argsort(cluster, kind="stable")
    sizes = np.bincount(cluster)
    starts = np.cumsum(sizes) - sizes
    for size in np.unique(sizes[sizes > 0]):
        yield order[starts[sizes == size][:, None] + np.arange(size)]


def _pairs(groups: list[Ints]) -> tuple[Ints, Ints]:
    sides = [
        (rows[:, a].ravel(), rows[:, b].ravel()) for rows in groups for a, b in [np.triu_indices(rows.shape[1], 1)]
    ]
    none = np.empty(0, dtype=np.int64)
    return np.concatenate([none, *(s[0] for s in sides)]), np.concatenate([none, *(s[1] for s in sides)])


def _blocks(
    groups: list[Ints], covariance: Floats, vi: Floats, coding: Coding, names: Texts, nearest: bool
) -> tuple[tuple[Block, ...], Floats, tuple[str, ...]]:
    """Pair covariances as matrices, checked; repaired ones are put back into the pairs too."""
    found: dict[int, Block] = {}
    repaired, start, after = [], 0, covariance.copy()
    for rows in groups:
        size = rows.shape[1]
        a, b = np.triu_indices(size, 1)
        stop = start + len(rows) * len(a)
        root = np.sqrt(vi[rows])
        stack = np.zeros((len(rows), size, size))
        stack[:, a, b] = stack[:, b, a] = covariance[start:stop].reshape(len(rows), -1) / (root[:, a] * root[:, b])
        stack[:, range(size), range(size)] = 1.0
        for place in np.flatnonzero(not_definite(stack)):
            name = str(coding.clusters[coding.cluster[rows[place, 0]]])
            if not nearest:
                raise not_definite_error(name, names[rows[place]], stack[place])
            stack[place] = nearest_correlation(stack[place])
            repaired.append(name)
            at = start + place * len(a)
            after[at : at + len(a)] = stack[place][a, b] * root[place, a] * root[place, b]
        matrices = stack * (root[:, :, None] * root[:, None, :])
        matrices[:, range(size), range(size)] = vi[rows]
        for positions, matrix in zip(rows, matrices, strict=True):
            code = int(coding.cluster[positions[0]])
            found[code] = Block(str(coding.clusters[code]), positions, matrix)
        start = stop
    return tuple(found[code] for code in sorted(found)), after, tuple(repaired)


def _variances(effects: pd.DataFrame, column: str, names: Texts) -> Floats:
    if column not in effects.columns:
        raise MetareviewError(f"vi={column!r}: the effects have no such column.", "Compute effects with effect_size.")
    vi = pd.to_numeric(effects[column], errors="coerce").to_numpy(dtype=float, copy=True)
    if (bad := ~(np.isfinite(vi) & (vi > 0))).any():
        rows = ", ".join(str(name) for name in names[bad][:SHOWN])
        raise MetareviewError(f"{column} is not a number above 0 for {rows}.", "Leave out effects without a variance.")
    return vi


def _labels(effects: pd.DataFrame, column: str | None) -> Texts:
    if column is not None and column not in effects.columns:
        raise MetareviewError(f"labels={column!r}: the effects have no such column.")
    column = "effect_id" if column is None and "effect_id" in effects.columns else column
    return np.asarray(effects.index if column is None else effects[column], dtype=object)
