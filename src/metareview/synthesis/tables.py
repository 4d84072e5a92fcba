"""2x2 tables as they are offered to a synthesis: checked, and named where they cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis.inputs import check_order, floats
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class Tables:
    """Events a and c, the rest b and d, of the treated and the controls: each of shape (k,), with one label a table."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats
    labels: tuple[str, ...]

    @property
    def n1(self) -> Floats:
        """The treated."""
        return np.asarray(self.a + self.b)

    @property
    def n2(self) -> Floats:
        """The controls."""
        return np.asarray(self.c + self.d)

    @property
    def telling(self) -> np.ndarray:
        """Whether a table has both events and non-events, shape (k,): without them it says nothing of a ratio."""
        events, others = self.a + self.c, self.b + self.d
        return np.asarray((events > 0) & (others > 0))


def columns(given: Mapping[str, Any], labels: Any) -> list[Floats]:
    """Return columns of counts or times, which are paired by position, as arrays of numbers.

    Raises:
        MetareviewError: something that is not a number, or series with the same index labels in another order.
    """
    first = next(iter(given))
    for name, values in {**given, "labels": labels}.items():
        check_order(given[first], values, first, name)
    return [np.atleast_1d(floats(values, name)) for name, values in given.items()]


def check_tables(ai: Any, n1i: Any, ci: Any, n2i: Any, labels: Sequence[Any] | None) -> Tables:
    """Return the tables, or say which cannot be used.

    Raises:
        MetareviewError: no tables, lengths that differ, a count that is no number or below 0, more events than people,
            or a group of nobody.
    """
    a, n1, c, n2 = columns({"ai": ai, "n1i": n1i, "ci": ci, "n2i": n2i}, labels)
    names = tuple(str(i + 1) for i in range(a.size)) if labels is None else tuple(str(x) for x in labels)
    if a.size == 0:
        raise MetareviewError("There are no tables to pool.", "Check the filters that select the studies.")
    if not a.size == n1.size == c.size == n2.size == len(names):
        raise MetareviewError("The columns of the tables differ in length.", "Give one value of each per study.")
    for what, events, people in (("treated", a, n1), ("controls", c, n2)):
        wrong = ~(np.isfinite(events) & np.isfinite(people) & (events >= 0) & (events <= people) & (people > 0))
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            raise MetareviewError(
                f"{names[i]} has {events[i]:g} events in {people[i]:g} {what}.",
                "Counts lie between 0 and the size of their group, which is above 0.",
            )
    return Tables(a, n1 - a, c, n2 - c, names)
