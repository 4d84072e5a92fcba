"""A review folder on disk: where its files are, its protocol, and its journal."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import MetareviewError, MetareviewWarning

if TYPE_CHECKING:
    from .journal.drafts import Draft
    from .journal.events import Event
    from .journal.writing import OpenLog
    from .protocol.models import Protocol

PROTOCOL = "protocols/protocol.yaml"
PERSON_VARIABLE = "METAREVIEW_AS"


@dataclass(frozen=True)
class ReviewFolder:
    """A folder that holds `protocols/`; everything a service reads or writes hangs off its root."""

    root: Path

    @property
    def protocol_path(self) -> Path:
        """The protocol file."""
        return self.root / PROTOCOL

    @property
    def searches(self) -> Path:
        """The raw exports, byte for byte, and their log `searches.csv`."""
        return self.root / "data" / "searches"

    @property
    def journal(self) -> Path:
        """The append-only logs, one a person and computer."""
        return self.root / "data" / "journal"

    @property
    def coding(self) -> Path:
        """The coding forms as they were filled in and imported."""
        return self.root / "data" / "coding"

    @property
    def outputs(self) -> Path:
        """Generated tables, figures and documents."""
        return self.root / "outputs"

    @property
    def lock(self) -> Path:
        """The lockfile: what was pinned and the results it gave."""
        return self.root / "metareview.lock"

    @property
    def index(self) -> Path:
        """The derived SQLite index; safe to delete."""
        return self.root / ".metareview" / "index.db"

    @property
    def protocol(self) -> Protocol:
        """The checked protocol as it is on disk; loading it raises MetareviewError with every mistake."""
        path = self.protocol_path
        try:
            found = path.stat()
        except FileNotFoundError:
            return _protocol(path, 0, 0)
        return _protocol(path, found.st_mtime_ns, found.st_size)

    @property
    def protocol_text(self) -> str:
        """The protocol file as text."""
        from .protocol.loading import read_text

        return read_text(self.protocol_path)

    def events(self) -> list[Event]:
        """Return every event of the journal in its one total order, after checking that no log was edited.

        What does not count against a log (a torn last line, a replaced event that is not here) is warned of.

        Raises:
            MetareviewError: a log was edited or its chain is broken (exit code 3).
        """
        from .journal.reading import read_journal, require_intact

        read = read_journal(self.journal)
        for problem in require_intact(read):
            warnings.warn(str(problem), MetareviewWarning, stacklevel=2)
        return list(read.events)

    def person(self, name: str | None) -> str:
        """Return the reviewer who decides: `name`, else $METAREVIEW_AS, else the only reviewer of the protocol.

        Raises:
            MetareviewError: the name is not a reviewer of the protocol, or nobody is named.
        """
        known = [r.name for r in self.protocol.reviewers]
        name = name or os.environ.get(PERSON_VARIABLE) or (known[0] if len(known) == 1 else None)
        listed = "the protocol names: " + ", ".join(known)
        if name is None:
            raise MetareviewError("who decides? Several reviewers are named.", f"Say `--as NAME`; {listed}.")
        from .journal.names import slug

        match = next((k for k in known if name == k or slug(name) == slug(k)), None)
        if match is None:
            raise MetareviewError(
                f"`{name}` is not a reviewer of this review; {listed}",
                f"Use one of these names, or add the reviewer to {PROTOCOL}.",
            )
        return match

    def person_or_nobody(self, name: str | None) -> str:
        """Return the reviewer as `person` does, or an empty name where nobody is named and several could be."""
        several = len(self.protocol.reviewers) > 1
        return "" if not (name or os.environ.get(PERSON_VARIABLE)) and several else self.person(name)

    def open_log(self, person: str) -> OpenLog:
        """Return the log of `person` on this computer, for a session of many appends; torn tails are warned of."""
        from .journal.names import this_computer
        from .journal.writing import OpenLog, warn_of_torn_tail

        return OpenLog(self.journal, person, this_computer(), warn_of_torn_tail)

    def append(self, person: str, drafts: Sequence[Draft]) -> list[Event]:
        """Append events to the log of `person` on this computer; on disk when this returns."""
        return self.open_log(person).append_many(drafts)


@lru_cache(maxsize=16)
def _protocol(path: Path, modified: int, size: int) -> Protocol:
    """Load a protocol once for each state of its file."""
    from .protocol.loading import load_protocol

    return load_protocol(path)


def find_review(start: Path | str | None = None) -> ReviewFolder:
    """Return the review folder at `start` or above it.

    Raises:
        MetareviewError: no folder at or above holds `protocols/`.
    """
    here = Path(start or Path.cwd()).resolve()
    if start is not None and not here.is_dir():
        raise MetareviewError(f"there is no folder {start}", "Give the folder that holds `protocols/`.")
    for folder in (here, *here.parents):
        if (folder / "protocols").is_dir():
            return ReviewFolder(folder)
    raise MetareviewError(
        f"no review found at {here} or above it (a review is a folder that holds `protocols/`)",
        "Run `metareview init DIR` to start one, or point at one with `--review DIR`.",
    )
