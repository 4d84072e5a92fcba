"""lessons: what was learned per approach and outcome, with coded lessons and judged certainty beside it.

The two tracks stay apart: studies are pooled and told here, practice knowledge is listed and never enters a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..coding.events import CodedRow
from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..lessons.events import CERTAINTY, JUDGED, Judgement
from ..lessons.plain import change, in_words
from ..parallel import Progress
from ..protocol.models import Protocol
from .analyze import AnalysisResult, named_groups
from .analyze import run as run_analyses
from .selection import better, filled, one_per
from .state import ReviewState, load_state

if TYPE_CHECKING:
    import pandas as pd

    from ..synthesis.results import PooledResult


# What too few studies mean for a reader, in fewer words than the synthesis has.
FEW = {
    1: ("One study only.",),
    2: ("Two studies: the interval is the normal one, too narrow where effects truly differ.",),
}


@dataclass(frozen=True, eq=False)
class Finding:
    """The pooled effect of one approach on one outcome.

    Attributes:
        key: `APPROACH/ANALYSIS`, the name a judgement of certainty uses. kinds: of effects pooled, such as rate ratios.
        studies, designs: behind the number. doubts: sentences a reader must see beside it. flag: that it is not as planned,
            or "".
    """

    key: str
    approach: str
    approach_label: str
    analysis: str
    outcome: str
    scale: str
    kinds: tuple[str, ...]
    pooled: PooledResult
    studies: tuple[str, ...]
    designs: Mapping[str, int]
    sentence: str
    doubts: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    flag: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values for a listing."""
        estimate, ci, pi = change(self.pooled, self.scale)
        return {
            "key": self.key,
            "flag": self.flag,
            "approach": self.approach,
            "outcome": self.outcome,
            "kinds": list(self.kinds),
            "k": self.pooled.k,
            "change": estimate,
            "ci": ci,
            "pi": pi,
            "designs": designs_text(self.designs),
            "studies": list(self.studies),
            "doubts": list(self.doubts),
            "certainty": certainty_text(self.judgements),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Lessons:
    """Findings of the track of studies, coded lessons, and (apart) the principles of the practice track."""

    findings: tuple[Finding, ...]
    coded: tuple[CodedRow, ...]
    practice: tuple[CodedRow, ...]
    judgements: Mapping[str, tuple[Judgement, ...]]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a finding, in plain terms."""
        import pandas as pd

        return pd.DataFrame([f.to_dict() for f in self.findings])

    def __repr__(self) -> str:
        return (
            f"Lessons({len(self.findings)} findings, {len(self.coded)} coded lessons, {len(self.practice)} of practice)"
        )

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


def run(
    folder: ReviewFolder,
    results: Mapping[str, AnalysisResult] | None = None,
    state: ReviewState | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> Lessons:
    """Gather what was learned; `progress` as in `analyze.run`."""
    state = state or load_state(folder)
    if results is None:
        results = run_analyses(folder, progress=progress) if folder.protocol.analyses else {}
    findings = [f for r in _chosen(folder.protocol, results) for f in _findings(folder.protocol, r, state)]
    findings.sort(key=lambda f: f.approach_label.casefold())
    coding = state.coding.rows
    return Lessons(
        tuple(findings),
        tuple(coding["lesson"].values()),
        tuple(coding["practice"].values()),
        state.judgements,
    )


def judge(folder: ReviewFolder, about: str, certainty: str, reason: str, by: str | None = None) -> Judgement:
    """Record a person's judgement of certainty of a finding or a coded lesson.

    Raises:
        MetareviewError: the finding or lesson is unknown, the level is not one of GRADE's, or no reason is given.
    """
    person = folder.person(by)
    state = load_state(folder)
    if certainty not in CERTAINTY:
        raise MetareviewError(f"`{certainty}` is not a level of certainty", f"Say one of {', '.join(CERTAINTY)}.")
    if not reason.strip():
        raise MetareviewError(
            "a judgement of certainty needs a reason", "Say `--reason`, such as 'two studies, wide interval'."
        )
    if about not in state.coding.rows["lesson"]:
        known = [f.key for f in run(folder, state=state).findings]
        if about not in known:
            raise MetareviewError(
                f"there is no finding or lesson `{about}`", "`metareview lessons` lists the keys of both."
            )
    earlier = [
        e.id for e in folder.events() if e.kind == JUDGED and e.data["about"] == about and e.data["by"] == person
    ]
    data = {"about": about, "certainty": certainty, "reason": reason, "by": person}
    event = folder.append(person, [Draft(JUDGED, data, earlier)])[0]
    return Judgement(about, certainty, reason, person, event.time[:10])


def certainty_text(judgements: tuple[Judgement, ...]) -> str:
    """Return who judged what and when; a finding nobody judged says so."""
    if not judgements:
        return "not judged"
    return "; ".join(f"{j.certainty.replace('_', ' ')} ({j.by}, {j.date}): {j.reason}" for j in judgements)


def designs_text(designs: Mapping[str, int]) -> str:
    """Return designs with their counts, most frequent first."""
    ordered = sorted(designs.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in ordered)


def _chosen(protocol: Protocol, results: Mapping[str, AnalysisResult]) -> list[AnalysisResult]:
    names = protocol.lessons.analyses or tuple(results)
    by_approach = [results[n] for n in names if n in results]
    return [r for r in by_approach if r.analysis.subgroup == protocol.lessons.approach]


def _findings(protocol: Protocol, result: AnalysisResult, state: ReviewState) -> list[Finding]:
    if result.subgroups is None:
        return []
    frame = result.selection.frame.set_index("effect_id", drop=False)
    analysis, rules = result.analysis, protocol.lessons
    found = []
    for approach, pooled in named_groups(result.subgroups):
        rows = frame.loc[list(pooled.labels)]
        studies = tuple(dict.fromkeys(rows["study_id"]))
        designs = Counter(_study_value(state, s, rules.design) or "design not coded" for s in studies)
        key = f"{approach}/{analysis.name}"
        found.append(
            Finding(
                key=key,
                approach=approach,
                approach_label=protocol.category_label(rules.approach, approach),
                analysis=analysis.name,
                outcome=result.label,
                scale=analysis.scale,
                kinds=_kinds(protocol, rows),
                pooled=pooled,
                studies=studies,
                designs=designs,
                sentence=in_words(pooled, analysis.label, analysis.scale, better(rows, protocol)),
                doubts=tuple(_doubts(protocol, result, rows, pooled)),
                judgements=state.judgements.get(key, ()),
                flag=_flag(result),
            )
        )
    return found


def _kinds(protocol: Protocol, rows: pd.DataFrame) -> tuple[str, ...]:
    kind = protocol.lessons.effect_kind
    if not kind or kind not in rows:
        return ()
    return tuple(sorted({protocol.category_label(kind, str(value)) for value in rows[kind].dropna()}))


def _doubts(protocol: Protocol, result: AnalysisResult, rows: pd.DataFrame, pooled: PooledResult) -> Iterator[str]:
    """Yield what weakens a finding: warnings of the synthesis, mixed kinds of effects, studies of one programme."""
    if flag := _flag(result):
        yield f"Not as planned: {flag}."
    yield from FEW.get(pooled.k, pooled.warnings)
    kinds = _kinds(protocol, rows)
    if len(kinds) > 1:
        yield f"It mixes kinds of effects: {', '.join(kinds)}."
    programme = protocol.lessons.programme
    if programme and programme in rows:
        stands = one_per(rows, programme, result.analysis.prefer)
        chosen = rows[[stands[e] == e for e in rows["effect_id"]]]
        if len(chosen) < rows["study_id"].nunique():
            yield _one_per_programme(result, rows, chosen)
    told = [d for d in protocol.lessons.doubts if d in rows]
    doubted = sum(any(filled(row[d]) for d in told) for _, row in rows.iterrows())
    if doubted:
        which = (
            "Its effect is"
            if len(rows) == 1
            else f"{doubted} of its {len(rows)} effects {'is' if doubted == 1 else 'are'}"
        )
        yield f"{which} doubted in the coding."


def _flag(result: AnalysisResult) -> str:
    return result.standing.flag or result.standing.of_part("subgroup")


def _one_per_programme(result: AnalysisResult, rows: pd.DataFrame, chosen: pd.DataFrame) -> str:
    from ..synthesis.pooling import pool

    analysis, count, studies = result.analysis, len(chosen), rows["study_id"].nunique()
    if count == 1:
        return f"Its {studies} studies are of one programme."
    again = pool(chosen["yi"], chosen["vi"], tau2=analysis.tau2, test=analysis.test, level=analysis.level)
    estimate, ci, _ = change(again, analysis.scale)
    return f"Its {studies} studies are of {count} programmes; with one effect a programme it is {estimate} ({ci})."


def _study_value(state: ReviewState, study: str, variable: str) -> str:
    row = state.coding.rows["study"].get(study)
    return str(row.values.get(variable, "")) if row else ""
