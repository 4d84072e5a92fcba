"""The segmented log-linear model of one series, or of a series and its control, and the errors of its changes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from metareview.effects.measure import Floats
from metareview.effects.series.columns import counts, log_exposure
from metareview.effects.series.loglinear import Fit, autoregressive, fit, model_covariance, newey_west
from metareview.effects.series.segments import Segments
from metareview.errors import MetareviewError

ERRORS = {
    "ar": "first-order autoregressive errors",
    "newey_west": "Newey-West errors",
    "model": "independent errors with overdispersion",
}
DISTRIBUTIONS = {"poisson": "quasi-Poisson", "negative_binomial": "negative binomial"}


class Counts:
    """One column of counts with its exposure, read and checked: y, offset (n,)."""

    def __init__(self, data: pd.DataFrame, time: str, count: str, exposure: str | None) -> None:
        self.name = count
        self.y = counts(data, count, [time])
        self.offset = log_exposure(data, exposure, [time])


@dataclass(frozen=True)
class Model:
    """A design with the distribution and errors asked for."""

    design: Segments
    distribution: str
    errors: str
    lags: int

    @property
    def p(self) -> int:
        """Parameters, without the terms of periods left out."""
        return int(self.design.X.shape[1] - self.design.skipped.sum())

    @property
    def n(self) -> int:
        """Periods, without those left out."""
        return int((~self.design.skipped).sum())

    @property
    def df(self) -> int:
        """Residual degrees of freedom."""
        return self.n - self.p

    def fit(self, series: Counts) -> Fit:
        """Fit one series; raises MetareviewError where it has no events before or after."""
        skipped, y = self.design.skipped, series.y
        for side, mask in (("before", ~self.design.after & ~skipped), ("after", self.design.after)):
            if y[mask].sum() == 0:
                raise MetareviewError(
                    f"Column {series.name!r} has no events {side} the start: no log ratio can be estimated.",
                    "Use counts with a rule for zeros (measure RIRR), or a longer series.",
                )
        filled = np.where(skipped, max(1.0, float(y[~skipped].mean())), y)  # fitted exactly, whatever stands there
        return fit(filled, self.design.X, series.offset, negative_binomial=self.distribution == "negative_binomial")

    def noise(self, one: Fit, independent: bool = False) -> tuple[float, float]:
        """Variance (not below that of the distribution) and autocorrelation of a fit's errors."""
        if self.errors != "ar" or independent:
            return max(1.0, float(one.ew @ one.ew) / self.df), 0.0
        rho, scale, _ = autoregressive(one)
        return max(1.0, scale), rho

    def covariance(self, fits: list[Fit]) -> Floats:
        """Covariance of level and slope change (or of their difference between two series), shape (q, q)."""
        if self.errors != "newey_west":
            return self.of_model(fits)
        influence = [f.influence[:, self.design.interest] for f in fits]
        return newey_west(influence[0] - sum(influence[1:]), self.lags) * self.n / self.df

    def of_model(self, fits: list[Fit], independent: bool = False) -> Floats:
        """The same from the model's own errors, less what two series share within periods."""
        at = np.ix_(self.design.interest, self.design.interest)
        noise = [self.noise(one, independent) for one in fits]
        total = sum(model_covariance(f, f, s, (r, r))[at] for f, (s, r) in zip(fits, noise, strict=True))
        if len(fits) == 2:
            (s1, r1), (s2, r2) = noise
            one, other = fits
            alike = float(one.ew @ other.ew / max(1e-12, math.sqrt((one.ew @ one.ew) * (other.ew @ other.ew))))
            most = math.sqrt((1 - r1**2) * (1 - r2**2)) / (1 - r1 * r2)
            shared = math.sqrt(s1 * s2) * min(most, max(-most, alike))
            cross = model_covariance(fits[0], fits[1], shared, (r1, r2))[at]
            total = total - cross - cross.T
        return np.asarray(total)

    def terms(self, one: Fit) -> pd.DataFrame:
        """The terms of one series: term, estimate, se."""
        if self.errors == "newey_west":
            cov = newey_west(one.influence, self.lags) * self.n / self.df
        else:
            scale, rho = self.noise(one)
            cov = model_covariance(one, one, scale, (rho, rho))
        frame = pd.DataFrame({"term": self.design.names, "estimate": one.coef, "se": np.sqrt(np.diag(cov))})
        return frame[~frame["term"].str.startswith("left out")].reset_index(drop=True)
