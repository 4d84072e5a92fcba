"""Influence: what the pooled result becomes without each effect in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from metareview.errors import MetareviewError
from metareview.synthesis.diagnostics.refit import basis, delete, table
from metareview.synthesis.inference import check_test
from metareview.synthesis.pooling import pool


def leave_one_out(
    yi: Any,
    vi: Any,
    labels: Sequence[Any] | None = None,
    *,
    tau2: str | float = "REML",
    test: str = "knha",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return one row a left-out effect: `omitted` (its label) and the pooled result of the others.

    Columns: omitted, estimate, se, ci_low, ci_high, pi_low, pi_high, p, tau2, I2, Q, Q_p, k, test (the one
    used).

    Arguments:
        yi, vi: shape (k,), k >= 2. labels, tau2, test, level: as in `pool`.

    Raises:
        MetareviewError: unusable effects, or fewer than two.

    Source: Viechtbauer & Cheung (2010), Research Synthesis Methods 1, 112-125.
    """
    result = pool(yi, vi, labels=labels, tau2=tau2, test=test, level=level)
    if result.k < 2:
        raise MetareviewError("Leaving one effect out needs at least two effects.")
    b = basis(result)
    found = table(b, delete(b), check_test(test))
    found.insert(0, "omitted", list(result.labels))
    return found
