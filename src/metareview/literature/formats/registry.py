"""The formats there are, found by walking this package: a new format is one new file that exposes FORMAT."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from metareview.literature import formats as package
from metareview.literature.formats.format import Format

_HEAD = 1 << 18


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
    """Return the format that recognises the text most surely, or None.

    Arguments:
        text: the text of a file; its first quarter million characters decide, and all of it when they do not.
    """
    for part in (text[:_HEAD], text):
        scores = {name: f.recognises(part) for name, f in formats().items()}
        best = max(scores, key=lambda name: scores[name], default=None)
        if best is not None and scores[best] > 0:
            return formats()[best]
    return None
