"""From the scale of analysis to what people read, and back."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from metareview.effects.measure import Floats
from metareview.errors import MetareviewError


def to_ratio(yi: ArrayLike) -> Floats:
    """exp(yi): a log ratio of any shape as a ratio; 1 is no effect."""
    return np.asarray(np.exp(np.asarray(yi, dtype=float)))


def to_percent_change(yi: ArrayLike) -> Floats:
    """100 * (exp(yi) - 1): a log ratio as a percent change; -20 is a fifth fewer events."""
    return np.asarray(100.0 * np.expm1(np.asarray(yi, dtype=float)))


def from_percent_change(percent: ArrayLike) -> Floats:
    """ln(1 + percent / 100): a percent change (above -100) as a log ratio; nan at or below -100."""
    share = np.asarray(percent, dtype=float) / 100.0
    return np.asarray(np.log1p(np.where(share > -1, share, np.nan)))


def farrington_welsh_res(yi: ArrayLike) -> Floats:
    """exp(-yi): Farrington and Welsh's relative effect size, RES = (a * d) / (b * c).

    It is the **inverse** of the relative incident rate ratio: RES above 1 means fewer events in the treated
    area, where RIRR below 1 means the same. A RES taken from a paper becomes our yi as -ln(RES), with the
    same variance.

    Source: Farrington, Gill, Waples & Argomaniz (2007), Journal of Experimental Criminology 3, pages 21-38.
    """
    return np.asarray(np.exp(-np.asarray(yi, dtype=float)))


def transform(
    yi: ArrayLike, scale: Literal["log", "linear"], to: Literal["ratio", "percent_change"] = "ratio"
) -> Floats:
    """Effects on their scale of analysis as people read them.

    Arguments:
        yi: effects of any shape. scale: "log" (turned into `to`) or "linear" (returned unchanged).
        to: "ratio" or "percent_change".

    Raises MetareviewError for an unknown `scale` or `to`.
    """
    if scale == "linear":
        return np.asarray(yi, dtype=float)
    if scale != "log":
        raise MetareviewError(f"Unknown scale {scale!r}.", "Use 'log' or 'linear'.")
    if to == "ratio":
        return to_ratio(yi)
    if to == "percent_change":
        return to_percent_change(yi)
    raise MetareviewError(f"Unknown transformation {to!r}.", "Use 'ratio' or 'percent_change'.")
