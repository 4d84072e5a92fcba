"""AS: difference of two risks after the arcsine square-root transformation.

asin(sqrt(p)) makes the variance of a proportion nearly free of the proportion: 1/(4n). So the measure exists for every
table, **zeros in one or both arms included**, and a study without events takes part with a difference of 0 and the
weight its size deserves. No correction is made (`none` is the rule of this measure, as in metafor); that is the point
of it (Rücker et al.: "Why add anything to nothing?").

The price is reading it. A difference of 0.1 means different risk differences at different base risks, and there is no
table-free way back: use it to check that a result with rare events does not hang on the correction, and report the
risk difference or ratio beside it. Twice this measure is Cohen's h.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Arcsine difference and its variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    n1, n2 = a + b, c + d
    return Computed(np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c / n2)), 1 / (4 * n1) + 1 / (4 * n2))


MEASURE = Measure(
    name="AS",
    title="Arcsine difference",
    family="two by two",
    formula_id="AS.v1",
    formula="n1i = ai + bi; n2i = ci + di; yi = asin(sqrt(ai/n1i)) - asin(sqrt(ci/n2i)); vi = 1/(4*n1i) + 1/(4*n2i)",
    inputs=two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0: a lower risk of the event in the treated group.",
    source=Source(
        "Rücker, Schwarzer, Carpenter & Olkin (2009), Why add anything to nothing? The arcsine difference as a measure "
        "of treatment effect in meta-analysis with zero cells, Statistics in Medicine 28, pages 721-738",
        "arcsine difference and its asymptotic variance",
    ),
    compute=compute,
    **two_by_two.TABLE,
    zero_rule="none",
)
