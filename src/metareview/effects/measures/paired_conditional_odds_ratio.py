"""MPORC: conditional odds ratio of matched pairs.

Counts **pairs**, each once: ai with the event under both, bi under treatment only, ci under control only, di under
neither (drawn as a table under `MPRR`, with what goes wrong when a paper prints the margins only).

Only the pairs that disagree say anything: given that exactly one of a pair has the event, how often is it the treated
one? So ai and di may be left out.

This is the odds ratio *within* a pair, what conditional logistic regression and McNemar's test are about. It is
further from 1 than the marginal odds ratio `MPOR` of the same table whenever pairs differ in risk. **Do not pool it with
odds ratios of independent groups** (`OR`); `MPOR` is for that.

**Zeros.** 0.5 to bi and ci of a table in which *one of these two* is zero (`only0`). metafor's `escalc` also adds it when
only ai or di is zero, which moves an estimate that does not depend on ai and di and exists as it stands; the two differ in
such rows alone. Without pairs that disagree the row is refused. Sweeting's treatment-arm correction is not defined.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import paired_two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log conditional odds ratio and its variance; arrays of shape (k,)."""
    b, c = (columns[name] for name in paired_two_by_two.DISCORDANT)
    return Computed(np.log(b / c), 1 / b + 1 / c)


MEASURE = Measure(
    name="MPORC",
    title="Odds ratio of matched pairs, conditional",
    family="paired two by two",
    formula_id="MPORC.v1",
    formula="yi = ln(bi/ci); vi = 1/bi + 1/ci",
    inputs=paired_two_by_two.CONDITIONAL_INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): lower odds of the event under treatment, within a pair.",
    source=Source(
        "Curtin, Elbourne & Altman (2002), Meta-analysis combining parallel and cross-over clinical trials. II: Binary "
        "outcomes, Statistics in Medicine 21, pages 2145-2159",
        "conditional (Mantel-Haenszel) odds ratio of a cross-over trial",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=paired_two_by_two.SWAP,
    check=paired_two_by_two.check,
    cells=paired_two_by_two.DISCORDANT,
    margins=(paired_two_by_two.DISCORDANT,),
)
