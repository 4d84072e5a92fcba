"""What is diagnosed: an analysis, one of its subgroups or meta-regressions, fitted for the functions of the library."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..protocol.models import DEPENDENT, Analysis, Protocol
from . import effects as effect_service
from . import fitting
from . import standing as standings
from .analyze import AnalysisResult, chosen, require_engines_agree
from .plan import model_in_words
from .selection import Selection, filled, select
from .standing import Standing
from .state import load_state

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED = "publication_year"


@dataclass(frozen=True, eq=False)
class Case:
    """An analysis, one of its subgroups or one of its meta-regressions, before a diagnostic looks at it.

    Attributes:
        analysis, selection, standing: of the analysis. frame: the effects that are fitted. group: the subgroup, in words
            `group_label`; moderators: the formula. Both are empty for the pooled result.
        by: the variable whose values are left out or kept together as clusters. dependent: whether effects of a study depend
            on each other in the model.
    """

    analysis: Analysis
    selection: Selection
    standing: Standing
    frame: pd.DataFrame
    by: str
    group: str = ""
    group_label: str = ""
    moderators: str = ""

    @property
    def dependent(self) -> bool:
        """Whether the model is one of dependent effects."""
        return fitting.depends(self.frame, self.analysis)

    @property
    def flag(self) -> str:
        """What a reader must see: the protocol's flag, and that the analysis or this part of it is post hoc."""
        part = self.standing.of_part("subgroup") if self.group else ""
        part = self.standing.of_part("moderators", self.moderators) if self.moderators else part
        return "; ".join(text for text in (self.analysis.flag, self.standing.flag, part) if text)

    @property
    def label(self) -> str:
        """The analysis's label with its part and its flag, as titles have it."""
        part = f": {self.group_label}" if self.group else f", on {self.moderators}" if self.moderators else ""
        return f"{self.analysis.label}{part}" + (f" [{self.flag}]" if self.flag else "")

    @property
    def words(self) -> str:
        """Model, effects and studies in a sentence."""
        studies = self.frame[fitting.STUDY].nunique()
        model = model_in_words(self.analysis)
        if self.dependent != (self.analysis.model in DEPENDENT):
            model = f"random effects, for {model}: every study gives one effect"
        return f"{model}; k = {len(self.frame)} of {studies} {'study' if studies == 1 else 'studies'}"

    @property
    def clusters(self) -> pd.Series:
        """The cluster of each effect of `frame`; that of an effect without one is its study."""
        return fitting.clusters(self.frame, self.by)

    def clusters_of(self, fit: Any) -> list[str]:
        """The cluster of each effect of a fit, in its order."""
        named = dict(zip(self.frame[fitting.EFFECT], self.clusters, strict=True))
        return [named[label] for label in fit.labels]

    @cached_property
    def pooled(self) -> Any:
        """The pooled result, or the meta-regression, as `analyze` has it.

        Raises:
            MetareviewError: it cannot be fitted; or two engines differ by more than 1e-5 (the review says no).
        """
        if self.moderators:
            found: Any = fitting.regression(f"yi ~ {self.moderators}", self.frame, self.analysis)
            result = AnalysisResult(self.analysis, self.selection, None, regressions=(found,))
        else:
            found = fitting.pooled(self.frame, self.analysis, self.selection.left_out if not self.group else ())
            result = AnalysisResult(self.analysis, self.selection, found)
        require_engines_agree({self.analysis.name: result})
        return found

    @cached_property
    def fit(self) -> Any:
        """What the functions of the library take: `pooled`, or the working model where effects depend on each other."""
        if not self.dependent:
            return self.pooled
        return fitting.working_model(self.frame, self.analysis, f"yi ~ {self.moderators or 1}")


def find(folder: ReviewFolder, name: str, group: str = "", moderators: str = "", by: str = "") -> Case:
    """Return the case of an analysis of the protocol, or of its part.

    Arguments:
        group: a value of the analysis's subgroup variable. moderators: one of its formulas. by: the variable of the clusters;
            when empty that of its robust tests, of its outermost random effect, or the study.

    Raises:
        MetareviewError: the analysis, the group, the formula or the variable is unknown; or no effect is left.
    """
    analysis = chosen(folder.protocol, [name])[0]
    frame = effect_service.run(folder)
    selection = select(frame, analysis)
    if selection.frame.empty:
        raise MetareviewError(
            f"no effect is left in {name}", f"`metareview analyze {name} --plan` says why each is left out."
        )
    if group and moderators:
        raise MetareviewError(
            "a meta-regression takes the whole analysis, and a subgroup is a part", "Give one of them."
        )
    if by and by not in frame:
        raise MetareviewError(f"no effect has a variable `{by}`", f"There are: {', '.join(map(str, frame.columns))}.")
    standing = standings.of(folder)[name]
    case = Case(analysis, selection, standing, selection.frame, by or outermost(analysis), moderators=moderators)
    if moderators:
        return _regressed(case)
    return _grouped(case, group, folder.protocol) if group else case


def dated(case: Case, folder: ReviewFolder) -> Case:
    """Return a case whose effects also have the year in which the first report of their study was published."""
    state = load_state(folder)
    years = {
        study: min((year for r in reports if (year := state.records[r].year) is not None), default=None)
        for study, reports in state.included_studies().items()
    }
    return replace(case, frame=case.frame.assign(**{PUBLISHED: case.frame[fitting.STUDY].map(years)}))


def outermost(analysis: Analysis) -> str:
    """The variable whose values are independent of each other in an analysis."""
    if analysis.cluster or analysis.model != "multilevel":
        return analysis.cluster or fitting.STUDY
    return analysis.random[0].partition("|")[2].split("/")[0].strip()


def groups_of(frame: pd.DataFrame, analysis: Analysis) -> list[str]:
    """The subgroups of an analysis that have effects."""
    if not analysis.subgroup or analysis.subgroup not in frame:
        return []
    return list(dict.fromkeys(str(v) for v in frame[analysis.subgroup] if filled(v)))


def _grouped(case: Case, group: str, protocol: Protocol) -> Case:
    a, known = case.analysis, groups_of(case.frame, case.analysis)
    if group not in known:
        hint = f"There are: {', '.join(known)}." if known else "Its `subgroup` in the protocol is empty, or not coded."
        raise MetareviewError(f"{a.name} has no subgroup `{group}`", hint)
    frame = case.frame[[filled(v) and str(v) == group for v in case.frame[a.subgroup]]]
    return replace(case, frame=frame, group=group, group_label=protocol.category_label(a.subgroup, group))


def _regressed(case: Case) -> Case:
    known = {"".join(m.split()): m for m in case.analysis.moderators}
    asked = "".join(case.moderators.removeprefix("yi ~").split())
    if asked not in known:
        names = "; ".join(known.values())
        hint = f"It names: {names}." if known else "Add `moderators` to the analysis in the protocol."
        raise MetareviewError(f"{case.analysis.name} names no moderators `{case.moderators}`", hint)
    return replace(case, moderators=known[asked])
