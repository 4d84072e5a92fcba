"""code: forms from the codebook, their import cell by cell, and export of what was coded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..coding.events import CODED, ID_COLUMN, RESOLVED, WITHDRAWN, CodedRow, CodingState
from ..coding.forms import FormRow, read_form, write_form
from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..protocol.models import Level, Protocol
from ..tabular import write_bytes
from .state import load_state


@dataclass(frozen=True)
class CodeImported:
    """The outcome of importing a form: rows read, and of them new, changed and unchanged."""

    level: Level
    rows: int
    new: int
    changed: int
    unchanged: int
    form: str


def form(folder: ReviewFolder, level: Level, path: Path, by: str | None = None, overwrite: bool = False) -> int:
    """Write the form of a level, with what this person coded filled in; included studies not coded get an empty row.

    What others coded is not shown, so that a second coder codes independently (`export` shows what stands); where
    nobody is named, the form is blank.

    Returns:
        The number of rows.

    Raises:
        MetareviewError: the codebook has nothing at this level, or the file exists and was not kept by an import.
    """
    person = folder.person_or_nobody(by)
    if not folder.protocol.codebook.variables(level):
        raise MetareviewError(f"the codebook has no variables at the {level} level", "Add them to the protocol.")
    _require_spare(folder, path, overwrite)
    state = load_state(folder)
    own = [r for (at, _), rows in state.coding.standing.items() if at == level for r in rows if r.by == person]
    found = [_cells(row) for row in own]
    if level == "study":
        done = {row.row_id for row in own}
        found += [{"study_id": study} for study in state.included_studies() if study not in done]
    write_form(path, folder.protocol, level, found)
    return len(found)


def import_form(folder: ReviewFolder, path: Path, by: str | None = None) -> CodeImported:
    """Check every cell of a filled form, keep a copy of it, and append its rows to the journal; all or nothing.

    Raises:
        MetareviewError: naming every wrong cell by its address; nothing was written then.
    """
    person = folder.person(by)
    state = load_state(folder)
    rows = read_form(path, folder.protocol, set(state.included_studies()))
    if not rows:
        raise MetareviewError(f"{path} has no filled row", "Fill the form in first.")
    level = rows[0].level
    if level == "effect":
        _require_computable(path, rows, folder.protocol)
    own = [(row, _standing(state.coding, level, row.row_id, person)) for row in rows]
    fresh = [(row, before) for row, before in own if not _same(row, before)]
    kept_form, made = _keep(folder, path) if fresh else ("", False)
    drafts = [Draft(CODED, _data(row, person, kept_form), [b.event_id for b in before]) for row, before in fresh]
    try:
        folder.append(person, drafts)
    except MetareviewError:
        if made:
            (folder.root / kept_form).unlink()
        raise
    changed = sum(bool(before) for _, before in fresh)
    return CodeImported(level, len(rows), len(fresh) - changed, changed, len(rows) - len(fresh), kept_form)


def export(folder: ReviewFolder, level: Level, path: Path, overwrite: bool = False) -> int:
    """Write what was coded at a level as a form (CSV or XLSX); importing it again changes nothing."""
    _require_spare(folder, path, overwrite)
    rows = list(load_state(folder).coding.rows[level].values())
    write_form(path, folder.protocol, level, [_cells(row) for row in rows])
    return len(rows)


def conflicts(folder: ReviewFolder) -> list[tuple[str, str, tuple[CodedRow, ...]]]:
    """Return (level, row id, rows) wherever two coders contradict each other."""
    return [(level, row_id, rows) for (level, row_id), rows in load_state(folder).coding.conflicts.items()]


def resolve(folder: ReviewFolder, level: Level, row_id: str, take: str, by: str | None = None) -> None:
    """Settle a contradiction between coders: the row of `take` stands; the others are kept.

    Raises:
        MetareviewError: there is no such contradiction, or `take` did not code the row.
    """
    person = folder.person(by)
    taken = folder.person(take)
    coding = load_state(folder).coding
    earlier = coding.resolutions.get((level, row_id), ())
    rows = coding.standing.get((level, row_id), ())
    if not earlier and (level, row_id) not in coding.conflicts:
        raise MetareviewError(f"{level} `{row_id}` is not in conflict", "`metareview code conflicts` lists what is.")
    if taken not in {r.by for r in rows}:
        raise MetareviewError(
            f"{taken} did not code {level} `{row_id}`", f"It was coded by {', '.join(r.by for r in rows)}."
        )
    data = {"level": level, "row_id": row_id, "take": taken, "by": person}
    folder.append(person, [Draft(RESOLVED, data, [r.event_id for r in earlier])])


def withdraw(folder: ReviewFolder, level: Level, row_id: str, reason: str, by: str | None = None) -> int:
    """Take back what this person coded under an id; the journal keeps it, with the reason.

    Returns:
        The number of rows taken back.

    Raises:
        MetareviewError: this person has no standing row with that id, or no reason is given.
    """
    person = folder.person(by)
    own = _standing(load_state(folder).coding, level, row_id, person)
    if not own:
        raise MetareviewError(
            f"{person} has no {level} `{row_id}`", "`metareview code list LEVEL` lists who coded what."
        )
    if not reason.strip():
        raise MetareviewError(f"why is {level} `{row_id}` taken back?", "Say `--reason`.")
    data = {"level": level, "row_id": row_id, "reason": reason, "by": person}
    folder.append(person, [Draft(WITHDRAWN, data, [r.event_id for r in own])])
    return len(own)


def _require_spare(folder: ReviewFolder, path: Path, overwrite: bool) -> None:
    """Refuse to write over a file, which may be a form somebody is filling in, unless its bytes were kept by an import."""
    if not path.parent.is_dir():
        raise MetareviewError(f"there is no folder {path.parent}", "Make it first, or name another.")
    if overwrite or not path.exists():
        return
    kept = list(folder.coding.glob(f"*{path.suffix.lower()}"))
    if not any(p.read_bytes() == path.read_bytes() for p in kept):
        raise MetareviewError(
            f"{path} exists, and may hold work that was not imported",
            "Import it first, name another file, or say `--overwrite`.",
        )


def _require_computable(path: Path, rows: Sequence[FormRow], protocol: Protocol) -> None:
    """Refuse a form with an effect that its values cannot give, naming effect and variable, before anything is kept."""
    from .effects import compute

    try:
        compute(rows, protocol)
    except MetareviewError as error:
        raise MetareviewError(f"{path}: {error.message}", "Nothing was imported; mend the cells named.") from None


def _standing(coding: CodingState, level: str, row_id: str, person: str) -> list[CodedRow]:
    return [row for row in coding.standing.get((level, row_id), ()) if row.by == person]


def _same(row: FormRow, before: list[CodedRow]) -> bool:
    def content(study: str, values: Any) -> str:
        return json.dumps([study, dict(values)], sort_keys=True)

    return len(before) == 1 and content(row.study_id, row.values) == content(before[0].study_id, before[0].values)


def _keep(folder: ReviewFolder, path: Path) -> tuple[str, bool]:
    """Return where the bytes of a form are kept within the review, and whether they were put there now."""
    data = path.read_bytes()
    for ending in ("", *(f"-{n}" for n in range(2, 10000))):
        target = folder.coding / f"{path.stem}{ending}{path.suffix.lower()}"
        if made := not target.exists():
            write_bytes(target, data)
        if target.read_bytes() == data:
            return target.relative_to(folder.root).as_posix(), made
    raise MetareviewError(f"{folder.coding} holds ten thousand forms named {path.stem}", "Name the form otherwise.")


def _data(row: FormRow, person: str, form: str) -> dict[str, Any]:
    return {
        "level": row.level,
        "row_id": row.row_id,
        "study_id": row.study_id,
        "values": dict(row.values),
        "by": person,
        "form": form,
        "cell_row": row.cell_row,
    }


def _cells(row: CodedRow) -> dict[str, Any]:
    return {ID_COLUMN[row.level]: row.row_id, "study_id": row.study_id, **row.values}
