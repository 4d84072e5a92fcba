"""The formats there are, found by walking this package: a new format is one new file that exposes FORMAT."""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache

from metareview.literature import formats as package
from metareview.literature.formats.format import Format
from metareview.literature.source import Source

MARKED = 1 << 14


@cache
def formats() -> dict[str, Format]:
    """Return the known formats by name."""
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        candidate = getattr(importlib.import_module(f"{package.__name__}.{module}"), "FORMAT", None)
        if isinstance(candidate, Format):
            found[candidate.name] = candidate
    return found


def detect(text: str) -> Format | None:
    """Return the text format that recognises the first part of a text most surely, or None."""
    return _surest(text, [f for f in formats().values() if not f.magic])


def detect_binary(start: bytes) -> Format | None:
    """Return the binary format that recognises the first bytes of a file, or None."""
    return _surest(start.decode("latin-1"), [f for f in formats().values() if f.magic and start.startswith(f.magic)])


def format_of(source: Source) -> Format | None:
    """Return the format of a file from its content: its first part decides, and more of it when that does not."""
    found = detect_binary(source.start) or detect(source.head)
    if found is None and source.size > len(source.start):
        found = detect(next(Source(source.path).chunks(), b"").decode())
    return found


def _surest(text: str, candidates: list[Format]) -> Format | None:
    best, most = None, 0.0
    for candidate in sorted(candidates, key=lambda f: f.name != "ris"):  # the most common first
        score = candidate.recognises(text)
        if score > most:
            best, most = candidate, score
        if most >= 1:
            break
    return best


def system_of(found: Format, text: str) -> str:
    """Return the system that wrote an export, by its marks in the first 16 KB of the text; empty where none is seen."""
    return next((name for name, marks in found.systems if re.search(marks, text[:MARKED], re.MULTILINE)), "")
