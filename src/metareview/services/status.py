"""status: where the review stands, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..folder import ReviewFolder
from ..protocol.loading import protocol_hash
from ..report.numbers import plural
from ..screening.decisions import DECIDED
from .dedupe import waiting_pairs
from .provenance import inputs_changed
from .screen import STAGES, progress
from .search_log import searches
from .state import ReviewState, load_state
from .versions import warn_of_older_searches


@dataclass(frozen=True)
class Step:
    """One step of the review: what is done, what is left, and the command that takes it further (empty when done)."""

    name: str
    done: str
    left: str
    command: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"step": self.name, "done": self.done, "left": self.left, "next": self.command}


def run(folder: ReviewFolder) -> list[Step]:
    """Return every step in the order of a review."""
    state = load_state(folder)
    warn_of_older_searches(state)
    return [
        _protocol(folder, state),
        _literature(folder, state),
        *_update(state),
        _duplicates(state),
        *(_screening(state, stage) for stage in STAGES[:1]),
        _retrieval(state),
        *(_screening(state, stage) for stage in STAGES[1:]),
        _studies(state),
        _coding(state),
        _outputs(folder),
    ]


def _protocol(folder: ReviewFolder, state: ReviewState) -> Step:
    known = state.registrations
    if not known:
        return Step("protocol", "passes its check", "not registered", "metareview protocol register")
    if known[-1].sha256 != protocol_hash(folder.protocol_text):
        done = f"registered {known[-1].date}"
        return Step("protocol", done, "changed since", "metareview protocol amendments")
    return Step("protocol", f"version {known[-1].version} registered {known[-1].date}", "", "")


def _literature(folder: ReviewFolder, state: ReviewState) -> Step:
    imports = state.literature.imports
    if not imports:
        return Step(
            "searches",
            "no export yet",
            "import the exports",
            "metareview import FILE --source NAME --date DATE",
        )
    done = f"{plural(len(state.records), 'record')} in {plural(len(imports), 'export')}"
    odd = sum(s.hits is not None and s.hits != s.records for s in searches(folder, imports))
    told = f"; {plural(odd, 'search', 'searches')} with other hits than records" if odd else ""
    return Step("searches", done + told, "", "")


def _update(state: ReviewState) -> list[Step]:
    """Return what the searches of an update brought, and how much of it waits; nothing for a first version."""
    if not state.updates:
        return []
    begun = state.updates[-1]
    name = f"update to version {begun.version}"
    found = [r for r in state.records if state.version_of(r) == begun.version]
    if not found:
        left = f"import the searches from {begun.date}"
        return [Step(name, "begun", left, "metareview import FILE --source NAME --date DATE")]
    done = f"{plural(len(found), 'new record')} since {begun.date}"
    if state.literature.stale:
        return [Step(name, done, "look for duplicates", "metareview dedupe")]
    screened = set(state.screened_records())
    waiting = sum(state.decision("title", r).status != DECIDED for r in found if r in screened)
    left = f"{plural(waiting, 'new record')} to screen" if waiting else ""
    return [Step(name, done, left, "metareview screen --as NAME" if waiting else "")]


def _duplicates(state: ReviewState) -> Step:
    found = state.literature.duplicates
    gone = sum(len(c) - 1 for c in found.clusters)
    if state.literature.stale:
        return Step("duplicates", f"{gone} merged", "out of date", "metareview dedupe")
    unsure = len(waiting_pairs(state))
    left = f"{plural(unsure, 'pair')} to judge" if unsure else ""
    return Step("duplicates", f"{gone} merged", left, "metareview dedupe review" if unsure else "")


def _screening(state: ReviewState, stage: str) -> Step:
    p = progress(state, stage)  # type: ignore[arg-type]
    name = "title and abstract" if stage == "title" else "full text"
    open_ = p.total - p.decided - p.conflicts
    left = ", ".join(
        t for t in (f"{open_} to screen" if open_ else "", plural(p.conflicts, "conflict") if p.conflicts else "") if t
    )
    command = (
        f"metareview screen --stage {stage} --as NAME"
        if open_
        else "metareview screen conflicts"
        if p.conflicts
        else ""
    )
    return Step(name, f"{p.decided} of {p.total} decided", left, command)


def _retrieval(state: ReviewState) -> Step:
    sought = state.sought()
    waiting = sum(state.retrieved(r) is None for r in sought)
    got = sum(bool(state.retrieved(r)) for r in sought)
    contrary = sum(len({o.retrieved for o in state.screening.retrievals.get(r, ())}) > 1 for r in sought)
    said = f" ({contrary} decided both ways)" if contrary else ""
    left = f"{waiting} to retrieve{said}" if waiting else ""
    return Step("retrieval", f"{got} of {len(sought)} retrieved", left, "metareview retrieve" if waiting else "")


def _studies(state: ReviewState) -> Step:
    included = state.included_reports()
    unlinked = sum(state.study_of(r) is None for r in included)
    left = f"{plural(unlinked, 'report')} without a study" if unlinked else ""
    done = f"{plural(len(included), 'report')} of {plural(len(state.included_studies()), 'study', 'studies')}"
    return Step("studies", done, left, "metareview study link REPORT STUDY" if unlinked else "")


def _coding(state: ReviewState) -> Step:
    coded = state.coding.rows
    missing = [s for s in state.included_studies() if s not in coded["study"]]
    conflicts = len(state.coding.conflicts)
    done = f"{len(coded['study'])} studies, {len(coded['effect'])} effects, {len(coded['lesson'])} lessons"
    if conflicts:
        return Step("coding", done, f"{plural(conflicts, 'row')} coded differently", "metareview code conflicts")
    left = f"{plural(len(missing), 'study', 'studies')} to code" if missing else ""
    return Step("coding", done, left, "metareview code form study FILE.xlsx" if missing else "")


def _outputs(folder: ReviewFolder) -> Step:
    if not folder.outputs.is_dir() or not any(folder.outputs.iterdir()):
        return Step("outputs", "not built", "build them", "metareview report")
    if not folder.lock.is_file():
        return Step("outputs", "built", "not locked", "metareview lock")
    changed = inputs_changed(folder)
    if changed:
        return Step("outputs", "built and locked", f"since then {plural(changed, 'input')} changed", "metareview lock")
    return Step("outputs", "built and locked from these inputs", "", "")
