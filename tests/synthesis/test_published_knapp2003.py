"""Knapp & Hartung (2003), Statistics in Medicine 22, 2693-2710: the BCG trials on latitude, their test with each tau2.

The values are metafor's (3.8.1, thresholds and tolerances 1e-13 or less), from the article's formulas: the figures that
the article prints were looked for in public pages and repositories, and no copy that can be read has them.
"""

from __future__ import annotations

import pytest
from synthesis_cases import load, numbers

from metareview.synthesis.blup import blup
from metareview.synthesis.fit_statistics import fit_statistics
from metareview.synthesis.regression import regress

DATA = load("regress_bcg_ablat_year")["data"]
# tau2, coefficients, errors, F and its p
KNHA = {
    "DL": "0.0633005024262449 0.259543712433593 -0.0292287387551616 0.273874502067314 0.00793775578619967 "
    "13.558907086844215 0.00361167383427735",
    "HE": "0.209048026358902 0.203115006214191 -0.0281767595986281 0.337605654483 0.00958237582427982 "
    "8.64640736999985 0.0134362699287908",
    "REML": "0.076347963954932 0.251468210006947 -0.0291017250116226 0.283925283743139 0.00820141741102966 "
    "12.590982884424381 0.00456505154154239",
}
# tau2, its error and the p-values of the t test
MORE = {
    "HS": (0.0290849078997634, 0.0162884567731368, (0.133032937838359, 0.000143764381572047)),
    "HSk": (0.0382497885309579, 0.0228937088023933, (0.179205478502046, 0.000299678141444401)),
    "PMM": (0.161555108764065, 0.107194640294128, (0.532353316433083, 0.0124545652362242)),
    "DL2": (0.11798802806042, 0.0842240631904409, None),
    "HE2": (0.153464296931103, 0.110598238522460, None),
}


@pytest.mark.parametrize("method", KNHA)
def test_their_test(method: str) -> None:
    r = regress("yi ~ ablat", DATA, tau2=method)
    assert [r.tau2, *r.estimate, *r.se, r.QM, r.QM_p] == pytest.approx(numbers(KNHA[method]), rel=1e-8)


@pytest.mark.parametrize("method", MORE)
def test_other_estimators_with_moderators(method: str) -> None:
    tau2, error, p = MORE[method]
    r = regress("yi ~ ablat", DATA, tau2=method, test="t")
    assert r.tau2 == pytest.approx(tau2, rel=1e-9) and r.tau2_se == pytest.approx(error, rel=1e-9)
    if p is not None:
        assert r.p_value == pytest.approx(p, rel=1e-8)


def test_predictions_and_fit() -> None:
    r = regress("yi ~ ablat", DATA)
    b = blup(r)
    assert b.estimate[:3] == pytest.approx([-1.00247207489342, -1.41570542365908, -1.02938219425042], rel=1e-8)
    assert b.se[:3] == pytest.approx([0.280434252998338, 0.286241013889999, 0.283748615994893], rel=1e-8)
    assert b.low[:3] == pytest.approx([-1.61970370412415, -2.04571764744056, -1.65390868725172], rel=1e-8)
    assert b.deviation_se[:3] == pytest.approx([0.250537794806622, 0.242910220117795, 0.255019152450766], rel=1e-8)
    ml, reml = fit_statistics(r, likelihood="ML"), fit_statistics(r)
    assert (ml.log_likelihood, ml.AIC, ml.BIC, ml.AICc) == pytest.approx(
        (-7.94657355589277, 21.89314711178555, 23.58799518417015, 24.55981377845221), rel=1e-9
    )
    assert (reml.log_likelihood, reml.AIC, reml.BIC, reml.AICc) == pytest.approx(
        (-8.08732005827264, 22.17464011654527, 23.36832593494039, 25.60321154511670), rel=1e-9
    )
    assert r.tau2_ci == pytest.approx((0.016680068320565, 0.78483525457555), rel=1e-9)
    assert r.I2_ci == pytest.approx((32.09788323586, 95.697443536828), rel=1e-9)
    assert r.H2_ci == pytest.approx((1.4727081387956, 23.241995975173), rel=1e-9)
    assert reml.converged and reml.iterations == r.iterations > 0 and abs(reml.gradient) < 1e-8
