"""Whoever does the work, the result is the same: one process, several, a Dask cluster, larger and smaller pieces."""

from __future__ import annotations

import numpy as np
import pytest

from metareview.literature.dedupe import named, prepare
from metareview.literature.dedupe.deduplicate import deduplicate
from metareview.literature.dedupe.near import NOTICE_FLOOR
from metareview.literature.dedupe.result import DedupeResult
from metareview.literature.records import Record

SUBJECTS = ("housing", "schools", "policing", "jobs", "health", "parks", "rents", "transport")
PLACES = ("Utrecht", "Lyon", "Leeds", "Turin", "Ghent", "Essen")


def records() -> list[Record]:
    """Return records with copies, yearly reports, errata, preprints and abstracts, in no order."""
    rng = np.random.default_rng(11)
    found: list[Record] = []
    for i in range(60):
        one, two = rng.choice(SUBJECTS, 2, replace=False)
        letters = "".join(rng.choice(list("aeioubdgklmnprst"), 18))
        title = f"The renewal of {letters[:9]} {one} and {letters[9:]} {two} in {rng.choice(PLACES)}"
        first = int(rng.integers(2, 2000))
        facts = {
            "authors": (f"Visser{chr(97 + i % 20)}a, A.", "de Boer, J."),
            "year": 1990 + i % 30,
            "journal": "Journal of Urban Policy",
            "volume": str(i % 30 + 1),
            "pages": f"{first}-{first + 9}",
            "abstract": f"We followed {i} residents. " + " ".join(rng.choice([*SUBJECTS, *PLACES], 40)),
        }
        copies = [
            {"title": title},
            {"title": title.upper(), "journal": "J. Urban Pol.", "pages": str(first), "abstract": ""},
            {"title": f"Erratum: {title}", "pages": str(first + 400), "abstract": ""},
            {"title": title, "journal": "medRxiv", "volume": "", "pages": ""},
            {"title": title, "year": facts["year"] + 1, "volume": str(i % 30 + 2), "pages": str(first + 70)},
        ]
        for copy in copies[: 1 + i % 5]:
            found.append(Record(f"r{len(found):04d}", **{**facts, **copy}))  # type: ignore[arg-type]
    return [found[i] for i in rng.permutation(len(found))]


RECORDS = records()
DECIDED = {"decided_same": {("r0000", "r0001")}, "decided_different": {("r0003", "r0004"), ("r0001", "r0007")}}


@pytest.fixture(scope="module")
def serial() -> DedupeResult:
    result = deduplicate(RECORDS, **DECIDED)
    assert len(result.clusters) > 40 and len(result.unsure) > 10
    return result


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "PIECE", 40)
    monkeypatch.setattr(named, "PIECE", 60)


def same(a: DedupeResult, b: DedupeResult) -> bool:
    """Compare also what `==` leaves out: the likenesses behind each merge and each unsure pair."""
    likenesses = [[m.similarity for m in r.merges] + [u.similarity for u in r.unsure] for r in (a, b)]
    return a == b and likenesses[0] == likenesses[1]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_one_result(workers: int, serial: DedupeResult) -> None:
    assert same(deduplicate(RECORDS, workers=workers, **DECIDED), serial)


@pytest.mark.usefixtures("small_pieces")
def test_a_dask_cluster_gives_the_same_result(cluster: str, serial: DedupeResult) -> None:
    assert same(deduplicate(RECORDS[::-1], cluster=cluster, **DECIDED), serial)


def test_records_may_come_as_a_stream(serial: DedupeResult) -> None:
    assert same(deduplicate(iter(RECORDS), **DECIDED), serial)


@pytest.mark.usefixtures("small_pieces")
def test_progress_grows_to_the_whole() -> None:
    told: list[tuple[int, int]] = []
    deduplicate(RECORDS, progress=lambda *both: told.append(both))
    done, totals = zip(*told, strict=True)
    assert set(totals) == {3 * len(RECORDS)}
    assert list(done) == sorted(done)
    assert done[-1] == totals[0]
    assert len(told) > 12


def test_no_rule_names_a_pair_that_the_first_look_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that takes pairs that `near` leaves out must widen it; of notices, only those with like titles count."""
    p = prepare.prepare(RECORDS)
    found = named.named_pairs(p, "default")
    monkeypatch.setattr(named, "near", lambda p, left, right, threads: np.ones(len(left), dtype=bool))
    wider = named.named_pairs(p, "default")
    counts = wider.pairs.take((wider.verdict > 0) | (wider.pairs.title >= NOTICE_FLOOR))
    assert len(set(found.verdict)) >= 4
    assert np.array_equal(found.pairs.left, counts.left) and np.array_equal(found.pairs.right, counts.right)
