"""RIRR: relative incident rate ratio, before and after in a treated and a control area."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Columns, Computed, Input, Measure, Problem, Source, flag_rows

_EXPOSURES = ("ta", "tb", "tc", "td")


def compute(columns: Columns) -> Computed:
    """Log ratio of the two before-after rate ratios, and its quasi-Poisson variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in ("a", "b", "c", "d"))
    ta, tb, tc, td = (columns[name] for name in _EXPOSURES)
    yi = np.log(b / tb) - np.log(a / ta) - np.log(d / td) + np.log(c / tc)
    vi = columns["phi"] * (1 / a + 1 / b + 1 / c + 1 / d)
    return Computed(yi, vi)


def prepare(columns: Columns) -> Columns:
    """Exposures of 1 in rows that give none, so that the rates are the counts."""
    none = np.all([np.isnan(columns[name]) for name in _EXPOSURES], axis=0)
    return columns | {name: np.where(none, 1.0, columns[name]) for name in _EXPOSURES}


def check(columns: Columns) -> list[Problem]:
    """Rows that give some of the four exposures and not all."""
    text = "is missing while another exposure is given; give all four or none"
    return [p for name in _EXPOSURES for p in flag_rows(np.isnan(columns[name]), name, text)]


MEASURE = Measure(
    name="RIRR",
    title="Relative incident rate ratio",
    formula_id="RIRR.v1",
    formula="yi = ln(b/a) - ln(d/c); vi = phi * (1/a + 1/b + 1/c + 1/d); with exposures, rates in yi",
    inputs=(
        Input("a", "count", True, "treated area, before", "events"),
        Input("b", "count", True, "treated area, after", "events"),
        Input("c", "count", True, "control area, before", "events"),
        Input("d", "count", True, "control area, after", "events"),
        *(
            Input(
                name,
                "exposure",
                False,
                f"exposure behind {name[1]}, for unequal windows or areas",
                "time, people",
            )
            for name in _EXPOSURES
        ),
        Input("phi", "phi", False, "overdispersion: variance over the Poisson variance", "", default=1.0),
    ),
    scale="log",
    orientation="Below 1 (log below 0): fewer events in the treated area than its control suggests.",
    source=Source(
        "Wilson (2022), The relative incident rate ratio effect size for count-based impact evaluations, "
        "Journal of Quantitative Criminology 38",
        "relative incident rate ratio and its quasi-Poisson variance",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=(("a", "c"), ("b", "d"), ("ta", "tc"), ("tb", "td")),
    prepare=prepare,
    check=check,
    cells=("a", "b", "c", "d"),
    margins=(("a", "b"), ("c", "d"), ("a", "c"), ("b", "d")),
)
