"""The working model of a fitted multilevel model, block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

import numpy as np

from metareview.synthesis.design import Design
from metareview.synthesis.multilevel.likelihood import At, Problem
from metareview.synthesis.multilevel.places import Codes
from metareview.synthesis.wls import Floats
from metareview.synthesis.working import Working


class Matrices(Sequence[Floats]):
    """A matrix a block, where that of a large block is written out each time it is asked for."""

    def __init__(self, made: Sequence[Floats | Callable[[], Floats]]) -> None:
        self._made = tuple(made)

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, at: int) -> Floats: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Floats]: ...
    def __getitem__(self, at: int | slice) -> Floats | Sequence[Floats]:
        if isinstance(at, slice):
            return Matrices(self._made[at])
        one = self._made[at]
        return one() if callable(one) else one


def working_at(problem: Problem, here: At, members: Sequence[Codes], design: Design) -> Working:
    """The working model at a point of the likelihood.

    Arguments:
        members: the rows of each block, in the order of their first effect. design: of the same k effects.
    """
    where = {int(member[0]): n for n, member in enumerate(members)}
    made: list[tuple[Floats | Callable[[], Floats], ...]] = [()] * len(members)
    WX = np.empty_like(design.X)
    for part, there in zip(problem.parts, here.parts, strict=True):
        for first, both in zip(part.rows[:, 0].tolist(), there.matrices(), strict=True):
            made[where[first]] = both
        WX[part.rows[part.real]] = there.solve(part.X)[part.real]
    covariances, weights = zip(*made, strict=True)
    e = design.effects
    parts = Matrices(covariances), Matrices(weights)
    return Working(e.yi, design.X, design.terms, e.labels, tuple(members), *parts, WX, here.beta, here.bread)
