"""The measures that exist: every module of `metareview.effects.measures` that exposes `MEASURE`."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

import metareview.effects.measures as package
from metareview.effects.measure import Measure
from metareview.errors import MetareviewError

if TYPE_CHECKING:
    import pandas as pd


@cache
def _walk() -> tuple[Measure, ...]:
    found: dict[str, Measure] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        measure = getattr(module, "MEASURE", None)
        if measure is None:
            continue
        if measure.name in found:
            raise MetareviewError(f"Two files define the measure {measure.name}; one is {info.name}.py.")
        found[measure.name] = measure
    return tuple(found[name] for name in sorted(found))


def measures() -> dict[str, Measure]:
    """Every measure by its name, sorted."""
    return {measure.name: measure for measure in _walk()}


def find_measure(name: str | Measure) -> Measure:
    """The measure called `name` (case does not matter); raises MetareviewError with close matches."""
    if isinstance(name, Measure):
        return name
    known = measures()
    if str(name).upper() in known:
        return known[str(name).upper()]
    close = difflib.get_close_matches(str(name).upper(), known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    raise MetareviewError(f"There is no effect-size measure {name!r}.", f"{hint}Known: {', '.join(known)}.")


def measures_frame() -> pd.DataFrame:
    """The measures as a table: name, title, formula_id, formula, inputs, scale, orientation, source.

    Optional inputs stand in square brackets.
    """
    import pandas as pd

    rows = [
        {
            "name": m.name,
            "title": m.title,
            "formula_id": m.formula_id,
            "formula": m.formula,
            "inputs": ", ".join(entry.name if entry.required else f"[{entry.name}]" for entry in m.inputs),
            "scale": m.scale,
            "orientation": m.orientation,
            "source": str(m.source),
        }
        for m in measures().values()
    ]
    return pd.DataFrame(rows)
