"""report: rebuild every output from the protocol, the exports and the journal."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..folder import ReviewFolder
from ..report.prisma import check
from . import analyze, effects, imports, lessons, prisma, report_documents
from .report_documents import Evidence
from .state import load_state


@dataclass(frozen=True, eq=False, repr=False)
class Reported:
    """What was built: the evidence, the files (relative to the outputs folder, sorted), and failed identities."""

    evidence: Evidence
    files: tuple[str, ...]
    failed: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Reported({len(self.files)} files, {len(self.failed)} failed identities)"


def gather(folder: ReviewFolder) -> Evidence:
    """Compute everything a report tells.

    Raises:
        MetareviewError: an export or log was edited, effects cannot be computed, or the two engines differ.
    """
    state = load_state(folder)
    frame = effects.run(folder, state)
    results = analyze.run(folder, frame=frame) if folder.protocol.analyses else {}
    pooled = {s for r in results.values() for s in r.selection.frame["study_id"]}
    counts = prisma.run(folder, state, synthesised=sorted(pooled))
    learned = lessons.run(folder, results, state)
    return Evidence(state, frame, effects.phi_table(folder, frame), results, counts, check(counts), learned)


def run(folder: ReviewFolder, out: Path | None = None) -> Reported:
    """Rebuild the outputs; the old ones are replaced only when all new ones are there.

    Arguments:
        out: where to build; the review's `outputs/` by default.
    """
    target = out or folder.outputs
    evidence = gather(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        written = report_documents.write(folder, evidence, part)
        files = tuple(sorted(p.relative_to(part).as_posix() for p in written))
        _replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if evidence.state.literature.imports:
        imports.write_log(folder)
    failed = tuple(f"{c.id}: {c.rule} ({c.note})" for c in evidence.checks if not c.holds and c.severity == "error")
    return Reported(evidence, files, failed)


def _replace(part: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    part.chmod(0o755)
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)
