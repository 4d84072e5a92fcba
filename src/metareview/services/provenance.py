"""lock, verify, reproduce: pin a review, see whether it still is as pinned, and rebuild it from nothing but its inputs."""

from __future__ import annotations

import importlib.metadata
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import STALE, MetareviewError
from ..folder import PROTOCOL, ReviewFolder
from ..parallel import Progress
from ..provenance.lockfile import Comparison, Lock, compare, flat_numbers, hashes, read_lock, write_lock
from ..report.numbers import plural
from . import report
from .report_documents import Evidence
from .search_log import LOG

PACKAGES = (
    "metareview",
    "numpy",
    "scipy",
    "pandas",
    "statsmodels",
    "pymare",
    "matplotlib",
    "rispy",
    "rapidfuzz",
)
# Noise of the second engine is printed and judged by decade, and is not a result to be pinned.
DERIVED = ("I2_ci", "H2_ci", "I2_Q", "H2_Q", "iterations")  # other pinned numbers tell them, or machines differ in them
NOISE = ("crosscheck", *DERIVED)
NOT_PINNED = (*NOISE, "yi", "vi", "weights")


def lock(folder: ReviewFolder, progress: Callable[[str], Progress] | None = None) -> Lock:
    """Rebuild the outputs and write the lockfile; `progress` as in `analyze.run`.

    Raises:
        MetareviewError: an identity of the flow diagram fails (the review says no); nothing was locked then.
    """
    built = report.run(folder, progress=progress)
    if built.failed:
        raise MetareviewError(
            "the flow of records does not add up:\n" + "\n".join(f"  {f}" for f in built.failed),
            "`metareview prisma` shows the counts; nothing was locked.",
            exit_code=1,
        )
    made = _now(folder, built.evidence)
    write_lock(folder.lock, made)
    return made


def verify(folder: ReviewFolder, progress: Callable[[str], Progress] | None = None) -> Comparison:
    """Compare inputs, recomputed results and the outputs on disk with the lockfile; nothing is written.

    `progress` is that of `analyze.run`.
    """
    locked = read_lock(folder.lock)
    return compare(locked, _now(folder, report.gather(folder, progress)))


def reproduce(folder: ReviewFolder, progress: Callable[[str], Progress] | None = None) -> Comparison:
    """Rebuild everything in a clean folder from protocol, exports and journal alone, and compare with the lockfile.

    `progress` is that of `analyze.run`.
    """
    locked = read_lock(folder.lock)
    folder.events()  # an edited log is told by its own place, not by that of its copy
    with tempfile.TemporaryDirectory(prefix="metareview-") as place:
        clean = ReviewFolder(Path(place) / "review")
        for path in _inputs(folder):
            target = clean.root / path.relative_to(folder.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        built = report.run(clean, progress=progress)
        return compare(locked, _now(clean, built.evidence))


def require_same(comparison: Comparison) -> None:
    """Raise MetareviewError (exit code 3) naming what is not as locked."""
    if comparison.failures:
        shown = [f"  {d}" for d in comparison.failures[:12]]
        more = len(comparison.failures) - len(shown)
        raise MetareviewError(
            f"not as locked ({plural(len(comparison.failures), 'difference')}):\n"
            + "\n".join(shown)
            + (f"\n  and {more} more" if more else ""),
            "If the change is meant, run `metareview report` and `metareview lock`; else restore the files from git.",
            exit_code=STALE,
        )


def inputs_changed(folder: ReviewFolder) -> int:
    """Return how many inputs differ from those locked; nothing is recomputed."""
    locked = read_lock(folder.lock).inputs
    now = hashes(folder.root, _inputs(folder))
    return sum(locked.get(name) != now.get(name) for name in {*locked, *now})


def _now(folder: ReviewFolder, evidence: Evidence) -> Lock:
    return Lock(
        inputs=hashes(folder.root, _inputs(folder)),
        versions={name: _version(name) for name in PACKAGES},
        results=_results(evidence),
        outputs=hashes(folder.root, [*_files(folder.outputs), *_derived(folder)]),
    )


def _inputs(folder: ReviewFolder) -> list[Path]:
    derived = set(_derived(folder))
    data = [p for place in (folder.searches, folder.journal, folder.coding) for p in _files(place) if p not in derived]
    return [folder.root / PROTOCOL, *data]


def _derived(folder: ReviewFolder) -> list[Path]:
    """Return the search log: it lies beside the exports, and is written anew from the journal."""
    path = folder.searches / LOG
    return [path] if path.is_file() else []


def _files(place: Path) -> list[Path]:
    return [p for p in place.rglob("*") if p.is_file() and not p.name.startswith(".")] if place.is_dir() else []


def _version(name: str) -> str:
    return importlib.metadata.version(name)


def _results(evidence: Evidence) -> dict[str, float]:
    effects = {
        r["effect_id"]: {"yi": r["yi"], "vi": r["vi"]}
        for r in evidence.effects[["effect_id", "yi", "vi"]].to_dict("records")
    }
    analyses = {name: _pinned(r.to_dict()) for name, r in evidence.results.items()}
    prisma = {key: len(ids) for key, ids in evidence.counts.ids.items()}
    return flat_numbers({"effects": effects, "analyses": analyses, "prisma": prisma})


def _pinned(value: Any, left_out: tuple[str, ...] = NOT_PINNED) -> Any:
    if isinstance(value, dict):
        return {k: _pinned(v, left_out) for k, v in value.items() if k not in left_out}
    if isinstance(value, list):  # of regressions, whose effects are pinned
        return [_pinned(v, NOISE) for v in value]
    return value
