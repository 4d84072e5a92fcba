"""Read and verify logs: what stands, in one total order, and every place where a log was torn or changed.

A hash chain shows edits, removals and moves inside a log. It cannot show that the *last* lines of a log
were cut off whole, nor that the last line was rewritten with a new hash: pin `LogRead.head` elsewhere to see
that too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from metareview.errors import STALE, MetareviewError
from metareview.journal.events import NO_PREVIOUS, Event, LineError, encode, in_order, parse, sha256

WARNINGS = frozenset({"torn", "missing"})

_RESTORE = "Nothing was changed. Restore the file from git or a back-up, then try again."
_EDITED = "was edited after it was written: its hash does not fit"
_CONVERTED = "was changed after it was written: it now ends in CR LF (give data/journal -text in .gitattributes)"
_HINTS = {
    "version": "Nothing was changed. Install the metareview that wrote this log, or a newer one.",
    "misplaced": "Nothing was changed. Put the log back at PERSON/COMPUTER.jsonl as its events say; "
    "a copy made by a sync service can be removed once its events are in the original.",
}


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong in a log.

    Attributes:
        file: the log, as its path was given.
        line: line number from 1.
        what: `torn`, `edited`, `broken chain`, `gap`, `clock`, `repeated`, `duplicate`, `misplaced`,
            `version`, `unreadable`, `not an object`, `envelope`, or `missing` (an event replaces one that is
            not here).
        text: the rest of the sentence that starts with file and line.
    """

    file: str
    line: int
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.file} line {self.line} {self.text}"


@dataclass(frozen=True)
class LogRead:
    """One log as read.

    Attributes:
        path: the file.
        events: what stands, in file order: lines with a right hash, each id once. Judge them with
            `require_intact`.
        lines: the line number of each event, same length.
        problems: in file order.
        head: SHA-256 of the last whole line, 64 zeros for an empty log; with len(events), what a lock pins.
        whole: number of bytes before a torn tail (all bytes when there is none).
    """

    path: Path
    events: tuple[Event, ...]
    lines: tuple[int, ...]
    problems: tuple[Problem, ...]
    head: str
    whole: int


@dataclass(frozen=True)
class JournalRead:
    """All logs as read: events in the one total order, problems by file and line, and the logs by path."""

    events: tuple[Event, ...]
    problems: tuple[Problem, ...]
    logs: tuple[LogRead, ...]


@dataclass
class _Chain:
    """Where the check of a log stands; `sure` is False after a line that was no event or was edited."""

    seq: int = 0
    clock: int = 0
    prev: str = NO_PREVIOUS
    sure: bool = True
    seen: dict[int, str] = field(default_factory=dict)


def log_paths(folder: Path) -> list[Path]:
    """Every log under the journal folder, sorted; hidden files and quarantined tails are none."""
    paths = folder.rglob("*.jsonl")
    return sorted(p for p in paths if not any(part.startswith(".") for part in p.relative_to(folder).parts))


def read_journal(folder: Path) -> JournalRead:
    """Read and verify every log of a journal folder; a folder that does not exist yet has no events."""
    if not folder.is_dir():
        return JournalRead((), (), ())
    return merge_logs(read_log(path) for path in log_paths(folder))


