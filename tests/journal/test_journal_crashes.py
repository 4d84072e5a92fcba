"""Torn writes, full disks, kills, concurrent writers: what was acknowledged is there, and the chain holds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from metareview.errors import MetareviewError
from metareview.journal import disk
from metareview.journal.reading import read_journal, read_log, require_intact
from metareview.journal.writing import Draft, OpenLog, TornTailWarning, append, append_many

CHILD = """
import sys
from pathlib import Path
from metareview.journal.writing import OpenLog, append
folder, count, one_off = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "one-off"
log = OpenLog(folder, "anna", "laptop")
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    data = {"n": number, "text": "x" * 200}
    event = append(folder, "anna", "laptop", "test.step", data) if one_off else log.append("test.step", data)
    print(event.id, flush=True)
"""


def start(folder: Path, count: int, how: str = "session") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(folder), str(count), how]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def test_a_torn_tail_at_every_byte_is_told_set_aside_and_written_past(log: Path) -> None:
    content = log.read_bytes()
    start_of_last = content[:-1].rindex(b"\n") + 1
    for cut in range(start_of_last + 1, len(content)):
        log.write_bytes(content[:cut])
        read = read_log(log)
        (problem,) = require_intact(read)
        assert (problem.what, problem.line) == ("torn", 5)
        assert [event.seq for event in read.events] == [1, 2, 3, 4] and read.whole == start_of_last
    assert log.read_bytes() == content[:cut]


@pytest.mark.parametrize("where", [1, 2, 40, 200, -2, -1])
def test_an_append_sets_a_torn_tail_aside_first(log: Path, folder: Path, where: int) -> None:
    content = log.read_bytes()
    last = content.splitlines(keepends=True)[4]
    log.write_bytes(content[: -len(last)] + last[:where])
    with pytest.warns(TornTailWarning, match=r"line 5 is torn.*moved to laptop\.jsonl\.torn-1"):
        event = append(folder, "anna", "laptop", "screening.vote", {"record": "again"})
    assert event.id == "anna/laptop:5"
    assert (log.parent / "laptop.jsonl.torn-1").read_bytes() == last[:where]
    read = read_journal(folder)
    assert read.problems == () and [e.data["record"] for e in read.events] == [
        "r1",
        "r2",
        "r3",
        "r4",
        "again",
    ]


def test_a_last_line_that_is_no_json_is_torn_too(log: Path, folder: Path) -> None:
    log.write_bytes(log.read_bytes() + b"\0" * 64 + b"\n")
    assert [problem.what for problem in read_log(log).problems] == ["torn"]
    with OpenLog(folder, "anna", "laptop") as own:
        (notice,) = own.notices
        assert notice.what == "torn" and "65 bytes" in notice.text
        assert own.append("test.step", {}).seq == 6
        assert len(own.notices) == 1
    assert read_log(log).problems == ()


def test_tails_torn_one_after_another_are_all_kept(log: Path, folder: Path) -> None:
    for number, tail in enumerate([b'{"v":1', b'{"v":1,"s', b'{"v":1'], start=1):
        with log.open("ab") as stream:
            stream.write(tail)
        with pytest.warns(TornTailWarning):
            append(folder, "anna", "laptop", "test.step", {"n": number})
    kept = {path.name: path.read_bytes() for path in log.parent.glob("*.torn-*")}
    assert kept == {"laptop.jsonl.torn-1": b'{"v":1', "laptop.jsonl.torn-2": b'{"v":1,"s'}
    assert len(read_journal(folder).events) == 8


def test_a_log_that_is_only_a_torn_line_starts_again(folder: Path) -> None:
    path = folder / "anna" / "laptop.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"v":')
    with pytest.warns(TornTailWarning, match="line 1 is torn"):
        assert append(folder, "anna", "laptop", "test.step", {}).seq == 1
    assert require_intact(read_journal(folder)) == ()


def test_a_short_write_is_cut_back_and_told(log: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = log.read_bytes()
    write = os.write
    with OpenLog(folder, "anna", "laptop") as own:
        monkeypatch.setattr("metareview.journal.disk.os.write", lambda fd, data: write(fd, data[: len(data) // 2]))
        with pytest.raises(MetareviewError, match="nothing was recorded"):
            own.append_many([Draft("test.step", {"n": n}) for n in range(4)])
        assert log.read_bytes() == before
        monkeypatch.undo()
        assert [event.seq for event in own.append_many([Draft("test.step", {})] * 2)] == [6, 7]
    assert require_intact(read_log(log)) == ()


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_failed_sync_acknowledges_nothing(
    log: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    before = log.read_bytes()

    def fail(descriptor: int) -> None:
        raise error

    with OpenLog(folder, "anna", "laptop") as own:
        monkeypatch.setattr("metareview.journal.disk._sync", fail)
        with pytest.raises((MetareviewError, KeyboardInterrupt)):
            own.append("test.step", {})
        monkeypatch.undo()
        assert log.read_bytes() == before
        assert own.append("test.step", {}).seq == 6


def test_the_file_and_its_new_folders_are_synced_before_the_append_returns(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)
        real(descriptor)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    monkeypatch.setattr("metareview.journal.disk.os.fsync", note)
    with OpenLog(folder, "anna", "laptop") as own:
        own.append("test.step", {})
        assert {"data", "journal", "anna"} <= set(synced) and synced[-1] == "laptop.jsonl"
        synced.clear()
        own.append_many([Draft("test.step", {})] * 5)
        assert synced == ["laptop.jsonl"], "one sync for a batch"


def test_a_log_replaced_during_a_session_is_read_again(log: Path, folder: Path) -> None:
    with OpenLog(folder, "anna", "laptop") as own:
        own.append("test.step", {})
        older = log.with_suffix(".old")
        older.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:3]))
        older.replace(log)
        assert own.append("test.step", {}).seq == 4
    assert require_intact(read_log(log)) == ()


def test_a_log_replaced_while_waiting_for_the_lock_is_opened_again(
    log: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = disk._lock
    other = log.with_suffix(".new")
    other.write_bytes(log.read_bytes())

    def replace_meanwhile(descriptor: int) -> None:
        lock(descriptor)
        if other.exists():
            other.replace(log)

    monkeypatch.setattr(disk, "_lock", replace_meanwhile)
    append(folder, "anna", "laptop", "test.step", {})
    assert len(read_log(log).events) == 6


def test_an_append_does_not_read_the_journal_again(log: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(folder, "bo", "desk", "test.step", {})
    with OpenLog(folder, "anna", "laptop") as own:
        own.append("test.step", {})
        monkeypatch.setattr("metareview.journal.writing.check_log", pytest.fail)
        monkeypatch.setattr("metareview.journal.writing.last_clock", pytest.fail)
        assert own.append("test.step", {}).seq == 7


def test_an_unwritable_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file in the way")
    with pytest.raises(MetareviewError, match="cannot be written"):
        append(tmp_path / "journal", "anna", "laptop", "test.step", {})


def test_four_processes_on_one_log_lose_nothing(folder: Path) -> None:
    children = [start(folder, 50, how) for how in ("session", "session", "one-off", "one-off")]
    for child in children:
        go(child)
    acknowledged = [line for child in children for line in child.communicate(timeout=60)[0].split()]
    assert [child.returncode for child in children] == [0, 0, 0, 0]
    read = read_journal(folder)
    assert read.problems == ()
    assert [event.seq for event in read.events] == list(range(1, 201))
    assert sorted(acknowledged) == sorted(event.id for event in read.events)


def test_sessions_of_two_people_lose_nothing_and_share_one_order(folder: Path) -> None:
    with OpenLog(folder, "anna", "pc") as anna, OpenLog(folder, "bo", "pc") as bo:
        for _ in range(10):
            anna.append("test.step", {})
            bo.append("test.step", {})
    assert [event.clock for event in read_journal(folder).events] == list(range(1, 21))


def test_whatever_was_acknowledged_survives_kill_9(folder: Path) -> None:
    chance = random.Random(20261101)
    acknowledged: set[str] = set()
    for number in range(25):
        child = start(folder, 100_000, "one-off" if number % 5 == 0 else "session")
        go(child)
        assert child.stdout is not None
        told = "".join(child.stdout.readline() for _ in range(chance.randrange(12)))
        time.sleep(chance.uniform(0, 0.02))
        os.kill(child.pid, signal.SIGKILL)
        told += child.communicate(timeout=60)[0]
        assert child.returncode == -signal.SIGKILL
        acknowledged.update(line for line in told.split("\n")[:-1])
        with OpenLog(folder, "anna", "laptop") as own:
            acknowledged.add(own.append("test.step", {"round": number}).id)
    read = read_journal(folder)
    assert require_intact(read) == ()
    assert acknowledged <= {event.id for event in read.events}
    assert len(acknowledged) > 50, "the children were killed in the midst of their work"
    assert [event.data["round"] for event in read.events if "round" in event.data] == list(range(25))
    last = append_many(folder, "anna", "laptop", [Draft("test.step", {})])
    assert last[0].seq == len(read.events) + 1
