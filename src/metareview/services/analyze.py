"""analyze: the syntheses that the protocol names, each cross-checked by a second engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import SAYS_NO, MetareviewError
from ..folder import ReviewFolder
from ..parallel import Progress
from ..protocol.models import DEPENDENT, Analysis, Protocol, Sensitivity
from . import effects as effect_service
from . import fitting
from . import standing as standings
from .selection import LeftOut, Selection, select, variant
from .standing import Standing
from .state import ReviewState

if TYPE_CHECKING:
    import pandas as pd

    from ..synthesis.results import PooledResult
    from ..synthesis.subgroups import SubgroupResult
    from .fitting import Regression

PLANNED = Standing()


@dataclass(frozen=True, eq=False, repr=False)
class AnalysisResult:
    """One analysis as run.

    Attributes:
        analysis: as planned. selection: which effects entered and why others did not.
        pooled: None when no effect is left. subgroups: when the plan names a subgroup and two or more have effects.
        regressions: one a moderator formula of the plan. leave_one_out: one row an effect (or study, where studies give
            several), for three and more.
        sensitivity: name -> the pooled result of the variant (None when no effect is left) and its left-out effects.
        notes: what could not be run and why. standing: whether it was planned, changed since, or post hoc.
    """

    analysis: Analysis
    selection: Selection
    pooled: PooledResult | None
    subgroups: SubgroupResult | None = None
    regressions: tuple[Regression, ...] = ()
    leave_one_out: pd.DataFrame | None = None
    sensitivity: dict[str, tuple[PooledResult | None, tuple[LeftOut, ...]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    standing: Standing = PLANNED

    @property
    def flag(self) -> str:
        """What a reader must see beside its name: the protocol's flag, and that it is post hoc."""
        return "; ".join(part for part in (self.analysis.flag, self.standing.flag) if part)

    @property
    def label(self) -> str:
        """Its label, with that it is post hoc."""
        return marked(self.analysis.label, self.standing.flag)

    @property
    def name(self) -> str:
        """Its name, with that it is post hoc."""
        return marked(self.analysis.name, self.standing.flag)

    def variant_label(self, name: str, labels: Mapping[str, str]) -> str:
        """The label of one of its sensitivity analyses, with that it is post hoc."""
        return marked(labels.get(name, name), self.standing.of_part("sensitivity", name))

    def formula(self, regression: Regression) -> str:
        """The formula of one of its meta-regressions, with that it is post hoc."""
        moderators = regression.formula.removeprefix("yi ~ ")
        return marked(regression.formula, self.standing.of_part("moderators", moderators))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers at full precision, JSON-ready."""
        groups = self.subgroups
        tests = ("QM", "QM_df", "QM_df2", "QM_p", "Q_between", "Q_between_df", "Q_between_p")
        between = groups and {name: getattr(groups, name) for name in tests}
        return {
            "name": self.analysis.name,
            "label": self.analysis.label,
            "flag": self.flag,
            "post_hoc": sorted(self.standing.parts) if not self.standing.flag else [self.standing.flag],
            "pooled": self.pooled and self.pooled.to_dict(),
            "subgroups": groups and {name: r.to_dict() for name, r in named_groups(groups)},
            "between_groups": between,
            "regressions": [r.to_dict() for r in self.regressions],
            "sensitivity": {name: pooled and pooled.to_dict() for name, (pooled, _) in self.sensitivity.items()},
            "leave_one_out": None if self.leave_one_out is None else self.leave_one_out.to_dict("records"),
            "left_out": {item.effect_id: item.reason for item in self.selection.left_out},
            "notes": list(self.notes),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a pooled estimate: the whole analysis, each subgroup, each sensitivity analysis."""
        import pandas as pd

        rows: list[tuple[str, str, PooledResult | None]] = [("pooled", "all", self.pooled)]
        rows += [("subgroup", name, p) for name, p in named_groups(self.subgroups)] if self.subgroups else []
        rows += [("sensitivity", name, p) for name, (p, _) in self.sensitivity.items()]
        first = ["part", "name", "flag"]
        frames = [
            p.to_frame().assign(part=part, name=name, flag=self._flag(part, name))
            for part, name, p in rows
            if p is not None
        ]
        if not frames:
            return pd.DataFrame(columns=first)
        frame = pd.concat(frames, ignore_index=True)
        return frame[[*first, *(c for c in frame if c not in first)]]

    def _flag(self, part: str, name: str) -> str:
        of_part = self.standing.of_part(part, name if part == "sensitivity" else "") if part != "pooled" else ""
        return "; ".join(flag for flag in (self.flag, of_part) if flag)

    def __repr__(self) -> str:
        return f"AnalysisResult({self.name}: {self.pooled!r})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(marked(self.analysis.label, self.flag))}</p>{self.to_frame().to_html(index=False)}"


