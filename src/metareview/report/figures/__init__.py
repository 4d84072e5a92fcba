"""Figures, one plot a file: `figures.forest(result)` draws; a new file with a FIGURE constant is found."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Figure:
    """What a plot file says of itself; `name` is also the name of its drawing function."""

    name: str
    title: str
    description: str


@dataclass(frozen=True)
class Plot:
    """A registered plot: `draw` returns a matplotlib Figure, `alt_text` a sentence that describes it."""

    figure: Figure
    draw: Callable[..., Any]
    alt_text: Callable[..., str]


def registered() -> dict[str, Plot]:
    """Walk the package and return every plot by name, in alphabetical order; this loads matplotlib."""
    plots = {}
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda item: item.name):
        module = importlib.import_module(f"{__name__}.{found.name}")
        figure = getattr(module, "FIGURE", None)
        if isinstance(figure, Figure):
            plots[figure.name] = Plot(figure, getattr(module, figure.name), module.alt_text)
    return plots


class _Package(ModuleType):
    """Lets `figures.forest` be the function also once the submodule of that name has been imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType):
            value = getattr(value, name, value)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and any(found.name == name for found in pkgutil.iter_modules(__path__)):
        return getattr(importlib.import_module(f"{__name__}.{name}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
