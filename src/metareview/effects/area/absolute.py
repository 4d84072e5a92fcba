"""`absolute`: a relative effect in crimes avoided, areas and months needed, and cost per crime."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from metareview.effects.area.ratio import RatioInterval, fieller
from metareview.effects.telling import check_level
from metareview.errors import MetareviewError

_NAN = float("nan")
_FAR = math.log(1000)
_MOST = 1e6
_APART = 0.01
# An interval over the normal one of its SE: less by rounding only, more by the t of a few studies (2.2 with 2 df).
_NARROWEST, _WIDEST = 0.87, 2.5


@dataclass(frozen=True)
class Avoided:
    """Crimes avoided: estimate and interval; below 0 are crimes added."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Needed:
    """How many units (residents or areas for a year, months) it takes for one crime avoided, or for one added.

    Attributes:
        unit: what is counted. estimate: units for one crime, as benefit (above 0) or harm (below 0).
        benefit: least and most units for one crime avoided; the most is infinite where the interval of the effect
            holds 0; None where the interval holds no benefit.
        harm: the same for one crime added.
    """

    unit: str
    estimate: float
    benefit: tuple[float, float] | None
    harm: tuple[float, float] | None

    @property
    def text(self) -> str:
        """In words; through infinity where the interval of the effect holds 0, as Altman has it."""
        word = "avoided" if self.estimate > 0 else "added"
        told = f"{_few(abs(self.estimate))} {self.unit} for one crime {word}"
        if self.benefit and self.harm:
            least, most = _few(self.harm[0]), _few(self.benefit[0])
            return f"{told} ({least} for one added, through infinity, to {most} for one avoided)"
        low, high = self.benefit or self.harm or (_NAN, _NAN)
        return f"{told} ({_few(low)} to {_few(high)})"


def _few(value: float) -> str:
    """Three figures, and no exponent for what is large."""
    return f"{value:,.0f}" if 100 <= value < math.inf else f"{value:.3g}"


@dataclass(frozen=True)
class CostPerCrime:
    """Cost of one crime avoided.

    Attributes:
        estimate: cost over crimes avoided; nan where no crime was avoided. low, high: limits; high is infinite where
            the effect may be none or harm, both are nan where the whole interval is harm.
        interval: Fieller's interval where the cost is uncertain, else None. text: in words.
    """

    estimate: float
    low: float
    high: float
    interval: RatioInterval | None
    text: str


