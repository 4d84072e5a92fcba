"""RD: risk difference of a 2x2 table.

The share of the treated with the event minus the share of the controls; 1 over it is the number needed to treat. It is
the effect in people, so it depends on how common the event is: differences vary more between studies than ratios do.
Consider pooling `RR` or `OR` and turning the result into a difference at a stated base risk.

**Zeros.** A risk difference exists with a zero cell as long as one arm has some variance, so nothing is added. metafor
adds 0.5 to all cells of a table with a zero; `to="only0"` gives its numbers. That pulls both risks towards a half, the
smaller arm's more, so that in arms of unequal size it moves the difference either way, even through 0. A study in which
neither arm varies (no events in both, or everybody in one and nobody in the other) has a variance of 0 and is refused:
`AS` gives it a variance without adding anything.
"""

from __future__ import annotations

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Difference of the two risks and its variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    n1, n2 = a + b, c + d
    return Computed(a / n1 - c / n2, a * b / n1**3 + c * d / n2**3)


MEASURE = Measure(
    name="RD",
    title="Risk difference",
    family="two by two",
    formula_id="RD.v1",
    formula="n1i = ai + bi; n2i = ci + di; yi = ai/n1i - ci/n2i; vi = ai*bi/n1i^3 + ci*di/n2i^3",
    inputs=two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0: a lower risk of the event in the treated group.",
    source=Source(
        "Fleiss & Berlin (2009), Effect sizes for dichotomous data, in Cooper, Hedges & Valentine, "
        "The Handbook of Research Synthesis and Meta-Analysis, 2nd edition",
        "chapter 13, difference between two probabilities",
    ),
    compute=compute,
    zero_rule="none",
    **two_by_two.TABLE,
)
