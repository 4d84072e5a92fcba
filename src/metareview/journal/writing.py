"""Append events to one's own log: an append that returned is on the disk, any other left nothing that counts.

Each append locks the log, verifies it (or sees that it is as this process left it), moves a torn tail aside,
writes all its lines in one call, syncs, and only then returns. A log that was tampered with is refused, never
mended.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from metareview.errors import MetareviewError, MetareviewWarning
from metareview.journal.disk import (
    Signature,
    exclusive,
    read_end,
    set_aside,
    signature,
    sync_folder,
    write_whole,
)
from metareview.journal.drafts import Draft, check_draft, place_draft
from metareview.journal.events import Event, encode, sha256
from metareview.journal.names import slug
from metareview.journal.reading import Problem, check_log, last_clock, log_paths, require_intact


class TornTailWarning(MetareviewWarning):
    """A torn tail was moved aside by a one-off append; the message says where to."""


@dataclass(frozen=True)
class _Known:
    """The log as it was last verified: file identity, size and time, and the last line."""

    signature: Signature
    last: bytes
    seq: int
    clock: int
    head: str


def append(
    folder: Path,
    person: str,
    computer: str,
    kind: str,
    data: Mapping[str, Any],
    replaces: Sequence[str] = (),
    time: datetime | str | None = None,
) -> Event:
    """Append one event to a log, verifying the whole log first; see `OpenLog.append_many`.

    Arguments:
        folder: the journal folder (`data/journal`); folders and log are made when absent.
        person, computer: names; their slugs name the log.
    """
    return append_many(folder, person, computer, [Draft(kind, data, replaces, time)])[0]


def append_many(folder: Path, person: str, computer: str, drafts: Sequence[Draft]) -> list[Event]:
    """Append a batch in one write; see `OpenLog.append_many`. A torn tail is told as a TornTailWarning."""
    return OpenLog(folder, person, computer, warn_of_torn_tail).append_many(drafts)


class OpenLog:
    """One's own log during a session: verified when entered, and again only when something else changed it.

    No lock is held between appends, so other processes may append to the same log meanwhile.

    Arguments:
        folder: the journal folder.
        person, computer: names; their slugs name the log.
        on_notice: called with each torn tail moved aside; without it they gather in `notices`.
    """

    def __init__(
        self, folder: Path, person: str, computer: str, on_notice: Callable[[Problem], object] | None = None
    ) -> None:
        self.folder = folder
        self.person = slug(person)
        self.computer = slug(computer)
        self.path = folder / self.person / f"{self.computer}.jsonl"
        self.notices: list[Problem] = []
        self._on_notice = on_notice or self.notices.append
        self._known: _Known | None = None
        self._others: dict[Path, tuple[Signature, int]] = {}

    def __enter__(self) -> OpenLog:
        """Verify the log, if there is one, and move a torn tail aside.

        Raises:
            MetareviewError: the log was tampered with (STALE), or cannot be read or written.
        """
        if self.path.exists():
            with _own_words(self.path), exclusive(self.path) as descriptor:
                self._verify(descriptor)
        return self

    def __exit__(self, *_: object) -> None:
        self._known = None

    def append(
        self,
        kind: str,
        data: Mapping[str, Any],
        replaces: Sequence[str] = (),
        time: datetime | str | None = None,
    ) -> Event:
        """Append one event; see `append_many`."""
        return self.append_many([Draft(kind, data, replaces, time)])[0]

    def append_many(self, drafts: Sequence[Draft]) -> list[Event]:
        """Append a batch with one write and one sync, and return its events once they are on the disk.

        A failed write is cut back, so a batch is in the log whole or not at all; only a power cut during the
        write can leave its first lines without the others, and then this function has not returned.

        Raises:
            MetareviewError: a draft is no event (USAGE); the log was tampered with (STALE); the disk refuses.
        """
        for draft in drafts:
            check_draft(draft)
        if not drafts:
            return []
        with _own_words(self.path), exclusive(self.path) as descriptor:
            known = self._verify(descriptor)
            events, lines = self._chain(drafts, known, max(known.clock, self._clock_of_others()))
            write_whole(descriptor, b"".join(line + b"\n" for line in lines))
            now = signature(os.fstat(descriptor))
            self._known = _Known(now, lines[-1], events[-1].seq, events[-1].clock, sha256(lines[-1]))
        return events

    def _chain(self, drafts: Sequence[Draft], known: _Known, clock: int) -> tuple[list[Event], list[bytes]]:
        """The drafts as events that follow what is known of the log, and their lines."""
        events: list[Event] = []
        lines: list[bytes] = []
        head = known.head
        for place, draft in enumerate(drafts, start=1):
            event = place_draft(draft, known.seq + place, clock + place, self.person, self.computer, head)
            events.append(event)
            lines.append(encode(event))
            head = sha256(lines[-1])
        return events, lines

    def _verify(self, descriptor: int) -> _Known:
        """What is known of the log, read again only if it is not as this process left it."""
        known = self._known
        if known is not None and known.signature == signature(os.fstat(descriptor)):
            expected = known.last + b"\n" if known.seq else b""
            if read_end(descriptor, len(expected)) == expected:
                return known
        self._known = None
        self._known = self._read(descriptor)
        return self._known

    def _read(self, descriptor: int) -> _Known:
        """Read and verify the whole log, move a torn tail aside, and make its name in the folders last."""
        content = read_end(descriptor)
        read = check_log(self.path, content)
        for problem in require_intact(read):
            tail = content[read.whole :]
            target = set_aside(descriptor, self.path, tail)
            text = f"{problem.text}; moved to {target.name}"
            self._on_notice(Problem(problem.file, problem.line, problem.what, text))
        for folder in (self.path.parent, self.folder):
            sync_folder(folder)
        last = content[: read.whole].rstrip(b"\n").rpartition(b"\n")[2]
        seq, clock = (read.events[-1].seq, read.events[-1].clock) if read.events else (0, 0)
        return _Known(signature(os.fstat(descriptor)), last, seq, clock, read.head)

    def _clock_of_others(self) -> int:
        """The largest clock in the other logs; only logs that changed are read, and only their end."""
        for path in log_paths(self.folder):
            if path == self.path:
                continue
            with suppress(FileNotFoundError):  # a sync service may take a log away between two looks
                now = signature(path.stat())
                if self._others.get(path, (None, 0))[0] != now:
                    self._others[path] = (now, last_clock(path))
        return max((clock for _, clock in self._others.values()), default=0)


def warn_of_torn_tail(problem: Problem) -> None:
    """Tell of a torn tail that was moved aside."""
    warnings.warn(str(problem), TornTailWarning, stacklevel=2)


@contextmanager
def _own_words(path: Path) -> Iterator[None]:
    """Tell a refusal of the disk as the user's message."""
    try:
        yield
    except OSError as error:
        raise MetareviewError(
            f"the log {path} cannot be written: {error.strerror or error}; nothing was recorded",
            "Check that the disk has room and that you may write there, then decide again.",
        ) from error
