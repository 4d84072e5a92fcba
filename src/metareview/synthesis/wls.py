"""Weighted least squares without n-by-n matrices: what every estimator of tau2 and every pooled effect shares.

With W = diag(w) and P = W - WX(X'WX)^-1 X'W, all that is asked of P follows from an orthonormal basis Q of W^(1/2)X, because
P = W^(1/2)(I - QQ')W^(1/2): O(k p^2) time and O(k p) memory. For a mean alone there are closed forms, `MeanFit`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DOMINATED = 0.25


@dataclass(frozen=True, eq=False)
class GeneralFit:
    """A weighted least squares fit of k effects on p coefficients.

    Attributes:
        w: weights, shape (k,). beta: coefficients, shape (p,). resid: yi - X beta, shape (k,).
        cov: (X'WX)^-1, shape (p, p). basis: orthonormal basis of W^(1/2)X, shape (k, p).
    """

    w: Floats
    beta: Floats
    resid: Floats
    cov: Floats
    basis: Floats

    @cached_property
    def free(self) -> Floats:
        """One minus the leverage of each effect, shape (k,)."""
        return np.clip(1.0 - np.einsum("kp,kp->k", self.basis, self.basis), 0.0, 1.0)

    @property
    def rss(self) -> float:
        """y'Py, the weighted residual sum of squares."""
        return float((self.w * self.resid).dot(self.resid))

    @property
    def trace_p(self) -> float:
        """The trace of P."""
        return float(self.w.dot(self.free))

    def traces(self) -> tuple[float, float]:
        """Return the traces of P and of PP."""
        return self.trace_p, self.trace_product(self.w, self.w)

    def trace_product(self, a: Floats, b: Floats) -> float:
        """Return tr[M diag(a) M diag(b)] with M = I - QQ', for a, b >= 0 of shape (k,).

        With a = b = w this is tr(PP), with a = b = w v it is tr(PVPV).
        """
        left = self.basis.T @ (a[:, None] * self.basis)
        right = self.basis.T @ (b[:, None] * self.basis)
        return float(np.sum(a * b * (2.0 * self.free - 1.0)) + np.sum(left * right))

    def forms(self) -> tuple[float, float]:
        """Return y'PPy and y'PPPy: by them y'Py and y'PPy fall as tau2 rises, the second twice as fast."""
        u = self.w * self.resid
        z = np.sqrt(self.w) * u
        inside = z - self.basis @ (self.basis.T @ z)
        return float(u.dot(u)), float(inside.dot(inside))

    def scaled(self, factor: float) -> GeneralFit:
        """Return the fit with its weights multiplied by a positive number."""
        return replace(self, w=self.w * factor, cov=self.cov / factor)


class MeanFit(NamedTuple):
    """The same for a mean alone. Differences from a sum that one weight dominates are added up, not subtracted."""

    w: Floats
    total: float
    mean: float
    resid: Floats

    @property
    def beta(self) -> Floats:
        """The mean, shape (1,)."""
        return np.array([self.mean])

    @property
    def cov(self) -> Floats:
        """1 / sum of weights, shape (1, 1)."""
        return np.array([[1.0 / self.total]])

    @property
    def basis(self) -> Floats:
        """The square roots of the shares of the weights, shape (k, 1)."""
        return np.sqrt(self.w / self.total)[:, None]

    @property
    def free(self) -> Floats:
        """One minus the leverage of each effect, shape (k,)."""
        return sum_of_others(self.w) / self.total

    @property
    def rss(self) -> float:
        """y'Py, the weighted residual sum of squares."""
        return float((self.w * self.resid).dot(self.resid))

    @property
    def trace_p(self) -> float:
        """The trace of P."""
        s2 = float(self.w.dot(self.w)) / self.total
        return self.total - s2 if s2 <= DOMINATED * self.total else float(self.w.dot(self.free))

    def traces(self) -> tuple[float, float]:
        """Return the traces of P and of PP."""
        s2 = float(self.w.dot(self.w))
        part = s2 / self.total
        if part > DOMINATED * self.total:  # otherwise no weight has more than half of the sum
            return self.trace_p, self.trace_product(self.w, self.w)
        return self.total - part, s2 - 2.0 * float((self.w * self.w).dot(self.w)) / self.total + part * part

    def trace_product(self, a: Floats, b: Floats) -> float:
        """Return what `GeneralFit.trace_product` does."""
        h = self.w / self.total
        return float(np.sum(a * b * self.free**2) + np.sum(b * h * sum_of_others(a * h)))

    def forms(self) -> tuple[float, float]:
        """Return y'PPy and y'PPPy."""
        u = self.w * self.resid
        inside = u - float(self.w.dot(u)) / self.total
        return float(u.dot(u)), float((self.w * inside).dot(inside))

    def scaled(self, factor: float) -> MeanFit:
        """Return the fit with its weights multiplied by a positive number."""
        return self._replace(w=self.w * factor, total=self.total * factor)


Fit = GeneralFit | MeanFit
_ONE = np.ones((1, 1))
_ONE.setflags(write=False)


def ones(k: int) -> Floats:
    """Return the design of a model with a mean only, shape (k, 1): k views of one number, not to be written to."""
    return np.ndarray((k, 1), buffer=_ONE, strides=(0, 8))


@lru_cache(maxsize=8)
def unit(k: int) -> Floats:
    """Return k ones, not to be written to: equal weights, and with `dot` a sum that takes half the time on few effects."""
    out = np.ones(k)
    out.setflags(write=False)
    return out


def is_mean_only(X: Floats) -> bool:
    """Return whether X is the single column of ones."""
    return X.shape[1] == 1 and (X.base is _ONE or bool(np.all(X == 1.0)))


def sum_of_others(x: Floats) -> Floats:
    """Return, for each of the k non-negative entries, the sum of all the others without cancellation, shape (k,)."""
    out = x.sum() - x
    top = int(np.argmax(x))
    out[top] = x[:top].sum() + x[top + 1 :].sum()
    return out


def fit(yi: Floats, w: Floats, X: Floats) -> Fit:
    """Fit yi on X with weights w, with one step of iterative refinement.

    Arguments:
        yi: effects, shape (k,). w: positive weights (inverse variances), shape (k,). X: full-rank design, shape (k, p).
    """
    return fit_mean(yi, w) if is_mean_only(X) else _fit_general(yi, w, X)


def quadratic(yi: Floats, w: Floats, X: Floats) -> tuple[float, float]:
    """Return y'Py and y'PPy of that fit, of which an error in the coefficients moves the first by its square only."""
    resid = yi - float(w.dot(yi)) / float(w.dot(unit(w.size))) if is_mean_only(X) else _fit_general(yi, w, X).resid
    u = w * resid
    return float(u.dot(resid)), float(u.dot(u))


def fit_mean(yi: Floats, w: Floats) -> MeanFit:
    """Fit a mean to yi, shape (k,), with weights w, shape (k,)."""
    total = float(w.dot(unit(w.size)))
    mean = float(w.dot(yi)) / total
    resid = yi - mean
    shift = float(w.dot(resid)) / total
    return MeanFit(w, total, mean + shift, resid - shift)


def _fit_general(yi: Floats, w: Floats, X: Floats) -> GeneralFit:
    # Two steps, because a year beside an intercept and weights over many orders of magnitude are each badly
    # conditioned, and in one QR their condition numbers multiply.
    root = np.sqrt(w)
    columns, R = np.linalg.qr(X)
    basis, R_weighted = np.linalg.qr(root[:, None] * columns)
    inverse = np.linalg.inv(R) @ np.linalg.inv(R_weighted)
    beta = inverse @ (basis.T @ (root * yi))
    resid = yi - X @ beta
    shift = inverse @ (basis.T @ (root * resid))
    return GeneralFit(w, beta + shift, resid - X @ shift, inverse @ inverse.T, basis)
