"""What the journal says about certainty: a judgement always has a name and a date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..journal.events import Event
from ..journal.folding import heads

JUDGED = "lessons.judged"
CERTAINTY = ("high", "moderate", "low", "very_low")


@dataclass(frozen=True)
class Judgement:
    """How certain a person is of a finding, and why.

    Attributes:
        about: `APPROACH/OUTCOME` for a pooled finding, or a lesson id.
    """

    about: str
    certainty: str
    reason: str
    by: str
    date: str


def fold(events: Iterable[Event]) -> dict[str, tuple[Judgement, ...]]:
    """Return the standing judgements of each finding; several people's stand side by side."""
    found: dict[str, list[Judgement]] = {}
    for e in heads(e for e in events if e.kind == JUDGED):
        d = e.data
        judgement = Judgement(d["about"], d["certainty"], d["reason"], d["by"], e.time[:10])
        found.setdefault(d["about"], []).append(judgement)
    return {about: tuple(judgements) for about, judgements in found.items()}
