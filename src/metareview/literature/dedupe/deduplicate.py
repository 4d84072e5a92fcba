"""The public function: records in, groups of duplicates out, with the rule behind every merge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metareview.errors import SAYS_NO, MetareviewError
from metareview.literature.dedupe.block import candidate_pairs
from metareview.literature.dedupe.cluster import Grouping, Link, group_links
from metareview.literature.dedupe.compare import Pairs, compare
from metareview.literature.dedupe.prepare import Prepared, prepare
from metareview.literature.dedupe.result import DedupeResult, Merge, Unsure
from metareview.literature.dedupe.rules import Rule, Strictness, rules_for, verdicts
from metareview.literature.records import Record

Pair = tuple[str, str]
_DECIDED = "A person decided that these are the same."


def deduplicate(
    records: Sequence[Record] | pd.DataFrame,
    *,
    decided_same: Collection[Pair] = (),
    decided_different: Collection[Pair] = (),
    strictness: Strictness = "default",
) -> DedupeResult:
    """Group the records that describe the same publication; the order of the records makes no difference.

    Arguments:
        records: `Record`s, or a frame with a `record_id` and any of title, author (one string, separated by
            ";" or " and "), year, journal, volume, number, pages, doi, abstract, isbn; what is missing is
            empty.
        decided_same: pairs of record ids that a person found the same; always joined.
        decided_different: pairs that a person found different; never joined, directly or by way of others.
            Where the rules would, the weakest link between them is cut and reported as unsure.
        strictness: `default`; `doi` joins on equal DOI and title only; `exact` joins identical records only.

    Decisions about records that are not among the given ones are left aside.

    Raises:
        MetareviewError: for ids that are missing or not unique, an unknown strictness, or decisions that
            contradict each other.
    """
    if strictness not in get_args(Strictness):
        raise MetareviewError(
            f"Unknown strictness {strictness!r}.", f"Choose one of {', '.join(get_args(Strictness))}."
        )
    p = prepare(records)
    same, different = _positions(p, decided_same), _positions(p, decided_different)
    rules = rules_for(strictness)
    pairs = compare(p, *candidate_pairs(p))
    verdict = verdicts(pairs, rules)
    named = pairs.take(np.flatnonzero(verdict >= 0))
    verdict = verdict[verdict >= 0]
    links = _links(named, verdict, rules, same)
    grouping = group_links(len(p), links, _apart(named, verdict, rules, same, different))
    _check_decisions(p, grouping)
    merges = tuple(_merge(p, link, named, rules, verdict) for link in grouping.used)
    unsure = _unsure(p, named, verdict, rules, grouping, different)
    clusters = tuple(tuple(p.ids[i] for i in group) for group in grouping.groups)
    return DedupeResult(clusters, tuple(sorted(merges)), unsure, _kept(p, grouping), p.ids)


def _positions(p: Prepared, decided: Iterable[Pair]) -> set[tuple[int, int]]:
    place = {record_id: i for i, record_id in enumerate(p.ids)}
    found = {(place[a], place[b]) for a, b in decided if a in place and b in place and a != b}
    return {(min(pair), max(pair)) for pair in found}


def _links(x: Pairs, verdict: NDArray[np.int64], rules: Sequence[Rule], same: Iterable[tuple[int, int]]) -> list[Link]:
    links = [Link(0, 0.0, a, b) for a, b in sorted(same)]
    for at in np.flatnonzero([rules[v].kind == "sure" for v in verdict]):
        weakness = round(1 - float(x.title[at]), 6)
        links.append(Link(1 + int(verdict[at]), weakness, int(x.left[at]), int(x.right[at])))
    return links


def _apart(
    x: Pairs,
    verdict: NDArray[np.int64],
    rules: Sequence[Rule],
    same: set[tuple[int, int]],
    different: set[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Return the pairs to keep apart: decided different, or barred by a rule and not decided the same."""
    decided = group_links(1 + max((i for pair in same for i in pair), default=0), [Link(0, 0.0, *s) for s in same])
    home = {i: at for at, group in enumerate(decided.groups) for i in group}
    barred = np.flatnonzero([rules[v].kind == "never" or rules[v].bars for v in verdict])
    ruled = ((int(x.left[at]), int(x.right[at])) for at in barred)
    return sorted(different) + [(a, b) for a, b in ruled if home.get(a, -1) != home.get(b, -2)]


