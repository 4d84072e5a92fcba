"""Variance inflation: how much the moderators' resemblance to each other widens their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis.contrasts import INTERCEPT
from metareview.synthesis.linear import linear
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd


def vif(result: Any) -> pd.DataFrame:
    """Return one row a term: term, df, GVIF and GSIF = GVIF^(1 / (2 df)).

    With R the correlation matrix of the coefficients but the intercept, GVIF = det(R_term) det(R_others) / det(R); with one
    coefficient it is the usual VIF. GSIF compares with the square root of a VIF. Where det(R) is 0 in double precision both are
    inf.

    Raises:
        MetareviewError: a model without moderators.

    Source: Fox & Monette (1992), JASA 87, 178-183.
    """
    import pandas as pd

    model = linear(result)
    kept = [i for i, term in enumerate(model.terms) if term != INTERCEPT]
    if not kept:
        raise MetareviewError("There are no moderators whose variance could be inflated.")
    cov = model.cov[np.ix_(kept, kept)]
    scale = np.sqrt(np.diag(cov))
    R = cov / np.outer(scale, scale)
    whole = _log_det(R)
    rows = []
    for term, columns in model.blocks.items():
        inside = np.isin(kept, columns)
        if inside.any():
            logs = [_log_det(R[np.ix_(part, part)]) for part in (inside, ~inside)]
            gvif = float(np.exp(sum(logs) - whole)) if whole > -np.inf else np.inf
            df = int(inside.sum())
            rows.append({"term": term, "df": df, "GVIF": gvif, "GSIF": gvif ** (0.5 / df)})
    return pd.DataFrame(rows)


def _log_det(R: Floats) -> float:
    sign, log = np.linalg.slogdet(R)
    return float(log) if sign > 0 else -np.inf
