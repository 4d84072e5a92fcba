"""RIRR: relative incident rate ratio, before and after in a treated and a control area."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects.measure import Columns, Computed, Input, Measure, Problem, Source, flag_rows

_EXPOSURES = ("ta", "tb", "tc", "td")
_VARIANCE = "vi = phi * (1/a + 1/b + 1/c + 1/d)"
_COUNTS = f"yi = ln(b/a) - ln(d/c); {_VARIANCE}"
_RATES = f"yi = ln((b/tb) / (a/ta)) - ln((d/td) / (c/tc)); {_VARIANCE}"


def compute(columns: Columns) -> Computed:
    """Log ratio of the two before-after rate ratios, and its quasi-Poisson variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in ("a", "b", "c", "d"))
    ta, tb, tc, td = (columns[name] for name in _EXPOSURES)
    yi = np.log(b / tb) - np.log(a / ta) - np.log(d / td) + np.log(c / tc)
    vi = columns["phi"] * (1 / a + 1 / b + 1 / c + 1 / d)
    plain = np.all([columns[name] == 1 for name in _EXPOSURES], axis=0)
    return Computed(yi, vi, rule=np.where(plain, _COUNTS, _RATES).astype(object))


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row: of counts where every exposure is 1, else of rates."""
    return _COUNTS if all(values[name] == 1 for name in _EXPOSURES) else _RATES


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
    family="area counts",
    formula_id="RIRR.v1",
    formula=_COUNTS,
    formula_of=formula_of,
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
