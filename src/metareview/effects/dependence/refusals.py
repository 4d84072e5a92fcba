"""What is refused or doubted about coded dependence, naming studies and effects."""

from __future__ import annotations

import numpy as np

from metareview.effects.dependence.coding import Coding, Ints
from metareview.effects.dependence.parts import BEFORE, EXACT, MAIN, Parts
from metareview.effects.measure import Floats, Mask, Texts
from metareview.errors import MetareviewError

SHOWN = 10
OTHERWISE = "give rho_study=0.6 (or another) for two effects of one study where no more is known"


def _named(names: Texts, coding: Coding, i: Ints, j: Ints) -> str:
    lines = [f"  {coding.clusters[coding.cluster[a]]}: {names[a]} and {names[b]}" for a, b in zip(i, j, strict=True)]
    return "\n".join(lines[:SHOWN] + ([f"  and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []))


def duplicates_error(names: Texts, coding: Coding, i: Ints, j: Ints) -> MetareviewError:
    """Effects that are coded alike in everything."""
    return MetareviewError(
        "Effects that are coded alike (same sample, groups, outcome, instrument and time) would correlate 1:\n"
        + _named(names, coding, i, j),
        "If two reports tell the same result, keep one. Else code what differs (sample_id, treated_id, control_id, outcome, "
        f"instrument, time), give duplicates=0.9 (or another) as their correlation, or {OTHERWISE}.",
    )


def refuse_unknown(names: Texts, coding: Coding, i: Ints, j: Ints, covariance: Floats, value: Floats) -> None:
    """Raises MetareviewError for pairs whose covariance needs a correlation that was not given (nan)."""
    for unknown, said, hint in (
        (np.isnan(covariance) & np.isnan(value), "share a group and differ in outcome or instrument", "rho="),
        (np.isnan(covariance), "share a group and were measured at different times", "rho_time="),
    ):
        if unknown.any():
            raise MetareviewError(
                f"The correlation is not known between effects that {said}:\n"
                + _named(names, coding, i[unknown], j[unknown]),
                f"Give {hint} as reported or as you assume (0 says independent), or {OTHERWISE}; and vary it in a "
                "sensitivity analysis.",
            )


def other_figures(parts: Parts, coding: Coding, i: Ints, j: Ints, value: Floats, side: int) -> Mask:
    """Pairs that name one group, measured in one way, and have other figures for it (by more than 1%); shape (pairs,)."""
    same = (coding.group[side, i] == coding.group[side, j]) & (value == 1)
    same &= (parts.way[i] == EXACT) & (parts.text[side, i] == parts.text[side, j])
    one, other = np.abs(parts.root[:, side, i]), np.abs(parts.root[:, side, j])
    unlike = np.abs(one - other) > 0.005 * np.maximum(one, other)
    unlike[MAIN] &= coding.time[side, i] == coding.time[side, j]
    return np.asarray(same & (unlike[MAIN] | unlike[BEFORE]))


def unlike_groups(parts: Parts, names: Texts, coding: Coding, i: Ints, j: Ints, value: Floats) -> tuple[str, ...]:
    """A warning where one group, measured in one way, has other figures in two effects (by more than 1%)."""
    told = []
    for side, word in ((0, "treated"), (1, "control")):
        if (wrong := other_figures(parts, coding, i, j, value, side)).any():
            first = int(np.flatnonzero(wrong)[0])
            told.append(
                f"{wrong.sum()} pairs of effects name the same {word} group and have other figures for it (first: "
                f"{names[i[first]]} and {names[j[first]]}): another period, missing people, or a zero cell corrected?"
            )
    return tuple(told)


def not_definite_error(name: str, labels: Texts, correlation: Floats) -> MetareviewError:
    """A block that is not positive definite, with its correlations."""
    a, b = np.triu_indices(len(labels), 1)
    order = np.argsort(-np.abs(correlation[a, b]), kind="stable")[:SHOWN]
    lines = [f"  {labels[a[p]]} and {labels[b[p]]}: {correlation[a[p], b[p]]:.4g}" for p in order]
    smallest = np.linalg.eigvalsh(correlation)[0]
    return MetareviewError(
        f"The covariance matrix of {name} is not positive definite (smallest eigenvalue of its correlations "
        f"{smallest:.3g}). Correlations between its effects, largest first:\n" + "\n".join(lines),
        "Look for effects that are sums of others and for assumed correlations that cannot hold together; nearest=True "
        "takes the nearest matrix that is positive definite.",
    )
