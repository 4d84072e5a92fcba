"""COR: Pearson correlation as printed.

Correlations can be pooled as they are, but their variance hangs on the correlation itself, `(1 - r^2)^2 / (n - 1)`: a
large r looks more precise than it is, and pooling favours it. ZCOR, whose variance knows only n, does not have that
trap; use COR when readers need the scale or when a model needs raw correlations. r is also slightly too small on
average; UCOR corrects that.

A correlation is no effect of a programme. Its sign follows the coding of both variables: check it for each study.
"""

from __future__ import annotations

from metareview.effects import correlation
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """The correlation and its large-sample variance; arrays of shape (k,)."""
    r = columns["ri"]
    return Computed(r, (1 - r**2) ** 2 / (columns["ni"] - 1))


MEASURE = Measure(
    name="COR",
    title="Correlation",
    family="correlation",
    formula_id="COR.v1",
    formula="yi = ri; vi = (1 - ri^2)^2 / (ni - 1)",
    inputs=(correlation.R, correlation.N),
    scale="linear",
    orientation="Below 0: where one variable is higher, the other is lower.",
    positive="",
    source=Source(
        "Borenstein (2009), Effect sizes for continuous data, in Cooper, Hedges & Valentine, "
        "The Handbook of Research Synthesis and Meta-Analysis, 2nd edition",
        "equation 12.27",
    ),
    compute=compute,
    check=correlation.check,
)
