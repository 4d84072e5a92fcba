"""The lockfile: the inputs by hash, the versions, the results at full precision, and the outputs by hash."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import STALE, MetareviewError
from ..tabular import write_bytes

SCHEMA = 1
# Results of one computation on two machines differ in rounding only; see docs/concepts.md for the measured spread.
RELATIVE = 1e-8
ABSOLUTE = 1e-10


@dataclass(frozen=True)
class Lock:
    """What was pinned.

    Attributes:
        inputs, outputs: path relative to the review -> SHA-256. versions: package -> version.
        results: name of a number -> its value at full precision.
    """

    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    results: Mapping[str, float]
    outputs: Mapping[str, str]
    schema: int = SCHEMA


@dataclass(frozen=True)
class Difference:
    """One thing that is not as locked: its part (inputs, results, outputs, versions), name, and how it differs."""

    part: str
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.part}: {self.name} {self.what}"


@dataclass(frozen=True)
class Comparison:
    """Everything compared and what differs; versions alone never fail a verification."""

    compared: Mapping[str, int]
    differences: tuple[Difference, ...] = field(default=())

    @property
    def failures(self) -> tuple[Difference, ...]:
        """Return the differences that fail a verification."""
        return tuple(d for d in self.differences if d.part != "versions")


def write_lock(path: Path, lock: Lock) -> Path:
    """Write the lockfile: sorted JSON, one value a line."""
    return write_bytes(path, (json.dumps(asdict(lock), indent=1, sort_keys=True) + "\n").encode())


def read_lock(path: Path) -> Lock:
    """Read the lockfile.

    Raises:
        MetareviewError: it is missing, is not a lockfile, or has a schema this version does not know (exit code 3).
    """
    if not path.is_file():
        raise MetareviewError(f"there is no lockfile {path}", "Write one with `metareview lock`.", exit_code=STALE)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] == SCHEMA:
            lock = _checked(Lock(**data))
    except (ValueError, TypeError, KeyError) as error:
        raise MetareviewError(
            f"{path} is not a lockfile: {error}", "Restore it from git, or lock again.", exit_code=STALE
        ) from None
    if data["schema"] != SCHEMA:
        raise MetareviewError(
            f"{path} has schema {data['schema']}, and this metareview reads {SCHEMA}",
            "Use the version that wrote it.",
            STALE,
        )
    return lock


def _checked(lock: Lock) -> Lock:
    kinds: dict[str, tuple[type, ...]] = {
        "inputs": (str,),
        "versions": (str,),
        "outputs": (str,),
        "results": (int, float),
    }
    for part, kind in kinds.items():
        found = getattr(lock, part)
        if not isinstance(found, dict) or not all(isinstance(v, kind) for v in found.values()):
            raise TypeError(f"its part `{part}` is not what a lock holds")
    return lock


def hashes(root: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Return path relative to `root` -> SHA-256 of each file."""
    found = {}
    for path in sorted(paths):
        with path.open("rb") as stream:
            found[path.relative_to(root).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def flat_numbers(value: Any, name: str = "") -> dict[str, float]:
    """Return every number of nested results by a dotted name; text, truth values and nan are left out."""
    if isinstance(value, Mapping):
        return _merged(flat_numbers(v, f"{name}.{k}" if name else str(k)) for k, v in value.items())
    if isinstance(value, list | tuple):
        return _merged(flat_numbers(v, f"{name}[{i}]") for i, v in enumerate(value))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return {}
    return {name: float(value)}


def compare(locked: Lock, now: Lock) -> Comparison:
    """Compare what is with what was locked."""
    differences = [
        *_hashed("inputs", locked.inputs, now.inputs),
        *_hashed("outputs", locked.outputs, now.outputs),
    ]
    differences += _numbers(locked.results, now.results)
    for name, version in locked.versions.items():
        if now.versions.get(name) != version:
            differences.append(Difference("versions", name, f"was {version} and is {now.versions.get(name, 'absent')}"))
    compared = {part: len(getattr(locked, part)) for part in ("inputs", "results", "outputs")}
    return Comparison(compared, tuple(differences))


def _hashed(part: str, locked: Mapping[str, str], now: Mapping[str, str]) -> list[Difference]:
    found = []
    for name in sorted({*locked, *now}):
        if name not in now:
            found.append(Difference(part, name, "is missing"))
        elif name not in locked:
            found.append(Difference(part, name, "is new"))
        elif locked[name] != now[name]:
            found.append(Difference(part, name, "changed"))
    return found


def _numbers(locked: Mapping[str, float], now: Mapping[str, float]) -> list[Difference]:
    found = []
    for name in sorted({*locked, *now}):
        if name not in now or name not in locked:
            found.append(Difference("results", name, "is missing" if name not in now else "is new"))
        elif not math.isclose(locked[name], now[name], rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            found.append(Difference("results", name, f"was {locked[name]!r} and is {now[name]!r}"))
    return found


def _merged(parts: Iterable[dict[str, float]]) -> dict[str, float]:
    whole: dict[str, float] = {}
    for part in parts:
        whole.update(part)
    return whole
