"""Variance inflation: how much the moderators' resemblance to each other widens their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis.contrasts import INTERCEPT
from metareview.synthesis.linear import linear

if TYPE_CHECKING:
    import pandas as pd


def vif(result: Any) -> pd.DataFrame:
    """Return one row a term: term, df, GVIF and GSIF = GVIF^(1 / (2 df)).

    With R the correlation matrix of the coefficients but the intercept, GVIF = det(R_term) det(R_others) / det(R); with one
    coefficient it is the usual VIF. GSIF compares with the square root of a VIF.

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
    rows = []
    for term, columns in model.blocks.items():
        inside = np.isin(kept, columns)
        if inside.any():
            logs = [float(np.linalg.slogdet(R[np.ix_(part, part)])[1]) for part in (inside, ~inside)]
            gvif = float(np.exp(sum(logs) - np.linalg.slogdet(R)[1]))
            df = int(inside.sum())
            rows.append({"term": term, "df": df, "GVIF": gvif, "GSIF": gvif ** (0.5 / df)})
    return pd.DataFrame(rows)
