"""What an analysis would do: its model and parts, the effects it takes, and how these depend on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..folder import ReviewFolder
from ..protocol.models import DEPENDENT, Analysis, Protocol
from . import effects as effect_service
from . import fitting
from . import standing as standings
from .analyze import chosen, marked, selected
from .selection import Selection, select
from .standing import Standing

FEW_NAMED = 5


@dataclass(frozen=True, eq=False)
class Planned:
    """One analysis before it is run.

    Attributes:
        selection: effects that enter and those left out. variants: sensitivity analysis -> effects that enter it.
        standing: how it stands to the registered plan. dependence: which studies give several effects, in words.
    """

    analysis: Analysis
    selection: Selection
    variants: Mapping[str, int]
    standing: Standing
    dependence: str

    @property
    def studies(self) -> int:
        """How many studies the effects that enter are of."""
        return int(self.selection.frame["study_id"].nunique())

    @property
    def model(self) -> str:
        """Model, estimator and test in words."""
        return model_in_words(self.analysis)

    def part(self, kind: str, name: str) -> str:
        """A subgroup or moderators, with that it is post hoc."""
        return marked(name, self.standing.of_part(kind, name if kind != "subgroup" else "")) if name else ""

    def standing_of(self, variant: str, labels: Mapping[str, str]) -> str:
        """The label of a sensitivity analysis, with that it is post hoc."""
        return marked(labels.get(variant, variant), self.standing.of_part("sensitivity", variant))

    def to_dict(self) -> dict[str, Any]:
        """Return everything that would run, JSON-ready."""
        a, frame = self.analysis, self.selection.frame
        return {
            "label": a.label, "standing": str(self.standing), "post_hoc_parts": sorted(self.standing.parts),
            "model": self.model, "tau2": a.tau2, "tau2_ci": a.tau2_ci, "test": a.test,
            "subgroup": a.subgroup, "moderators": list(a.moderators),
            "sensitivity": dict(self.variants), "studies": self.studies, "dependence": self.dependence,
            "effects": list(frame["effect_id"]),
            "left_out": {x.effect_id: x.reason for x in self.selection.left_out},
        }  # fmt: skip


def run(folder: ReviewFolder, names: Sequence[str] = ()) -> dict[str, Planned]:
    """Return what each analysis of the protocol (all, or those named) would do; nothing is pooled.

    Raises:
        MetareviewError: an analysis is unknown, or effects cannot be computed or compared.
    """
    frame = effect_service.run(folder)
    stand = standings.of(folder)
    return {a.name: of(a, frame, folder.protocol, stand[a.name]) for a in chosen(folder.protocol, names)}


def of(analysis: Analysis, frame: Any, protocol: Protocol, standing: Standing) -> Planned:
    """Return what one analysis would do on computed effects."""
    selection = select(frame, analysis)
    changes = {s.name: s for s in protocol.sensitivity}
    variants = {n: len(selected(frame, analysis, changes[n])[0].frame) for n in analysis.sensitivity}
    return Planned(analysis, selection, variants, standing, dependence(selection, analysis))


def model_in_words(analysis: Analysis) -> str:
    """Return the model of an analysis with its estimator and test, and the interval of tau2 where it is not the usual one.

    Raises:
        MetareviewError: there is no such interval.
    """
    from ..synthesis.intervals import interval

    level = f"{100 * analysis.level:g}%"
    cluster = analysis.cluster or (fitting.STUDY if analysis.model == "che" else "")
    if analysis.model in DEPENDENT:
        levels = fitting.CHE if analysis.model == "che" else ", ".join(analysis.random)
        rho = f", ρ = {analysis.rho:g}" if analysis.model == "che" else ""
        test = f"CR2 by {cluster}, Satterthwaite" if cluster else "z" if analysis.test == "z" else "t"
        return f"{analysis.model} ({levels}{rho}), {analysis.tau2}, {test}, {level}"
    spread = "" if analysis.tau2_ci == "qp" else f", interval of τ²: {interval(analysis.tau2_ci).title}"
    if analysis.tau2 == "FE":
        return f"equal effects, z, {level}{spread}"
    tests = {"knha": "Knapp-Hartung", "adhoc": "Knapp-Hartung, not narrower than z"}
    return f"random effects, {analysis.tau2}, {tests.get(analysis.test, analysis.test)}, {level}{spread}"


def dependence(selection: Selection, analysis: Analysis) -> str:
    """Return which studies give several effects, and what the analysis does with them; empty when none does."""
    entering = selection.frame.groupby("study_id", sort=False)["effect_id"].size()
    several = entering[entering > 1]
    if len(several):
        told = _named([f"{study} ({n})" for study, n in several.items()])
        does = "modelled" if analysis.model in DEPENDENT else "taken as independent"
        return f"{int(several.sum())} effects of {len(several)} studies that give several, {does}: {told}"
    others = [x for x in selection.left_out if x.reason.startswith("one effect per ")]
    if not others:
        return ""
    told = _named(list(dict.fromkeys(x.study_id for x in others)))
    return f"one effect of each is taken where several are offered; {len(others)} stand aside: {told}"


def _named(names: Sequence[str]) -> str:
    more = len(names) - FEW_NAMED
    return ", ".join(names[:FEW_NAMED]) + (f" and {more} more" if more > 0 else "")
