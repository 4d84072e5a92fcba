"""Assink & Wibbelink (2016), The Quantitative Methods for Psychology 12, 154-174: 100 effects in 17 studies, three levels."""

from __future__ import annotations

import pandas as pd
import pytest
from test_multilevel_reference import SETS

import metareview as mr
from metareview.synthesis.multilevel.results import MultilevelResult

ONE = next(one for one in SETS if one["name"] == "assink2016")


def fitted(formula: str, method: str) -> MultilevelResult:
    return mr.multilevel(
        formula, pd.DataFrame(ONE["data"]), V=ONE["V"], random="1|study/esid", struct="CS", method=method, test="z"
    )


def test_the_three_level_model() -> None:
    levels = fitted("yi ~ 1", "REML")
    assert (levels.estimate[0], levels.se[0]) == pytest.approx((0.427, 0.118), abs=5e-4)
    assert list(levels.components.values()) == pytest.approx([0.188, 0.112], abs=5e-4)
    assert (levels.k, levels.levels["study"]) == (100, 17)
