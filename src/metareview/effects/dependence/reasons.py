"""Why two effects are dependent, in words."""

from __future__ import annotations

import numpy as np

from metareview.effects.dependence.coding import Coding, Ints, shared_place
from metareview.effects.dependence.parts import BEFORE, BY_SIZE, EXACT, Parts
from metareview.effects.measure import Floats, Mask, Texts

_GROUPS = (
    "one standardiser",
    "overlapping areas",
    "treated of one is control of the other",
    "shared control",
    "same treated",
    "same groups",
)


def why(
    coding: Coding, parts: Parts, i: Ints, j: Ints, told: Texts, alike: Mask, differ: Mask
) -> tuple[Texts, Texts, Texts]:
    """The reason, the rule, and "computed" or "estimated", of each pair; shapes (pairs,).

    `differ`: where the two effects have other figures, or another overdispersion, for the group they share.
    """
    treated, control = (coding.group[side, i] == coding.group[side, j] for side in (0, 1))
    crossed = (coding.group[0, i] == coding.group[1, j]) | (coding.group[1, i] == coding.group[0, j])
    overlap = np.any([shared_place(coding, i, j, one, other) for one in (0, 1) for other in (0, 1)], axis=0)
    kind = np.select([treated & control, treated, control, crossed, overlap], [5, 4, 3, 2, 1], 0)
    apart = np.abs(coding.time[0, i] - coding.time[0, j])
    reason = (
        np.array(_GROUPS, dtype=object)[kind] + ", " + told + _times(apart, (parts.root[BEFORE, :, i] != 0).any(axis=1))
    )
    reason = np.where(alike, "coded alike, correlation given", reason)
    way = np.maximum(parts.way[i], parts.way[j])
    rule = np.where(way == EXACT, _exact(parts, kind, i, j), _approximate(parts, kind, way, i))
    assumed = told != "same outcome"
    rule = np.where(differ, rule + "; root of both, as the figures or phi of the shared group differ", rule)
    method = np.where((way == EXACT) & ~assumed & ~alike & ~differ & (apart == 0), "computed", "estimated")
    return reason.astype(object), rule.astype(object), method.astype(object)


def _times(apart: Floats, before: Mask) -> Texts:
    values, where = np.unique(apart, return_inverse=True)
    words = np.array([f", times {v:g} apart" if v > 0 else "" for v in values], dtype=object)[where]
    return np.asarray(np.where((apart > 0) & before, words + " (the counts before are the same)", words), dtype=object)


def _exact(parts: Parts, kind: Ints, i: Ints, j: Ints) -> Texts:
    """The formulas of what is shared; of both effects where they differ in measure."""
    one, other = _formulas(parts, kind, i), _formulas(parts, kind, j)
    mixed = one != other
    one[mixed] = "root of (" + one[mixed] + ") * (" + other[mixed] + ")"
    return one


def _formulas(parts: Parts, kind: Ints, rows: Ints) -> Texts:
    treated, control = parts.text[:, rows]
    out = np.where(kind == 3, control, treated)
    out[kind == 5] += " + " + control[kind == 5]
    return np.asarray(out, dtype=object)


def _approximate(parts: Parts, kind: Ints, way: Ints, i: Ints) -> Texts:
    both = np.where(
        kind == 5, "the whole variance", np.where(way == BY_SIZE, "part by group size", "half the variance")
    )
    return np.asarray(both, dtype=object)
