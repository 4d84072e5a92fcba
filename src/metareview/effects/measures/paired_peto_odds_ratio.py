"""MPPETO: conditional odds ratio of matched pairs by Peto's method.

Counts **pairs**, each once: ai with the event under both, bi under treatment only, ci under control only, di under
neither (drawn as a table under `MPRR`, with what goes wrong when a paper prints the margins only).

Only the pairs that disagree say anything: given that exactly one of a pair has the event, how often is it the treated
one? So ai and di may be left out.

With O = bi, E = (bi + ci)/2 and V = (bi + ci)/4 the one-step estimate is (O - E)/V = 2(bi - ci)/(bi + ci). It lies
between -2 and 2, so an odds ratio beyond about 3 or below 1/3 is brought far too close to 1: use `MPORC` there. Do not pool
it with odds ratios of independent groups.

**Zeros.** None is corrected (`none` is the rule of this measure): the estimate exists as long as one pair disagrees.
metafor's `escalc` adds 0.5 to the cells of a table with a zero; `to="only0"` does so where bi or ci is zero. Without pairs
that disagree the row is refused.
"""

from __future__ import annotations

from metareview.effects import paired_two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Peto's log odds ratio of pairs and its variance; arrays of shape (k,)."""
    b, c = (columns[name] for name in paired_two_by_two.DISCORDANT)
    return Computed(2 * (b - c) / (b + c), 4 / (b + c))


MEASURE = Measure(
    name="MPPETO",
    title="Odds ratio of matched pairs by Peto's method",
    family="paired two by two",
    formula_id="MPPETO.v1",
    formula="E = (bi + ci)/2; V = (bi + ci)/4; yi = (bi - E)/V; vi = 1/V",
    inputs=paired_two_by_two.CONDITIONAL_INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): lower odds of the event under treatment, within a pair.",
    source=Source(
        "Curtin, Elbourne & Altman (2002), Meta-analysis combining parallel and cross-over clinical trials. II: Binary "
        "outcomes, Statistics in Medicine 21, pages 2145-2159",
        "Peto odds ratio of a cross-over trial",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=paired_two_by_two.SWAP,
    check=paired_two_by_two.check,
    cells=paired_two_by_two.DISCORDANT,
    margins=(paired_two_by_two.DISCORDANT,),
    zero_rule="none",
)
