"""Multilevel and multivariate models against metafor (see reference/make_multilevel.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metareview.synthesis.multilevel.model import multilevel
from metareview.synthesis.multilevel.results import MultilevelResult

SETS = json.loads((Path(__file__).parent / "reference" / "multilevel.json").read_text(encoding="utf-8"))["sets"]
FITS = [pytest.param(s, f, id=f"{s['name']}-{f['name']}") for s in SETS for f in s["fits"]]


def fit(one: dict[str, Any], fitted: dict[str, Any], **more: Any) -> MultilevelResult:
    R = fitted["R"] and {
        fitted["R"]["factor"]: pd.DataFrame(fitted["R"]["matrix"], fitted["R"]["levels"], fitted["R"]["levels"])
    }
    return multilevel(
        fitted["formula"], pd.DataFrame(one["data"]), V=np.array(one["V"]), random=fitted["random"], struct=fitted["struct"],
        method=fitted["method"], test="z", R=R, **more,
    )  # fmt: skip


def close(got: Any, expected: Any, tolerance: float = 1e-6) -> None:
    np.testing.assert_allclose(
        np.asarray(got, dtype=float), np.asarray(expected, dtype=float), rtol=tolerance, atol=tolerance
    )


def variances(result: MultilevelResult) -> list[float]:
    return [v for name, v in result.components.items() if "rho" not in name]


@pytest.mark.parametrize(("one", "fitted"), FITS)
def test_model_agrees_with_metafor(one: dict[str, Any], fitted: dict[str, Any]) -> None:
    result = fit(one, fitted)
    assert result.converged
    assert result.loglik >= fitted["loglik"] - 1e-8
    close(result.loglik, fitted["loglik"])
    close(result.estimate, fitted["estimate"])
    close(result.se, fitted["se"])
    close(result.p_value, fitted["pval"])
    for name in ("AIC", "AICc", "BIC", "QE"):
        close(getattr(result, name), fitted[name])
    close(result.QE_p, fitted["QEp"])
    structured = any("1|" not in r.replace(" ", "") for r in np.atleast_1d(fitted["random"]))
    close(variances(result), np.atleast_1d(fitted["tau2"] if structured else fitted["sigma2"]))
    if structured and any("rho" in name for name in result.components):
        close([v for name, v in result.components.items() if "rho" in name], np.atleast_1d(fitted["rho"]))
