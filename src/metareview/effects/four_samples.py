"""Four samples of people, treated and control, before and after: the inputs of DIDP and DIDOR."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Columns, Floats, Input, Problem, flag_rows

SAMPLES = ("pre_t", "post_t", "pre_c", "post_c")
WHO = {"pre_t": "treated, before", "post_t": "treated, after", "pre_c": "control, before", "post_c": "control, after"}
INPUTS = tuple(
    entry
    for sample, who in WHO.items()
    for entry in (
        Input(f"x_{sample}", "count", True, f"{who}: with the event", "people"),
        Input(f"y_{sample}", "count", False, f"{who}: without the event; or give n_{sample}", "people"),
        Input(f"n_{sample}", "size", False, f"{who}: in all, instead of y_{sample}", "people"),
    )
)
CELLS = tuple(f"{kind}_{sample}" for sample in SAMPLES for kind in "xy")
SWAP = tuple((f"{kind}_{time}_t", f"{kind}_{time}_c") for kind in "xyn" for time in ("pre", "post"))


def prepare(columns: Columns) -> Columns:
    """The people without the event from the totals, where they are missing."""
    done = dict(columns)
    for s in SAMPLES:
        y = columns[f"y_{s}"]
        done[f"y_{s}"] = np.where(np.isnan(y), columns[f"n_{s}"] - columns[f"x_{s}"], y)
    return done


def check(columns: Columns) -> list[Problem]:
    """Samples with neither the people without the event nor the total, with nobody, or that contradict themselves."""
    found: list[Problem] = []
    for s in SAMPLES:
        x, y, n = (columns[f"{kind}_{s}"] for kind in "xyn")
        found += flag_rows(np.isnan(y) & np.isnan(n), f"n_{s}", f"is missing, and so is y_{s}; give one of them")
        found += flag_rows(n < x, f"n_{s}", f"{{:g}} is below the {{:g}} with the event in x_{s}", n, x)
        off = (n >= x) & ~np.isclose(x + y, n, rtol=1e-9, atol=1e-9)
        found += flag_rows(off, f"n_{s}", f"{{:g}} is not x_{s} plus y_{s} ({{:g}} + {{:g}})", n, x, y)
        found += flag_rows(np.isnan(n) & (x + y == 0), f"x_{s}", f"is 0 and so is y_{s}: nobody is in the sample")
    return found


def cells(columns: Columns) -> list[tuple[Floats, Floats]]:
    """With and without the event in each of `SAMPLES`."""
    return [(columns[f"x_{s}"], columns[f"y_{s}"]) for s in SAMPLES]
