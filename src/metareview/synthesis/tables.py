"""2x2 tables as they are offered to a synthesis: checked, and named where they cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis.inputs import check_order
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


def check_tables(ai: Any, n1i: Any, ci: Any, n2i: Any, labels: Sequence[Any] | None) -> Tables:
    """Return the tables, or say which cannot be used.

    Raises:
        MetareviewError: no tables, lengths that differ, a count that is no number or below 0, more events than people,
            or a group of nobody.
    """
    for name, series in (("n1i", n1i), ("ci", ci), ("n2i", n2i), ("labels", labels)):
        check_order(ai, series, "ai", name)
    a, n1, c, n2 = (np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (ai, n1i, ci, n2i))
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
