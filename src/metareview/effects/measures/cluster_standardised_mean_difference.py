"""SMDC: standardised mean difference of a study that assigned or treated people in clusters.

People of one neighbourhood, school or therapy group are more alike than people at large. Two things follow when such
groups, and not people, were assigned: the difference between the arms varies more than its number of people suggests, and
the standard deviation over all people is a little too small, as it holds too little of the variance between clusters.
Hedges (2007) mends both with the intraclass correlation (ICC), the share of the variance that lies between clusters. The
effect stays comparable with SMD: a difference in standard deviations over people at large.

**One arm in clusters.** A group treatment against people who wait at home has clusters in the treated arm only: set
`clustered2i` to 0. The people at home then have the variance within clusters, as in Hedges & Citkowicz (2015).

**Unequal clusters.** `cv1i` and `cv2i` are the SD of the cluster sizes over their mean. The formula for unequal clusters
needs sums of squares and cubes of their sizes; the cubes are those of sizes that lie evenly about their mean. In the
formula T is the sum of squares, and U that of cubes, over the number of people.

**The second term of the variance.** The form usually quoted as equation 16 of Hedges (2007) divides by
2 (N - 2)((N - 2) - 2(n - 1) icc). The delta method gives yi^2 / (2h), as in Hedges & Citkowicz (2015), where h are the
degrees of freedom of the pooled variance; that is used here for one arm and both. It is larger by the factor
(N - 2) / ((N - 2) - 2(n - 1) icc), which goes to 1 as clusters are added: for ten clusters an arm and
effects up to 1 the two variances are within one per cent. With a handful of clusters and large effects neither is exact.

**When not to use it.** With an effect that its authors already corrected for clusters: take that as GEN. With one cluster
an arm the variance between clusters cannot be seen in the data: a note says so, and the standard error is as good as the
ICC.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects import hedges, two_means
from metareview.effects.cluster import ICC_SOURCES, icc_method
from metareview.effects.measure import (
    Columns,
    Computed,
    Floats,
    Input,
    Measure,
    Problem,
    Source,
    Texts,
    flag_rows,
    texts,
)
from metareview.effects.telling import joined

_ARMS = ("1i", "2i")
_TIMES = tuple(times.replace("df", "h") for times in hedges.TIMES)


def _formula(clustered: tuple[bool, bool], correction: int) -> str:
    """The formula for the arms that are in clusters; T and U: sums of squares and of cubes of cluster sizes, over n."""
    arms = [arm for arm, yes in zip(_ARMS, clustered, strict=True) if yes]
    sums = [f"T{a[0]} = size{a}*(1 + cv{a}^2); U{a[0]} = size{a}^2*(1 + 3*cv{a}^2)" for a in arms]
    b = " + ".join(f"n{a} - T{a[0]}" for a in arms)
    a_ = " + ".join(f"n{a}*T{a[0]} - 2*U{a[0]} + T{a[0]}^2" for a in arms)
    means = [
        f"(1 - icc + T{arm[0]}*icc)/n{arm}" if yes else f"(1 - icc)/n{arm}"
        for arm, yes in zip(_ARMS, clustered, strict=True)
    ]
    return "; ".join(
        [
            "N = n1i + n2i",
            "sp = sqrt(((n1i - 1)*sd1i^2 + (n2i - 1)*sd2i^2) / (N - 2))",
            *sums,
            f"B = {b}",
            f"A = {a_}",
            "X = (N - 2)*(1 - icc) + B*icc",
            "h = X^2 / ((N - 2)*(1 - icc)^2 + 2*B*icc*(1 - icc) + A*icc^2)",
            f"yi = {_TIMES[correction]}(m1i - m2i)/sp * sqrt(X/(N - 2))",
            f"vi = {' + '.join(means)} + yi^2/(2*h)",
        ]
    )


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row: clusters in both arms or in one, and its small-sample correction."""
    return _formula((values["clustered1i"] == 1, values["clustered2i"] == 1), int(values["correction"]))


def _cluster_sums(x: Columns, arm: str) -> tuple[Floats, Floats, Floats]:
    """T, B and A of an arm, each 0 where it is not in clusters; shapes (k,)."""
    n, size, cv, on = x[f"n{arm}"], x[f"size{arm}"], x[f"cv{arm}"], x[f"clustered{arm}"] == 1
    T, U = size * (1 + cv**2), size**2 * (1 + 3 * cv**2)
    return np.where(on, T, 0.0), np.where(on, n - T, 0.0), np.where(on, n * T - 2 * U + T**2, 0.0)


