"""How an analysis stands to the plan as registered: planned, changed since, or not planned at all.

The plan is the last version registered before the first effect was coded; if there is none, the first registered.
What a review adds or changes later is post hoc, and says so in every table and figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..coding.events import CODED
from ..errors import STALE, MetareviewError
from ..folder import ReviewFolder
from ..journal.events import Event
from ..protocol.loading import check_protocol
from ..protocol.models import Analysis, EffectRules, Protocol
from ..protocol.registration import REGISTERED

POST_HOC = "post hoc"
# What decides the main result of an analysis; the rest (subgroup, moderators, sensitivity) are parts beside it.
CORE = (
    "outcome", "measure", "where", "where_not", "one_effect_per", "prefer", "scale", "model", "random", "rho", "cluster",
    "tau2", "tau2_ci", "test", "level",
)  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """How one analysis stands to the registered plan.

    Attributes:
        registered: whether there is a plan to compare with. new: the plan has no such analysis.
        changed: what decides its main result and differs from the plan. parts: "subgroup", or
            "moderators NAME" and "sensitivity NAME", that the plan does not have for it.
    """

    registered: bool = False
    new: bool = False
    changed: tuple[str, ...] = ()
    parts: frozenset[str] = frozenset()

    @property
    def flag(self) -> str:
        """The words that the analysis carries; empty when it is as planned, or nothing was registered."""
        if self.new:
            return POST_HOC
        return f"{POST_HOC} change of {', '.join(self.changed)}" if self.changed else ""

    def of_part(self, kind: str, name: str = "") -> str:
        """The words that a part of it carries: a subgroup, a set of moderators or a sensitivity analysis."""
        return POST_HOC if not self.flag and f"{kind} {name}".strip() in self.parts else ""

    def __str__(self) -> str:
        return self.flag or ("planned" if self.registered else "in the protocol, which is not registered")


UNPLANNED = Standing(registered=True, new=True)


def of(folder: ReviewFolder) -> dict[str, Standing]:
    """Return how each analysis of the protocol stands to the plan as registered."""
    protocol = folder.protocol
    text = plan_text(folder.events())
    if text is None:
        return {a.name: Standing() for a in protocol.analyses}
    return {a.name: stands(a, protocol, plan_of(text)) for a in protocol.analyses}


def plan_text(events: Iterable[Event]) -> str | None:
    """Return the text of the registered version that counts as the plan; None when none was registered."""
    text, coded = None, False
    for event in events:
        if event.kind == REGISTERED and (text is None or not coded):
            text = str(event.data["text"])
        coded = coded or (event.kind == CODED and event.data["level"] == "effect")
    return text


@lru_cache(maxsize=8)
def plan_of(text: str) -> Protocol:
    """Return the plan that a registered text holds.

    Raises:
        MetareviewError: this version of metareview cannot read it (exit code 3).
    """
    plan, mistakes = check_protocol(text)
    if plan is None:
        raise MetareviewError(
            f"the protocol as registered cannot be read, so planned cannot be told from post hoc: {mistakes[0]}",
            "Use the metareview that registered it, or bring the registered version up to date.",
            exit_code=STALE,
        )
    return plan


def stands(analysis: Analysis, protocol: Protocol, plan: Protocol) -> Standing:
    """Compare one analysis with the plan: by name, else with a planned one that asks for the same by another name."""
    rules = tuple(f"effects.{name}" for name in _differing(protocol.effects, plan.effects, EffectRules.model_fields))
    twin = next((a for a in plan.analyses if a.name == analysis.name), None)
    twin = twin or next((a for a in plan.analyses if not _differing(a, analysis, CORE)), None)
    if twin is None:
        return UNPLANNED
    changed = (*_differing(analysis, twin, CORE), *rules)
    return Standing(True, False, changed, frozenset(_new_parts(analysis, twin, protocol, plan)))


def _differing(one: Any, other: Any, names: Iterable[str]) -> list[str]:
    return [name for name in names if _plain(getattr(one, name)) != _plain(getattr(other, name))]


def _plain(value: Any) -> Any:
    """A value as it is compared: the order of alternatives is no change."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    values = value if isinstance(value, tuple) else (value,)
    return frozenset(str(v) for v in values)


def _new_parts(analysis: Analysis, twin: Analysis, protocol: Protocol, plan: Protocol) -> Iterable[str]:
    if analysis.subgroup != twin.subgroup:
        yield "subgroup"
    yield from (f"moderators {m}" for m in analysis.moderators if m not in twin.moderators)
    now, then = ({s.name: s.model_dump(exclude={"label"}) for s in p.sensitivity} for p in (protocol, plan))
    for name in analysis.sensitivity:
        if name not in twin.sensitivity or now[name] != then.get(name):
            yield f"sensitivity {name}"
