"""Order independence, idempotence, and the cost of blocking."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.literature.dedupe.block import candidate_pairs
from metareview.literature.dedupe.deduplicate import deduplicate
from metareview.literature.dedupe.prepare import prepare
from metareview.literature.dedupe.titles import title_words
from metareview.literature.records import Record

STARTS = (
    "Urban renewal and health",
    "Urban renewal and the health",
    "Housing vouchers and school results",
    "Editorial",
)
ENDS = ("", " in old cities", " in new towns", ": a reply", ", part I", ", part II", " [Review]")
FACTS = st.fixed_dictionaries(
    {
        "title": st.tuples(st.sampled_from(STARTS), st.sampled_from(ENDS)).map("".join),
        "authors": st.sampled_from(
            [(), ("Visser, A.",), ("Visser, A.", "Boer, J."), ("A Visser", "J Boer"), ("Li, W.",)]
        ),
        "year": st.sampled_from([None, 2013, 2014, 2018]),
        "journal": st.sampled_from(["", "Urban Policy", "Urban Pol", "medRxiv", "Cities"]),
        "volume": st.sampled_from(["", "3", "4"]),
        "pages": st.sampled_from(["", "11-19", "11", "50-59"]),
        "doi": st.sampled_from(["", "", "10.1/a", "10.1/b"]),
    }
)


def made(facts: list[dict[str, object]]) -> list[Record]:
    return [Record(record_id=f"r{i:03d}", **f) for i, f in enumerate(facts)]  # type: ignore[arg-type]


@settings(max_examples=120, deadline=None)
@given(st.lists(FACTS, max_size=14), st.randoms(use_true_random=False))
def test_order_makes_no_difference(facts: list[dict[str, object]], random: object) -> None:
    records = made(facts)
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert deduplicate(shuffled) == deduplicate(records)


@settings(max_examples=120, deadline=None)
@given(st.lists(FACTS, max_size=14))
def test_each_record_is_in_one_group_and_each_group_keeps_one(facts: list[dict[str, object]]) -> None:
    result = deduplicate(made(facts))
    members = [i for group in result.clusters for i in group]
    assert len(members) == len(set(members))
    assert len(result.merges) == result.n_duplicates == len(members) - len(result.clusters)
    assert all(len(set(group) & set(result.kept)) == 1 for group in result.clusters)
    home = {i: group for group in result.clusters for i in group}
    assert all(home.get(u.record_a, u.record_a) != home.get(u.record_b, u.record_b) for u in result.unsure)


@settings(max_examples=120, deadline=None)
@given(st.lists(FACTS, max_size=10), st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4))
def test_decided_different_never_share_a_group(facts: list[dict[str, object]], apart: set[tuple[int, int]]) -> None:
    different = {(f"r{a:03d}", f"r{b:03d}") for a, b in apart if a != b}
    clusters = deduplicate(made(facts), decided_different=different).clusters
    assert not any({a, b} <= set(group) for a, b in different for group in clusters)


@settings(max_examples=300, deadline=None)
@given(st.lists(FACTS, max_size=14))
def test_running_again_on_what_was_kept_merges_nothing(facts: list[dict[str, object]]) -> None:
    records = made(facts)
    kept = set(deduplicate(records).kept)
    assert deduplicate([r for r in records if r.record_id in kept]).clusters == ()


@settings(max_examples=120, deadline=None)
@given(st.lists(FACTS, max_size=14))
def test_strictness_holds_for_every_merge(facts: list[dict[str, object]]) -> None:
    records = {r.record_id: r for r in made(facts)}
    by_doi, exact = (deduplicate(list(records.values()), strictness=s) for s in ("doi", "exact"))  # type: ignore[arg-type]
    assert by_doi.unsure == exact.unsure == ()
    for merge in by_doi.merges:
        assert records[merge.record_a].doi == records[merge.record_b].doi != ""
    for merge in exact.merges:
        a, b = records[merge.record_a], records[merge.record_b]
        assert (a.year, a.volume, a.pages.split("-")[0]) == (b.year, b.volume, b.pages.split("-")[0])
        assert title_words(a.title) == title_words(b.title)
        assert None not in (a.year, b.year) and "" not in (a.volume, a.pages, a.journal)


def varied(n: int) -> list[Record]:
    """Return n records on one subject, every second with a copy written in another way."""
    rng = np.random.default_rng(7)
    words = [
        f"{a}{b}" for a in ["ba", "ko", "mi", "tu", "re", "so"] for b in ["lan", "ting", "rove", "sela", "dism", "port"]
    ]
    records = []
    for i in range(n):
        title = "Effects of urban renewal on " + " ".join(rng.choice(words, 6))
        first, page = str(rng.choice(words)), int(rng.integers(2, 3000))
        facts = {"year": 2000 + int(i % 20), "volume": str(i % 40 + 1)}
        records.append(
            Record(
                f"a{i:05d}",
                title,
                (f"{first.title()}, A.", "Boer, J."),
                journal="Urban Policy",
                pages=f"{page}-{page + 9}",
                **facts,
            )
        )
        if i % 2:
            records.append(
                Record(
                    f"b{i:05d}",
                    title.upper(),
                    (f"{first.title()} A", "Boer J"),
                    journal="Urban Pol.",
                    pages=str(page),
                    **facts,
                )
            )
    return records


def test_a_second_run_on_what_was_kept_merges_nothing() -> None:
    records = varied(600)
    result = deduplicate(records)
    assert len(result.clusters) == 300
    kept = [r for r in records if r.record_id in set(result.kept)]
    assert deduplicate(kept).clusters == ()


def test_oversized_blocks_are_split_without_losing_pairs() -> None:
    records = varied(300)
    pairs = set(zip(*(x.tolist() for x in candidate_pairs(prepare(records), largest=5)), strict=True))
    p = prepare(records)
    place = {i: at for at, i in enumerate(p.ids)}
    assert all((place[f"a{i:05d}"], place[f"b{i:05d}"]) in pairs for i in range(1, 300, 2))
    assert len(pairs) < 300 * 25
    assert all(a < b for a, b in pairs)


def test_hundreds_of_equal_records_stay_one_group() -> None:
    one = {
        "title": "Urban renewal and health in old cities",
        "authors": ("Visser, A.",),
        "year": 2014,
        "journal": "Urban Policy",
        "volume": "3",
        "pages": "11-19",
    }
    records = [Record(f"r{i:04d}", **one) for i in range(400)]  # type: ignore[arg-type]
    assert len(deduplicate(records).clusters[0]) == 400
    left, _ = candidate_pairs(prepare(records))
    assert len(left) < 400 * 8 < len(list(combinations(range(400), 2)))
