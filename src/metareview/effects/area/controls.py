"""`combine_controls`: several control areas with weights, as one count and exposure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from metareview.effects.measure import Floats
from metareview.effects.series import columns
from metareview.errors import MetareviewError


def combine_controls(before: ArrayLike, after: ArrayLike, weights: ArrayLike | None = None) -> dict[str, float]:
    """Several controls as one: `c`, `tc`, `d`, `td` (and `ta`, `tb` of 1), to be given to RIRR, RES or WDD.

    The wanted control is the weighted sum of counts, sum(w * count), and its Poisson variance is sum(w^2 * count). One
    count C with exposure T has the estimate C / T and the variance C / T^2. With

        T = sum(w * count) / sum(w^2 * count)        C = T * sum(w * count)

    both are right: C is an effective count, as for directly standardised rates. Weights are taken as known, such as one
    over the number of controls, or population of the target over that of a control, or those of a synthetic control.

    Arguments: before, after: counts of the controls, shape (k,); weights: above 0, shape (k,); None for 1 each.

    Raises MetareviewError for counts that do not pair, negative counts, or weights that are not above 0.

    Source: the moments that Fay & Feuer (1997), Confidence intervals for directly standardized rates, Statistics in
    Medicine 16, pages 791-801, match for sums of weighted Poisson counts.
    """
    counts = [_numbers(name, values) for name, values in (("before", before), ("after", after))]
    w = np.ones_like(counts[0]) if weights is None else _numbers("weights", weights)
    if not counts[0].shape == counts[1].shape == w.shape:
        sizes = ", ".join(str(v.size) for v in (*counts, w))
        raise MetareviewError(f"Before, after and weights differ in length: {sizes}.", "Give one of each a control.")
    for name, values in zip(("before", "after"), counts, strict=True):
        if not np.all(values >= 0):
            raise MetareviewError(
                f"Column {name!r}: {values[~(values >= 0)][0]:g} is no count.", "Counts are 0 or more."
            )
    if not np.all(w > 0):
        raise MetareviewError(
            f"Column 'weights': {w[~(w > 0)][0]:g} is not above 0.", "Leave out controls of weight 0."
        )
    c, tc = _effective(counts[0], w)
    d, td = _effective(counts[1], w)
    return {"ta": 1.0, "tb": 1.0, "c": c, "d": d, "tc": tc, "td": td}


def _numbers(name: str, values: ArrayLike) -> Floats:
    """Values as finite numbers, shape (k,). Raises MetareviewError naming the control, counted from 1."""
    frame = pd.DataFrame({name: np.atleast_1d(np.asarray(values, dtype=object)).ravel()})
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return columns.numbers(frame, name, [])


def _effective(counts: Floats, w: Floats) -> tuple[float, float]:
    """Effective count and exposure; without events, the exposure that equal counts would have."""
    seen = counts if counts.sum() > 0 else np.ones_like(counts)
    exposure = float(np.sum(w * seen) / np.sum(w**2 * seen))
    return exposure * float(np.sum(w * counts)), exposure
