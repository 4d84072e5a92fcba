"""Formulas, dropped rows, collinear moderators, fall-backs; subgroups and leave-one-out beside."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from synthesis_cases import load

from metareview.errors import MetareviewError
from metareview.synthesis.influence import leave_one_out
from metareview.synthesis.pooling import pool
from metareview.synthesis.regression import regress
from metareview.synthesis.subgroups import subgroups

BCG = pd.DataFrame(load("regress_bcg_alloc")["data"])


def test_rows_without_a_moderator_are_named() -> None:
    data = BCG.copy()
    data.loc[2, "year"] = np.nan
    data.loc[5, "alloc"] = None
    r = regress("yi ~ center(year) + alloc", data, labels="trial")
    assert r.k == 11 and r.excluded == ((BCG.trial[2], "missing year"), (BCG.trial[5], "missing alloc"))
    assert BCG.trial[2] not in r.labels and any("2 of 13" in w for w in r.warnings)


def test_a_level_that_lost_all_its_rows_goes() -> None:
    data = BCG.assign(alloc=pd.Categorical(BCG.alloc))
    data.loc[data.alloc == "systematic", "ablat"] = np.nan
    assert regress("yi ~ ablat + alloc", data).terms == ("Intercept", "ablat", "alloc[T.random]")


def test_empty_model_equals_pool() -> None:
    r, p = regress("yi ~ 1", BCG), pool(BCG.yi, BCG.vi)
    assert (r.estimate[0], r.se[0], r.tau2, r.I2, r.QE) == (p.estimate, p.se, p.tau2, p.I2, p.Q)
    assert math.isnan(r.R2) and pytest.approx(p.statistic**2) == r.QM


def test_categories_equal_subgroup_means() -> None:
    """With tau2 given, dummies without an intercept return the subgroup means (Borenstein et al. 2009, ch. 19)."""
    r = regress("yi ~ 0 + alloc", BCG, tau2=0.2, test="z")
    groups = subgroups(BCG.yi, BCG.vi, BCG.alloc, tau2=0.2, test="z")
    by_term = dict(zip(r.terms, r.estimate, strict=True))
    for name in groups.names:
        assert by_term[f"alloc[{name}]"] == pytest.approx(groups[name].estimate, rel=1e-12)
    with_intercept = regress("yi ~ alloc", BCG, tau2=0.2, test="z")
    assert pytest.approx(groups.Q_between, rel=1e-10) == with_intercept.QM and with_intercept.QM_df == 2


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("yi ~ ablat + double", "double is collinear with ablat"),
        ("yi ~ one", "one is the same for every effect"),
        ("yi ~ zero", "zero is 0 for every effect"),
        ("yi ~ nope", "no column nope"),
        ("yi ~ log(zero)", "not finite"),
        ("~ year", "both sides"),
        ("yi ~ (year", "cannot be read"),
        ("alloc ~ year", "numeric effect"),
        ("yi ~ trial", "13 effects cannot estimate 13"),
    ],
)
def test_formula_mistakes_are_told(formula: str, text: str) -> None:
    data = BCG.assign(double=2 * BCG.ablat, one=1, zero=0)
    with pytest.raises(MetareviewError, match=text):
        regress(formula, data)


@pytest.mark.parametrize(
    "formula",
    [
        "yi ~ I(__import__('os').getpid())",
        "yi ~ year.sum()",
        "yi ~ np.load('x')",
        "yi ~ eval('1')",
        "yi ~ {year}",
        "yi ~ I((lambda: 1)())",
        "yi ~ C(alloc, f'{year}')",
        'yi ~ C(alloc, "\\"" + eval(1) + "\\"")',
        'yi ~ I(""" " """ + eval(1) + """ " """)',
        "yi ~ I('`' + eval(1) + '`')",
    ],
)
def test_formulas_cannot_run_code(formula: str) -> None:
    with pytest.raises(MetareviewError, match="not allowed"):
        regress(formula, BCG)


def test_allowed_formulas() -> None:
    data = BCG.rename(columns={"ablat": "absolute latitude"})
    r = regress("yi ~ `absolute latitude` + I(year - 1900) + C(alloc, contr.treatment('random'))", data)
    assert r.p == 5
    plain = regress("yi ~ ablat + year + alloc", BCG)
    assert pytest.approx(plain.QM, rel=1e-9) == r.QM and r.tau2 == pytest.approx(plain.tau2, rel=1e-10)


