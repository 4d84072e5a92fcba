"""The part of an effect's sampling variance that each of its groups brings: exact by measure, else by group size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from metareview.effects import zeros
from metareview.effects.dependence.coding import Ints
from metareview.effects.measure import Columns, Floats, Texts
from metareview.effects.registry import measures

MAIN, BEFORE, SPREAD = 0, 1, 2
EXACT, BY_SIZE, EQUAL = 0, 1, 2
Pair = tuple[Floats, Floats]


@dataclass(frozen=True)
class Split:
    """How the variance of a measure divides into its treated and control group.

    Attributes:
        main: the variances of the two groups (of the period after, where `before` is given).
        text: their formulas, treated and control, before and after together.
        before: the variances of the period before, for designs before and after.
        spread: what estimating the standardiser adds: signed roots of the variances of the two groups.
    """

    main: Callable[[Columns], Pair]
    text: tuple[str, str]
    before: Callable[[Columns], Pair] | None = None
    spread: Callable[[Columns], Pair] | None = None


@dataclass(frozen=True, eq=False)
class Parts:
    """Signed roots of the variance of each part: shape (3, 2, n), by kind (MAIN, BEFORE, SPREAD) and group.

    `pooled`: of the standardiser, where all arms of the sample share it, shape (n,). `way`: EXACT, BY_SIZE or EQUAL by
    effect, shape (n,). `text`: formula of each group's part, shape (2, n).
    """

    root: Floats
    pooled: Floats
    way: Ints
    text: Texts


def _smd_spread(x: Columns) -> Pair:
    total = x["n1i"] + x["n2i"]
    return x["yi"] * np.sqrt(x["n1i"] / 2) / total, x["yi"] * np.sqrt(x["n2i"] / 2) / total


def _binomial(events: Floats, rest: Floats) -> Floats:
    return events * rest / (events + rest) ** 3


def _log_mean(x: Columns, arm: str) -> Floats:
    c = (x[f"sd{arm}"] / x[f"m{arm}"]) ** 2 / x[f"n{arm}"]
    return c + c**2 / 2


_AREAS = Split(
    main=lambda x: (1 / x["b"], 1 / x["d"]),
    before=lambda x: (1 / x["a"], 1 / x["c"]),
    text=("phi*(1/a + 1/b)", "phi*(1/c + 1/d)"),
)
SPLITS: dict[str, Split] = {
    "OR": Split(lambda x: (1 / x["ai"] + 1 / x["bi"], 1 / x["ci"] + 1 / x["di"]), ("1/ai + 1/bi", "1/ci + 1/di")),
    "RR": Split(
        lambda x: (1 / x["ai"] - 1 / (x["ai"] + x["bi"]), 1 / x["ci"] - 1 / (x["ci"] + x["di"])),
        ("1/ai - 1/(ai + bi)", "1/ci - 1/(ci + di)"),
    ),
    "RD": Split(
        lambda x: (_binomial(x["ai"], x["bi"]), _binomial(x["ci"], x["di"])),
        ("ai*bi/(ai + bi)^3", "ci*di/(ci + di)^3"),
    ),
    "AS": Split(
        lambda x: (1 / (4 * (x["ai"] + x["bi"])), 1 / (4 * (x["ci"] + x["di"]))), ("1/(4*(ai + bi))", "1/(4*(ci + di))")
    ),
    "IRR": Split(lambda x: (1 / x["x1"], 1 / x["x2"]), ("phi/x1", "phi/x2")),
    "MD": Split(lambda x: (x["sd1i"] ** 2 / x["n1i"], x["sd2i"] ** 2 / x["n2i"]), ("sd1i^2/n1i", "sd2i^2/n2i")),
    "ROM": Split(
        lambda x: (_log_mean(x, "1i"), _log_mean(x, "2i")),
        ("sd1i^2/(n1i*m1i^2) + sd1i^4/(2*n1i^2*m1i^4)", "sd2i^2/(n2i*m2i^2) + sd2i^4/(2*n2i^2*m2i^4)"),
    ),
    "SMD": Split(
        main=lambda x: (1 / x["n1i"], 1 / x["n2i"]),
        spread=_smd_spread,
        text=("1/n1i + yi*yj*n1/(2*Ni*Nj)", "1/n2i + yi*yj*n2/(2*Ni*Nj)"),
    ),
    "RIRR": _AREAS,
    "RES": _AREAS,
    "WDD": Split(
        main=lambda x: (x["b"], x["d"]), before=lambda x: (x["a"], x["c"]), text=("phi*(a + b)", "phi*(c + d)")
    ),
}
_BY_SIZE = ("in proportion to 1/size of the treated group", "in proportion to 1/size of the control group")
_EQUAL = ("half the variance, group sizes unknown", "half the variance, group sizes unknown")


def find_parts(effects: pd.DataFrame, size: Floats, size_sd: Floats) -> Parts:
    """The parts of every effect: by its measure's formula where the inputs are there, else by sizes, else halves.

    `size`: of the two groups, shape (2, n), nan where unknown. `size_sd`: people behind the standardiser, shape (n,).
    """
    n = len(effects)
    root = np.zeros((3, 2, n))
    sized = ~np.isnan(size).any(axis=0)
    root[MAIN] = np.where(sized, 1 / np.sqrt(np.where(sized, size, 1.0)), np.sqrt(0.5))
    pooled = np.zeros(n)
    way = np.where(sized, BY_SIZE, EQUAL)
    text = np.where(sized, np.array([_BY_SIZE], dtype=object).T, np.array([_EQUAL], dtype=object).T).reshape(2, n)
    if "measure" in effects:
        for name in set(effects["measure"].dropna().astype(str)) & set(SPLITS):
            _by_formula(effects, name, size_sd, Parts(root, pooled, way, text))
    root[:, 1] *= np.array([-1.0, -1.0, 1.0])[:, None]
    root[BEFORE] *= -1
    root[[MAIN, BEFORE]] *= direction(effects)
    return Parts(root, pooled, way, text)


def direction(effects: pd.DataFrame) -> Floats:
    """What an unlucky treated group does to each effect, shape (n,): 1 raises it, -1 lowers it.

    -1 where more means less of the outcome in the treated (`RES`, `TNE`), and the other way round where a review turned
    the effect (`sense_applied`).
    """
    signs = np.ones(len(effects))
    if "measure" in effects:
        benefit = [name for name, measure in measures().items() if measure.positive == "less"]
        signs[effects["measure"].isin(benefit).to_numpy()] = -1.0
    if "sense_applied" in effects:
        signs *= pd.to_numeric(effects["sense_applied"]).to_numpy(float)
    return signs


def _by_formula(effects: pd.DataFrame, name: str, size_sd: Floats, parts: Parts) -> None:
    """Put in the parts of the effects of one measure whose inputs are there; the arrays are changed in place."""
    rows = np.flatnonzero((effects["measure"].astype(str) == name).to_numpy())
    columns = _inputs(effects.iloc[rows], name)
    split = SPLITS[name]
    found = np.zeros((3, 2, len(rows)))
    try:
        with np.errstate(all="ignore"):
            for kind, function in ((MAIN, split.main), (BEFORE, split.before)):
                found[kind] = 0.0 if function is None else np.sqrt(np.array(function(columns)))
            found[SPREAD] = 0.0 if split.spread is None else np.array(split.spread(columns))
    except KeyError:  # the frame is without these inputs
        return
    of_all = ~np.isnan(size_sd[rows]) & (split.spread is not None)
    found[SPREAD, :, of_all] = 0.0
    good = np.isfinite(found).all(axis=(0, 1)) & (found[[MAIN, BEFORE]] > 0).any(axis=(0, 1))
    parts.root[:, :, rows[good]] = found[:, :, good]
    parts.way[rows[good]] = EXACT
    parts.text[:, rows[good]] = np.array([split.text], dtype=object).T
    both = good & of_all
    if both.any():
        parts.pooled[rows[both]] = columns["yi"][both] / np.sqrt(2 * size_sd[rows[both]])


def _inputs(effects: pd.DataFrame, name: str) -> Columns:
    """The measure's inputs as numbers, completed and zero-corrected as `effect_size` does, and yi."""
    columns: Columns = {c: pd.to_numeric(effects[c], errors="coerce").to_numpy(float) for c in _wanted(effects, name)}
    measure = measures().get(name)
    if measure is not None:
        given = {key: value for key, value in columns.items() if key in measure.input_names}
        if not given:
            return columns
        columns |= measure.prepare(measure.fill(given))
        columns |= zeros.correct(measure, {k: columns[k] for k in measure.input_names}, 0.5, measure.zero_rule)[0]
    return columns


def _wanted(effects: pd.DataFrame, name: str) -> list[str]:
    measure = measures().get(name)
    known = {entry.name for entry in measure.inputs if not entry.choices} if measure is not None else set()
    return [c for c in {*known, "yi", "n1i", "n2i"} if c in effects.columns]
