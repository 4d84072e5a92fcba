"""Refits of a pooled or regression result: on part of its effects, or on other effects of the same design."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.synthesis import inference, wls
from metareview.synthesis.batch import BatchFit, Mask, fit_batch
from metareview.synthesis.tau2 import KNOWN
from metareview.synthesis.wls import Floats

CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Basis:
    """What a refit needs to know of a result: yi, vi (k,), X (k, p), its terms and labels, the estimator, test and
    level.
    """

    yi: Floats
    vi: Floats
    X: Floats
    terms: tuple[str, ...]
    labels: tuple[str, ...]
    method: str
    tau2: float
    test: str
    level: float

    @property
    def mean_only(self) -> bool:
        """Whether the model is a mean without moderators."""
        return wls.is_mean_only(self.X)


def basis(result: Any) -> Basis:
    """The basis of a `PooledResult` or `RegressionResult`.

    Raises:
        MetareviewError: another kind of result, or one whose weights the user gave.
    """
    if not all(hasattr(result, name) for name in ("yi", "vi", "tau2", "method", "labels")):
        raise MetareviewError(
            f"This diagnostic takes a result of pool or regress, and got a {type(result).__name__}.",
            "For models with dependent effects use influence(result, cluster=...), profile or robust.",
        )
    if getattr(result, "weighting", "inverse variance") != "inverse variance":
        raise MetareviewError(
            "The weights of this result were given, and the diagnostics suppose inverse-variance weights.",
            "Fit again without weights.",
        )
    X = getattr(result, "X", None)
    X = wls.ones(result.k) if X is None else X
    terms = tuple(getattr(result, "terms", ("Intercept",)))
    return Basis(
        result.yi, result.vi, X, terms, result.labels, result.method, float(result.tau2), result.test, result.level
    )


def refit(
    b: Basis, real: Mask | None = None, y: Floats | None = None, v: Floats | None = None, X: Floats | None = None
) -> BatchFit:
    """Refit the model of a basis on parts of its effects, or on others; all figures of a refit without full rank are
    nan.

    Arguments:
        real: which effects each of n refits takes, shape (n, k); all when None. y, v: other effects and variances,
            shape (k,) or (n, k). X: other designs, shape (n, k, p).
    """
    tau2 = b.tau2 if b.method == KNOWN else b.method
    y, v, X = (b.yi if y is None else y), (b.vi if v is None else v), (b.X if X is None else X)
    return fit_batch(y, v, X, tau2=tau2, mask=real)


def usable(fits: BatchFit) -> Mask:
    """Which fits have full rank, shape (n,)."""
    return np.asarray(np.isfinite(fits.rss))


def factor(fits: BatchFit, test: str) -> Floats:
    """What the covariance is multiplied by under a test, shape (n,), also where one degree of freedom is left; 1
    without any.
    """
    out = np.ones(fits.df.size)
    for n in np.flatnonzero(fits.df > 0):
        out[n] = inference.factor(test, float(fits.rss[n]), int(fits.df[n]))
    return out


def delete(b: Basis, of: NDArray[np.intp] | None = None) -> BatchFit:
    """Refit without each group of effects in turn, in pieces that bound the memory.

    Arguments:
        of: the group of each effect, numbered from 0, shape (k,); each effect by itself when None.
    """
    of = np.arange(b.yi.size) if of is None else of
    groups, size = np.arange(int(of.max()) + 1), max(1, CELLS // of.size)
    pieces = [refit(b, of[None, :] != groups[at : at + size, None]) for at in range(0, groups.size, size)]
    if len(pieces) == 1:
        return pieces[0]
    names = [f.name for f in fields(BatchFit) if f.name != "method"]
    joined: dict[str, Any] = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names}
    return BatchFit(**joined, method=pieces[0].method)


def table(b: Basis, r: BatchFit, test: str) -> pd.DataFrame:
    """One row a refit of a mean: estimate, se, ci_low, ci_high, pi_low, pi_high, p, tau2, I2, Q, Q_p, k, test (the
    one used).
    """
    rows = [_row(b, r, n, test) for n in range(r.k.size)]
    return pd.DataFrame(rows)


def _row(b: Basis, r: BatchFit, n: int, test: str) -> dict[str, Any]:
    df, rss = int(r.df[n]), float(r.rss[n])
    used = inference.choose_test(test, df=df, perfect=rss <= 1e-27 * float(np.sum(b.yi**2 / (b.vi + r.tau2[n]))),
                                 equal_effects=b.method == "FE")[0]  # fmt: skip
    se = math.sqrt(float(r.cov[n, 0, 0]) * (inference.factor(used, rss, df) if df > 0 else 1.0))
    critical = inference.critical(b.level, inference.freedom(used, df))
    estimate, tau2 = float(r.beta[n, 0]), float(r.tau2[n])
    half = critical * se
    spread = critical * math.sqrt(se**2 + tau2) if df >= 2 and b.method != "FE" else math.nan
    p = inference.two_sided(estimate / se if se > 0 else math.nan, inference.freedom(used, df))
    return {
        "estimate": estimate, "se": se, "ci_low": estimate - half, "ci_high": estimate + half, "pi_low": estimate - spread,
        "pi_high": estimate + spread, "p": p, "tau2": tau2, "I2": float(r.I2[n]), "Q": float(r.Q[n]),
        "Q_p": inference.chi2_tail(float(r.Q[n]), df), "k": df + 1, "test": used,
    }  # fmt: skip