def test_few_effects_a_coefficient_is_said() -> None:
    assert any("13 effects for 2 moderator coefficients" in w for w in regress("yi ~ ablat + year", BCG).warnings)
    assert regress("yi ~ ablat", BCG).warnings == ()


def test_one_residual_degree_of_freedom_uses_z() -> None:
    r = regress("yi ~ ablat", BCG[:3])
    assert r.test == "z" and r.df == math.inf and "unusable" in r.warnings[0]


def test_perfect_fit_uses_z() -> None:
    data = {"yi": [1.0, 2.0, 3.0, 4.0], "vi": [0.1] * 4, "x": [1, 2, 3, 4]}
    r = regress("yi ~ x", data)
    assert r.test == "z" and r.tau2 == 0.0 and r.estimate[1] == pytest.approx(1.0)


def test_bad_variance_is_named_by_label() -> None:
    data = BCG.copy()
    data.loc[4, "vi"] = 0.0
    with pytest.raises(MetareviewError, match=f"'{BCG.trial[4]}'"):
        regress("yi ~ ablat", data, labels="trial")


def test_result_is_plain_and_complete() -> None:
    r = regress("yi ~ ablat + alloc", BCG, labels="trial")
    plain = json.loads(json.dumps(r.to_dict()))
    assert plain["terms"] == list(r.terms) and plain["estimate"] == r.estimate.tolist()
    assert list(r.to_frame().columns) == ["term", "estimate", "se", "ci_low", "ci_high", "statistic", "df", "p"]
    assert r.coefficients.equals(r.to_frame()) and "k=13" in repr(r) and "<table" in r._repr_html_()


def test_groups_of_one_are_shown_and_named() -> None:
    r = subgroups([1.0, 2.0, 3.0, 4.0, 9.0], [0.1] * 5, ["a", "a", "b", "b", "c"])
    assert r.names == ("a", "b", "c") and r.single == ("c",) and r.tested == ("a", "b")
    assert r["c"].estimate == 9.0 and r.Q_between_df == 1 and "Groups of one effect: c" in r.warnings[0]
    assert r.Q_between == pytest.approx((3.5 - 1.5) ** 2 / (2 * r["a"].wald_se ** 2))
    equal = subgroups([1.0, 2.0, 3.0, 4.0, 9.0], [0.1] * 5, ["a", "a", "b", "b", "c"], tau2="FE", test="z")
    assert equal.tested == ("a", "b", "c") and equal.Q_between_df == 2
    assert equal.Q_between + sum(g.Q for g in equal.groups) == pytest.approx(equal.overall.Q)
    assert list(r.to_frame()["group"]) == ["a", "b", "c", "overall"] and json.dumps(r.to_dict())


def test_one_group_cannot_be_compared() -> None:
    r = subgroups([1.0, 2.0, 3.0], [0.1] * 3, ["a"] * 3)
    assert math.isnan(r.Q_between) and r.Q_between_df == 0 and "cannot be compared" in r.warnings[0]
    with pytest.raises(MetareviewError, match="No group"):
        subgroups([1.0, 2.0], [0.1] * 2, ["a", None])
    with pytest.raises(MetareviewError, match="1 groups for 2"):
        subgroups([1.0, 2.0], [0.1] * 2, ["a"])


def test_leave_one_out_needs_two() -> None:
    table = leave_one_out([1.0, 2.0], [0.1, 0.2], ["a", "b"])
    assert list(table["omitted"]) == ["a", "b"] and list(table["estimate"]) == [2.0, 1.0]
    with pytest.raises(MetareviewError, match="at least two"):
        leave_one_out([1.0], [0.1])


def test_subgroups_take_the_interval_of_tau2_that_is_asked_for() -> None:
    own = subgroups(BCG.yi, BCG.vi, BCG.alloc, tau2_ci="pl")
    for name in own.names:
        part = BCG[BCG.alloc == name]
        assert own[name].tau2_ci == pool(part.yi, part.vi, tau2_ci="pl").tau2_ci and own[name].tau2_ci_method == "pl"
    assert own.overall.tau2_ci == pool(BCG.yi, BCG.vi, tau2_ci="pl").tau2_ci
    for chosen in ("qp", "pl", "genq"):
        common = subgroups(BCG.yi, BCG.vi, BCG.alloc, tau2_by="common", tau2_ci=chosen)
        whole = regress("yi ~ 0 + alloc", BCG, tau2_ci=chosen)
        assert all(r.tau2_ci == pytest.approx(whole.tau2_ci, rel=1e-7) for r in common.groups)
