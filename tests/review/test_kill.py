"""kill -9 at any moment loses no vote that was acknowledged, and screening goes on."""

from __future__ import annotations

import random
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from small_review import DATE, JOOST, MARA, lay_out, ris

from metareview.folder import ReviewFolder
from metareview.services import dedupe, imports
from metareview.services.screen import Session
from metareview.services.state import load_state

ROUNDS = 12
# Import and open first, so that the kills fall among the votes; a line is printed once vote() has returned.
DRIVER = """
import sys
from pathlib import Path
from metareview.folder import ReviewFolder
from metareview.services.screen import Session
session = Session(ReviewFolder(Path(sys.argv[1])), "title", sys.argv[2])
print("open", flush=True)
while (record := session.next()) is not None:
    event = session.vote("include" if len(record.title) % 2 else "exclude")
    print(record.record_id, event, flush=True)
"""


@pytest.fixture
def many(tmp_path: Path) -> ReviewFolder:
    """A review with 3,000 records to screen."""
    folder = lay_out(tmp_path / "review")
    streets = [
        (
            f"Writer{i}, A.",
            f"A study of street number {i}",
            str(1970 + i % 50),
            "Street Life",
            str(i),
            "1",
            "",
            "Words.",
        )
        for i in range(3000)
    ]
    path = tmp_path / "many.ris"
    path.write_text(ris(streets), encoding="utf-8")
    imports.run(folder, [path], "alpha", DATE, by=MARA)
    dedupe.run(folder, MARA)
    return folder


def _killed(folder: ReviewFolder, person: str, after: float) -> list[tuple[str, str]]:
    """Screen in a process of its own, kill it `after` seconds, and return what it acknowledged."""
    command = [sys.executable, "-c", DRIVER, str(folder.root), person]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    try:
        said = process.stdout.readline()
        assert said == "open\n", process.stderr.read()
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
        rest, told = process.communicate()
    finally:
        process.kill()
    assert process.returncode == -9, told
    whole = rest[: rest.rfind("\n") + 1].splitlines()
    return [(line.split()[0], line.split()[1]) for line in whole]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX")
def test_no_acknowledged_vote_is_lost_however_screening_is_killed(many: ReviewFolder) -> None:
    moments = random.Random(20260302)
    acknowledged: dict[tuple[str, str], str] = {}
    for round_ in range(ROUNDS):
        person = (MARA, JOOST)[round_ % 2]
        for record, event in _killed(many, person, moments.uniform(0.0, 0.12)):
            assert (person, record) not in acknowledged, "a record was shown again to who had voted on it"
            acknowledged[person, record] = event
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a torn last line is warned of, and holds no acknowledged vote
        votes = load_state(many).screening.votes
        standing = {(v.by, v.record): v.event_id for each in votes.values() for v in each}
        assert {key: standing.get(key) for key in acknowledged} == acknowledged
        assert acknowledged, "every kill came before any vote"
        # A vote may be on disk without having been acknowledged, one a kill at most.
        assert len(standing) - len(acknowledged) <= ROUNDS
        session = Session(many, "title", MARA)
        left = session.waiting
        shown = session.next()
        assert shown is not None and (MARA, shown.record_id) not in acknowledged
        session.vote("include")
    assert Session(many, "title", MARA).waiting == left - 1
    found = load_state(many)
    assert len(found.records) == 3000 and not found.literature.stale
