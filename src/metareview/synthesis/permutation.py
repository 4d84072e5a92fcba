"""Permutation tests of a pooled effect (by its signs) and of moderators (by their rows), exact or sampled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.parallel import Progress, spread
from metareview.synthesis import wls
from metareview.synthesis.batch import BatchFit, fit_batch
from metareview.synthesis.contrasts import INTERCEPT
from metareview.synthesis.fitted import independent
from metareview.synthesis.results import PooledResult, RegressionResult, to_plain
from metareview.synthesis.tau2 import KNOWN
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

EXACT_AT_MOST = 50_000
LARGEST = 4_000_000
PIECE = 4_096
TIE = 1e-8
SHOWN = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class PermutationResult:
    """p-values from the distribution of the statistics under rearrangement.

    Attributes:
        terms: names of the coefficients, length p. statistic, p_value: two-sided, shape (p,). QM, QM_p: the joint test of
            all coefficients but the intercept. p_asymptotic, QM_p_asymptotic: those of the model itself.
        kind: "signs" or "permutations". exact: whether every rearrangement was made. count: how many were made.
        possible: how many there are. failed: those whose model could not be fitted; they count as not extreme.
        seed: of the sample; None when exact. test, method: as in the model. warnings: sentences a reader must see.
    """

    terms: tuple[str, ...]
    statistic: Floats
    p_value: Floats
    QM: float
    QM_p: float
    p_asymptotic: Floats
    QM_p_asymptotic: float
    kind: str
    exact: bool
    count: int
    possible: int
    failed: int
    seed: int | None
    test: str
    method: str
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient: term, statistic, p_value, p_asymptotic."""
        import pandas as pd

        names = ("statistic", "p_value", "p_asymptotic")
        return pd.DataFrame({"term": self.terms} | {name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        how = "exact" if self.exact else f"seed {self.seed}"
        return f"PermutationResult({self.count} {self.kind}, {how}: QM={self.QM:.4f}, p={self.QM_p:.4f})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


@dataclass(frozen=True, eq=False)
class _Counts:
    """How many fits were made and failed, how often each statistic was as extreme as observed, shape (p + 1,), the largest
    joint statistic, and how many fits had it (by the symmetry of the data, two as a rule for signs).
    """

    made: int
    failed: int
    extreme: NDArray[np.intp]
    largest: float
    ties: int


@dataclass(frozen=True, eq=False)
class _Model:
    """What a worker needs: the data, and the observed |t| of each coefficient and QM, shape (p + 1,)."""

    yi: Floats
    vi: Floats
    X: Floats
    tau2: str | float
    test: str
    tested: tuple[int, ...]
    observed: Floats


def permutation_test(
    result: PooledResult | RegressionResult,
    *,
    exact: bool | None = None,
    permutations: int = 9_999,
    seed: int = 1,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> PermutationResult:
    """Refit the model to rearranged data, and count how often its statistics are as extreme as they are.

    Without moderators the signs of the effects are flipped; with moderators their rows are rearranged among the studies
    (rows that are alike count once). tau2 is estimated anew each time. A sampled p-value is (1 + extreme) / (1 + n). A p-value
    cannot fall below the share of rearrangements that tie at the most extreme joint statistic; above .05 a warning tells it.

    Arguments:
        result: of `pool` or `regress`. exact: every rearrangement; when None, if there are at most 50,000.
        permutations, seed: of a sample. workers, cluster, progress: as in `parallel.spread`; they never change the result.

    Raises:
        MetareviewError: another kind of result, one whose weights the user gave, or an exact test of more than 4,000,000
            rearrangements.

    Source: Higgins & Thompson (2004), Statistics in Medicine 23, 1663-1682; Follmann & Proschan (1999), Biometrics 55,
    732-737; sampled p-values: Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9, 39.
    """
    result = independent(result, "A permutation test")
    if result.weighting != "inverse variance":
        raise MetareviewError(
            "The weights of this result were given, and rearranged data are fitted with inverse-variance weights.",
            "Fit again without weights.",
        )
    model, terms = _model(result)
    signs = wls.is_mean_only(model.X)
    _, kinds, sizes = np.unique(model.X, axis=0, return_inverse=True, return_counts=True)
    possible = 2**result.k if signs else math.factorial(result.k) // math.prod(math.factorial(int(n)) for n in sizes)
    every = possible <= EXACT_AT_MOST if exact is None else exact
    if every and possible > LARGEST:
        raise MetareviewError(f"An exact test needs {possible} fits.", "Leave `exact` out: a sample is taken then.")
    pieces = _exact(model, signs, kinds.reshape(-1), possible) if every else _sampled(model, signs, permutations, seed)
    counts = _sum(list(spread(_count, pieces, workers=workers, cluster=cluster, progress=progress)))
    return _result(result, model, terms, counts, signs, every, possible, seed)


def _result(
    result: PooledResult | RegressionResult, model: _Model, terms: tuple[str, ...], counts: _Counts, signs: bool,
    every: bool, possible: int, seed: int,
) -> PermutationResult:  # fmt: skip
    statistic = np.atleast_1d(np.asarray(result.statistic, dtype=np.float64))
    asymptotic = np.array([result.p]) if isinstance(result, PooledResult) else result.p_value
    joint = result.p if isinstance(result, PooledResult) else result.QM_p
    extra, count, failed = 0 if every else 1, counts.made, counts.failed
    p_value = (extra + counts.extreme) / (extra + count)
    warnings = []
    floor = (extra + counts.ties) / (extra + count)
    if floor > SHOWN:
        warnings.append(
            f"The most extreme statistic comes from {counts.ties} of {count} rearrangements: the p-value cannot fall below "
            f"{floor:.3g}."
        )
    if failed:
        warnings.append(f"{failed} of {count} rearrangements could not be fitted; they count as not extreme.")
    return PermutationResult(
        terms, statistic, p_value[:-1], float(model.observed[-1]), float(p_value[-1]), asymptotic,
        joint, "signs" if signs else "permutations", every, count, possible, failed,
        None if every else seed, result.test, result.method, tuple(warnings),
    )  # fmt: skip


def _model(result: PooledResult | RegressionResult) -> tuple[_Model, tuple[str, ...]]:
    terms = (INTERCEPT,) if isinstance(result, PooledResult) else result.terms
    X = wls.ones(result.k) if isinstance(result, PooledResult) else result.X
    tested = tuple(i for i, term in enumerate(terms) if term != INTERCEPT) or (0,)
    tau2 = result.tau2 if result.method == KNOWN else result.method
    joint = result.statistic**2 if isinstance(result, PooledResult) else result.QM
    observed = np.append(np.abs(result.statistic), joint)
    return _Model(result.yi, result.vi, X, tau2, result.test, tested, observed), terms


def _exact(model: _Model, signs: bool, kinds: NDArray[np.intp], possible: int) -> list[tuple[_Model, Any]]:
    if signs:
        return [(model, (at, min(possible, at + PIECE))) for at in range(0, possible, PIECE)]
    orders = _arrangements(kinds)
    return [(model, orders[at : at + PIECE]) for at in range(0, len(orders), PIECE)]


def _sampled(model: _Model, signs: bool, n: int, seed: int) -> list[tuple[_Model, Any]]:
    if n < 1:
        raise MetareviewError(f"{n} permutations test nothing.", "Give some thousands.")
    sizes = [min(PIECE, n - at) for at in range(0, n, PIECE)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    return [(model, (signs, size, child)) for size, child in zip(sizes, seeds, strict=True)]


def _arrangements(kinds: NDArray[np.intp]) -> NDArray[np.int8]:
    """Return every distinct way to give the rows of X to the studies: for each row of X its study, shape (n, k)."""
    k = kinds.size
    out = np.zeros((1, k), dtype=np.int8)
    free = np.arange(k, dtype=np.int8)[None]  # studies without a row yet, one set an arrangement begun
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        m = free.shape[1]
        picks = np.array(list(itertools.combinations(range(m), rows.size)), dtype=np.intp)
        chosen = np.zeros((len(picks), m), dtype=bool)
        np.put_along_axis(chosen, picks, True, axis=1)
        rest = np.nonzero(~chosen)[1].reshape(len(picks), m - rows.size)
        out = np.repeat(out, len(picks), axis=0)
        out[:, rows] = free[:, picks].reshape(-1, rows.size)
        free = free[:, rest].reshape(len(out), m - rows.size)
    return out


def _count(piece: tuple[_Model, Any]) -> _Counts:
    model, what = piece
    return _sum([_counted(fit_batch(yi, vi, model.X, tau2=model.tau2), model) for yi, vi in _data(model, what)])


def _counted(fits: BatchFit, model: _Model) -> _Counts:
    seen = _statistics(fits, model)
    extreme = np.sum(_reaches(seen, model.observed), axis=0)
    failed = int(np.sum(~np.isfinite(seen).all(axis=1) | ~fits.converged))
    joint = seen[~np.isnan(seen[:, -1]), -1]
    largest = float(joint.max(initial=-math.inf))
    return _Counts(len(seen), failed, extreme, largest, int(np.sum(_reaches(joint, largest))))


def _reaches(seen: Floats, other: Floats | float) -> NDArray[np.bool_]:
    return seen >= other * (1.0 - TIE) - TIE


def _sum(parts: list[_Counts]) -> _Counts:
    largest = max(part.largest for part in parts)
    ties = sum(part.ties for part in parts if part.largest >= largest * (1.0 - TIE) - TIE)
    extreme = np.sum([part.extreme for part in parts], axis=0)
    return _Counts(sum(part.made for part in parts), sum(part.failed for part in parts), extreme, largest, ties)


def _statistics(fits: BatchFit, model: _Model) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(fits.beta / fits.se(model.test))
        single = len(model.tested) == 1
        joint = t[:, model.tested[0]] ** 2 if single else fits.joint(list(model.tested), model.test)
    return np.column_stack([t, joint])


def _data(model: _Model, what: Any) -> Iterator[tuple[Floats, Floats]]:
    """Yield the rearranged effects and variances of a piece, each of shape (n, k)."""
    k = model.yi.size
    if isinstance(what, np.ndarray):
        yield model.yi[what], model.vi[what]
    elif len(what) == 2:
        bits = np.arange(*what, dtype=np.int64)[:, None] >> np.arange(k) & 1
        yield model.yi * (1.0 - 2.0 * bits), np.broadcast_to(model.vi, (len(bits), k))
    else:
        signs, size, child = what
        rng = np.random.default_rng(child)
        if signs:
            flips = rng.integers(0, 2, (size, k))
            yield model.yi * (1.0 - 2.0 * flips), np.broadcast_to(model.vi, (size, k))
        else:
            orders = rng.permuted(np.broadcast_to(np.arange(k), (size, k)), axis=1)
            yield model.yi[orders], model.vi[orders]
