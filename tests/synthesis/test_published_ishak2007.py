"""Ishak et al. (2007), Clinical Trials 4, 525-539: tumour-motion scores at four times in 46 studies, heterogeneous AR(1)."""

from __future__ import annotations

import pandas as pd
import pytest
from test_multilevel_reference import SETS

import metareview as mr
from metareview.synthesis.multilevel.results import MultilevelResult

ONE = next(one for one in SETS if one["name"] == "ishak2007")


def fitted(formula: str, method: str) -> MultilevelResult:
    return mr.multilevel(
        formula, pd.DataFrame(ONE["data"]), V=ONE["V"], random="time|study", struct="HAR", method=method, test="z"
    )


def test_heterogeneous_autoregressive_effects() -> None:
    har = fitted("yi ~ 0 + C(time)", "REML")
    assert har.estimate == pytest.approx([-25.9047, -27.4608, -28.6559, -26.4934], abs=5e-5)
    assert har.se == pytest.approx([1.0118, 1.1406, 1.0321, 1.3817], abs=5e-5)
    assert list(har.components.values()) == pytest.approx([22.7258, 33.7295, 26.1426, 31.1803, 0.8832], abs=6e-5)
