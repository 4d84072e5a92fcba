"""PETO: odds ratio of a 2x2 table by Peto's one-step method.

The events expected in the treated arm, had the treatment no effect, are compared with those seen: (O - E) / V is one
step from an odds ratio of 1 towards the most likely one. This makes it

- **good for rare events**, arms of similar size and effects that are not large (odds ratios between about 0.5 and 2);
- **biased otherwise**: large effects and arms of very different size mislead it, in either direction. Use `OR` there.

**Zeros.** One zero cell, or events in one arm only, needs no correction, and none is made (`none` is the rule of this
measure, as in Yusuf et al. and in metafor's `rma.peto`; metafor's `escalc` does add 0.5, which you get by
`to="only0"`). Without any event in either arm, or with nothing but events, V is 0 and the row is refused: it says
nothing about the odds ratio.

The variance 1/V holds near no effect only, since V is that of the hypergeometric distribution with an odds ratio of 1.
"""

from __future__ import annotations

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Peto's log odds ratio and its variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    n1, n2, n = a + b, c + d, a + b + c + d
    v = n1 * n2 * (a + c) * (b + d) / (n**2 * (n - 1))
    # observed minus expected, (ad - bc) / n, which exchanging the arms negates to the last digit
    return Computed((a * d - b * c) / (n * v), 1 / v)


MEASURE = Measure(
    name="PETO",
    title="Odds ratio by Peto's method",
    family="two by two",
    formula_id="PETO.v1",
    formula="n1i = ai + bi; n2i = ci + di; n = n1i + n2i; E = n1i*(ai + ci)/n; "
    "V = n1i*n2i*(ai + ci)*(bi + di) / (n^2*(n - 1)); yi = (ai - E)/V; vi = 1/V",
    inputs=two_by_two.INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): lower odds of the event in the treated group.",
    source=Source(
        "Yusuf, Peto, Lewis, Collins & Sleight (1985), Beta blockade during and after myocardial infarction: an "
        "overview of the randomized trials, Progress in Cardiovascular Diseases 27, pages 335-371",
        "statistical methods, observed minus expected and its variance",
    ),
    compute=compute,
    **two_by_two.TABLE,
    margins=(("ai", "ci"), ("bi", "di")),
    zero_rule="none",
)
