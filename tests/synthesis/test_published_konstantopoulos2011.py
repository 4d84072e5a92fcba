"""Konstantopoulos (2011), Research Synthesis Methods 2, 61-76: three-level models of 56 schools in 11 districts."""

from __future__ import annotations

import pandas as pd
import pytest
from test_multilevel_reference import SETS

import metareview as mr
from metareview.synthesis.multilevel.results import MultilevelResult

ONE = next(one for one in SETS if one["name"] == "konstantopoulos2011")


def fitted(formula: str, method: str) -> MultilevelResult:
    return mr.multilevel(
        formula, pd.DataFrame(ONE["data"]), V=ONE["V"], random="1|district/school", struct="CS", method=method, test="z"
    )


def test_the_three_level_model() -> None:
    ml, reml = fitted("yi ~ 1", "ML"), fitted("yi ~ 1", "REML")
    assert (ml.estimate[0], ml.se[0]) == pytest.approx((0.1845, 0.0805), abs=5e-5)
    assert list(ml.components.values()) == pytest.approx([0.0577, 0.0329], abs=5e-5)
    assert (reml.estimate[0], reml.se[0]) == pytest.approx((0.1847, 0.0846), abs=5e-5)
    assert list(reml.components.values()) == pytest.approx([0.0651, 0.0327], abs=5e-5)


def test_year_as_a_moderator() -> None:
    data = pd.DataFrame(ONE["data"])
    year = fitted(f"yi ~ I(year - {data['year'].mean()})", "ML")
    assert year.estimate[1] == pytest.approx(0.0051, abs=5e-5)
    assert year.se[1] == pytest.approx(0.0085, abs=5e-5)