def read_log(path: Path) -> LogRead:
    """Read and verify one log at `.../PERSON/COMPUTER.jsonl`.

    Raises:
        MetareviewError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MetareviewError(
            f"the log {path} cannot be read: {error.strerror}", "Check that the file is there and readable."
        ) from error
    return check_log(path, content)


def check_log(path: Path, content: bytes) -> LogRead:
    """Verify the bytes of the log at `path`."""
    lines, torn = _split(content)
    chain = _Chain()
    events: list[Event] = []
    numbers: list[int] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        event, found = _check_line(path, chain, line)
        problems += [Problem(path.as_posix(), number, what, text) for what, text in found]
        if event is not None:
            events.append(event)
            numbers.append(number)
    if torn:
        text = f"is torn: a write that never finished left {len(torn)} bytes, which hold no decision"
        problems.append(Problem(path.as_posix(), len(lines) + 1, "torn", text))
    whole = len(content) - len(torn)
    return LogRead(path, tuple(events), tuple(numbers), tuple(problems), chain.prev, whole)


def merge_logs(logs: Iterable[LogRead]) -> JournalRead:
    """One journal from its logs; the same whatever order the logs come in.

    An id that stands in two files with the same content is one event. With other content it is a `duplicate`,
    and the event in the log it names (else the one with the lower hash) stands.
    """
    ranked = sorted(logs, key=lambda log: log.path.as_posix())
    problems = [problem for log in ranked for problem in log.problems]
    placed = [(event, line, log) for log in ranked for event, line in zip(log.events, log.lines, strict=True)]
    placed.sort(key=lambda item: item[0].order)
    kept: dict[str, tuple[Event, int, LogRead]] = {}
    for item in placed:
        other = kept.setdefault(item[0].id, item)
        if other[0] != item[0]:
            first, second = sorted((other, item), key=_preference)
            kept[item[0].id] = first
            text = f"has another event {item[0].id} than {first[2].path.as_posix()} line {first[1]}"
            problems.append(Problem(second[2].path.as_posix(), second[1], "duplicate", text))
    for event, line, log in kept.values():
        problems += [
            Problem(log.path.as_posix(), line, "missing", f"replaces {name}, which is not in this copy")
            for name in event.replaces
            if name not in kept
        ]
    events = in_order(item[0] for item in kept.values())
    return JournalRead(tuple(events), tuple(sorted(problems)), tuple(ranked))


def require_intact(read: LogRead | JournalRead) -> tuple[Problem, ...]:
    """Refuse a log or journal that was tampered with, and return what deserves only a warning.

    Warnings are torn tails (a write that never finished) and replaced events that are not here (another log
    that has not arrived yet, or a log whose last lines were cut off).

    Raises:
        MetareviewError: with exit code STALE, naming the first problem and how many more there are.
    """
    broken = [problem for problem in read.problems if problem.what not in WARNINGS]
    if not broken:
        return tuple(read.problems)
    more = f" ({len(broken) - 1} more such lines)" if len(broken) > 1 else ""
    raise MetareviewError(f"{broken[0]}{more}", _HINTS.get(broken[0].what, _RESTORE), STALE)


def last_clock(path: Path, block: int = 16384) -> int:
    """The clock of the last line with a right hash, read from the end of the file; 0 when there is none."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            while True:
                start = max(0, size - block)
                stream.seek(start)
                lines = stream.read(size - start).split(b"\n")[:-1]
                clock = next(filter(None, map(_clock, reversed(lines if start == 0 else lines[1:]))), 0)
                if clock or start == 0:
                    return clock
                block *= 4
    except FileNotFoundError:
        return 0


def _preference(item: tuple[Event, int, LogRead]) -> tuple[bool, str]:
    event, _, log = item
    return (event.person, event.computer) != (log.path.parent.name, log.path.stem), event.hash


def _clock(line: bytes) -> int:
    try:
        event = parse(line)
    except LineError:
        return 0
    return event.clock if _is_canonical(event, line) else 0


def _split(content: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines, and the torn tail: what has no newline, else a last line that is no JSON."""
    *lines, torn = content.split(b"\n")
    if lines and not torn:
        try:
            parse(lines[-1])
        except LineError as error:
            if error.what == "unreadable":
                torn = lines.pop() + b"\n"
    return lines, torn


def _check_line(path: Path, chain: _Chain, line: bytes) -> tuple[Event | None, list[tuple[str, str]]]:
    """The event of a line if it stands, and what is wrong with the line; moves the chain on."""
    digest = sha256(line)
    try:
        event = parse(line)
        if not _is_canonical(event, line):
            raise LineError("edited", _CONVERTED if line.endswith(b"\r") else _EDITED)
    except LineError as error:
        chain.prev, chain.sure, chain.seq = digest, False, chain.seq + 1
        return None, [(error.what, str(error))]
    problems: list[tuple[str, str]] = []
    if (event.person, event.computer) != (path.parent.name, path.stem):
        problems.append(("misplaced", f"belongs in {event.person}/{event.computer}.jsonl"))
    order = _order_problem(chain, event, digest)
    chain.prev = digest
    if order and order[0] in ("repeated", "duplicate"):
        chain.sure = False
        return None, [*problems, order]
    chain.seen[event.seq] = digest
    chain.seq, chain.clock, chain.sure = event.seq, max(chain.clock, event.clock), True
    return event, problems + ([order] if order else [])


def _order_problem(chain: _Chain, event: Event, digest: str) -> tuple[str, str] | None:
    """What is wrong with the place of an intact line after the lines before it, if anything."""
    earlier = chain.seen.get(event.seq)
    if earlier == digest:
        return "repeated", f"repeats event {event.seq}"
    if earlier is not None:
        return (
            "duplicate",
            f"is another event {event.seq} than an earlier line: two copies of the log were merged",
        )
    if not chain.sure:
        return None
    if event.seq != chain.seq + 1:
        text = f"holds event {event.seq} where event {chain.seq + 1} is due: lines were removed or moved"
        return "gap", text
    if event.prev != chain.prev:
        return (
            "broken chain",
            "does not follow the line before it: one of the two was exchanged after it was written",
        )
    if event.clock <= chain.clock:
        return "clock", f"has clock {event.clock}, not later than {chain.clock} before it"
    return None


def _is_canonical(event: Event, line: bytes) -> bool:
    try:
        return encode(event) == line
    except ValueError:
        return False
