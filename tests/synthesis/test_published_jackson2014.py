"""Jackson, Turner, Rhodes & Viechtbauer (2014), BMC Medical Research Methodology 14, 103: intervals of tau2, both examples.

The four digits are those of metafor's test of this analysis, with CompQuadForm for the generalised Q
and its usual tolerance, hence 1.2e-4.
"""

from __future__ import annotations

import numpy as np
import pytest
from synthesis_cases import numbers

from metareview.synthesis import wls
from metareview.synthesis.intervals import interval
from metareview.synthesis.intervals.base import Between
from metareview.synthesis.tau2 import between_variance

FIRST = (
    numbers(
        "0.0267 0.8242 0.3930 2.4405 2.1401 1.2528 2.4849 0.3087 1.4246 0.1823 1.1378 1.2321 2.0695 4.0237 1.4383 "
        "1.6021"
    ),
    numbers(
        "0.1285 0.0315 0.0931 2.0967 1.0539 0.1602 1.0235 0.0218 0.5277 0.0556 0.3304 0.1721 0.4901 2.0200 0.3399 "
        "0.1830"
    ),
    [0] * 10 + [1] * 6,
)
SECOND = (
    numbers("0.54 0.4 0.64 0.365 0.835 0.02 0.12 0.085 1.18 0.08 0.18 0.325 0.06 0.715 0.065 0.245 0.24 0.06 0.19"),
    numbers(
        "0.0176 0.019 0.0906 0.0861 0.0063 0.0126 0.0126 0.0041 0.0759 0.0126 0.0104 0.0242 0.0026 0.2629 0.0169 "
        "0.0156 0.0481 0.0084 0.0044"
    ),
    [1986, 1987, 1988, 1988, 1998, 1999, 2000, 2000, 2000, 2001, 2001, 2001, 2002, 2002, 2002, 2002, 2003, 2003, 2003],
)
PRINTED = [
    (FIRST, "REML", "wald", None, 0.0110, 0.6330),
    (FIRST, "GENQ", "genq", 1.0, 0.0029, 0.6907),
    (FIRST, "GENQ", "genq", 0.5, 0.0000, 1.1245),
    (FIRST, "PM", "qp", None, 0.0023, 1.4871),
    (SECOND, "REML", "wald", None, 0.0163, 0.1108),
    (SECOND, "GENQ", "genq", 1.0, 0.0170, 0.1393),
    (SECOND, "GENQ", "genq", 0.5, 0.0180, 0.1375),
    (SECOND, "PM", "qp", None, 0.0178, 0.1564),
]


@pytest.mark.parametrize(("example", "method", "name", "power", "low", "high"), PRINTED)
def test_intervals(
    example: tuple[list[float], ...], method: str, name: str, power: float | None, low: float, high: float
) -> None:
    yi, vi, x = (np.array(column, dtype=float) for column in example)
    X = np.column_stack([np.ones(yi.size), x])
    weights = None if power is None else vi**-power
    used, tau2 = between_variance(method, yi, vi, X, weights)
    bounds = interval(name)(Between(yi, vi, X, used, tau2, 0.95, weights))
    assert (bounds.low, bounds.high) == pytest.approx((low, high), abs=1.2e-4)
    assert bounds.low <= tau2.value <= bounds.high and wls.fit(yi, 1 / vi, X).beta.size == 2
