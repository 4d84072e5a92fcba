"""What a diagnostic hands back, and how it passes on what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Options = Mapping[str, Any]
How = Mapping[str, Any]  # workers, cluster and progress, as `parallel.spread` takes them


@dataclass(frozen=True, eq=False)
class Found:
    """What a diagnostic found.

    Attributes:
        tables: name -> a frame at full precision; the first is the result, and has the diagnostic's name. told: sentences
            that say what it comes to. facts: what is not in a table, JSON-ready. warnings: sentences a reader must see.
        draw: name -> what draws a figure, given its title and the name of the effect axis. aside: tables that are written
            and not printed.
    """

    tables: dict[str, pd.DataFrame]
    told: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    draw: dict[str, Callable[[str, str], Any]] = field(default_factory=dict)
    aside: tuple[str, ...] = ()


def taken(options: Options, **names: str) -> dict[str, Any]:
    """The options given, by the names that the library has for them."""
    return {theirs: options[ours] for ours, theirs in names.items() if ours in options}


def share_of(how: How, at: int, of: int) -> dict[str, Any]:
    """Tell the progress of one of several pieces of work of equal size as that of the whole."""
    tell = how.get("progress")
    return {**how, "progress": tell and (lambda done, total: tell(at * total + done, of * total))}
