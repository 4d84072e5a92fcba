"""Two copies of a review that were decided in apart, brought together as a sync service or git brings them."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_review import JOOST, MARA, MEETING, A, B, computer, copy, run

from metareview.folder import ReviewFolder
from metareview.journal.reading import merge_logs, read_log
from metareview.literature import events as literature
from metareview.screening import events as screening
from metareview.services import code, dedupe, prisma, screen
from metareview.services.state import ReviewState, load_state

ONE, TWO = f"{A}:0001", f"{A}:0002"


@pytest.fixture
def apart(review: ReviewFolder, tmp_path: Path) -> tuple[ReviewFolder, ReviewFolder]:
    """The small review on a laptop and on a desktop, with one record that nobody screened."""
    dedupe.judge(review, [(ONE, f"{B}:0001", False)], MARA)
    return review, copy(review.root, tmp_path / "desktop")


def together(*copies: ReviewFolder) -> ReviewFolder:
    """Bring every log of every copy to every other, the longer where both have one."""
    logs: dict[Path, bytes] = {}
    for folder in copies:
        for path in sorted(folder.journal.rglob("*.jsonl")):
            name, content = path.relative_to(folder.journal), path.read_bytes()
            shorter, longer = sorted((logs.get(name, b""), content), key=len)
            assert longer.startswith(shorter), "two computers wrote one log"
            logs[name] = longer
    for folder, (name, content) in itertools.product(copies, logs.items()):
        (folder.journal / name).parent.mkdir(parents=True, exist_ok=True)
        (folder.journal / name).write_bytes(content)
    for other in copies[1:]:
        assert load_state(copies[0]) == load_state(other)
    return copies[0]


def on(name: str, act: Callable[..., Any], *args: Any) -> None:
    with computer(name):
        act(*args)


def test_contrary_votes_of_two_people_are_a_conflict(apart: tuple[ReviewFolder, ReviewFolder]) -> None:
    laptop, desktop = apart
    new = f"{B}:0001"
    on("laptop", screen.cast, laptop, "title", [(new, "include", "", "")], MARA)
    on("desktop", screen.cast, desktop, "title", [(new, "exclude", "not_empirical", "")], JOOST)
    state = load_state(together(laptop, desktop))
    decision = state.decision("title", new)
    assert decision.status == "conflict" and {(v.by, v.decision) for v in decision.votes} == {
        (MARA, "include"),
        (JOOST, "exclude"),
    }
    ran = run("screen", "conflicts", "--json", "--review", desktop.root)
    assert ran.code == 1 and [c["record"] for c in json.loads(ran.out)] == [new]
    on("laptop", screen.resolve, laptop, "title", new, "exclude", "not_empirical", "", MARA)
    assert load_state(together(laptop, desktop)).decision("title", new).decision == "exclude"


def test_contrary_votes_of_one_person_both_stand_until_that_person_decides(
    apart: tuple[ReviewFolder, ReviewFolder],
) -> None:
    laptop, desktop = apart
    new = f"{B}:0001"
    on("laptop", screen.cast, laptop, "title", [(new, "include", "", "")], MARA)
    on("desktop", screen.cast, desktop, "title", [(new, "exclude", "", "")], MARA)
    both = together(laptop, desktop)
    assert sorted(v.decision for v in load_state(both).decision("title", new).votes) == ["exclude", "include"]
    on("desktop", screen.cast, desktop, "title", [(new, "include", "", "")], JOOST)
    both = together(laptop, desktop)
    assert load_state(both).decision("title", new).status == "conflict"
    on("laptop", screen.cast, laptop, "title", [(new, "include", "", "")], MARA)
    decision = load_state(together(laptop, desktop)).decision("title", new)
    assert (decision.status, decision.decision, len(decision.votes)) == ("decided", "include", 2)


def test_different_work_of_two_people_adds_up_without_loss(
    apart: tuple[ReviewFolder, ReviewFolder], tmp_path: Path
) -> None:
    laptop, desktop = apart
    before = {e.id for e in laptop.events()}
    new = f"{B}:0001"
    on("laptop", screen.cast, laptop, "title", [(new, "exclude", "", "")], MARA)
    on("laptop", dedupe.judge, laptop, [(f"{A}:0004", MEETING, True)], MARA)
    on("desktop", screen.cast, desktop, "title", [(new, "exclude", "not_empirical", "")], JOOST)
    on("desktop", screen.undo, desktop, "title", f"{A}:0007", JOOST)
    written = {e.id for folder in apart for e in folder.events()} - before
    both = together(laptop, desktop)
    state = load_state(both)
    assert written <= {e.id for e in both.events()} and len({name.split("/")[1].split(":")[0] for name in written}) == 2
    assert (
        state.decision("title", new).decision == "exclude" and state.decision("title", f"{A}:0007").status == "pending"
    )
    assert state.literature.stands_for(MEETING) == f"{A}:0004" and not state.literature.stale
    assert prisma.run(both).n("duplicates") == 2 and prisma.run(desktop).ids == prisma.run(laptop).ids


def test_pairs_judged_apart_and_both_ways_are_told_as_out_of_date_and_settle(
    apart: tuple[ReviewFolder, ReviewFolder],
) -> None:
    laptop, desktop = apart
    on("laptop", dedupe.judge, laptop, [(f"{A}:0004", MEETING, True)], MARA)
    on("desktop", dedupe.judge, desktop, [(TWO, f"{B}:0004", True)], JOOST)
    both = together(laptop, desktop)
    assert load_state(both).literature.stale and "out of date" in run("status", "--review", both.root).out
    on("laptop", dedupe.run, laptop, MARA)
    state = load_state(together(laptop, desktop))
    assert not state.literature.stale and state.literature.stands_for(MEETING) == f"{A}:0004"
    assert state.literature.stands_for(f"{B}:0004") == TWO


def test_two_codings_of_one_study_are_a_conflict(apart: tuple[ReviewFolder, ReviewFolder], tmp_path: Path) -> None:
    laptop, desktop = apart
    for folder, name, person, year in ((laptop, "laptop", MARA, 2015), (desktop, "desktop", JOOST, 2013)):
        form = tmp_path / f"{name}.csv"
        form.write_text(f"study_id,family,design,year\nberg2014,lighting,quasi_matched,{year}\n", encoding="utf-8")
        on(name, code.import_form, folder, form, person)
    shutil.copytree(desktop.coding, laptop.coding, dirs_exist_ok=True)
    found = code.conflicts(together(laptop, desktop))
    assert [(level, row_id, sorted(r.values["year"] for r in rows)) for level, row_id, rows in found] == [
        ("study", "berg2014", [2013, 2015])
    ]


def test_the_fold_is_the_same_in_whatever_order_logs_arrive(apart: tuple[ReviewFolder, ReviewFolder]) -> None:
    laptop, desktop = apart
    for n, (name, folder, person) in enumerate(
        (("laptop", laptop, MARA), ("desktop", desktop, JOOST), ("desktop", desktop, MARA), ("laptop", laptop, JOOST))
    ):
        said = [(f"{B}:0001", "include" if n % 2 else "exclude", "", ""), (f"{A}:0006", "maybe", "", "")]
        on(name, screen.cast, folder, "title", said, person)
    both = together(laptop, desktop)
    logs = [read_log(path) for path in both.journal.rglob("*.jsonl")]
    assert len(logs) == 6
    orders = [random.Random(seed).sample(logs, len(logs)) for seed in range(20)]
    folded: list[tuple[Any, ...]] = []
    for order in orders:
        read = merge_logs(order)
        assert read.problems == ()
        duplicates = literature.fold(read.events)
        folded.append((read.events, duplicates, screening.fold(read.events, duplicates.place)))
    assert all(each == folded[0] for each in folded[1:])
    state: ReviewState = load_state(both)
    assert state.screening == folded[0][2]
