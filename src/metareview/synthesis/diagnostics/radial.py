"""Radial (Galbraith): standardised effects against their precision, so that effects that agree lie along one ray."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from metareview.errors import MetareviewError
from metareview.synthesis.diagnostics.refit import basis
from metareview.synthesis.inference import critical


def radial(result: Any) -> pd.DataFrame:
    """Return one row an effect: label, precision (x), z (y), and outside (further from the ray of the result than
    `level` allows).

    Precision is 1 / sqrt(vi + tau2), z the effect times it; a ray from the origin has the slope of an effect on the
    scale of yi.

    Arguments:
        result: of `pool`.

    Raises:
        MetareviewError: a result with moderators, or of another kind.

    Source: Galbraith (1988), Technometrics 30, 271-281.
    """
    b = basis(result)
    if not b.mean_only:
        raise MetareviewError("A radial plot takes a pooled result.", "Use pool, not regress.")
    precision = 1.0 / np.sqrt(b.vi + b.tau2)
    z = b.yi * precision
    far = np.abs(z - float(result.estimate) * precision) > critical(b.level, np.inf)
    return pd.DataFrame({"label": b.labels, "precision": precision, "z": z, "outside": far})
