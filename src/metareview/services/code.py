"""code: forms from the codebook, their import cell by cell, and export of what was coded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..coding.events import CODED, ID_COLUMN, RESOLVED, CodedRow, CodingState
from ..coding.forms import FormRow, read_form, write_form
from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..protocol.crosschecks import MEASURE
from ..protocol.models import Level, Protocol
from ..tabular import write_bytes
from .state import ReviewState, load_state


@dataclass(frozen=True)
class CodeImported:
    """The outcome of importing a form: rows read, and of them new, changed and unchanged."""

    level: Level
    rows: int
    new: int
    changed: int
    unchanged: int
    form: str


def form(folder: ReviewFolder, level: Level, path: Path) -> int:
    """Write the form of a level, with what is coded already filled in; studies not yet coded get an empty row.

    Returns:
        The number of rows filled in.
    """
    state = load_state(folder)
    rows = [_cells(row) for row in state.coding.rows[level].values()]
    if level == "study":
        coded = state.coding.rows["study"]
        rows += [{"study_id": study} for study in state.included_studies() if study not in coded]
    write_form(path, folder.protocol, level, rows)
    return len(rows)


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
    fresh = [(row, before) for row in rows if not _same(row, before := _standing(state.coding, row, person))]
    kept_form, made = _keep(folder, path) if fresh else ("", False)
    drafts = [Draft(CODED, _data(row, person, kept_form), [before.event_id] if before else []) for row, before in fresh]
    try:
        folder.append(person, drafts)
    except MetareviewError:
        if made:
            (folder.root / kept_form).unlink()
        raise
    changed = sum(before is not None for _, before in fresh)
    return CodeImported(level, len(rows), len(fresh) - changed, changed, len(rows) - len(fresh), kept_form)


def export(folder: ReviewFolder, level: Level, path: Path) -> int:
    """Write what was coded at a level as a form (CSV or XLSX); importing it again changes nothing."""
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
    rows = load_state(folder).coding.conflicts.get((level, row_id))
    if rows is None:
        raise MetareviewError(f"{level} `{row_id}` is not in conflict", "`metareview code conflicts` lists what is.")
    if taken not in {r.by for r in rows}:
        raise MetareviewError(
            f"{taken} did not code {level} `{row_id}`", f"It was coded by {', '.join(r.by for r in rows)}."
        )
    folder.append(person, [Draft(RESOLVED, {"level": level, "row_id": row_id, "take": taken, "by": person})])


def require_agreed(state: ReviewState) -> None:
    """Raise MetareviewError (the review says no) when coders contradict each other."""
    if state.coding.conflicts:
        named = ", ".join(f"{level} {row}" for level, row in list(state.coding.conflicts)[:8])
        raise MetareviewError(
            f"{len(state.coding.conflicts)} coded rows contradict each other: {named}",
            "See `metareview code conflicts`, settle with `metareview code resolve`.",
            exit_code=1,
        )


def _require_computable(path: Path, rows: Sequence[FormRow], protocol: Protocol) -> None:
    """Refuse a form with an effect that its values cannot give, naming effect and variable, before anything is kept."""
    from . import effects

    by_measure: dict[str, list[FormRow]] = {}
    for row in rows:
        by_measure.setdefault(str(row.values.get(MEASURE, "")), []).append(row)
    problems = []
    for group in by_measure.values():
        try:
            effects.compute(group, protocol)
        except MetareviewError as error:
            problems.append(error.message)
    if problems:
        raise MetareviewError(f"{path}: " + "\n".join(problems), "Nothing was imported; mend the cells named.")


def _standing(coding: CodingState, row: FormRow, person: str) -> CodedRow | None:
    return coding.standing.get((row.level, row.row_id), {}).get(person)


def _same(row: FormRow, before: CodedRow | None) -> bool:
    def content(study: str, values: Any) -> str:
        return json.dumps([study, dict(values)], sort_keys=True)

    return before is not None and content(row.study_id, row.values) == content(before.study_id, before.values)


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
