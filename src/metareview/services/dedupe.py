"""dedupe: find records of one work, merge the sure pairs, and let a person judge the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..literature.dedupe.deduplicate import DedupeResult, deduplicate
from ..literature.events import DEDUPLICATED, Duplicates, Pair, pair_of
from ..literature.judgements import judged_drafts
from ..literature.records import Record
from ..parallel import Progress
from .state import ReviewState, load_state


@dataclass(frozen=True)
class Deduplicated:
    """The outcome of a run: the merges and unsure pairs that stand now, and whether anything changed."""

    duplicates: Duplicates
    changed: bool
    records: int
    kept: int


def run(
    folder: ReviewFolder,
    by: str | None = None,
    strictness: str = "default",
    *,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Deduplicated:
    """Deduplicate the records of each track, obeying what people judged; running it again changes nothing.

    Arguments:
        by: who runs it, a reviewer of the protocol.
        strictness: "default", "doi" (only equal DOIs) or "exact" (only equal titles, years and authors).
        workers, cluster, progress: as in `deduplicate`; whoever does the work, the result is the same.
    """
    person = folder.person(by)
    state = load_state(folder)
    position = {record: i for i, record in enumerate(state.records)}
    results: list[DedupeResult] = []
    for track in ("studies", "practice"):
        records = [r for r in state.records.values() if state.origin[r.record_id].track == track]
        done = sum(len(r.record_ids) for r in results)
        told = progress and _of_all(progress, done, len(state.records))
        results.append(_deduplicated(state, records, strictness, workers=workers, cluster=cluster, progress=told))
    clusters = [tuple(sorted(c, key=position.__getitem__)) for r in results for c in r.clusters]
    data = {
        "merges": [m for r in results for m in _merges(r)],
        "clusters": sorted(clusters, key=lambda c: position[c[0]]),
        "unsure": [u for r in results for u in _unsure(r)],
        "imports": [i.sha256 for i in state.literature.imports],
        "settings": {
            "strictness": strictness,
            "judged": sorted({*state.literature.same, *state.literature.different}),
        },
        "by": person,
    }
    before = state.literature.duplicates
    changed = _plain(data) != _plain(before.__dict__) if before.event_id else True
    if changed:
        replaces = [before.event_id] if before.event_id else []
        folder.append(person, [Draft(DEDUPLICATED, data, replaces)])
        before = load_state(folder).literature.duplicates
    gone = sum(len(c) - 1 for c in before.clusters)
    return Deduplicated(before, changed, len(state.records), len(state.records) - gone)


def judge(folder: ReviewFolder, judged: Sequence[tuple[str, str, bool]], by: str | None = None) -> Deduplicated:
    """Record that pairs of records are the same work (True: merge) or are not (False: split), and deduplicate again.

    Raises:
        MetareviewError: a record is unknown, a pair is one record or belongs to two tracks, or people's judgements would
            contradict each other; nothing was written then.
    """
    state = load_state(folder)
    record(folder, state, judged, by)
    return run(folder, by, str(state.literature.duplicates.settings.get("strictness", "default")))


def record(
    folder: ReviewFolder,
    state: ReviewState,
    judged: Sequence[tuple[str, str, bool]],
    by: str | None = None,
    append: Callable[[Sequence[Draft]], object] | None = None,
) -> None:
    """Record judgements on pairs without deduplicating yet; each replaces the standing ones on its pair.

    Arguments:
        append: writes the events, when a log is open.
    """
    person = folder.person(by)
    for a, b, _ in judged:
        _check_pair(state, a, b)
    drafts = judged_drafts(state.literature, judged, person)
    (append or (lambda found: folder.append(person, found)))(drafts)


def _check_pair(state: ReviewState, a: str, b: str) -> None:
    for record in (a, b):
        if record not in state.records:
            raise MetareviewError(f"there is no record `{record}`", "`metareview records` lists them.")
    if a == b:
        raise MetareviewError(f"`{a}` is named twice", "Name two records.")
    if state.origin[a].track != state.origin[b].track:
        raise MetareviewError(
            f"`{a}` and `{b}` belong to two tracks of evidence, which are never mixed",
            "Studies and practice knowledge stay side by side.",
        )


def unsure_pairs(folder: ReviewFolder) -> list[tuple[Record, Record, str]]:
    """Return the pairs that wait for a person, each with why it is unsure."""
    state = load_state(folder)
    if state.literature.stale:
        raise MetareviewError("the duplicates are out of date", "Run `metareview dedupe` first.", exit_code=1)
    return [(state.records[a], state.records[b], why) for (a, b), why in waiting_pairs(state).items()]


def waiting_pairs(state: ReviewState) -> dict[Pair, str]:
    """Return the pairs that wait for a judgement, those people judged both ways first, each with why."""
    literature = state.literature
    judged: set[Pair] = {*literature.same, *literature.different}
    found = {pair: f"judged both ways, by {who}" for pair, who in literature.contested.items()}
    apart = [(a, b) for a, b in literature.reopened if literature.stands_for(a) != literature.stands_for(b)]
    for unsure in literature.duplicates.unsure:
        pair = pair_of(unsure["a"], unsure["b"])
        if pair not in judged:
            found.setdefault(pair, str(unsure["why"]))
    for pair in apart:
        found.setdefault(pair, f"the judgement was taken back by {literature.reopened[pair]}")
    return {(a, b): why for (a, b), why in found.items() if a in state.records and b in state.records}


def _deduplicated(state: ReviewState, records: list[Record], strictness: str, **how: Any) -> DedupeResult:
    return deduplicate(
        records,
        decided_same=set(state.literature.same),
        decided_different=set(state.literature.different),
        strictness=strictness,  # type: ignore[arg-type]
        **how,
    )


def _of_all(progress: Progress, before: int, records: int) -> Progress:
    """Return what is told about one track as a part of all records, some of which are done."""
    return lambda done, _: progress(3 * before + done, 3 * records)


def _merges(result: DedupeResult) -> list[dict[str, object]]:
    return [
        {
            "a": m.record_a,
            "b": m.record_b,
            "rule": m.rule,
            "reason": m.reason,
            "similarity": _rounded(m.similarity),
        }
        for m in result.merges
    ]


def _unsure(result: DedupeResult) -> list[dict[str, object]]:
    return [
        {"a": u.record_a, "b": u.record_b, "why": u.why, "similarity": _rounded(u.similarity)} for u in result.unsure
    ]


def _rounded(similarity: object) -> dict[str, float]:
    return {k: round(float(v), 4) for k, v in dict(similarity).items()}  # type: ignore[call-overload]


def _plain(data: dict[str, object]) -> str:
    import json

    keys = ("merges", "clusters", "unsure", "imports", "settings")
    return json.dumps([data[k] for k in keys], sort_keys=True, default=dict)