def _check_decisions(p: Prepared, grouping: Grouping) -> None:
    for link, (a, b) in grouping.refused:
        if link.rank == 0:
            raise MetareviewError(
                f"Decisions contradict each other: {p.ids[link.a]} and {p.ids[link.b]} were decided the "
                f"same, which would join {p.ids[a]} and {p.ids[b]}, decided different.",
                "Withdraw one of these decisions.",
                SAYS_NO,
            )


def _merge(p: Prepared, link: Link, x: Pairs, rules: Sequence[Rule], verdict: NDArray[np.int64]) -> Merge:
    if link.rank == 0:
        return Merge(p.ids[link.a], p.ids[link.b], "decided", _DECIDED, {})
    rule = rules[link.rank - 1]
    return Merge(p.ids[link.a], p.ids[link.b], rule.name, rule.reason, x.similarity(_find(x, link.a, link.b)))


def _find(x: Pairs, a: int, b: int) -> int:
    start, end = np.searchsorted(x.left, [a, a + 1])
    return int(start + np.searchsorted(x.right[start:end], b))


def _unsure(
    p: Prepared,
    x: Pairs,
    verdict: NDArray[np.int64],
    rules: Sequence[Rule],
    grouping: Grouping,
    different: set[tuple[int, int]],
) -> tuple[Unsure, ...]:
    """Return one pair for each two groups that a rule is unsure about or whose link was cut."""
    home = {i: group[0] for group in grouping.groups for i in group}
    settled = {_ends(home, a, b) for a, b in different}
    found: dict[tuple[int, int], Unsure] = {}
    for link, (a, b) in grouping.refused:
        because = (
            "which a person decided are different."
            if (min(a, b), max(a, b)) in different
            else f"and there: {rules[verdict[_find(x, min(a, b), max(a, b))]].reason}"
        )
        reason = rules[link.rank - 1].reason
        why = f"{reason} But that would bring together {p.ids[a]} and {p.ids[b]}, {because}"
        if (link.a, link.b) not in different:
            pair = Unsure(p.ids[link.a], p.ids[link.b], "cut", why, x.similarity(_find(x, link.a, link.b)))
            found.setdefault(_ends(home, link.a, link.b), pair)
    unsure = [at for at in range(len(x)) if rules[verdict[at]].kind == "unsure"]
    for at in sorted(unsure, key=lambda at: (verdict[at], round(1 - float(x.title[at]), 6), x.left[at], x.right[at])):
        a, b = int(x.left[at]), int(x.right[at])
        ends, rule = _ends(home, a, b), rules[verdict[at]]
        if ends[0] != ends[1] and ends not in settled and ends not in found:
            found[ends] = Unsure(p.ids[a], p.ids[b], rule.name, rule.reason, x.similarity(at))
    return tuple(sorted(found.values()))


def _ends(home: dict[int, int], a: int, b: int) -> tuple[int, int]:
    ends = sorted((home.get(a, a), home.get(b, b)))
    return ends[0], ends[1]


def _kept(p: Prepared, grouping: Grouping) -> tuple[str, ...]:
    """Return the copy to keep of each group: the most filled in, then the first id.

    A group with a link that was cut keeps the record that must stay apart, so that a second run is held to
    it.
    """
    barred = {i for _, pair in grouping.refused for i in pair}
    cut = {i for link, _ in grouping.refused for i in (link.a, link.b)}
    dropped: set[int] = set()
    for group in grouping.groups:
        held = bool(cut.intersection(group))
        best = min(group, key=lambda i: (held and i not in barred, -p.filled[i], i))
        dropped.update(i for i in group if i != best)
    return tuple(record_id for i, record_id in enumerate(p.ids) if i not in dropped)
