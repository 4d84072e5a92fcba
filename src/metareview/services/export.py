"""export: give the records back as a file for another program, nothing lost."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..literature.formats.registry import formats
from ..literature.reading import write_records
from ..literature.records import Record
from .state import ReviewState, load_state

Which = Literal["all", "kept", "screened-in", "included"]


def run(folder: ReviewFolder, out: Path, format: str | None = None, which: Which = "all", of: str = "") -> list[Record]:
    """Write records of the review to a file, and return them.

    Records read from the format that is written keep every field as printed; others are written from their
    normalised fields.

    Arguments:
        format: a format that can be written, such as "ris"; None takes the one whose files usually end as `out` does,
            else RIS.
        which: "all" that were imported, those "kept" after deduplication, those "screened-in" on title and abstract,
            or those "included" on full text.
        of: only the records of one import, by its prefix.

    Raises:
        MetareviewError: there is no such format, choice or import, or the file cannot be written.
    """
    state = load_state(folder)
    if which not in get_args(Which):
        raise MetareviewError(f"`{which}` records cannot be exported", f"Choose one of {', '.join(get_args(Which))}.")
    prefixes = [i.prefix for i in state.literature.imports]
    if of and of not in prefixes:
        raise MetareviewError(
            f"there is no import `{of}`; there are: {', '.join(prefixes) or 'none'}", "Name one of them."
        )
    records = [state.records[r] for r in _ids(state, which) if not of or state.origin[r].prefix == of]
    write_records(records, out, format or _by_ending(out))
    return records


def _by_ending(out: Path) -> str:
    ending = out.suffix.lower().removeprefix(".")
    return next((f.name for f in formats().values() if f.write and f.extensions[:1] == (ending,)), "ris")


def _ids(state: ReviewState, which: Which) -> list[str]:
    if which == "kept":
        return [r for r in state.records if state.literature.stands_for(r) == r]
    if which == "screened-in":
        return state.sought()
    return state.included_reports() if which == "included" else list(state.records)
