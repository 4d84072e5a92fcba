"""The working model of a fitted multilevel model, block by block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metareview.synthesis.design import Design
from metareview.synthesis.multilevel.likelihood import At, Problem
from metareview.synthesis.multilevel.stacks import Codes
from metareview.synthesis.wls import Floats
from metareview.synthesis.working import Working


def working_at(problem: Problem, here: At, members: Sequence[Codes], design: Design) -> Working:
    """The working model at a point of the likelihood.

    Arguments:
        members: the rows of each block, in the order of their first effect. design: of the same k effects.
    """
    where = np.full(problem.k, -1)
    where[[int(member[0]) for member in members]] = np.arange(len(members))
    covariances: list[Floats] = [np.empty(0)] * len(members)
    weights: list[Floats] = [np.empty(0)] * len(members)
    for stack, S, W in zip(problem.stacks, problem.covariances(here.theta), here.weights, strict=True):
        places, sizes = where[stack.rows[:, 0]].tolist(), stack.real.sum(axis=1).tolist()
        for place, m, one, other in zip(places, sizes, S, W, strict=True):
            covariances[place], weights[place] = one[:m, :m], other[:m, :m]
    effects = design.effects
    parts = tuple(covariances), tuple(weights)
    return Working(effects.yi, design.X, design.terms, effects.labels, tuple(members), *parts, here.beta, here.bread)
