"""IRR: incidence rate ratio of two groups observed over an exposure."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Columns, Computed, Input, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log rate ratio and its quasi-Poisson variance; arrays of shape (k,)."""
    x1, t1, x2, t2 = (columns[name] for name in ("x1", "t1", "x2", "t2"))
    return Computed(np.log(x1 / t1) - np.log(x2 / t2), columns["phi"] * (1 / x1 + 1 / x2))


MEASURE = Measure(
    name="IRR",
    title="Incidence rate ratio",
    family="person-time",
    formula_id="IRR.v1",
    formula="yi = ln((x1/t1) / (x2/t2)); vi = phi * (1/x1 + 1/x2)",
    inputs=(
        Input("x1", "count", True, "treated", "events"),
        Input("t1", "exposure", True, "exposure of the treated", "time, people or places"),
        Input("x2", "count", True, "control", "events"),
        Input("t2", "exposure", True, "exposure of the control", "time, people or places"),
        Input("phi", "phi", False, "overdispersion: variance over the Poisson variance", "", default=1.0),
    ),
    scale="log",
    orientation="Below 1 (log below 0): a lower rate in the treated group.",
    source=Source(
        "Rothman, Greenland & Lash (2008), Modern Epidemiology, 3rd edition",
        "chapter 14, large-sample variance of the log rate ratio",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=(("x1", "x2"), ("t1", "t2")),
    cells=("x1", "x2"),
    margins=(("x1", "x2"),),
)
