"""What the residuals of a series say: overdispersion, and autocorrelation that the model leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from metareview.effects.measure import Floats
from metareview.effects.series.loglinear import Fit, exact


def durbin_watson(e: Floats) -> float:
    """Durbin-Watson statistic of residuals (n,): 2 without autocorrelation, below 2 where neighbours are alike."""
    return float(np.sum(np.diff(e) ** 2) / np.sum(e**2)) if not exact(e) else 2.0


def autocorrelations(e: Floats, lags: int) -> Floats:
    """Autocorrelations of residuals (n,) at lags 1 to `lags`, shape (lags,)."""
    e = e - e.mean()
    if exact(e):
        return np.zeros(lags)
    return np.array([float(e[lag:] @ e[:-lag] / (e @ e)) for lag in range(1, lags + 1)])


def ljung_box(e: Floats, lags: int, fitted: int = 0) -> dict[str, Any]:
    """Ljung-Box test of no autocorrelation up to `lags`; `fitted`: autoregressive parameters taken out already.

    Source: Ljung & Box (1978), Biometrika 65, 297-303.
    """
    n, r = e.size, autocorrelations(e, lags)
    Q = n * (n + 2) * float(np.sum(r**2 / (n - np.arange(1, lags + 1))))
    df = max(1, lags - fitted)
    return {"lags": lags, "Q": Q, "df": df, "p": float(stats.chi2.sf(Q, df))}


def told(pearson: Floats, whitened: Floats, parameters: int) -> dict[str, Any]:
    """The diagnostics of one series from its residuals (n,)."""
    lags = max(1, min(10, pearson.size // 5))
    return {
        "phi": float(pearson @ pearson) / (pearson.size - parameters),
        "durbin_watson": durbin_watson(pearson),
        "autocorrelation": tuple(autocorrelations(pearson, min(3, lags)).tolist()),
        "ljung_box": ljung_box(pearson, lags),
        "ljung_box_whitened": ljung_box(whitened, lags, 1),
    }


def studentised(one: Fit, df: int) -> Floats:
    """Residuals (n,) over the standard deviation they would have had the period itself not been used.

    Source: Cook & Weisberg (1982), Residuals and Influence in Regression, section 2.2, with the weights of the fit.
    """
    leverage = np.einsum("np,pq,nq->n", one.Xw, one.bread, one.Xw)
    r2 = one.ew**2 / np.maximum(1 - leverage, 1e-9)
    others = np.maximum(1.0, (float(one.ew @ one.ew) - r2) / max(1, df - 1))
    return np.asarray(np.sign(one.ew) * np.sqrt(r2 / others))
