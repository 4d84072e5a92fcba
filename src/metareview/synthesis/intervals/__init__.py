"""Confidence intervals of tau2: one a file, each exposing INTERVAL; no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from metareview.errors import MetareviewError

if TYPE_CHECKING:
    from metareview.synthesis.intervals.base import Interval


@cache
def intervals() -> dict[str, Interval]:
    """Return every interval by id, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        item = getattr(importlib.import_module(f"{__name__}.{module.name}"), "INTERVAL", None)
        if item is not None:
            found[item.id] = item
    return dict(sorted(found.items()))


def interval(name: str) -> Interval:
    """Return the interval with this id, whatever the case.

    Raises:
        MetareviewError: there is none; the hint lists what there is.
    """
    try:
        return intervals()[name.strip().lower()]
    except (KeyError, AttributeError):
        raise MetareviewError(
            f"There is no interval of tau2 {name!r}.", f"Choose one of {', '.join(intervals())}."
        ) from None
