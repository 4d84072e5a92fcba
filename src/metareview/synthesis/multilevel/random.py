"""From "1 | study/effect" and "outcome | study" to the terms of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metareview.errors import MetareviewError
from metareview.synthesis.multilevel.structures import STRUCTURES
from metareview.synthesis.multilevel.terms import Intercepts, Structured, Term
from metareview.synthesis.wls import Floats

_SPEC = re.compile(r"^\s*~?\s*([^|]+?)\s*\|\s*([^|]+?)\s*$")


def listed(random: Any) -> tuple[str, ...]:
    """The random effects as a tuple of texts.

    Raises:
        MetareviewError: they are no texts.
    """
    specs = (random,) if isinstance(random, str) else tuple(random) if isinstance(random, list | tuple) else (random,)
    wrong = [spec for spec in specs if not isinstance(spec, str)]
    if wrong:
        raise MetareviewError(f"A random effect is text, and {wrong[0]!r:.40} was given.", "Write '1 | study/effect'.")
    return specs


def named(random: Sequence[str]) -> list[str]:
    """The columns that random effects name.

    Raises:
        MetareviewError: a random effect cannot be read.
    """
    found: list[str] = []
    for spec in random:
        inner, outer = _parts(spec)
        found += [name.strip() for name in outer.split("/")] + ([] if inner == "1" else [inner])
    return list(dict.fromkeys(found))


def read(
    random: Sequence[str], struct: str | Sequence[str], frame: pd.DataFrame, R: Mapping[str, Any] | None
) -> tuple[Term, ...]:
    """The terms of a model on the rows of `frame`.

    Arguments:
        random: "1 | a/b" (an intercept for each a, and for each b within a), "1 | a" and "1 | b" (crossed), or
            "inner | outer". struct: the structure of each "inner | outer", one for all or one each.
        R: a known correlation matrix between the levels of a factor (a frame with the levels as names), by factor.

    Raises:
        MetareviewError: naming what cannot be read.
    """
    terms: list[Term] = []
    structures = iter([struct] * len(random) if isinstance(struct, str) else list(struct))
    for spec in random:
        inner, outer = _parts(spec)
        if inner == "1":
            terms += _nested([name.strip() for name in outer.split("/")], frame, R or {})
        else:
            terms.append(_structured(inner, outer, next(structures, "CS"), frame))
    unused = set(R or {}) - {t.name for t in terms if isinstance(t, Intercepts)}
    if unused:
        raise MetareviewError(
            f"R names {', '.join(sorted(unused))}, which has no random intercept.", "Add '1 | factor'."
        )
    return tuple(terms)


def _parts(spec: str) -> tuple[str, str]:
    match = _SPEC.match(spec)
    if match is None:
        raise MetareviewError(
            f"The random effect {spec!r} cannot be read.", "Write '1 | study/effect' or 'outcome | study'."
        )
    return match[1], match[2]


def _nested(names: list[str], frame: pd.DataFrame, R: Mapping[str, Any]) -> list[Term]:
    found: list[Term] = []
    codes, levels = np.zeros(len(frame), dtype=np.intp), [""]
    for n, name in enumerate(names):
        own, found_words = pd.factorize(frame[name].astype(str))
        words = list(found_words)
        both, first = pd.factorize(codes.astype(np.int64) * len(words) + own)
        levels = [
            f"{levels[i]}/{words[j]}" if n else str(words[j]) for i, j in zip(*divmod(first, len(words)), strict=True)
        ]
        codes = np.asarray(both, dtype=np.intp)
        full = "/".join(names[: n + 1])
        found.append(Intercepts(full, codes, tuple(levels), _known(full, R, tuple(levels))))
    return found


def _known(name: str, R: Mapping[str, Any], levels: tuple[str, ...]) -> Floats | None:
    if name not in R:
        return None
    table = pd.DataFrame(R[name])
    table.index, table.columns = table.index.astype(str), table.columns.astype(str)
    absent = [level for level in levels if level not in table.index or level not in table.columns]
    if absent:
        raise MetareviewError(f"R of {name} has no row and column for {', '.join(absent[:5])}.")
    matrix = table.loc[list(levels), list(levels)].to_numpy(dtype=float)
    ends = np.linalg.eigvalsh(0.5 * (matrix + matrix.T)) if np.all(np.isfinite(matrix)) else np.array([-1.0])
    if not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1.0) or ends[0] < -1e-8:
        raise MetareviewError(
            f"R of {name} is not a correlation matrix.",
            "It must be symmetric, with 1 on its diagonal, and have no negative eigenvalue.",
        )
    return np.asarray(matrix)


def _structured(inner: str, outer: str, struct: str, frame: pd.DataFrame) -> Structured:
    if struct not in STRUCTURES:
        raise MetareviewError(f"There is no structure {struct!r}.", f"Choose one of {', '.join(STRUCTURES)}.")
    values = frame[inner]
    found_codes, outer_names = pd.factorize(frame[outer].astype(str))
    outer_codes, outers = np.asarray(found_codes, dtype=np.intp), tuple(map(str, outer_names))
    if struct in ("AR", "HAR", "CAR"):
        times = _times(inner, struct, values)
        found, codes = np.unique(times, return_inverse=True)
        names = tuple(f"{t:g}" for t in found)
        return Structured(
            f"{inner}|{outer}", struct, np.asarray(codes, dtype=np.intp), outer_codes, names, found, outers
        )
    words = values.astype(str)
    ordered = [str(c) for c in values.cat.categories] if hasattr(values, "cat") else sorted(set(words))
    names = tuple(c for c in ordered if (words == c).any())
    codes = np.asarray(pd.Categorical(words, names).codes, dtype=np.intp)
    return Structured(f"{inner}|{outer}", struct, codes, outer_codes, names, np.arange(len(names), dtype=float), outers)


def _times(inner: str, struct: str, values: pd.Series[Any]) -> Floats:
    times = pd.to_numeric(values, errors="coerce")
    if times.isna().any():
        raise MetareviewError(f"{struct} needs numbers in {inner}, which tell the times.")
    if struct != "CAR" and not np.all(times % 1 == 0):
        raise MetareviewError(f"{struct} needs whole numbers in {inner}; CAR takes any times.")
    return times.to_numpy(dtype=float)
