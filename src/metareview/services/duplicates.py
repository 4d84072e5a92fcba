"""dedupe review, unmerge, reopen: judge pair by pair, take one record out of its cluster, take judgements back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..errors import SAYS_NO, MetareviewError
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..literature.dedupe.deduplicate import deduplicate
from ..literature.events import Import, Pair, fold, pair_of
from ..literature.judgements import judged_drafts, reopened_drafts
from ..literature.records import Record
from .dedupe import Deduplicated, record, run, waiting_pairs
from .state import ReviewState, load_state


@dataclass(frozen=True)
class WaitingPair:
    """Two records that may be one work.

    Attributes:
        a, b: the records; from_a, from_b: the imports they came in.
        copies_a, copies_b: ids of the other records each is merged with.
        why: why nobody is sure yet; kind: the same without the ids in it, to choose pairs by.
        likeness: what deduplication compared, from 0 to 1, or 1 and -1 for agree and differ; empty where no rule named the pair.
    """

    a: Record
    b: Record
    from_a: Import
    from_b: Import
    copies_a: tuple[str, ...]
    copies_b: tuple[str, ...]
    why: str
    likeness: Mapping[str, float] = field(default_factory=dict)

    @property
    def ids(self) -> Pair:
        """The ids of the two records."""
        return self.a.record_id, self.b.record_id

    @property
    def kind(self) -> str:
        """The reason without the ids and names in it."""
        return self.why.split(" But that would bring together ")[0].split(", by ")[0].split(" by ")[0]


class Judging:
    """One person's session over the pairs that wait: a judgement is on disk before `judge` returns.

    Arguments:
        by: a reviewer of the protocol. reason: only pairs whose reason holds these words. reading: nobody will judge.

    Raises:
        MetareviewError: the duplicates are out of date.
    """

    def __init__(self, folder: ReviewFolder, by: str | None = None, reason: str = "", reading: bool = False) -> None:
        self.folder = folder
        self._state = load_state(folder)
        _require_fresh(self._state)
        self.pairs = [p for p in _waiting(self._state) if reason.casefold() in p.why.casefold()]
        self.person = folder.person(by) if self.pairs and not reading else ""
        self.judged: dict[Pair, bool] = {}
        self._order: list[int] = []
        self._events = folder.events()
        self._log = folder.open_log(self.person) if self.person else None

    def judge(self, at: int, same: bool) -> None:
        """Record whether the records of pair number `at`, from 0, are one work; a changed mind replaces the judgement.

        Raises:
            MetareviewError: people's judgements would contradict each other, or the disk refuses; nothing was written then.
        """
        a, b = self.pairs[at].ids
        record(self.folder, self._state, [(a, b, same)], self.person, self._append)
        self.judged[a, b] = same
        self._order.append(at)

    def undo(self) -> int | None:
        """Take back the last judgement of this session, as a new event, and return which pair it was of; None without one."""
        if not self._order:
            return None
        at = self._order[-1]
        self._append(reopened_drafts(self._state.literature, [pair_of(*self.pairs[at].ids)], self.person))
        del self.judged[self.pairs[at].ids]
        self._order = [n for n in self._order if n != at]
        return at

    def close(self) -> Deduplicated:
        """Deduplicate anew with what was judged."""
        return run(self.folder, self.person or None, _strictness(self._state))

    def _append(self, drafts: Sequence[Draft]) -> None:
        assert self._log is not None
        self._events += self._log.append_many(drafts)
        self._state = replace(self._state, literature=fold(self._events))


def _waiting(state: ReviewState) -> list[WaitingPair]:
    likeness = {pair_of(u["a"], u["b"]): u["similarity"] for u in state.literature.duplicates.unsure}
    return [_pair(state, pair, why, likeness.get(pair, {})) for pair, why in waiting_pairs(state).items()]


def _pair(state: ReviewState, pair: Pair, why: str, likeness: Mapping[str, float]) -> WaitingPair:
    a, b = (state.records[r] for r in pair)
    from_a, from_b = (state.origin[r] for r in pair)
    copies_a, copies_b = (tuple(c for c in state.literature.copies(r) if c != r) for r in pair)
    return WaitingPair(a, b, from_a, from_b, copies_a, copies_b, why, likeness)


def _require_fresh(state: ReviewState) -> None:
    if state.literature.stale:
        raise MetareviewError("the duplicates are out of date", "Run `metareview dedupe` first.", SAYS_NO)


@dataclass(frozen=True)
class Unmerged:
    """A record taken out of its cluster: what stands now, and the pairs judged the same to hold the others together."""

    outcome: Deduplicated
    held: tuple[Pair, ...]


def unmerge(folder: ReviewFolder, record_id: str, by: str | None = None) -> Unmerged:
    """Take one record out of its cluster whole: it is judged different from every other copy, and these stay merged.

    Where the others were linked by this record only, they are judged the same, so that they do not fall apart.

    Raises:
        MetareviewError: the record is unknown or is merged with none, or the duplicates are out of date.
    """
    person = folder.person(by)
    state = load_state(folder)
    if record_id not in state.records:
        raise MetareviewError(f"there is no record `{record_id}`", "`metareview records` lists them.")
    _require_fresh(state)
    rest = [r for r in state.literature.copies(record_id) if r != record_id]
    if not rest:
        raise MetareviewError(f"`{record_id}` is merged with no other record", "`metareview dedupe list` lists merges.")
    held = _holding(state, rest)
    judged = [*((record_id, other, False) for other in rest), *((a, b, True) for a, b in held)]
    folder.append(person, judged_drafts(state.literature, judged, person, unmerged=record_id))
    return Unmerged(run(folder, person, _strictness(state)), tuple(held))


def _holding(state: ReviewState, rest: list[str]) -> list[Pair]:
    """Return the pairs to judge the same so that what is left of a cluster stays one."""
    found = deduplicate(
        [state.records[r] for r in rest],
        decided_same=set(state.literature.same),
        decided_different=set(state.literature.different),
        strictness=_strictness(state),  # type: ignore[arg-type]
    )
    groups = [set(c) for c in found.clusters]
    together = next((g for g in groups if rest[0] in g), {rest[0]})
    held = []
    for other in rest:
        if other not in together:
            held.append(pair_of(rest[0], other))
            together |= next((g for g in groups if other in g), {other})
    return held


def reopen(
    folder: ReviewFolder, a: str, b: str | None = None, by: str | None = None
) -> tuple[Deduplicated, list[Pair]]:
    """Take back what people judged of two records, or of one record and any other, and deduplicate again.

    Returns:
        What stands now, and the pairs whose judgements were taken back; where no rule decides, they wait for a person.

    Raises:
        MetareviewError: no judgement stands on these records.
    """
    person = folder.person(by)
    state = load_state(folder)
    standing = state.literature.judgements
    pairs = [p for p in standing if (p == pair_of(a, b) if b else a in p)]
    if not pairs:
        named = f"`{a}` and `{b}`" if b else f"`{a}`"
        raise MetareviewError(f"no judgement stands on {named}", "`metareview dedupe list` tells what is decided.")
    folder.append(person, reopened_drafts(state.literature, pairs, person))
    return run(folder, person, _strictness(state)), pairs


def _strictness(state: ReviewState) -> str:
    return str(state.literature.duplicates.settings.get("strictness", "default"))