def compute(columns: Columns) -> Computed:
    """Standardised difference by the total variance, and its variance; arrays of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    icc, rest = columns["icc"], n1 + n2 - 2
    (T1, B1, A1), (T2, B2, A2) = (_cluster_sums(columns, arm) for arm in _ARMS)
    pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / rest)
    X = rest * (1 - icc) + (B1 + B2) * icc
    h = X**2 / (rest * (1 - icc) ** 2 + 2 * (B1 + B2) * icc * (1 - icc) + (A1 + A2) * icc**2)
    J = hedges.correction(h, columns["correction"])
    yi = J * (m1 - m2) / pooled * np.sqrt(X / rest)
    vi = (1 - icc + icc * T1) / n1 + (1 - icc + icc * T2) / n2 + yi**2 / (2 * h)
    method, note = icc_method(columns["icc_source"])
    _doubt_one_cluster(columns, note)
    return Computed(yi, vi, method, _rules(columns), note)


def _rules(x: Columns) -> Texts:
    out = texts(len(x["icc"]), MEASURE.formula)
    for one, two in ((True, True), (True, False), (False, True)):
        arms = ((x["clustered1i"] == 1) == one) & ((x["clustered2i"] == 1) == two)
        for which in range(len(hedges.CORRECTIONS)):
            if (one, two, which) != (True, True, hedges.EXACT):
                out[arms & (x["correction"] == which)] = _formula((one, two), which)
    return out


def _doubt_one_cluster(x: Columns, note: Texts) -> None:
    """Add to the notes, in place, where an arm in clusters has one only."""
    alone = np.any([(x[f"clustered{a}"] == 1) & (x[f"n{a}"] < 1.5 * x[f"size{a}"]) for a in _ARMS], axis=0)
    if alone.any():
        said = "an arm has one cluster: its data say nothing about the variance between clusters, the ICC stands for it"
        note[alone] = joined(note[alone], texts(int(alone.sum()), said))


def prepare(columns: Columns) -> Columns:
    """The other arm's cluster size where one is not given; shapes (k,) kept."""
    one, two = columns["size1i"], columns["size2i"]
    return columns | {"size1i": np.where(np.isnan(one), two, one), "size2i": np.where(np.isnan(two), one, two)}


def check(columns: Columns) -> list[Problem]:
    """Rows with no cluster size, no arm in clusters, or clusters larger than their arm."""
    neither = (columns["clustered1i"] == 0) & (columns["clustered2i"] == 0)
    found = flag_rows(neither, "clustered1i", "is 0 and so is clustered2i: no arm is in clusters, use SMD")
    found += flag_rows(np.isnan(columns["size1i"]), "size1i", "is missing, and so is size2i; give the cluster size")
    for arm in _ARMS:
        size, n = columns[f"size{arm}"], columns[f"n{arm}"]
        on, cv = columns[f"clustered{arm}"] == 1, columns[f"cv{arm}"]
        found += flag_rows(on & (size > n), f"size{arm}", f"{{:g}} is above the {{:g}} people in n{arm}", size, n)
        uneven = on & (size <= n) & (size * (1 + cv**2) > n * (1 + 1e-12))
        text = "{:g} is more than clusters of {:g} people on average can vary among {:g}"
        found += flag_rows(uneven, f"cv{arm}", text, cv, size, n)
        found += flag_rows(size < 1, f"size{arm}", "{:g} is below 1; a cluster has people in it", size)
    return found


MEASURE = Measure(
    name="SMDC",
    title="Standardised mean difference, people in clusters",
    family="two means",
    formula_id="SMDC.v1",
    formula=_formula((True, True), hedges.EXACT),
    formula_of=formula_of,
    inputs=(
        *two_means.INPUTS,
        Input(
            "size1i", "positive", False, "average cluster size of the treated; default that of the control", "people"
        ),
        Input(
            "size2i", "positive", False, "average cluster size of the control; default that of the treated", "people"
        ),
        Input("icc", "icc", True, "intraclass correlation: share of the variance between clusters"),
        Input("icc_source", "choice", True, "where the ICC is from", choices=ICC_SOURCES),
        Input("cv1i", "statistic", False, "SD of the treated cluster sizes over their mean", default=0.0),
        Input("cv2i", "statistic", False, "SD of the control cluster sizes over their mean", default=0.0),
        Input("clustered1i", "flag", False, "0 when the treated are not in clusters", default=1.0),
        Input("clustered2i", "flag", False, "0 when the control is not in clusters", default=1.0),
        hedges.INPUT,
    ),
    scale="linear",
    orientation="Below 0: a lower mean in the treated group, in standard deviations over all people.",
    source=Source(
        "Hedges (2007), Effect sizes in cluster-randomized designs, Journal of Educational and Behavioral Statistics 32, and "
        "Hedges & Citkowicz (2015), Estimating effect size when there is clustering in one treatment group, "
        "Behavior Research Methods 47",
        "2007: equations 15 and 16 and the section on unequal cluster sizes; 2015: equations 5 to 7 for one arm",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=(*two_means.SWAP, ("size1i", "size2i"), ("cv1i", "cv2i"), ("clustered1i", "clustered2i")),
    prepare=prepare,
    check=check,
)
