"""report: rebuild every output from the protocol, the exports and the journal."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..parallel import Progress
from ..protocol.loading import protocol_hash
from ..report.prisma import check
from . import analyze, effect_tables, effects, lessons, prisma, report_documents, search_log
from .report_documents import Evidence
from .state import load_state

MADE = {"report.md", "report.html", "lessons.md", "lessons.html", "figures", "prisma", "tables"}


@dataclass(frozen=True, eq=False, repr=False)
class Reported:
    """What was built: the evidence, the files (relative to the outputs folder, sorted), and failed identities."""

    evidence: Evidence
    files: tuple[str, ...]
    failed: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Reported({len(self.files)} files, {len(self.failed)} failed identities)"


def gather(folder: ReviewFolder, progress: Callable[[str], Progress] | None = None) -> Evidence:
    """Compute everything a report tells; `progress` as in `analyze.run`.

    Raises:
        MetareviewError: an export or log was edited, effects cannot be computed, or the two engines differ.
    """
    state = load_state(folder)
    frame = effects.run(folder, state)
    results = analyze.run(folder, frame=frame, progress=progress) if folder.protocol.analyses else {}
    pooled = {s for r in results.values() for s in r.selection.frame["study_id"]}
    counts = prisma.run(folder, state, synthesised=sorted(pooled))
    learned = lessons.run(folder, results, state)
    phi, checks = effect_tables.phi_table(folder, frame), check(counts)
    sha256 = protocol_hash(folder.protocol_text)
    return Evidence(state, frame, phi, results, counts, checks, learned, sha256)


def run(folder: ReviewFolder, out: Path | None = None, progress: Callable[[str], Progress] | None = None) -> Reported:
    """Rebuild the outputs; the old ones are replaced only when all new ones are there.

    Arguments:
        out: where to build; the review's `outputs/` by default. progress: as in `analyze.run`.
    """
    target = out or folder.outputs
    _require_replaceable(folder, target)
    evidence = gather(folder, progress)
    workshop = folder.index.parent if out is None else target.absolute().parent
    workshop.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".report-", dir=workshop))
    try:
        new = part / "new"
        new.mkdir()
        written = report_documents.write(folder, evidence, new)
        files = tuple(sorted(p.relative_to(new).as_posix() for p in written))
        _swap(new, target, part / "old")
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if imports := evidence.state.literature.imports:
        search_log.write_log(folder, imports)
    failed = tuple(f"{c.id}: {c.rule} ({c.note})" for c in evidence.checks if not c.holds and c.severity == "error")
    return Reported(evidence, files, failed)


def _swap(new: Path, target: Path, old: Path) -> None:
    """Put a new folder in the place of an old one; what was there comes back when that fails."""
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise


def _require_replaceable(folder: ReviewFolder, target: Path) -> None:
    """Refuse to replace a folder that holds anything but a report."""
    if not target.exists():
        return
    if target.is_dir():
        there = {p.name for p in target.iterdir()}
        documents = {name for name in MADE if "." in name}  # without one, `figures` and `tables` may be anybody's
        strange = sorted(there - MADE if there & documents else there)
        if not strange:
            return
        what = f"{target} holds what no report wrote: {', '.join(strange[:5])}"
    else:
        what = f"{target} is a file"
    raise MetareviewError(what, "A report replaces its whole folder: name an empty or a new one, or move these away.")
