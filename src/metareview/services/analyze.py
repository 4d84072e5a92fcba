"""analyze: the syntheses that the protocol names, each cross-checked by a second engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import SAYS_NO, MetareviewError
from ..folder import ReviewFolder
from ..protocol.models import Analysis, Protocol
from . import effects as effect_service
from .selection import LeftOut, Selection, select, variant
from .state import ReviewState

if TYPE_CHECKING:
    import pandas as pd

    from ..synthesis.regression import RegressionResult
    from ..synthesis.results import PooledResult
    from ..synthesis.subgroups import SubgroupResult


@dataclass(frozen=True, eq=False, repr=False)
class AnalysisResult:
    """One planned analysis as run.

    Attributes:
        analysis: as planned. selection: which effects entered and why others did not.
        pooled: None when no effect is left. subgroups: when the plan names a subgroup and two or more have effects.
        regressions: one a moderator formula of the plan. leave_one_out: one row a study, for k of 3 and more.
        sensitivity: name -> the pooled result of the variant (None when no effect is left) and its left-out effects.
        notes: what could not be run and why.
    """

    analysis: Analysis
    selection: Selection
    pooled: PooledResult | None
    subgroups: SubgroupResult | None = None
    regressions: tuple[RegressionResult, ...] = ()
    leave_one_out: pd.DataFrame | None = None
    sensitivity: dict[str, tuple[PooledResult | None, tuple[LeftOut, ...]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers at full precision, JSON-ready."""
        groups = self.subgroups
        tests = ("QM", "QM_df", "QM_df2", "QM_p", "Q_between", "Q_between_df", "Q_between_p")
        between = groups and {name: getattr(groups, name) for name in tests}
        return {
            "name": self.analysis.name,
            "label": self.analysis.label,
            "flag": self.analysis.flag,
            "pooled": self.pooled and self.pooled.to_dict(),
            "subgroups": groups and {name: r.to_dict() for name, r in named_groups(groups)},
            "between_groups": between,
            "regressions": [r.to_dict() for r in self.regressions],
            "sensitivity": {name: pooled and pooled.to_dict() for name, (pooled, _) in self.sensitivity.items()},
            "left_out": {item.effect_id: item.reason for item in self.selection.left_out},
            "notes": list(self.notes),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a pooled estimate: the whole analysis, each subgroup, each sensitivity analysis."""
        import pandas as pd

        rows: list[tuple[str, str, PooledResult | None]] = [("pooled", "all", self.pooled)]
        rows += [("subgroup", name, p) for name, p in named_groups(self.subgroups)] if self.subgroups else []
        rows += [("sensitivity", name, p) for name, (p, _) in self.sensitivity.items()]
        frames = [p.to_frame().assign(part=part, name=name) for part, name, p in rows if p is not None]
        if not frames:
            return pd.DataFrame(columns=["part", "name"])
        frame = pd.concat(frames, ignore_index=True)
        return frame[["part", "name", *(c for c in frame if c not in ("part", "name"))]]

    def __repr__(self) -> str:
        return f"AnalysisResult({self.analysis.name}: {self.pooled!r})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self.analysis.label)}</p>{self.to_frame().to_html(index=False)}"


def run(
    folder: ReviewFolder, names: Sequence[str] = (), frame: pd.DataFrame | None = None
) -> dict[str, AnalysisResult]:
    """Run the planned analyses.

    Arguments:
        names: those to run; none given means all.
        frame: the effects, when they are computed already.

    Raises:
        MetareviewError: an analysis is unknown; effects cannot be computed or compared; or the two engines differ by
            more than 1e-5 (the review says no).
    """
    chosen = _chosen(folder.protocol, names)
    frame = effect_service.run(folder) if frame is None else frame
    results = {a.name: run_one(a, frame, folder.protocol) for a in chosen}
    _require_engines_agree(results)
    return results


def named_groups(result: SubgroupResult) -> list[tuple[str, PooledResult]]:
    """Return the pooled result of each subgroup with its name."""
    return list(zip(result.names, result.groups, strict=True))


def plan(folder: ReviewFolder, names: Sequence[str] = (), state: ReviewState | None = None) -> dict[str, Selection]:
    """Return which effects each analysis would take, without pooling them."""
    frame = effect_service.run(folder, state)
    return {a.name: select(frame, a) for a in _chosen(folder.protocol, names)}


def run_one(analysis: Analysis, frame: pd.DataFrame, protocol: Protocol) -> AnalysisResult:
    """Run one analysis on computed effects."""
    from ..synthesis.influence import leave_one_out

    selection = select(frame, analysis)
    chosen = selection.frame
    if chosen.empty:
        return AnalysisResult(analysis, selection, None, notes=("no effect is left to pool",))
    notes: list[str] = []
    pooled = _pool(chosen, analysis, selection.left_out)
    omitted = None
    if len(chosen) >= 3:
        omitted = leave_one_out(*_arrays(chosen), tau2=analysis.tau2, test=analysis.test, level=analysis.level)
    return AnalysisResult(
        analysis,
        selection,
        pooled,
        _subgroups(chosen, analysis, notes),
        _regressions(chosen, analysis, notes),
        omitted,
        {name: _variant(frame, analysis, protocol, name) for name in analysis.sensitivity},
        tuple(notes),
    )


def _arrays(frame: pd.DataFrame) -> tuple[Any, Any, list[str]]:
    return frame["yi"].to_numpy(float), frame["vi"].to_numpy(float), list(frame["effect_id"])


def _pool(frame: pd.DataFrame, analysis: Analysis, left_out: Sequence[LeftOut]) -> PooledResult:
    from ..synthesis.pooling import pool

    yi, vi, labels = _arrays(frame)
    excluded = tuple((item.effect_id, item.reason) for item in left_out)
    return pool(
        yi,
        vi,
        labels=labels,
        tau2=analysis.tau2,
        test=analysis.test,
        level=analysis.level,
        excluded=excluded,
        crosscheck=True,
    )


def _subgroups(frame: pd.DataFrame, analysis: Analysis, notes: list[str]) -> SubgroupResult | None:
    from ..synthesis.subgroups import subgroups

    name = analysis.subgroup
    if not name:
        return None
    column = frame[name] if name in frame else frame["effect_id"].map(lambda _: None)
    empty = frame.loc[column.isna(), "effect_id"]
    if len(empty):
        notes.append(f"subgroup `{name}` is not coded for {', '.join(empty)}: left out of the subgroups")
        frame, column = frame[column.notna()], column[column.notna()]
    if column.nunique() < 1:
        return None
    yi, vi, labels = _arrays(frame)
    return subgroups(
        yi,
        vi,
        list(column.astype(str)),
        labels=labels,
        tau2=analysis.tau2,
        test=analysis.test,
        level=analysis.level,
        crosscheck=True,
    )


def _regressions(frame: pd.DataFrame, analysis: Analysis, notes: list[str]) -> tuple[RegressionResult, ...]:
    from ..synthesis.regression import regress

    found = []
    for moderators in analysis.moderators:
        try:
            result = regress(
                f"yi ~ {moderators}",
                frame,
                vi="vi",
                tau2=analysis.tau2,
                test=analysis.test,
                level=analysis.level,
                labels=list(frame["effect_id"]),
            )
        except MetareviewError as error:
            notes.append(f"meta-regression on {moderators} was not possible: {error.message}")
            continue
        found.append(result)
    return tuple(found)


def _variant(
    frame: pd.DataFrame, analysis: Analysis, protocol: Protocol, name: str
) -> tuple[PooledResult | None, tuple[LeftOut, ...]]:
    change = next(s for s in protocol.sensitivity if s.name == name)
    changed = variant(analysis, change)
    selection = select(frame if change.phi is None else _at_phi(frame, change.phi), changed)
    if selection.frame.empty:
        return None, selection.left_out
    return _pool(selection.frame, changed, selection.left_out), selection.left_out


def _at_phi(frame: pd.DataFrame, phi: float) -> pd.DataFrame:
    """Return the effects with another overdispersion where it was assumed; vi is proportional to phi."""
    vi = frame["vi"].where(frame["phi_source"] != "assumed", frame["vi"] * phi / frame["phi"])
    return frame.assign(vi=vi, sei=vi**0.5)


def _chosen(protocol: Protocol, names: Sequence[str]) -> list[Analysis]:
    known = {a.name: a for a in protocol.analyses}
    unknown = [n for n in names if n not in known]
    if unknown or not known:
        raise MetareviewError(
            f"the protocol names no analysis `{unknown[0]}`" if unknown else "the protocol names no analysis",
            f"It names: {', '.join(known)}." if known else "Add `analyses` to the protocol.",
        )
    return [known[n] for n in names] if names else list(known.values())


def _require_engines_agree(results: dict[str, AnalysisResult]) -> None:
    from ..synthesis.crosscheck import failed

    problems = []
    for name, result in results.items():
        pools = [(name, result.pooled)] + [(f"{name}, {v}", p) for v, (p, _) in result.sensitivity.items()]
        if result.subgroups is not None:
            pools += [(f"{name}, {group}", p) for group, p in named_groups(result.subgroups)]
        problems += [f"{where}: {what}" for where, p in pools if p is not None for what in failed(p.crosscheck)]
    if problems:
        raise MetareviewError(
            "the two engines differ by more than 1e-5:\n" + "\n".join(f"  {p}" for p in problems),
            "Do not use these results; report them with the effects they come from.",
            exit_code=SAYS_NO,
        )
