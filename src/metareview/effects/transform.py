"""From the scale of analysis to what people read: every back-transformation, in one place.

`BACK` has them by name; `back_transform` takes the one of a measure. Ends of intervals go through the same functions, and
may lie where no effect does (a double arcsine below that of 0 events): they become the end of the range.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from metareview.effects.measure import Floats, Measure
from metareview.effects.registry import find_measure
from metareview.errors import MetareviewError


@dataclass(frozen=True)
class Back:
    """One back-transformation.

    Attributes:
        gives: what comes out, for people.
        function: yi of any shape (and n, where `needs` says so) to what people read.
        inverse: the other way round, with the same n; nan or infinite outside the range.
        needs: what n is, such as "sample size"; "" where the transformation does not depend on it.
    """

    gives: str
    function: Callable[..., Floats]
    inverse: Callable[..., Floats]
    needs: str = ""


def freeman_tukey(p: Floats, n: Floats) -> Floats:
    """The double arcsine of a proportion p of n people: the mean of two angles (Freeman & Tukey 1950)."""
    low, high = np.sqrt(n * p / (n + 1)), np.sqrt((n * p + 1) / (n + 1))
    return (np.arcsin(low) + np.arcsin(high)) / 2


def inverse_freeman_tukey(yi: Floats, n: Floats) -> Floats:
    """The proportion behind a double arcsine (Miller 1978); 0 or 1 beyond what 0 or n of n people give.

    With s = sin(2 yi) and u = s + (s - 1/s)/n Miller has p = (1 - sign(cos(2 yi)) sqrt(1 - u^2))/2; written here so that
    small proportions keep their digits.
    """
    low, high = freeman_tukey(np.zeros_like(n), n), freeman_tukey(np.ones_like(n), n)
    y = np.clip(yi, low, high)
    s = np.sin(2 * y)
    u = np.clip(s + (s - 1 / s) / n, -1, 1)
    near = u**2 / (2 * (1 + np.sqrt(1 - u**2)))
    share = np.where(np.cos(2 * y) >= 0, near, 1 - near)
    return np.where(y <= low, 0.0, np.where(y >= high, 1.0, share))


def freeman_tukey_rate(rate: Floats, t: Floats) -> Floats:
    """The mean of the square roots of a rate and of the rate with one event more in exposure t (Freeman & Tukey 1950)."""
    return (np.sqrt(rate) + np.sqrt(rate + 1 / t)) / 2


def inverse_freeman_tukey_rate(yi: Floats, t: Floats) -> Floats:
    """The rate behind a Freeman-Tukey rate; 0 below what 0 events give.

    (sqrt(r) + sqrt(r + 1/t))/2 = y solved for r: sqrt(r) = y - 1/(4 t y).
    """
    low = 1 / (2 * np.sqrt(t))
    y = np.maximum(yi, low)
    return np.where(y <= low, 0.0, (y - 1 / (4 * t * y)) ** 2)


BACK: dict[str, Back] = {
    "identity": Back("value", np.positive, np.positive),
    "exp": Back("ratio", np.exp, np.log),
    "percent_change": Back("percent change", lambda y: 100 * np.expm1(y), lambda x: np.log1p(x / 100)),
    # Farrington, Gill, Waples & Argomaniz (2007), Journal of Experimental Criminology 3: RES = (a d)/(b c), above 1
    # where the treated area has fewer events, so the inverse of the relative incident rate ratio
    "farrington_welsh_res": Back("relative effect size", lambda y: np.exp(-y), lambda x: -np.log(x)),
    "expit": Back("proportion", special.expit, special.logit),
    "probit": Back("proportion", special.ndtr, special.ndtri),
    "sin2": Back("proportion", lambda y: np.sin(np.clip(y, 0, np.pi / 2)) ** 2, lambda p: np.arcsin(np.sqrt(p))),
    "freeman_tukey": Back("proportion", inverse_freeman_tukey, freeman_tukey, "sample size"),
    "square": Back("rate", lambda y: np.maximum(y, 0) ** 2, np.sqrt),
    "freeman_tukey_rate": Back("rate", inverse_freeman_tukey_rate, freeman_tukey_rate, "exposure"),
    "tanh": Back("correlation", np.tanh, np.arctanh),
    "tanh2": Back(
        "share of variance explained", lambda y: np.tanh(np.maximum(y, 0)) ** 2, lambda R2: np.arctanh(np.sqrt(R2))
    ),
    "hakstian_whalen": Back(
        "reliability", lambda y: 1 - (1 - np.minimum(y, 1)) ** 3, lambda alpha: 1 - np.cbrt(1 - alpha)
    ),
    "bonett": Back("reliability", lambda y: -np.expm1(-y), lambda alpha: -np.log1p(-alpha)),
}


def back_transform(
    measure: str | Measure, yi: ArrayLike, n: ArrayLike | None = None, *, sizes: ArrayLike | None = None, to: str = ""
) -> Floats:
    """Effects, pooled estimates or ends of intervals of a measure as people read them, in the shape of `yi` and `n`.

    Arguments:
        measure: a name from `measures()`, such as "PLO". yi: on its scale of analysis, any shape.
        n: for PFT the sample size, for IRFT the exposure behind each `yi`; other measures do without and ignore it.
        sizes: instead of `n` for a pooled `yi`: the sample sizes (exposures) of the studies that were pooled, of which the
            harmonic mean is taken (Miller 1978). It can mislead badly: see PFT.
        to: another name in `BACK` than the measure's own, such as "percent_change" for a log ratio.

    Raises MetareviewError for an unknown `measure` or `to`, a measure on the scale that was reported without `to`, and an
    `n` that is absent, impossible or given in both ways.
    """
    found = find_measure(measure)
    back = BACK[back_name(found, to)]
    y = np.asarray(yi, dtype=float)
    with np.errstate(all="ignore"):
        if not back.needs:
            return np.asarray(back.function(y))
        size = _size(found, back, n, sizes)
        try:
            y, size = np.broadcast_arrays(y, size)
        except ValueError:
            raise MetareviewError(f"{y.size} effects and {size.size} values of n do not fit together.") from None
        return np.asarray(back.function(y, size))


def back_name(measure: Measure, to: str = "") -> str:
    """The name in `BACK` for a measure: `to`, its own, or by its scale; raises MetareviewError where there is none."""
    chosen = to or measure.back or {"log": "exp", "linear": "identity"}.get(measure.scale, "")
    if not chosen:
        raise MetareviewError(
            f"{measure.name} is on the scale that was reported, row by row.", "Give to='exp' or to='identity'."
        )
    if chosen not in BACK:
        raise MetareviewError(f"Unknown back-transformation {chosen!r}.", f"Use one of {', '.join(BACK)}.")
    return chosen


def _size(measure: Measure, back: Back, n: ArrayLike | None, sizes: ArrayLike | None) -> Floats:
    """The n of each effect, or the harmonic mean of `sizes`."""
    if (n is None) == (sizes is None):
        told = "not both" if n is not None else f"{measure.name} cannot be read without"
        raise MetareviewError(
            f"Back from {measure.name} takes n= or sizes=: {told}.",
            f"n= is the {back.needs} of each study; for a pooled estimate sizes= are those of the studies pooled.",
        )
    given = np.asarray(n if sizes is None else sizes, dtype=float)
    if not given.size or not np.all((given > 0) & np.isfinite(given)):
        raise MetareviewError(f"{'n' if sizes is None else 'sizes'} must be positive numbers: the {back.needs}.")
    return given if sizes is None else np.asarray(1 / np.mean(1 / given))
