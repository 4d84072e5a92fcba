"""The formulas of a measure whose formula differs by row: parts with alternatives, and which one a row takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from metareview.effects.measure import Texts


@dataclass(frozen=True)
class Part:
    """Alternatives of a part of a formula; `code` gives the position of the one a row (or each row of columns) takes."""

    texts: tuple[str, ...]
    code: Callable[[Mapping[str, Any]], Any]


def by_choice(name: str, *texts: str) -> Part:
    """The part that follows an input of kind "choice", one text a choice."""
    return Part(texts, lambda values: values[name])


class Forms:
    """Every formula that parts can make; a plain text is a part without alternatives.

    Attributes:
        texts: the formulas, the first one made of the first alternatives.
    """

    def __init__(self, *parts: Part | str) -> None:
        self._parts = [part if isinstance(part, Part) else Part((part,), lambda values: 0) for part in parts]
        self.texts = tuple("".join(combination) for combination in product(*(part.texts for part in self._parts)))

    def of_row(self, values: Mapping[str, float]) -> str:
        """The formula of a row with these values."""
        return self.texts[int(self._position(values))]

    def rules(self, columns: Mapping[str, Any]) -> Texts:
        """The formula of every row, shape (k,)."""
        length = len(next(iter(columns.values())))
        position = np.broadcast_to(np.asarray(self._position(columns), dtype=int), (length,))
        return np.array(self.texts, dtype=object)[np.clip(position, 0, len(self.texts) - 1)]

    def _position(self, values: Mapping[str, Any]) -> Any:
        at: Any = 0
        for part in self._parts:
            at = len(part.texts) * at + part.code(values)
        return at
