"""SMD: standardised mean difference, Hedges' g.

The difference of the means in units of the pooled SD, corrected for small samples. It lets studies be combined that
measured one construct on different scales; where all used the same scale, MD says more.

**From what a paper prints.** Means and SDs come first. Where they are missing, d is taken from `di`, else from `ti`, `fi`
or `p`, and the rule says which. A second figure that was also printed and gives another d than rounding explains is
noted. `ti`, `fi` and `p` must come from a plain comparison of two independent groups: from an analysis of covariance,
a paired test or a regression with other predictors they give a d that is too large or too small. Welch's t is right only
in groups of equal size. `fi` and `p` have no direction: give `sign`, or both means. "p < .05" is not p = .05: code it as
`p = 0.05` with `p_bound = below`; d is then the one nearest to 0, estimated and noted. `p_bound = above` (n.s.) is refused.

**Variance.** `LS`: the large-sample variance with g in it (Hedges 1982; the default, as metafor); `LS2`: J^2 times the
variance of d (Borenstein 2009, equation 12.17); `UB`: unbiased (Hedges 1983). They differ in groups below about ten.
metafor's `AV` is not offered: it makes a study's variance depend on which other studies are in the table.

**Correction.** Exact by default; `approximate` is 1 - 3/(4*df - 1), which many papers and RevMan use; `none` gives
Cohen's d, too far from 0 in small groups.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects import arm_summaries, hedges, two_group_tests, two_means
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source, texts

_OPTIONS = [{"correction": float(c), "vtype": float(v)} for c in range(3) for v in range(3)]
_DEFAULT = {"way": 0.0, "di_corrected": 0.0, "correction": 0.0, "vtype": 0.0}


def _formula(values: Mapping[str, float]) -> str:
    which = int(values["correction"])
    variance = hedges.variance_steps(which, "(n1i + n2i)")[int(values["vtype"])]
    d = two_group_tests.step(values, hedges.STEPS[which])
    return f"df = n1i + n2i - 2; {d}; yi = {hedges.TIMES[which]}d; {variance}"


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row, by what it was given and chose."""
    filled = values["way"] == two_group_tests.MEANS
    return two_means.filled_formula(values, _formula(values)) if filled else _formula(values)


def prepare(columns: Columns) -> Columns:
    """Means and SDs filled where something stands in for them, and the way to d of each row."""
    return two_group_tests.prepare(two_means.prepare(columns))


def compute(columns: Columns) -> Computed:
    """Hedges' g and its variance; arrays of shape (k,)."""
    x = columns
    df = x["n1i"] + x["n2i"] - 2
    factor = hedges.of_printed(df, x["correction"])
    d = two_group_tests.difference(x, df, factor)
    vi = hedges.variance(d, df, 1 / x["n1i"] + 1 / x["n2i"], x["n1i"] + x["n2i"], x["vtype"], x["correction"])
    formulas = [_formula(_DEFAULT | option) for option in _OPTIONS]
    found = two_means.computed(
        x, hedges.correction(df, x["correction"]) * d, vi, formulas, 3 * x["correction"] + x["vtype"]
    )
    if all(np.isnan(x[name]).all() for name in two_group_tests.WAYS[1:]):
        return found
    return _with_printed(x, found, d, df, factor)


def _with_printed(x: Columns, found: Computed, d: np.ndarray, df: np.ndarray, j: np.ndarray) -> Computed:
    """The rules, methods and doubts of rows whose d was printed or follows from a test."""
    k = len(d)
    rule = texts(k, MEASURE.formula) if found.rule is None else found.rule
    method = texts(k, "computed") if found.method is None else found.method.copy()
    note = texts(k) if found.note is None else found.note
    printed = x["way"] > two_group_tests.MEANS
    before = two_group_tests.rules(x)
    tails = np.array([_formula(_DEFAULT | option).partition("; yi")[2] for option in _OPTIONS], dtype=object)
    after = np.where(printed, "yi" + tails[(3 * x["correction"] + x["vtype"]).astype(int)], rule)
    rule = np.where(before != "", before + "; " + after, after)
    method[printed] = "computed"
    bounded = two_group_tests.bounded(x)
    method[bounded] = "estimated"
    arm_summaries.add_texts(note, bounded, lambda row: two_group_tests.BOUND_NOTE)
    two_group_tests.disagreements(x, d, df, j, note)
    return Computed(found.yi, found.vi, method, rule, note)


def check(columns: Columns) -> list[Problem]:
    """Stand-ins and printed figures that cannot be, and rows that nothing follows from."""
    found = two_means.check(columns, ()) + two_group_tests.check(columns)
    nothing = np.isnan(columns["way"])
    rows = {name: values[nothing] for name, values in columns.items()}
    positions = np.flatnonzero(nothing)
    for problem in two_means.missing(rows, ("m1i", "sd1i", "m2i", "sd2i")):
        text = problem.text.replace(" to fill it from", " to fill it from, and no di, ti, fi or p")
        found.append(Problem(int(positions[problem.row]), problem.column, text))
    return found


MEASURE = Measure(
    name="SMD",
    title="Standardised mean difference (Hedges' g)",
    family="two means",
    formula_id="SMD.v1",
    formula=_formula(_DEFAULT),
    formula_of=formula_of,
    functions=two_means.FUNCTIONS,
    inputs=(
        *two_means.FULL_INPUTS,
        *two_group_tests.INPUTS,
        hedges.INPUT,
        two_means.option("vtype", "variance: LS large-sample, LS2 as Borenstein (2009), UB unbiased", hedges.VTYPES),
    ),
    scale="linear",
    orientation="Below 0: a lower mean in the treated group, in pooled standard deviations.",
    source=Source(
        "Hedges (1981), Journal of Educational Statistics 6, and Hedges (1982), Psychological Bulletin 92",
        "exact correction: 1981, equation 6e; variance: 1982, equation 8 (UB: Hedges 1983, Psychological Bulletin 93, "
        "equation 9; LS2: Borenstein 2009, equation 12.17)",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.FULL_SWAP,
    prepare=prepare,
    check=check,
)
