"""Berkey et al. (1998), Statistics in Medicine 17, 2537-2550: two outcomes of five trials of periodontal surgery."""

from __future__ import annotations

import pandas as pd
import pytest
from test_multilevel_reference import SETS

import metareview as mr
from metareview.synthesis.multilevel.results import MultilevelResult

ONE = next(one for one in SETS if one["name"] == "berkey1998")


def fitted(formula: str, method: str) -> MultilevelResult:
    return mr.multilevel(
        formula, pd.DataFrame(ONE["data"]), V=ONE["V"], random="outcome|trial", struct="UN", method=method, test="z"
    )


def test_two_correlated_outcomes() -> None:
    ml = fitted("yi ~ 0 + outcome", "ML")
    assert ml.estimate == pytest.approx([-0.3379, 0.3448], abs=5e-5)
    assert ml.se == pytest.approx([0.0798, 0.0495], abs=5e-5)
    assert list(ml.components.values()) == pytest.approx([0.0261, 0.0070, 0.6992], abs=5e-5)
    reml = fitted("yi ~ 0 + outcome", "REML")
    assert reml.estimate == pytest.approx([-0.3392, 0.3534], abs=5e-5)


def test_year_of_publication() -> None:
    year = fitted("yi ~ 0 + outcome + outcome:I(year - 1983)", "ML")
    assert year.estimate == pytest.approx([-0.3351, 0.3479, -0.0108, 0.0010], abs=5e-5)
    assert year.se == pytest.approx([0.0787, 0.0520, 0.0243, 0.0154], abs=5e-5)
    assert list(year.components.values()) == pytest.approx([0.0250, 0.0080, 0.6587], abs=5e-5)
