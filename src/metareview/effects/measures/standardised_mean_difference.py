"""SMD: standardised mean difference, Hedges' g."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from metareview.effects import two_means
from metareview.effects.measure import Columns, Computed, Floats, Measure, Source


def small_sample_correction(df: Floats) -> Floats:
    """Hedges' exact J(df) = Gamma(df/2) / (sqrt(df/2) * Gamma((df-1)/2)), df above 1, of any shape.

    Source: Hedges (1981), equation 6e.
    """
    return np.asarray(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def compute(columns: Columns) -> Computed:
    """Hedges' g and its large-sample variance; arrays of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    df = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df)
    g = small_sample_correction(df) * (m1 - m2) / pooled
    return Computed(g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2)))


MEASURE = Measure(
    name="SMD",
    title="Standardised mean difference (Hedges' g)",
    family="two means",
    formula_id="SMD.v1",
    formula="df = n1i + n2i - 2; sp = sqrt(((n1i - 1)*sd1i^2 + (n2i - 1)*sd2i^2) / df); yi = J(df) * (m1i - m2i) / sp; "
    "vi = 1/n1i + 1/n2i + yi^2 / (2*(n1i + n2i))",
    inputs=two_means.INPUTS,
    scale="linear",
    orientation="Below 0: a lower mean in the treated group, in pooled standard deviations.",
    source=Source(
        "Hedges (1981), Journal of Educational Statistics 6, and Hedges (1982), Psychological Bulletin 92",
        "exact correction: 1981, equation 6e; variance: 1982, equation 8",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.SWAP,
)
