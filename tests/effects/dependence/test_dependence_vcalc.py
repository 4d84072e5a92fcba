"""Assumed correlations against `vcalc` of the R package metafor, on its own data (`make_vcalc.R`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.effects.dependence.definite import nearest_correlation

HERE = Path(__file__).parent
CASES = json.loads((HERE / "vcalc.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[c["source"] for c in CASES])
def test_covariances_are_those_of_vcalc(case: dict[str, Any]) -> None:
    frame = pd.DataFrame(case["columns"])
    call = {k: None if v == "none" else v for k, v in case["call"].items()}
    if isinstance(call.get("rho_within"), list):
        call["rho_within"] = {(row["one"], row["two"]): row["r"] for row in call["rho_within"]}
    wanted = np.zeros((len(frame), len(frame)))
    wanted[case["row"], case["col"]] = wanted[case["col"], case["row"]] = case["value"]
    found = mr.sampling_covariance(frame, **call)
    np.testing.assert_allclose(found.to_matrix(), wanted, rtol=1e-10, atol=1e-14)
    assert len(found.to_frame()) == np.count_nonzero(np.triu(wanted, 1)) > 0


def test_the_nearest_correlation_matrix_is_that_of_highams_algorithm() -> None:
    case = json.loads((HERE / "nearest.json").read_text("utf-8"))
    found = nearest_correlation(np.array(case["matrix"]))
    # Matrix::nearPD lets the smallest eigenvalue be 0; here it is raised to 1e-8.
    np.testing.assert_allclose(found, case["nearest"], atol=1e-6)
    assert np.linalg.eigvalsh(found)[0] > 0
    np.testing.assert_array_equal(np.round(np.diag(found), 14), 1)
