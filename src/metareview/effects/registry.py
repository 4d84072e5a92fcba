"""The measures and conversions that exist: every module of `measures/` that exposes `MEASURE`, of `conversions/` `CONVERSION`."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

import metareview.effects.conversions as conversion_package
import metareview.effects.measures as measure_package
from metareview.effects.measure import Calculation, Conversion, Measure
from metareview.errors import MetareviewError

if TYPE_CHECKING:
    import pandas as pd

C = TypeVar("C", bound=Calculation)


@cache
def _walk(package: ModuleType, attribute: str) -> tuple[tuple[Calculation, str], ...]:
    """Every calculation of a package in order of name, with what its module says of it."""
    found: dict[str, tuple[Calculation, str]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        calculation = getattr(module, attribute, None)
        if calculation is None:
            continue
        if calculation.name in found:
            raise MetareviewError(f"Two files define {calculation.name}; one is {info.name}.py.")
        found[calculation.name] = (calculation, inspect.getdoc(module) or "")
    return tuple(found[name] for name in sorted(found))


def measures() -> dict[str, Measure]:
    """Every measure by its name, sorted."""
    return {c.name: c for c, _ in _walk(measure_package, "MEASURE") if isinstance(c, Measure)}


def conversions() -> dict[str, Conversion]:
    """Every conversion by its name, sorted."""
    return {c.name: c for c, _ in _walk(conversion_package, "CONVERSION") if isinstance(c, Conversion)}


def notes_on(calculation: Calculation) -> str:
    """What the module of a measure or conversion says beyond its first line: its traps and choices."""
    known = (*_walk(measure_package, "MEASURE"), *_walk(conversion_package, "CONVERSION"))
    said = next((doc for c, doc in known if c.name == calculation.name), "")
    return said.partition("\n")[2].strip()


def find_measure(name: str | Measure) -> Measure:
    """The measure called `name` (case does not matter); raises MetareviewError with close matches."""
    return name if isinstance(name, Measure) else _find(name, measures(), "There is no effect-size measure")


def find_conversion(name: str | Conversion) -> Conversion:
    """The conversion called `name` (case does not matter); raises MetareviewError with close matches."""
    return name if isinstance(name, Conversion) else _find(name, conversions(), "There is no conversion")


def measures_frame() -> pd.DataFrame:
    """The measures as a table: name, title, family, formula_id, formula, inputs, scale, orientation, source.

    Optional inputs stand in square brackets.
    """
    import pandas as pd

    rows = [
        _told(m) | {"scale": m.scale, "orientation": m.orientation, "family": m.family} for m in measures().values()
    ]
    order = ["name", "title", "family", "formula_id", "formula", "inputs", "scale", "orientation", "source"]
    return pd.DataFrame(rows, columns=order)


def conversions_frame() -> pd.DataFrame:
    """The conversions as a table: name, title, formula_id, formula, inputs, outputs, method, source."""
    import pandas as pd

    rows = [
        _told(c) | {"outputs": ", ".join(name for name, _ in c.outputs), "method": c.method}
        for c in conversions().values()
    ]
    order = ["name", "title", "formula_id", "formula", "inputs", "outputs", "method", "source"]
    return pd.DataFrame(rows, columns=order)


def _find(name: str, known: dict[str, C], missing: str) -> C:
    for other in known.values():
        if other.name.lower() == str(name).lower():
            return other
    upper = {other.upper(): other for other in known}
    close = [upper[n] for n in difflib.get_close_matches(str(name).upper(), upper, n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    raise MetareviewError(f"{missing} {name!r}.", f"{hint}Known: {', '.join(known)}.")


def _told(c: Calculation) -> dict[str, str]:
    return {
        "name": c.name,
        "title": c.title,
        "formula_id": c.formula_id,
        "formula": c.formula,
        "inputs": ", ".join(entry.name if entry.required else f"[{entry.name}]" for entry in c.inputs),
        "source": str(c.source),
    }
