"""Judgements on pairs of records as events: new ones, those they take the place of, and what they may not contradict."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from ..errors import SAYS_NO, MetareviewError
from ..journal.drafts import Draft
from .events import DIFFERENT, REOPENED, SAME, LiteratureState, Pair, pair_of

Judged = tuple[str, str, bool]


def judged_drafts(state: LiteratureState, judged: Sequence[Judged], by: str, unmerged: str = "") -> list[Draft]:
    """Return the events of judgements (record, record, same work?), each in place of the standing ones on its pair.

    A record that was taken out of its cluster whole is brought back whole: what kept it from the other copies falls.

    Arguments:
        by: who judges. unmerged: the record that these judgements take out of its cluster.

    Raises:
        MetareviewError: with these judgements people would contradict each other; see `contradiction`.
    """
    new = {pair_of(a, b): same for a, b, same in judged}
    fallen = [p for a, b, same in judged if same for p in _kept_out(state, a, b) if p not in new]
    before = contradiction(state.same, state.different)
    same = {p for p in state.same if p not in new} | {p for p, one in new.items() if one}
    different = {p for p in state.different if p not in new and p not in fallen} | {
        p for p, one in new.items() if not one
    }
    _refuse(None if before else contradiction(same, different))
    mark = {"unmerged": unmerged} if unmerged else {}
    drafts = [
        Draft(
            SAME if one else DIFFERENT,
            {"a": a, "b": b, "by": by} | ({} if one else mark),
            state.judgements.get((a, b), ()),
        )
        for (a, b), one in new.items()
    ]
    return drafts + reopened_drafts(state, fallen, by)


def reopened_drafts(state: LiteratureState, pairs: Iterable[Pair], by: str) -> list[Draft]:
    """Return the events that take back the standing judgements on pairs, so that these wait for one again."""
    return [Draft(REOPENED, {"a": a, "b": b, "by": by}, state.judgements[a, b]) for a, b in dict.fromkeys(pairs)]


def contradiction(same: Iterable[Pair], different: Iterable[Pair]) -> tuple[Pair, list[str]] | None:
    """Return the first pair judged different that judgements bring together, with the chain of records; else None."""
    beside: dict[str, list[str]] = {}
    for a, b in sorted(same):
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    for pair in sorted(different):
        chain = _chain(beside, *pair)
        if chain:
            return pair, chain
    return None


def _chain(beside: dict[str, list[str]], start: str, end: str) -> list[str]:
    """Return the shortest chain of records from one to the other, or nothing."""
    before, waiting = {start: ""}, deque([start])
    while waiting and end not in before:
        at = waiting.popleft()
        for record in beside.get(at, ()):
            if record not in before:
                before[record] = at
                waiting.append(record)
    chain = [end] if end in before else []
    while chain and before[chain[-1]]:
        chain.append(before[chain[-1]])
    return chain[::-1]


def _kept_out(state: LiteratureState, a: str, b: str) -> Iterator[Pair]:
    """The pairs that keep a or b out of the other's cluster because it was taken out of it whole."""
    for out, copies in ((a, state.copies(b)), (b, state.copies(a))):
        for pair, record in state.unmerged.items():
            if record == out and (pair[1] if pair[0] == out else pair[0]) in copies:
                yield pair


def _refuse(found: tuple[Pair, list[str]] | None) -> None:
    if found:
        (a, b), chain = found
        raise MetareviewError(
            f"people would contradict each other: `{a}` and `{b}` different, {' = '.join(chain)} the same; nothing was recorded",
            "Take a judgement back with `metareview dedupe reopen A B`, or a record out with `metareview dedupe unmerge RECORD`.",
            SAYS_NO,
        )
