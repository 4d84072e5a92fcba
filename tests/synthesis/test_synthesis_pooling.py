"""Hard inputs, fall-backs, warnings and errors of pooling."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from synthesis_cases import BCG

from metareview.errors import USAGE, MetareviewError
from metareview.synthesis.crosscheck import crosscheck, failed
from metareview.synthesis.pooling import pool
from metareview.synthesis.tau2 import estimator, estimators

METHODS = sorted(estimators())


@pytest.mark.parametrize("method", METHODS)
def test_one_effect(method: str) -> None:
    r = pool([0.3], [0.04], tau2=method, crosscheck=True)
    assert (r.estimate, r.se, r.tau2, r.test, r.k) == (0.3, pytest.approx(0.2), 0.0, "z", 1)
    assert r.ci_low == pytest.approx(0.3 - 1.959963984540054 * 0.2)
    assert math.isnan(r.pi_low) and math.isnan(r.tau2_ci[0]) and r.weights[0] == 100.0
    assert r.crosscheck == {} and any("One effect only" in w for w in r.warnings)


@pytest.mark.parametrize("method", METHODS)
def test_two_effects_fall_back_to_z(method: str) -> None:
    r = pool([0.3, 0.9], [0.04, 0.02], tau2=method)
    assert r.test == "z" and r.df == math.inf and math.isnan(r.pi_low) and r.warnings
    if method != "FE":
        assert "unusable" in r.warnings[0] and any("prediction interval" in w.lower() for w in r.warnings)


def test_two_effects_by_hand() -> None:
    """With equal variances every estimator but SJ gives (difference^2 / 2 - v), and the mean is the midpoint."""
    for method in ("DL", "HE", "PM", "REML"):
        r = pool([0.0, 1.0], [0.1, 0.1], tau2=method, test="z")
        assert r.tau2 == pytest.approx(0.4, rel=1e-14) and r.estimate == pytest.approx(0.5)
    assert pool([0.0, 1.0], [0.1, 0.1], tau2="ML", test="z").tau2 == pytest.approx(0.15, rel=1e-14)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, 0.3, -2.0])
def test_ties(method: str, value: float) -> None:
    r = pool([value] * 4, [0.1, 0.2, 0.3, 0.4], tau2=method)
    assert r.estimate == pytest.approx(value, abs=1e-15) and r.tau2 == pytest.approx(0.0, abs=1e-30)
    assert r.test == "z" and r.se == r.wald_se and r.warnings and r.tau2_ci == (0.0, 0.0)


@pytest.mark.parametrize("method", METHODS)
def test_eight_orders_of_magnitude(method: str) -> None:
    r = pool([1.0, 2.0, 3.0, 4.0, 50.0], [1e-4, 1e-2, 1.0, 1e2, 1e4], tau2=method, crosscheck=True)
    assert r.converged and np.isfinite([r.estimate, r.se, r.tau2, *r.tau2_ci]).all()
    assert failed(r.crosscheck) == []


def test_equal_effects_model() -> None:
    r = pool(BCG["yi"], BCG["vi"], tau2="EE")
    assert r.method == "FE" and r.test == "z" and r.tau2 == 0.0 and math.isnan(r.pi_low)
    assert "equal-effects" in r.warnings[0] and pool(BCG["yi"], BCG["vi"], tau2="fe", test="z").warnings == ()
    assert pytest.approx(100 * (r.Q - 12) / r.Q) == r.I2


def test_known_tau2() -> None:
    estimated = pool(BCG["yi"], BCG["vi"])
    known = pool(BCG["yi"], BCG["vi"], tau2=estimated.tau2, crosscheck=True)
    assert known.method == "fixed" and math.isnan(known.tau2_se)
    assert known.estimate == estimated.estimate and known.se == estimated.se and known.pi_low == estimated.pi_low
    assert set(known.crosscheck) == {"estimate", "se"} and failed(known.crosscheck) == []


def test_narrow_knapp_hartung_is_said() -> None:
    yi, vi = [0.10, 0.11, 0.09, 0.10], [0.5, 0.4, 0.6, 0.5]
    r = pool(yi, vi)
    assert r.test == "knha" and r.ci_high - r.ci_low < r.wald_ci_high - r.wald_ci_low
    assert any("narrower" in w for w in r.warnings)
    assert not any("narrower" in w for w in pool(BCG["yi"], BCG["vi"]).warnings)


def test_the_wald_interval_stands_beside() -> None:
    k, z = pool(BCG["yi"], BCG["vi"]), pool(BCG["yi"], BCG["vi"], test="z")
    assert (k.wald_se, k.wald_ci_low, k.wald_ci_high) == (z.se, z.ci_low, z.ci_high)
    assert k.df == 12 and z.df == math.inf and k.se != z.se


def test_level_is_carried() -> None:
    wide, narrow = pool(BCG["yi"], BCG["vi"], level=0.99), pool(BCG["yi"], BCG["vi"], level=0.8)
    assert wide.ci_low < narrow.ci_low and wide.tau2_ci[1] > narrow.tau2_ci[1] and wide.level == 0.99


@pytest.mark.parametrize("bad", [0.0, -0.1, math.nan, math.inf, 1e-300])
def test_bad_variance_names_the_label(bad: float) -> None:
    with pytest.raises(MetareviewError, match="'Jones 2003'") as error:
        pool([0.1, 0.2], [0.1, bad], labels=["Smith 2001", "Jones 2003"])
    assert error.value.exit_code == USAGE and error.value.hint


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_bad_effect_names_the_label(bad: float) -> None:
    with pytest.raises(MetareviewError, match="'2'"):
        pool([0.1, bad], [0.1, 0.1])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"tau2": "XX"}, "no tau2 estimator 'XX'"),
        ({"tau2": -0.1}, "known tau2"),
        ({"tau2": math.nan}, "known tau2"),
        ({"test": "F"}, "no test 'F'"),
        ({"level": 95}, "level"),
        ({"engine": "R"}, "no engine"),
        ({"labels": ["a"]}, "labels has 1"),
        ({"tau2": "PM", "engine": "pymare"}, "PyMARE has no PM"),
    ],
)
def test_mistakes_are_told(arguments: dict[str, object], text: str) -> None:
    with pytest.raises(MetareviewError, match=text):
        pool([0.1, 0.2, 0.4], [0.1, 0.2, 0.1], **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(("yi", "vi"), [([], []), (["a"], [1]), ([[1, 2]], [[1, 2]]), ([1, 2], [1])])
def test_shapes_are_checked(yi: list[object], vi: list[object]) -> None:
    with pytest.raises(MetareviewError):
        pool(yi, vi)


@pytest.mark.parametrize("method", ["FE", "DL", "HE", "ML", "REML", 0.2])
def test_pymare_as_engine(method: str | float) -> None:
    other = pool(BCG["yi"], BCG["vi"], tau2=method, engine="pymare", crosscheck=True)
    own = pool(BCG["yi"], BCG["vi"], tau2=method)
    assert other.engine == "pymare" and own.engine == "metareview"
    assert other.estimate == pytest.approx(own.estimate, rel=1e-6) and other.se == pytest.approx(own.se, rel=1e-6)
    assert other.tau2 == pytest.approx(own.tau2, rel=1e-6) and failed(other.crosscheck) == []
    assert set(other.crosscheck) >= {"estimate", "se"}


def test_crosscheck_sees_a_wrong_result() -> None:
    r = pool(BCG["yi"], BCG["vi"])
    wrong = dataclasses.replace(r, estimate=r.estimate + 1e-3 * r.se, tau2=r.tau2 * 1.001)
    assert failed(crosscheck(wrong)) == ["estimate", "tau2"] and failed({"se": math.nan}) == ["se"]


def test_crosscheck_near_zero_has_a_scale() -> None:
    r = pool([-0.1, 0.1, 0.1, -0.1], [0.05, 0.05, 0.05, 0.05], crosscheck=True)
    assert r.estimate == pytest.approx(0.0, abs=1e-16) and r.tau2 == 0.0 and failed(r.crosscheck) == []


def test_result_is_plain_and_complete() -> None:
    r = pool(BCG["yi"], BCG["vi"], labels=[f"t{i}" for i in range(13)], excluded=[("x", "no variance")])
    plain = json.loads(json.dumps(r.to_dict()))
    assert plain["estimate"] == r.estimate and plain["excluded"] == [["x", "no variance"]]
    assert plain["labels"][12] == "t12" and r.to_frame().loc[0, "tau2_ci_low"] == r.tau2_ci[0]
    assert "REML/knha" in repr(r) and "<table" in r._repr_html_()


def test_aliases_and_registry() -> None:
    assert estimator("ee") is estimators()["FE"] and list(estimators()) == METHODS
    assert all(item.title and item.source for item in estimators().values())


def test_the_room_is_light_to_import() -> None:
    code = "import sys, metareview.synthesis, metareview.synthesis.tau2; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
