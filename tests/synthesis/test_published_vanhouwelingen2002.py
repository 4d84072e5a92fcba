"""van Houwelingen, Arends & Stijnen (2002), Statistics in Medicine 21, 589-624: log odds in both arms of 13 BCG trials."""

from __future__ import annotations

import pandas as pd
import pytest
from test_multilevel_reference import SETS

import metareview as mr
from metareview.synthesis.multilevel.results import MultilevelResult

ONE = next(one for one in SETS if one["name"] == "vanhouwelingen2002")


def fitted(formula: str, method: str) -> MultilevelResult:
    return mr.multilevel(
        formula, pd.DataFrame(ONE["data"]), V=ONE["V"], random="arm|trial", struct="UN", method=method, test="z"
    )


def test_the_bivariate_model() -> None:
    both = fitted("yi ~ 0 + arm", "ML")
    assert both.terms == ("arm[control]", "arm[treated]")
    assert both.estimate == pytest.approx([-4.0960, -4.8337], abs=5e-5)
    assert both.se == pytest.approx([0.4347, 0.3396], abs=5e-5)
    assert list(both.components.values()) == pytest.approx([2.4073, 1.4314, 0.9467], abs=5e-5)


def test_latitude_leaves_a_singular_fit_that_is_named() -> None:
    latitude = fitted("yi ~ 0 + arm + arm:I(ablat - 33)", "ML")
    assert "rho[control,treated]" in latitude.singular
    assert any("singular" in warning for warning in latitude.warnings)
