"""Observed against expected: what treated areas would have had, from areas and periods that are not treated (yet).

The two-way model is fitted to untreated area-periods only and carried over to the treated ones. No treated
area-period ever serves as a control, so effects that grow, fade or differ by cohort do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metareview.effects.measure import Floats, Mask
from metareview.effects.series import twoway
from metareview.effects.series.panel_data import Panel
from metareview.errors import MetareviewError


def comparable(panel: Panel) -> Panel:
    """The panel without the periods in which every area is treated: nothing tells what they would have been."""
    untreated = panel.present & ~panel.on
    return panel.keep(periods=np.where(untreated, panel.y, 0).sum(axis=0) > 0)


def log_ratios(panel: Panel, cells: Sequence[Mask]) -> tuple[Floats, Floats]:
    """ln(observed / expected) of each set of treated area-periods (masks (G, T)): (m,), and influence (G, m).

    Infinite sets (nothing observed, or nothing expected) give nan. The panel is one that `comparable` gave.

    Raises MetareviewError where the untreated area-periods carry no two-way model.
    Source: Wooldridge (2023), Econometrics Journal 26, C31-C66 (nonlinear difference-in-differences by imputation);
    Borusyak, Jaravel & Spiess (2024), Review of Economic Studies 91, 3253-3285.
    """
    untreated = panel.present & ~panel.on
    fitted = twoway.fit(panel, np.zeros((0, *panel.y.shape)), untreated)
    rate = np.exp(panel.offset + fitted.gamma)
    base = np.where(untreated, rate, 0)
    total = base.sum(axis=1, keepdims=True)
    if (total[panel.treated] == 0).any():
        raise MetareviewError("A treated area has no period in which it can be compared before its start.")
    share = base / total
    expected = np.where(untreated, panel.y, 0).sum(axis=1, keepdims=True) / total * rate
    estimates, influence = [], []
    for cell in cells:
        y, m = np.where(cell & panel.present, panel.y, 0), np.where(cell & panel.present, expected, 0)
        if y.sum() == 0 or m.sum() == 0:
            estimates.append(np.nan)
            influence.append(np.full(len(y), np.nan))
            continue
        slope = (m.sum(axis=0) - m.sum(axis=1) @ share) / m.sum()
        own = y.sum(axis=1) / y.sum() - m.sum(axis=1) / m.sum()
        estimates.append(np.log(y.sum() / m.sum()))
        influence.append(own - fitted.influence @ slope[1:])
    return np.array(estimates), np.column_stack(influence)
