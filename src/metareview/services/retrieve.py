"""retrieve: the reports sought and what became of them; study link: which study a report tells of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..literature.records import Record
from ..screening.events import LINKED, RETRIEVED
from ..tabular import read_table
from .state import ReviewState, load_state

OUTCOMES = ("retrieved", "not-retrieved")
NOTHING = "Nothing was written; mend the rows named."
STUDY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Report:
    """A report that was sought: its record, whether its text was obtained, and the study it tells of.

    `contradiction` says what two people decided otherwise of it; such a report waits.
    """

    record: Record
    retrieved: bool | None
    reason: str
    study: str | None
    contradiction: str = ""


def reports(folder: ReviewFolder, only: str = "") -> list[Report]:
    """Return the reports sought.

    Arguments:
        only: "waiting", "retrieved" or "not-retrieved" to list only those.
    """
    state = load_state(folder)
    found = [report_of(state, r) for r in state.sought()]
    wanted = {"waiting": None, "retrieved": True, "not-retrieved": False}
    return [r for r in found if not only or r.retrieved is wanted[only]]


def report_of(state: ReviewState, report: str) -> Report:
    """Return where one report stands."""
    outcomes = state.screening.retrievals.get(report, ())
    reason = outcomes[-1].reason if outcomes else ""
    links = state.screening.links.get(report, ())
    said = [f"{o.by}: {'retrieved' if o.retrieved else 'not retrieved'}" for o in outcomes]
    linked = [f"{x.by}: {x.study}" for x in links]
    contrary = [said] * (len({o.retrieved for o in outcomes}) > 1) + [linked] * (len({x.study for x in links}) > 1)
    told = "; ".join(", ".join(words) for words in contrary)
    return Report(state.records[report], state.retrieved(report), reason, state.study_of(report), told)


def close(folder: ReviewFolder, outcomes: Sequence[tuple[str, bool, str]], by: str | None = None) -> int:
    """Record (report, retrieved, reason) outcomes, all or none; a later outcome replaces the earlier.

    Raises:
        MetareviewError: a report is not sought, or a report that was not retrieved has no reason.
    """
    person = folder.person(by)
    state = load_state(folder)
    sought = set(state.sought())
    drafts = []
    for report, retrieved, reason in outcomes:
        kept = _sought(state, sought, report)
        if not retrieved and not reason:
            raise MetareviewError(
                f"`{report}` was not retrieved: why?", "Say `--reason`, such as 'no copy in any library'."
            )
        if not retrieved and state.screening.votes.get(("fulltext", kept)):
            raise MetareviewError(
                f"`{report}` has votes on its full text, so it was retrieved",
                "Take the votes back first: `screen undo`.",
            )
        standing = state.screening.retrievals.get(kept, ())
        if [(o.retrieved, o.reason) for o in standing] != [(retrieved, reason)]:
            data = {**_report(state, kept), "retrieved": retrieved, "reason": reason, "by": person}
            drafts.append(Draft(RETRIEVED, data, [o.event_id for o in standing]))
    return len(folder.append(person, drafts))


def link(folder: ReviewFolder, links: Sequence[tuple[str, str]], by: str | None = None) -> int:
    """Link (report, study) pairs, all or none; a later link of a report replaces the earlier.

    Raises:
        MetareviewError: a report is not sought, or a study id is not made of letters, digits, `_`, `.` and `-`.
    """
    person = folder.person(by)
    state = load_state(folder)
    sought = set(state.sought())
    drafts = []
    for report, study in links:
        kept = _sought(state, sought, report)
        if not STUDY_ID.fullmatch(study):
            raise MetareviewError(
                f"`{study}` is not a study id", "Use letters, digits, `_`, `.` and `-`, such as smith2019."
            )
        standing = state.screening.links.get(kept, ())
        if {x.study for x in standing} != {study}:
            data = {**_report(state, kept), "study": study, "by": person}
            drafts.append(Draft(LINKED, data, [x.event_id for x in standing]))
    return len(folder.append(person, drafts))


def close_from(folder: ReviewFolder, path: Path, by: str | None = None) -> int:
    """Record the outcomes of a table with columns report, outcome (retrieved or not-retrieved) and reason."""
    rows = _cells(path, ("report", "outcome"), ("reason",))
    wrong = [f"row {n}: `{r['outcome']}`" for n, r in rows if r["outcome"] not in OUTCOMES]
    if wrong:
        raise MetareviewError(f"{path}: an outcome is retrieved or not-retrieved, not {'; '.join(wrong)}", NOTHING)
    return close(folder, [(r["report"], r["outcome"] == "retrieved", r["reason"]) for _, r in rows], by)


def link_from(folder: ReviewFolder, path: Path, by: str | None = None) -> int:
    """Link the reports of a table with columns report and study."""
    return link(folder, [(r["report"], r["study"]) for _, r in _cells(path, ("report", "study"))], by)


def _cells(path: Path, needed: tuple[str, ...], more: tuple[str, ...] = ()) -> list[tuple[int, dict[str, str]]]:
    table = read_table(path)
    missing = [c for c in needed if c not in table.columns]
    if missing:
        raise MetareviewError(
            f"{path} lacks the column {', '.join(missing)}", f"It needs: {', '.join((*needed, *more))}."
        )
    rows = [(n, {c: str(row.get(c) or "").strip() for c in (*needed, *more)}) for n, row in table.rows]
    first: dict[str, int] = {}
    twice = [f"row {n}: `{r['report']}` stands in row {first[r['report']]} already" for n, r in rows
             if first.setdefault(r["report"], n) != n]  # fmt: skip
    if twice:
        raise MetareviewError(f"{path}: {'; '.join(twice)}", NOTHING)
    return rows


def _report(state: ReviewState, report: str) -> dict[str, Any]:
    return {"report": report, **state.literature.also(report)}


def _sought(state: ReviewState, sought: set[str], report: str) -> str:
    if report not in state.records:
        raise MetareviewError(f"there is no record `{report}`", "`metareview records` lists them.")
    kept = state.literature.stands_for(report)
    if kept not in sought:
        raise MetareviewError(
            f"`{report}` is not sought: it was not included on title and abstract",
            "`metareview retrieve` lists the reports sought.",
        )
    return kept
