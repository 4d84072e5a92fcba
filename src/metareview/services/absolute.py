"""effects --absolute: what each ratio of rates is in crimes avoided, residents needed, and cost of a crime avoided."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..protocol.crosschecks import MEASURE
from ..protocol.models import Protocol
from .effects import run
from .selection import better

if TYPE_CHECKING:
    import pandas as pd

    from ..effects.area.absolute import AbsoluteReading

# Measures whose yi is the log of a ratio of rates or risks, or may be (as printed).
RATIOS = ("RIRR", "RES", "IRR", "RR", "MPRR", "GEN", "GENDIFF")
TOLD = (
    "ratio", "ratio_low", "ratio_high", "per_1000", "avoided_per_1000", "avoided_low", "avoided_high", "needed", "cost",
    "cost_low", "cost_high", "cost_text", "note",
)  # fmt: skip


def run_absolute(
    folder: ReviewFolder, frame: pd.DataFrame | None = None, baseline: float | None = None
) -> pd.DataFrame:
    """Read every effect that is a ratio of rates or risks at the baseline coded for it, or at the one given.

    Arguments:
        frame: effects as `effects.run` gives; all of the review by default.
        baseline: crimes a year per 1,000 residents without the approach; it goes before what is coded.

    Returns:
        One row an effect: effect_id, study_id and `TOLD`. Limits are of the 95% interval, crimes are those of a year, below
        0 are crimes added; `needed` are residents reached for a year for one crime avoided. An effect without a reading has
        nan, and `note` says why.

    Raises:
        MetareviewError: no baseline is given, and the protocol names no variable that has one.
    """
    import pandas as pd

    rules = folder.protocol.effects
    if baseline is None and not rules.baseline:
        raise MetareviewError(
            "there is no baseline: how many crimes would there be without the approach?",
            "Give `--baseline RATE`, crimes a year per 1,000 residents, or name the variable that holds it in the protocol "
            "(`effects: {baseline: NAME}`).",
        )
    if baseline is not None and not 0 < baseline < math.inf:
        raise MetareviewError(f"the baseline {baseline:g} is not above 0", "Give crimes a year per 1,000 residents.")
    frame = run(folder) if frame is None else frame
    rows = [_reading(frame.loc[[i]], folder.protocol, baseline) for i in frame.index]
    return pd.DataFrame(rows, columns=["effect_id", "study_id", *TOLD])


def _reading(one: pd.DataFrame, protocol: Protocol, baseline: float | None) -> dict[str, Any]:
    """What there is to tell of a frame with one effect."""
    from ..effects.area.absolute import absolute
    from ..effects.registry import find_measure

    row = one.iloc[0].to_dict()
    rules = protocol.effects
    rate = baseline if baseline is not None else _number(row, rules.baseline)
    found: dict[str, Any] = dict.fromkeys(TOLD, float("nan")) | {"needed": "", "cost_text": ""}
    found |= {"effect_id": row["effect_id"], "study_id": row["study_id"]}
    measure = find_measure(str(row[MEASURE]))
    if why := _not_read(one, protocol, measure.name, measure.positive, rate):
        return found | {"note": why}
    residents, cost = _number(row, rules.residents), _number(row, rules.cost)
    try:
        reading = absolute(
            float(row["yi"]),
            float(row["sei"]),
            per_1000=rate,
            residents=residents,
            cost=cost if residents is not None else None,
            positive="less" if measure.positive == "less" else "more",
        )
    except MetareviewError as error:  # a number that cannot be, such as no residents
        return found | {"note": error.message.rstrip(".")}
    bare = cost is not None and residents is None
    return found | _told(reading) | {"note": "no residents are coded: no cost of a crime" if bare else ""}


def _not_read(one: pd.DataFrame, protocol: Protocol, measure: str, positive: str, rate: float | None) -> str:
    """Why an effect has no absolute reading, or "" when it has."""
    row = one.iloc[0]
    kind = str(row.get(protocol.lessons.effect_kind, "")) if protocol.lessons.effect_kind else ""
    if measure not in RATIOS or row["scale"] != "log":
        return "not a ratio of rates or risks"
    if "odds" in kind or row.get("scale_reported") == "logit":
        return "an odds ratio: crimes avoided need a ratio of rates or risks"
    if (better(one, protocol) == "lower_is_better") != (positive != "less"):
        return "higher is better: nothing is avoided"
    return "no baseline is coded" if rate is None else ""


def _told(reading: AbsoluteReading) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(reading, name) for name in ("ratio", "ratio_low", "ratio_high", "per_1000")}
    if (avoided := reading.avoided_per_1000) is not None:
        found |= {"avoided_per_1000": avoided.estimate, "avoided_low": avoided.low, "avoided_high": avoided.high}
    if reading.residents is not None:
        found["needed"] = reading.residents.text
    if (cost := reading.cost) is not None:
        found |= {"cost": cost.estimate, "cost_low": cost.low, "cost_high": cost.high, "cost_text": cost.text}
    return found


def _number(row: Mapping[Any, Any], name: str) -> float | None:
    """A coded number; a study's variable that effects have too is prefixed."""
    value = row.get(name) if name else None
    if value is None or value != value:
        value = row.get(f"study_{name}") if name else None
    return None if value is None or value != value else float(value)
