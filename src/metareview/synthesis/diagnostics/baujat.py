"""Baujat: what each effect adds to heterogeneity against how far it pulls the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.diagnostics.refit import basis, delete, factor, refit


def baujat(result: Any) -> pd.DataFrame:
    """Return one row an effect: label, heterogeneity, influence.

    `heterogeneity` is the squared residual over vi + tau2 (for equal effects its part of Q); `influence` the squared
    difference between the fitted effect with and without it, over the variance of the latter. Both without units.

    Arguments:
        result: of `pool` or `regress`.

    Raises:
        MetareviewError: fewer than two effects, or a result of another kind.

    Source: Baujat, Mahe, Pignon & Hill (2002), Statistics in Medicine 21, 2641-2652; Viechtbauer (2021), in Schmid,
        Stijnen & White.
    """
    b = basis(result)
    if b.yi.size < 2:
        raise MetareviewError("Leaving one effect out needs at least two effects.")
    full, gone = refit(b), delete(b)
    w = 1.0 / (b.vi + full.tau2[0])
    resid = wls.fit(b.yi, w, b.X).resid
    moved = np.sum(b.X * (full.beta - gone.beta), axis=1)
    error = np.einsum("kp,kpq,kq->k", b.X, gone.cov, b.X) * factor(gone, b.test)
    return pd.DataFrame({"label": b.labels, "heterogeneity": w * resid**2, "influence": moved**2 / error})