@dataclass(frozen=True)
class AbsoluteReading:
    """A relative effect at a stated baseline.

    Attributes:
        ratio, ratio_low, ratio_high: crimes with the approach over crimes without.
        per_1000, per_area: the baseline: crimes a year without the approach, per 1,000 residents and per area; nan if
            not stated.
        avoided_per_1000, avoided_per_area: crimes avoided a year; None without that baseline.
        residents: how many residents must be reached for a year for one crime avoided; None without a rate.
        areas, months: areas treated for a year, and months in one area, for one crime avoided; None without a baseline
            per area.
        cost: of one crime avoided; None without a cost. level: of the intervals.
    """

    ratio: float
    ratio_low: float
    ratio_high: float
    per_1000: float
    per_area: float
    avoided_per_1000: Avoided | None
    avoided_per_area: Avoided | None
    residents: Needed | None
    areas: Needed | None
    months: Needed | None
    cost: CostPerCrime | None
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Every attribute."""
        return asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """One row a reading, indexed by name: estimate, low, high, text."""
        rows: list[tuple[str, float, float, float, str]] = []
        told = (("avoided_per_1000", self.avoided_per_1000), ("avoided_per_area", self.avoided_per_area))
        for name, avoided in told:
            if avoided is not None:
                text = f"{avoided.estimate:.3g} ({avoided.low:.3g} to {avoided.high:.3g}) crimes avoided a year"
                rows.append((name, avoided.estimate, avoided.low, avoided.high, text))
        for name, needed in (("residents", self.residents), ("areas", self.areas), ("months", self.months)):
            if needed is not None:
                low, high = needed.benefit or (_NAN, _NAN)
                rows.append((name, needed.estimate, low, high, needed.text))
        if self.cost is not None:
            rows.append(("cost", self.cost.estimate, self.cost.low, self.cost.high, self.cost.text))
        return pd.DataFrame(rows, columns=["name", "estimate", "low", "high", "text"]).set_index("name")

    def __repr__(self) -> str:
        return f"AbsoluteReading(ratio {self.ratio:.3g}; {'; '.join(self.to_frame()['text'])})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


def absolute(
    yi: float,
    sei: float | None = None,
    *,
    ci: tuple[float, float] | None = None,
    per_1000: float | None = None,
    residents: float | None = None,
    per_area: float | None = None,
    cost: float | None = None,
    cost_se: float = 0.0,
    level: float = 0.95,
    positive: Literal["more", "less"] = "more",
) -> AbsoluteReading:
    """A log ratio of crimes as numbers that a city can use, at a baseline that you state.

    Crimes avoided are baseline * (1 - ratio), with the limits of the ratio put in; the baseline is taken as known. The
    number needed is 1 over the crimes avoided: where their interval holds 0 it runs from harm through infinity to
    benefit, and is never a plain interval. Do not average it over studies; pool the ratio, then read it.

    Arguments:
        yi: log ratio (RIRR, IRR, RR of a rare event). sei: its standard error; or ci: its limits on the log scale,
            which go before (a pooled estimate with a t interval has them).
        per_1000: crimes a year per 1,000 residents without the approach; with `residents` of an area it gives per_area.
        per_area: crimes a year in one area without the approach.
        cost: of one area a year; cost_se: its standard error.
        level: of the intervals. positive: what yi above 0 means; "less" for RES.

    Raises MetareviewError without an interval or a baseline, for numbers that are impossible or contradict each other, and
    for yi beyond log(1000), which is probably a percentage.

    Source: Altman (1998), Confidence intervals for the number needed to treat, BMJ 317, pages 1309-1312; Fieller
    (1954), Journal of the Royal Statistical Society B 16, for an uncertain cost.
    """
    _require_numbers(
        yi=yi, sei=sei, per_1000=per_1000, residents=residents, per_area=per_area, cost=cost, cost_se=cost_se
    )
    if abs(yi) > _FAR:
        raise MetareviewError(
            f"yi={yi:g} is a factor of over 1000 on the log scale: probably a percentage.",
            "Give the log of the ratio: a fall of 20% is log(0.8) = -0.223.",
        )
    low, high, se = _limits(yi, sei, ci, level)
    if positive == "less":
        yi, low, high = -yi, -high, -low
    rate, area = _baselines(per_1000, residents, per_area)
    if cost is not None and not (cost > 0 and cost_se >= 0):
        raise MetareviewError(f"cost={cost!r}, cost_se={cost_se!r}: a cost is above 0, its error 0 or more.")
    ratios = math.exp(yi), math.exp(low), math.exp(high)
    by_area = None if area is None else _avoided(area, ratios)
    by_rate = None if rate is None else _avoided(rate, ratios)
    if cost is not None and by_area is None:
        raise MetareviewError("A cost needs crimes per area.", "Give per_area=, or per_1000= with residents=.")
    spread = _NAN if area is None else area * ratios[0] * se
    return AbsoluteReading(
        ratio=ratios[0],
        ratio_low=ratios[1],
        ratio_high=ratios[2],
        per_1000=_NAN if rate is None else rate,
        per_area=_NAN if area is None else area,
        avoided_per_1000=by_rate,
        avoided_per_area=by_area,
        residents=None if by_rate is None else _needed(by_rate, 1000.0, "residents for a year"),
        areas=None if by_area is None else _needed(by_area, 1.0, "areas for a year"),
        months=None if by_area is None else _needed(by_area, 12.0, "months in one area"),
        cost=None if cost is None or by_area is None else _cost(by_area, cost, cost_se, spread, level),
        level=level,
    )


def _require_numbers(**given: Any) -> None:
    """Raises MetareviewError for what is given and is no finite number."""
    for name, value in given.items():
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if value is not None and not (number and math.isfinite(value)):
            raise MetareviewError(f"{name}={value!r} is not a finite number.")


def _limits(yi: float, sei: float | None, ci: tuple[float, float] | None, level: float) -> tuple[float, float, float]:
    check_level(level)
    z = float(stats.norm.isf((1 - level) / 2))
    if sei is not None and not sei > 0:
        raise MetareviewError(f"sei={sei:g} is not above 0.")
    if ci is not None:
        if len(ci) != 2:
            raise MetareviewError(f"ci={ci!r} is not an interval.", "Give ci=(low, high) on the log scale.")
        _require_numbers(**{"ci (low)": ci[0], "ci (high)": ci[1]})
        if not ci[0] <= yi <= ci[1]:
            raise MetareviewError(f"The interval {ci[0]:g} to {ci[1]:g} does not hold {yi:g}.", "Give logs, low first.")
        by_ci = (ci[1] - ci[0]) / (2 * z)
        if sei is not None and not _NARROWEST <= by_ci / sei <= _WIDEST:
            raise MetareviewError(
                f"sei={sei:g} and the interval {ci[0]:g} to {ci[1]:g} (a standard error of {by_ci:.3g}) contradict each other.",
                "Give one of them, and the level of the interval as level=.",
            )
        return ci[0], ci[1], by_ci if sei is None else sei
    if sei is None:
        raise MetareviewError("The effect has no interval.", "Give sei= above 0, or ci=(low, high) on the log scale.")
    return yi - z * sei, yi + z * sei, sei


def _baselines(
    per_1000: float | None, residents: float | None, per_area: float | None
) -> tuple[float | None, float | None]:
    given = {"per_1000": per_1000, "residents": residents, "per_area": per_area}
    for name, value in given.items():
        if value is not None and not value > 0:
            raise MetareviewError(f"{name}={value!r} is not above 0.")
    if per_1000 is not None and per_1000 > _MOST:
        raise MetareviewError(
            f"per_1000={per_1000:g} is over 1,000 crimes a year for each resident.", "Give crimes per 1,000 residents."
        )
    if per_1000 is None and per_area is None:
        raise MetareviewError(
            "There is no baseline.", "Give per_1000= or per_area=: crimes a year without the approach."
        )
    if per_1000 is not None and residents is not None and per_area is not None:
        told = per_1000 * residents / 1000
        if abs(told - per_area) > _APART * per_area:
            raise MetareviewError(
                f"per_1000={per_1000:g} with residents={residents:g} gives {told:g} crimes per area, not per_area={per_area:g}.",
                "Give two of the three.",
            )
    if per_area is None and residents is not None and per_1000 is not None:
        per_area = per_1000 * residents / 1000
    if per_1000 is None and residents is not None and per_area is not None:
        per_1000 = 1000 * per_area / residents
    return per_1000, per_area


def _avoided(baseline: float, ratios: tuple[float, float, float]) -> Avoided:
    ratio, low, high = ratios
    return Avoided(baseline * (1 - ratio), baseline * (1 - high), baseline * (1 - low))


def _needed(avoided: Avoided, scale: float, unit: str) -> Needed:
    benefit = (
        None if avoided.high <= 0 else (scale / avoided.high, scale / avoided.low if avoided.low > 0 else math.inf)
    )
    harm = None if avoided.low >= 0 else (-scale / avoided.low, -scale / avoided.high if avoided.high < 0 else math.inf)
    estimate = scale / avoided.estimate if avoided.estimate else math.inf
    return Needed(unit, estimate, benefit, harm)


def _cost(avoided: Avoided, cost: float, cost_se: float, se: float, level: float) -> CostPerCrime:
    estimate = cost / avoided.estimate if avoided.estimate > 0 else _NAN
    needed = _needed(avoided, cost, "")
    interval = fieller(cost, avoided.estimate, cost_se**2, se**2, 0.0, level) if cost_se > 0 else None
    low, high = needed.benefit or (_NAN, _NAN)
    if interval is not None:
        low, high = _positive(interval)
    if math.isnan(low):
        text = "no crime is avoided at any value of the interval: a cost per crime does not exist"
    elif math.isinf(high):
        text = f"{low:.4g} or more for a crime avoided, without an upper limit: none may be avoided"
    else:
        text = f"{low:.4g} to {high:.4g} for a crime avoided"
    return CostPerCrime(estimate, low, high, interval, text if math.isnan(estimate) else f"{estimate:.4g}: {text}")


def _positive(interval: RatioInterval) -> tuple[float, float]:
    """The part of an interval that is a cost of a crime avoided, above 0."""
    if interval.kind == "bounded":
        return (max(interval.low, 0.0), interval.high) if interval.high > 0 else (_NAN, _NAN)
    if interval.kind == "everything":
        return 0.0, math.inf
    return (max(interval.high, 0.0), math.inf) if interval.low <= 0 else (0.0, math.inf)
