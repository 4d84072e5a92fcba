"""SMN: standardised mean of one group.

The mean in standard deviations from 0, with Hedges' exact correction J for small groups. It makes sense for an outcome
whose 0 means something, such as a change score, or a score from which a norm was subtracted (give `mi` minus the norm).
For the change of a group measured twice see `SMCC`, for the difference of two groups `SMD`.

The corrected yi stands in the variance too, as in metafor's `escalc`. A group of two has no correction and is refused.
"""

from __future__ import annotations

from metareview.effects import one_mean
from metareview.effects.hedges import small_sample_correction
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source, flag_rows


def compute(columns: Columns) -> Computed:
    """Corrected standardised mean and its large-sample variance; arrays of shape (k,)."""
    m, sd, n = (columns[name] for name in one_mean.NAMES)
    yi = small_sample_correction(n - 1) * m / sd
    return Computed(yi, 1 / n + yi**2 / (2 * n))


def check(columns: Columns) -> list[Problem]:
    """Groups of two, for which the correction does not exist."""
    n = columns["ni"]
    return flag_rows((n >= 2) & (n < 3), "ni", "{:g} is below 3; a standardised mean needs three people", n)


MEASURE = Measure(
    name="SMN",
    title="Standardised mean",
    family="one mean",
    formula_id="SMN.v1",
    formula="yi = J(ni - 1)*mi/sdi; vi = 1/ni + yi^2/(2*ni)",
    inputs=one_mean.INPUTS,
    scale="linear",
    back="identity",
    positive="",
    orientation="Above 0: a mean above 0 (or above the norm that was subtracted); there is no treated arm.",
    source=Source(
        "Gibbons, Hedeker & Davis (1993), Estimation of effect size from a series of experiments involving paired "
        "comparisons, Journal of Educational Statistics 18",
        "pages 271-279, one sample of differences",
    ),
    compute=compute,
    check=check,
)
