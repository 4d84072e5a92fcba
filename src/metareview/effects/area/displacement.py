"""`displacement`: everything that counts in a target, its buffer and a control say of displacement and diffusion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from metareview.effects.area.ratio import RatioInterval, fieller
from metareview.effects.compute import effect_size
from metareview.effects.measures.tne import expected_variance
from metareview.effects.telling import check_level
from metareview.errors import MetareviewError

Pair = Sequence[float]
Counts = tuple[float, float, float, float]


@dataclass(frozen=True)
class Reading:
    """One estimate: on the scale "log" (a log ratio) or "linear"; nan with the reason in `note` where it does not exist."""

    name: str
    title: str
    scale: str
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    note: str = ""


@dataclass(frozen=True)
class DisplacementResult:
    """What became of crime in a target and in its buffer.

    Attributes:
        readings: RIRR_target, RIRR_buffer, RIRR_total (both areas as one; log ratios), GE (gross effect), NE (net
            effect), WDD, TNE (total net effect), WDQ. `result["TNE"]` is one of them.
        covariance: of the log RIRR of target and buffer; above 0 when they share a control.
        wdq_interval: Fieller's interval of WDQ; None where WDQ does not exist.
        shared_control: whether the buffer has the target's control. phi, level: as given.
    """

    readings: tuple[Reading, ...]
    covariance: float
    wdq_interval: RatioInterval | None
    shared_control: bool
    phi: float
    level: float

    def __getitem__(self, name: str) -> Reading:
        for reading in self.readings:
            if reading.name == name:
                return reading
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Every attribute."""
        return asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """One row a reading, indexed by name; of log ratios also ratio, ratio_low and ratio_high."""
        frame = pd.DataFrame([asdict(reading) for reading in self.readings]).set_index("name")
        for new, old in (("ratio", "estimate"), ("ratio_low", "ci_low"), ("ratio_high", "ci_high")):
            frame[new] = np.exp(frame[old].where(frame["scale"] == "log"))
        return frame

    def __repr__(self) -> str:
        target, buffer = (math.exp(self[name].estimate) for name in ("RIRR_target", "RIRR_buffer"))
        return f"DisplacementResult(RIRR target {target:.3g}, buffer {buffer:.3g}, TNE {self['TNE'].estimate:.1f})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


def displacement(
    target: Pair,
    buffer: Pair,
    control: Pair,
    buffer_control: Pair | None = None,
    *,
    phi: float = 1.0,
    level: float = 0.95,
) -> DisplacementResult:
    """Displacement and diffusion from counts before and after in a target, its buffer and a control.

    Arguments:
        target, buffer, control: (before, after), events.
        buffer_control: (before, after) of the buffer's own control; None when it has the target's. A control that
            both share puts the same chance error in both: the readings of both areas together have that covariance.
        phi: overdispersion of the counts. level: of the intervals.

    Where a ratio has a zero, 0.5 is added to its own cells, and its note says so: the others stay as they are. RIRR_total
    has the cells of both areas as one, or with two controls those of both.

    Raises MetareviewError for counts that are not two finite numbers of 0 or more, a phi that is not above 0, or a level
    that is not a share.

    Source: Bowers & Johnson (2003), Journal of Quantitative Criminology 19, pages 275-301; Guerette (2009), POP Center
    tool guide 10, appendix B; Wheeler & Ratcliffe (2018), Crime Science 7:11; Wilson (2022), Journal of Quantitative
    Criminology 38. Variances by the delta method; the interval of WDQ by Fieller (1954).
    """
    shared = buffer_control is None
    phi = _positive(phi)
    told = {"target": target, "buffer": buffer, "control": control, "buffer_control": buffer_control or control}
    (a, b), (e, f), (c, d), (g, h) = (_pair(name, values) for name, values in told.items())
    check_level(level)
    six: dict[str, Any] = {"a": a, "b": b, "c": c, "d": d, "e": e, "f": f, "phi": phi, "problems": "nan"}
    ratios = effect_size("RIRR", a=[a, e], b=[b, f], c=[c, g], d=[d, h], phi=phi, problems="nan")
    halves: dict[str, Any] = {"ta": 1, "tb": 1, "tc": 0.5, "td": 0.5, "phi": phi, "problems": "nan"}
    own: dict[str, Any] = {} if shared else {"g": g, "h": h}
    both = effect_size("WDD", a=a + e, b=b + f, c=c, d=d, **halves) if shared else effect_size("WDD", **six, **own)
    net = effect_size("TNE", **six, **own)
    quotient = effect_size("WDQ", **six).iloc[0]
    readings = (
        _reading("RIRR_target", "relative incident rate ratio of the target", ratios.iloc[0], level),
        _reading("RIRR_buffer", "relative incident rate ratio of the buffer", ratios.iloc[1], level),
        _total_ratio((a, b, c, d), (e, f, g, h), shared, phi, level),
        _made("GE", "gross effect: crimes less in the target", a - b, phi * (a + b), level),
        _net_effect((a, b, c, d), phi, level),
        _reading("WDD", "weighted displacement difference", both.iloc[0], level),
        _reading("TNE", "total net effect: crimes prevented in both", net.iloc[0], level),
        _reading("WDQ", "weighted displacement quotient", quotient, level),
    )
    covariance = _shared_covariance((a, b, c, d), (e, f, g, h), phi) if shared else 0.0
    exists = bool(np.isfinite(quotient["yi"]))
    interval = _quotient_interval((a, b, c, d, e, f), phi, level) if exists else None
    return DisplacementResult(readings, covariance, interval, shared, phi, level)


