"""The sweep's figure: what is drawn is what was fitted, and the same figure gives the same bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.errors import MetareviewError
from metareview.report.figures.rho_sweep import alt_text
from metareview.report.figures.save import render


@pytest.fixture(scope="module")
def sweep() -> object:
    rng = np.random.default_rng(1)
    study = np.repeat(np.arange(12), 3)
    yi = 0.4 + rng.normal(0, 0.3, 12)[study] + rng.normal(0, 0.3, 36)
    data = pd.DataFrame({"study": study, "yi": yi, "vi": 0.09, "x": rng.normal(size=36)})
    return mr.rho_sweep("yi ~ x", data, study="study", rhos=[0.0, 0.3, 0.6, 0.9])


def test_every_correlation_is_drawn(sweep: object) -> None:
    figure = mr.figures.rho_sweep(sweep, title="A sweep", ylabel="Mean effect")
    words = {text.get_text() for text in figure.findobj() if hasattr(text, "get_text")}
    assert {"A sweep", "Mean effect", "0.3", "sigma2[study]", "Heterogeneity (SD)"} <= words
    assert render(figure, "svg") == render(mr.figures.rho_sweep(sweep, title="A sweep", ylabel="Mean effect"), "svg")


def test_alt_text_says_the_range(sweep: object) -> None:
    said = alt_text(sweep, term="x")
    assert said.startswith("Sweep of the assumed correlation from 0 to 0.9: x lies between")


def test_an_unknown_coefficient_is_said(sweep: object) -> None:
    with pytest.raises(MetareviewError, match="no coefficient 'z'"):
        mr.figures.rho_sweep(sweep, term="z")