def run(
    folder: ReviewFolder,
    names: Sequence[str] = (),
    frame: pd.DataFrame | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> dict[str, AnalysisResult]:
    """Run the planned analyses.

    Arguments:
        names: those to run; none given means all.
        frame: the effects, when they are computed already.
        progress: given what is being done, returns what is called with (fits made, fits in all).

    Raises:
        MetareviewError: an analysis is unknown; effects cannot be computed or compared; or the two engines differ by
            more than 1e-5 (the review says no).
    """
    found = chosen(folder.protocol, names)
    frame = effect_service.run(folder) if frame is None else frame
    stand = standings.of(folder)
    results = {a.name: run_one(a, frame, folder.protocol, stand[a.name], progress) for a in found}
    require_engines_agree(results)
    return results


def marked(text: str, flag: str) -> str:
    """Return a text with a flag in brackets behind it, when there is one."""
    return f"{text} [{flag}]" if flag else text


def named_groups(result: SubgroupResult) -> list[tuple[str, PooledResult]]:
    """Return the pooled result of each subgroup with its name."""
    return list(zip(result.names, result.groups, strict=True))


def plan(folder: ReviewFolder, names: Sequence[str] = (), state: ReviewState | None = None) -> dict[str, Selection]:
    """Return which effects each analysis would take, without pooling them."""
    frame = effect_service.run(folder, state)
    return {a.name: select(frame, a) for a in chosen(folder.protocol, names)}


def run_one(
    analysis: Analysis,
    frame: pd.DataFrame,
    protocol: Protocol,
    standing: Standing = PLANNED,
    progress: Callable[[str], Progress] | None = None,
) -> AnalysisResult:
    """Run one analysis on computed effects.

    Arguments:
        standing: how it stands to the registered plan. progress: as in `run`.
    """
    selection = select(frame, analysis)
    chosen = selection.frame
    tell = progress(f"analysing {analysis.name}") if progress else lambda done, of: None
    if chosen.empty:
        return AnalysisResult(analysis, selection, None, notes=("no effect is left to pool",), standing=standing)
    notes: list[str] = []
    try:
        pooled = fitting.pooled(chosen, analysis, selection.left_out)
    except MetareviewError as error:
        if analysis.model not in DEPENDENT:
            raise
        note = f"{analysis.model} was not possible: {error.message}"
        return AnalysisResult(analysis, selection, None, notes=(note,), standing=standing)
    before, fits = 3, 3 + len(fitting.omissions(chosen, analysis)) + len(analysis.sensitivity)
    tell(1, fits)
    groups = fitting.subgroups(chosen, analysis, pooled, notes)
    tell(2, fits)
    regressions = fitting.regressions(chosen, analysis, notes)
    omitted = fitting.omitting(chosen, analysis, notes, lambda done, _: tell(before + done, fits))
    variants = {}
    for left, name in zip(range(len(analysis.sensitivity), 0, -1), analysis.sensitivity, strict=True):
        tell(fits - left, fits)
        variants[name] = _variant(frame, analysis, protocol, name, notes)
    tell(fits, fits)
    return AnalysisResult(analysis, selection, pooled, groups, regressions, omitted, variants, tuple(notes), standing)


def _variant(
    frame: pd.DataFrame, analysis: Analysis, protocol: Protocol, name: str, notes: list[str]
) -> tuple[PooledResult | None, tuple[LeftOut, ...]]:
    selection, changed = selected(frame, analysis, next(s for s in protocol.sensitivity if s.name == name))
    if selection.frame.empty:
        return None, selection.left_out
    try:
        return fitting.pooled(selection.frame, changed, selection.left_out), selection.left_out
    except MetareviewError as error:
        if changed.model not in DEPENDENT:
            raise
        notes.append(f"sensitivity analysis {name} was not possible: {error.message}")
        return None, selection.left_out


def selected(frame: pd.DataFrame, analysis: Analysis, change: Sensitivity) -> tuple[Selection, Analysis]:
    """Return the effects of a sensitivity analysis, and the analysis with its changes made."""
    changed = variant(analysis, change)
    return select(frame if change.phi is None else _at_phi(frame, change.phi), changed), changed


def _at_phi(frame: pd.DataFrame, phi: float) -> pd.DataFrame:
    """Return the effects with another overdispersion where it was assumed; vi is proportional to phi."""
    vi = frame["vi"].where(frame["phi_source"] != "assumed", frame["vi"] * phi / frame["phi"])
    return frame.assign(vi=vi, sei=vi**0.5)


def chosen(protocol: Protocol, names: Sequence[str]) -> list[Analysis]:
    """Return the analyses of the protocol, all or those named.

    Raises:
        MetareviewError: an analysis is unknown, or there is none.
    """
    known = {a.name: a for a in protocol.analyses}
    unknown = [n for n in names if n not in known]
    if unknown or not known:
        raise MetareviewError(
            f"the protocol names no analysis `{unknown[0]}`" if unknown else "the protocol names no analysis",
            f"It names: {', '.join(known)}." if known else "Add `analyses` to the protocol.",
        )
    return [known[n] for n in names] if names else list(known.values())


def crosschecks(result: AnalysisResult) -> list[tuple[str, dict[str, float]]]:
    """Return the differences to the second engines of every fit of an analysis, by what was fitted."""
    found: list[tuple[str, dict[str, float]]] = [("pooled", result.pooled.crosscheck)] if result.pooled else []
    found += [(name, p.crosscheck) for name, (p, _) in result.sensitivity.items() if p is not None]
    if result.subgroups is not None:
        found += [(group, p.crosscheck) for group, p in named_groups(result.subgroups)]
        found.append(("between groups", result.subgroups.crosscheck))
    return found + [(r.formula, fitting.differences(r)) for r in result.regressions]


def require_engines_agree(results: Mapping[str, AnalysisResult]) -> None:
    """Raise MetareviewError (the review says no) naming every fit in which two engines differ by more than 1e-5."""
    from ..synthesis.crosscheck import failed

    problems = [
        f"{name}, {where}: {what}"
        for name, result in results.items()
        for where, found in crosschecks(result)
        for what in failed(found)
    ]
    if problems:
        raise MetareviewError(
            "the two engines differ by more than 1e-5:\n" + "\n".join(f"  {p}" for p in problems),
            "Do not use these results; report them with the effects they come from.",
            exit_code=SAYS_NO,
        )
