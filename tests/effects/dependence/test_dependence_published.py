"""The worked examples of Gleser & Olkin (2009), The handbook of research synthesis and meta-analysis (2nd ed.), chapter 19.

Page numbers are of that chapter; `ci` and `n2i` are the one control group of each study.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.effects.measure import Floats

TREATMENTS = pd.DataFrame(
    {
        "study_id": [1, 1, 2, 3, 3, 3],
        "treated_id": ["1", "2", "1", "1", "2", "3"],
        "control_id": "control",
        "ai": [100, 150, 15, 40, 80, 50],
        "n1i": [4000, 4000, 400, 1000, 1000, 1000],
        "ci": [40, 40, 10, 150, 150, 150],
        "n2i": [1000, 1000, 200, 2000, 2000, 2000],
    }
)


def gls(yi: Floats, V: Floats, groups: pd.Series) -> tuple[Floats, Floats, float]:
    """Generalised least squares with one mean a group: the means, their covariance, and the heterogeneity Q."""
    X = pd.get_dummies(groups).to_numpy(float)
    W = np.linalg.inv(V)
    C = np.linalg.inv(X.T @ W @ X)
    means = C @ X.T @ W @ yi
    return means, C, float((yi - X @ means) @ W @ (yi - X @ means))


@pytest.mark.parametrize(
    ("measure", "means", "variances", "Q"),
    [
        ("RD", (-0.0200, -0.0043, -0.0211), (24.612e-6, 28.538e-6, 69.806e-6), 7.1907),  # p. 361-362
        ("OR", (-0.5099, -0.0044, -0.4301), (0.01412, 0.01178, 0.02703), 2.0563),  # p. 363
        ("RR", (-0.4875, -0.0006, -0.4047), (0.01287, 0.01037, 0.02416), 1.8954),  # p. 364
    ],
)
def test_multiple_treatments_with_events(measure: str, means: tuple[float], variances: tuple[float], Q: float) -> None:
    effects = mr.effect_size(measure, TREATMENTS)
    V = mr.sampling_covariance(effects)
    found = gls(effects["yi"].to_numpy(), V.to_matrix(), effects["treated_id"])
    np.testing.assert_allclose(found[0], means, atol=5.1e-5)
    np.testing.assert_allclose(np.diag(found[1]), variances, atol=5.1e-6)
    assert found[2] == pytest.approx(Q, abs=1e-4)
    assert set(V.to_frame()["method"]) == {"computed"}
    assert V.warnings == ()


def test_multiple_treatments_with_events_the_whole_covariance_of_page_361() -> None:
    effects = mr.effect_size("RD", TREATMENTS)
    V = mr.sampling_covariance(effects).to_matrix()
    expected = [[24.612, 19.954, 13.323], [19.954, 28.538, 13.255], [13.323, 13.255, 69.806]]
    np.testing.assert_allclose(gls(effects["yi"].to_numpy(), V, effects["treated_id"])[1] * 1e6, expected, atol=5.1e-4)


def test_multiple_treatments_with_one_standardiser_for_all_arms() -> None:
    effects = pd.DataFrame(
        {
            "study_id": [1, 1, 2, 3, 4, 4],
            "measure": "SMD",
            "treated_id": ["1", "2", "1", "1", "1", "2"],
            "control_id": "control",
            "n1i": [25, 22, 38, 50, 30, 30],
            "n2i": [25, 25, 40, 50, 30, 30],
            "n_sd": [72, 72, 78, 100, 90, 90],
        }
    )
    m1, m2 = (np.array(m) for m in ([7.87, 4.35, 9.32, 8.08, 7.44, 5.34], [-1.36, -1.36, 0.98, 1.17, 0.45, 0.45]))
    effects["yi"] = (m1 - m2) / np.array([4.2593, 4.2593, 2.8831, 3.1764, 2.9344, 2.9344])
    effects["vi"] = 1 / effects["n1i"] + 1 / effects["n2i"] + effects["yi"] ** 2 / (2 * effects["n_sd"])
    V = mr.sampling_covariance(effects)
    first = V.to_frame().iloc[0]
    assert first["covariance"] == pytest.approx(1 / 25 + effects["yi"][0] * effects["yi"][1] / (2 * 72), rel=1e-12)
    means, C, Q = gls(effects["yi"].to_numpy(), V.to_matrix(), effects["treated_id"])  # p. 367
    np.testing.assert_allclose(means, (2.3743, 1.5702), atol=5.1e-5)
    np.testing.assert_allclose(C, [[0.02257, 0.01244], [0.01244, 0.03554]], atol=5.1e-6)
    assert pytest.approx(3.9447, abs=1e-4) == Q
    assert V.warnings == ()


def test_multiple_endpoints_with_the_correlation_of_each_school() -> None:
    n1, n2 = np.repeat([22, 21, 26, 18, 38, 42, 39], 2), np.repeat([24, 21, 23, 18, 36, 42, 38], 2)
    uncoached = [2.3, 2.5, 2.4, 1.3, 2.5, 2.4, 3.3, 1.7, 1.1, 2.0, 2.8, 2.1, 1.7, 0.6]
    coached = [10.3, 6.6, 9.7, 3.1, 8.7, 3.7, 7.5, 8.5, 2.2, 2.1, 3.8, 1.4, 1.8, 3.9]
    sd = np.array([8.2, 7.3, 8.3, 8.9, 8.5, 8.3, 7.7, 9.8, 9.1, 10.4, 9.6, 7.9, 9.2, 10.2])
    r = np.repeat([0.55, 0.43, 0.57, 0.66, 0.51, 0.59, 0.49], 2)
    yi = np.round((np.array(coached) - np.array(uncoached)) / sd, 3)
    vi = 1 / n1 + 1 / n2 + yi**2 / (2 * (n1 + n2))
    effects = pd.DataFrame({"study_id": np.repeat(range(7), 2), "outcome": ["math", "reading"] * 7, "r": r, "yi": yi})
    effects = effects.assign(vi=vi, n1i=n2, n2i=n1, measure="SMD")
    V = mr.sampling_covariance(effects, rho="r")
    a, b = yi[0::2], yi[1::2]
    by_hand = (1 / n1 + 1 / n2)[::2] * r[::2] + a * b * r[::2] ** 2 / (2 * (n1 + n2)[::2])
    np.testing.assert_allclose(V.to_frame()["covariance"], by_hand, rtol=1e-12)
    means, C, Q = gls(yi, V.to_matrix(), effects["outcome"])  # p. 371, where covariances were rounded to 4 decimals
    np.testing.assert_allclose(means, (0.3617, 0.2051), atol=3e-4)
    np.testing.assert_allclose(C, [[0.01008, 0.00537], [0.00537, 0.00989]], atol=2e-5)
    assert pytest.approx(19.62, abs=0.03) == Q
