"""Weighted least squares without n-by-n matrices: what every estimator of tau2 and every pooled effect
shares.

With W = diag(w) and P = W - WX(X'WX)^-1 X'W, all traces of products with P follow from an orthonormal basis Q
of W^(1/2)X, because P = W^(1/2)(I - QQ')W^(1/2). That costs O(k p^2) time and O(k p) memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fit:
    """A weighted least squares fit of k effects on p coefficients.

    Attributes:
        beta: coefficients, shape (p,). cov: (X'WX)^-1, shape (p, p).
        w: weights, shape (k,). resid: yi - X beta, shape (k,).
        basis: orthonormal basis of W^(1/2)X, shape (k, p).
        free: one minus the leverage of each effect, shape (k,).
        mean_only: True when X is the single column of ones, for which closed forms keep full precision.
    """

    beta: Floats
    cov: Floats
    w: Floats
    resid: Floats
    basis: Floats
    free: Floats
    mean_only: bool

    @property
    def rss(self) -> float:
        """Return y'Py, the weighted residual sum of squares."""
        return float(np.sum(self.w * self.resid**2))

    @property
    def trace_p(self) -> float:
        """Return the trace of P."""
        return float(np.sum(self.w * self.free))


def ones(k: int) -> Floats:
    """Return the design of a model with a mean only, shape (k, 1)."""
    return np.ones((k, 1))


def is_mean_only(X: Floats) -> bool:
    """Return whether X is the single column of ones."""
    return X.shape[1] == 1 and bool(np.all(X == 1.0))


def sum_of_others(x: Floats) -> Floats:
    """Return, for each of the k non-negative entries, the sum of all the others without cancellation, shape
    (k,).
    """
    out = x.sum() - x
    top = int(np.argmax(x))
    out[top] = x[:top].sum() + x[top + 1 :].sum()
    return out


def fit(yi: Floats, w: Floats, X: Floats) -> Fit:
    """Fit yi on X with weights w, with one step of iterative refinement.

    Arguments:
        yi: effects, shape (k,). w: positive weights (inverse variances), shape (k,). X: full-rank design,
            shape (k, p).
    """
    return _fit_mean(yi, w) if is_mean_only(X) else _fit_general(yi, w, X)


def residuals(yi: Floats, w: Floats, X: Floats) -> Floats:
    """Return yi - X beta of that fit, shape (k,), without what else a fit holds."""
    return _mean_residuals(yi, w, w.sum())[1] if is_mean_only(X) else _fit_general(yi, w, X).resid


def _mean_residuals(yi: Floats, w: Floats, total: float) -> tuple[float, Floats]:
    mean = (w * yi).sum() / total
    resid = yi - mean
    shift = (w * resid).sum() / total
    return mean + shift, resid - shift


def _fit_mean(yi: Floats, w: Floats) -> Fit:
    total = w.sum()
    mean, resid = _mean_residuals(yi, w, total)
    return Fit(
        beta=np.array([mean]),
        cov=np.array([[1.0 / total]]),
        w=w,
        resid=resid,
        basis=np.sqrt(w / total)[:, None],
        free=sum_of_others(w) / total,
        mean_only=True,
    )


def _fit_general(yi: Floats, w: Floats, X: Floats) -> Fit:
    # Two steps, because a year beside an intercept and weights over many orders of magnitude are each badly
    # conditioned, and in one QR their condition numbers multiply.
    root = np.sqrt(w)
    columns, R = np.linalg.qr(X)
    basis, R_weighted = np.linalg.qr(root[:, None] * columns)
    inverse = np.linalg.inv(R) @ np.linalg.inv(R_weighted)
    beta = inverse @ (basis.T @ (root * yi))
    resid = yi - X @ beta
    shift = inverse @ (basis.T @ (root * resid))
    free = np.clip(1.0 - np.einsum("kp,kp->k", basis, basis), 0.0, 1.0)
    return Fit(beta + shift, inverse @ inverse.T, w, resid - X @ shift, basis, free, mean_only=False)


def trace_product(f: Fit, a: Floats, b: Floats) -> float:
    """Return tr[M diag(a) M diag(b)] with M = I - QQ'; with a = b = w this is tr(PP), with a = b = w v it is
    tr(PVPV).

    Arguments:
        f: a fit of k effects. a, b: non-negative, shape (k,).
    """
    if f.mean_only:
        h = f.basis[:, 0] ** 2
        return float(np.sum(a * b * f.free**2) + np.sum(b * h * sum_of_others(a * h)))
    left = f.basis.T @ (a[:, None] * f.basis)
    right = f.basis.T @ (b[:, None] * f.basis)
    return float(np.sum(a * b * (2.0 * f.free - 1.0)) + np.sum(left * right))


def cubic_form(f: Fit) -> float:
    """Return y'PPPy, the curvature that the quadratic form y'Py adds to a likelihood in tau2."""
    u = np.sqrt(f.w) * f.w * f.resid
    inside = u - f.basis @ (f.basis.T @ u)
    return float(np.sum(inside**2))
