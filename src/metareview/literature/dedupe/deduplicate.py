"""The public function: records in, groups of duplicates out, with the rule behind every merge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metareview.errors import SAYS_NO, MetareviewError
from metareview.literature.dedupe.cluster import Grouping, Link, group_links
from metareview.literature.dedupe.named import Named, named_pairs
from metareview.literature.dedupe.prepare import Prepared, prepare
from metareview.literature.dedupe.result import DedupeResult, Merge, Unsure
from metareview.literature.dedupe.rules import Rule, Strictness, rules_for
from metareview.literature.records import Record
from metareview.parallel import Progress

Pair = tuple[str, str]
_DECIDED = "A person decided that these are the same."


def deduplicate(
    records: Iterable[Record] | pd.DataFrame,
    *,
    decided_same: Collection[Pair] = (),
    decided_different: Collection[Pair] = (),
    strictness: Strictness = "default",
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
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
        workers: processes that share the work, 0 for one on every core; the result is the same with any number.
        cluster: address of a Dask scheduler (`dask://host:port`) whose workers share the work instead.
        progress: told now and then how much is done, and of how much: each record counts three times.

    Decisions about records that are not among the given ones are left aside.

    Raises:
        MetareviewError: for ids that are missing or not unique, an unknown strictness, decisions that
            contradict each other, or a cluster that does not answer.
    """
    if strictness not in get_args(Strictness):
        raise MetareviewError(
            f"Unknown strictness {strictness!r}.", f"Choose one of {', '.join(get_args(Strictness))}."
        )
    p = prepare(records, workers=workers, cluster=cluster, progress=progress)
    same, different = _positions(p, decided_same), _positions(p, decided_different)
    rules = rules_for(strictness)
    named = named_pairs(p, strictness, workers=workers, cluster=cluster, progress=progress)
    grouping = group_links(len(p), _links(named, rules, same), _apart(named, rules, same, different))
    _check_decisions(p, grouping)
    merges = _merges(p, grouping.used, named, rules)
    unsure = _unsure(p, named, rules, grouping, different)
    clusters = tuple(tuple(p.ids[i] for i in group) for group in grouping.groups)
    return DedupeResult(clusters, tuple(sorted(merges)), unsure, _kept(p, grouping), p.ids)


def _positions(p: Prepared, decided: Iterable[Pair]) -> set[tuple[int, int]]:
    place = {record_id: i for i, record_id in enumerate(p.ids)}
    found = {(place[a], place[b]) for a, b in decided if a in place and b in place and a != b}
    return {(min(pair), max(pair)) for pair in found}


def _of_kind(rules: Sequence[Rule], kind: str) -> NDArray[np.bool_]:
    return np.array([rule.kind == kind for rule in rules], dtype=bool)


def _links(x: Named, rules: Sequence[Rule], same: Iterable[tuple[int, int]]) -> list[Link]:
    at = np.flatnonzero(_of_kind(rules, "sure")[x.verdict])
    weakness = (round(1 - title, 6) for title in x.pairs.title[at].tolist())
    ruled = zip(
        (1 + x.verdict[at]).tolist(), weakness, x.pairs.left[at].tolist(), x.pairs.right[at].tolist(), strict=True
    )
    return [*(Link(0, 0.0, a, b) for a, b in sorted(same)), *map(Link._make, ruled)]


def _apart(
    x: Named, rules: Sequence[Rule], same: set[tuple[int, int]], different: set[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the pairs to keep apart: decided different, or barred by a rule and not decided the same."""
    decided = group_links(1 + max((i for pair in same for i in pair), default=0), [Link(0, 0.0, *s) for s in same])
    home = {i: at for at, group in enumerate(decided.groups) for i in group}
    barred = np.flatnonzero((_of_kind(rules, "never") | np.array([rule.bars for rule in rules]))[x.verdict])
    ruled = zip(x.pairs.left[barred].tolist(), x.pairs.right[barred].tolist(), strict=True)
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


def _merges(p: Prepared, used: Sequence[Link], x: Named, rules: Sequence[Rule]) -> list[Merge]:
    ids = p.ids
    ruled = [link for link in used if link.rank]
    left, right = (np.array(ends, dtype=np.int64) for ends in ([k.a for k in ruled], [k.b for k in ruled]))
    alike = x.pairs.similarities(x.find(len(p), left, right))
    merges = [Merge(ids[k.a], ids[k.b], "decided", _DECIDED, {}) for k in used if not k.rank]
    for link, similarity in zip(ruled, alike, strict=True):
        rule = rules[link.rank - 1]
        merges.append(Merge(ids[link.a], ids[link.b], rule.name, rule.reason, similarity))
    return merges


def _unsure(
    p: Prepared, x: Named, rules: Sequence[Rule], grouping: Grouping, different: set[tuple[int, int]]
) -> tuple[Unsure, ...]:
    """Return one pair for each two groups that a rule is unsure about or whose link was cut."""

    def found_at(a: int, b: int) -> int:
        return int(x.find(len(p), np.array([a]), np.array([b]))[0])

    home = {i: group[0] for group in grouping.groups for i in group}
    settled = {_ends(home, a, b) for a, b in different}
    found: dict[tuple[int, int], Unsure] = {}
    for link, (a, b) in grouping.refused:
        because = (
            "which a person decided are different."
            if (min(a, b), max(a, b)) in different
            else f"and there: {rules[x.verdict[found_at(min(a, b), max(a, b))]].reason}"
        )
        reason = rules[link.rank - 1].reason
        why = f"{reason} But that would bring together {p.ids[a]} and {p.ids[b]}, {because}"
        if (link.a, link.b) not in different:
            similarity = x.pairs.similarities([found_at(link.a, link.b)])[0]
            pair = Unsure(p.ids[link.a], p.ids[link.b], "cut", why, similarity)
            found.setdefault(_ends(home, link.a, link.b), pair)
    unsure = np.flatnonzero(_of_kind(rules, "unsure")[x.verdict])
    left, right, title = x.pairs.left.tolist(), x.pairs.right.tolist(), x.pairs.title
    for at in sorted(unsure.tolist(), key=lambda at: (x.verdict[at], round(1 - float(title[at]), 6), at)):
        a, b = left[at], right[at]
        ends, rule = _ends(home, a, b), rules[x.verdict[at]]
        if ends[0] != ends[1] and ends not in settled and ends not in found:
            found[ends] = Unsure(p.ids[a], p.ids[b], rule.name, rule.reason, x.pairs.similarities([at])[0])
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