def _pair(name: str, values: Pair) -> tuple[float, float]:
    try:
        before, after = (float(value) for value in values)
    except (TypeError, ValueError):
        before, after = math.nan, math.nan
    if not (0 <= before < math.inf and 0 <= after < math.inf):
        raise MetareviewError(f"{name}={values!r} is not a count before and a count after.", "Counts are 0 or more.")
    return before, after


def _positive(phi: float) -> float:
    if isinstance(phi, bool) or not isinstance(phi, int | float | np.number) or not 0 < phi < math.inf:
        raise MetareviewError(f"phi={phi!r} is not a number above 0.", "1 is no overdispersion; see estimate_phi.")
    return float(phi)


def _made(
    name: str, title: str, estimate: float, variance: float, level: float, scale: str = "linear", note: str = ""
) -> Reading:
    half = float(stats.norm.isf((1 - level) / 2)) * math.sqrt(variance)
    return Reading(name, title, scale, estimate, math.sqrt(variance), estimate - half, estimate + half, note)


def _reading(name: str, title: str, effect: pd.Series, level: float) -> Reading:
    return _made(
        name, title, float(effect["yi"]), float(effect["vi"]), level, str(effect["scale"]), str(effect["note"])
    )


def _total_ratio(target: Counts, buffer: Counts, shared: bool, phi: float, level: float) -> Reading:
    """What was observed in both areas over what their controls lead one to expect, as a log ratio."""
    (a, b, c, d), (e, f, g, h) = target, buffer
    title = "target and buffer as one area: observed over expected crimes"
    parts = [(a + e, c, d)] if shared else [(a, c, d), (e, g, h)]
    before, control, after = (sum(cells) for cells in zip(*parts, strict=True))
    if any(
        one == 0 and other == 0 for one, other in ((before, b + f), (control, after), (before, control), (b + f, after))
    ):
        nan = float("nan")
        return Reading("RIRR_total", title, "log", nan, nan, nan, nan, "does not exist with these zeros")
    exists = b + f > 0 and all(c > 0 for _, c, _ in parts) and sum(a * d for a, _, d in parts) > 0
    add = 0.0 if exists else 0.5
    parts = [(a + add, c + add, d + add) for a, c, d in parts]
    observed = b + f + add * len(parts)
    expected = sum(start * later / earlier for start, earlier, later in parts)
    spread = float(np.sum([expected_variance(*np.array(part)) for part in parts]))
    variance = phi * (1 / observed + spread / expected**2)
    note = "" if exists else "0.5 added to all cells because of a zero"
    return _made("RIRR_total", title, math.log(observed / expected), variance, level, "log", note)


def _shared_covariance(target: Counts, buffer: Counts, phi: float) -> float:
    """What the one control brings to both log ratios, with what the zero-cell rule added to it in each."""
    one, other = (0.5 if 0 in cells else 0.0 for cells in (target, buffer))  # a zero in the control is one in both
    return phi * sum(1 / math.sqrt((count + one) * (count + other)) for count in target[2:])


def _net_effect(target: Counts, phi: float, level: float) -> Reading:
    a, b, c, d = target
    title = "net effect: fall in the target's crimes as a share of the control's"
    if c == 0 or d == 0:
        nan = float("nan")
        return Reading("NE", title, "linear", nan, nan, nan, nan, "does not exist without crimes in the control")
    variance = phi * (a / c**2 + a**2 / c**3 + b / d**2 + b**2 / d**3)
    return _made("NE", title, a / c - b / d, variance, level)


def _quotient_interval(counts: Sequence[float], phi: float, level: float) -> RatioInterval:
    a, b, c, d, e, f = counts
    over, before = phi / d**3, phi / c**3
    return fieller(
        f / d - e / c,
        b / d - a / c,
        phi * (f / d**2 + e / c**2) + f**2 * over + e**2 * before,
        phi * (b / d**2 + a / c**2) + b**2 * over + a**2 * before,
        f * b * over + e * a * before,
        level,
    )
