"""Natural mistakes in what a synthesis is given: each is told with a hint or read as it was meant, and none passes in silence."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metareview as mr
from metareview.errors import MetareviewError
from metareview.synthesis.collinearity import ROUNDING
from metareview.synthesis.dependent.pooled import pooled_of

RNG = np.random.default_rng(1)
Y, V = [0.1, 0.2, 0.3, 0.25], [0.04, 0.05, 0.03, 0.1]
D = pd.DataFrame(
    {
        "yi": RNG.normal(size=12),
        "vi": RNG.uniform(0.05, 0.2, 12),
        "x": RNG.normal(size=12),
        "z": RNG.normal(size=12),
        "g": list("abc") * 4,
        "study": list("aabbccddeeff"),
        "eff": range(12),
        "out": ["o", "p"] * 6,
        "time": [1, 2] * 6,
    }
)
TERMS = ("Intercept", "g")
Fit = Callable[[pd.DataFrame], Any]


def fails(run: Callable[[], Any], message: str, hint: str = "") -> None:
    with pytest.raises(MetareviewError, match=message) as caught:
        run()
    assert caught.value.hint and hint in caught.value.hint


USES: list[tuple[str, Fit]] = [
    ("yi x vi", lambda d: mr.regress("yi ~ x", d)),
    ("x", lambda d: mr.regress("yi ~ center(x)", d)),
    ("eff", lambda d: mr.regress("yi ~ x", d, labels="eff")),
    ("yi x vi study eff", lambda d: mr.multilevel("yi ~ x", d, random="1 | study/eff")),
    ("out study", lambda d: mr.multilevel("yi ~ 1", d, random="out | study", struct="UN")),
    ("time", lambda d: mr.multilevel("yi ~ 1", d, random="time | study", struct="AR")),
    ("yi x vi study eff", lambda d: mr.che("yi ~ x", d, study="study", effect="eff")),
    ("yi vi study out", lambda d: mr.sce("yi ~ 0 + out", d, study="study", subgroup="out")),
    ("yi x vi g", lambda d: mr.location_scale("yi ~ x", d, scale="~ g")),
    ("x study", lambda d: mr.split_within(d, "x", "study")),
    ("x z vi", lambda d: mr.select_models("yi ~ x + z", d)),
]


@pytest.mark.parametrize(("column", "fit"), [(name, fit) for names, fit in USES for name in names.split()])
def test_a_column_that_is_there_twice_is_refused_where_it_is_used(column: str, fit: Fit) -> None:
    fails(lambda: fit(pd.concat([D, D[[column]][::-1].reset_index(drop=True)], axis=1)), f"2 columns named {column}")


def test_a_double_column_that_is_not_used_does_no_harm() -> None:
    assert mr.regress("yi ~ x", pd.concat([D, D[["z", "g"]]], axis=1)).estimate.size == 2


MISSING = [
    np.ma.masked_array([0.1, 0.2, 9.0, 0.3], [0, 0, 1, 0]),
    np.ma.masked_array([1, 2, 9, 3], [0, 0, 1, 0]),
    pd.array([0.1, 0.2, None, 0.3], dtype="Float64"),
    pd.Series([1, 2, None, 3], dtype="Int64"),
    [0.1, 0.2, pd.NA, 0.3],
    [0.1, 0.2, None, 0.3],
]


@pytest.mark.parametrize("values", MISSING)
def test_what_is_masked_or_missing_is_not_pooled(values: Any) -> None:
    fails(lambda: mr.pool(values, V), r"effect is not a usable number for '3' \(nan\)")
    fails(lambda: mr.pool(Y, values), r"sampling variance must be a positive number, and is not for '3' \(nan\)")
    with pytest.raises(MetareviewError):
        mr.pool(Y, V, weights=values)


def test_masked_and_written_counts_are_not_pooled() -> None:
    masked = np.ma.masked_array([3, 2, 4], [0, 1, 0])
    fails(lambda: mr.mantel_haenszel(masked, [9, 9, 9], [2, 3, 2], [9, 9, 9]), "2 has nan events")
    fails(lambda: mr.one_stage(masked, [9, 9, 9], [2, 3, 2], [9, 9, 9], measure="IRR"), "2 has a count .* or no number")
    fails(lambda: mr.mantel_haenszel(["3", "2", "4"], [9, 9, 9], [2, 3, 2], [9, 9, 9]), "ai holds text", "to_numeric")


def test_a_mask_that_hides_nothing_changes_nothing() -> None:
    assert mr.pool(np.ma.masked_array(Y), V).estimate == mr.pool(Y, V).estimate


def test_nullable_columns_are_read_as_plain_ones() -> None:
    plain, nullable = mr.regress("yi ~ x + g", D), mr.regress("yi ~ x + g", D.convert_dtypes())
    np.testing.assert_array_equal(plain.estimate, nullable.estimate)
    words = pd.DataFrame({"x": [0.5], "g": ["b"]}).convert_dtypes()
    assert nullable.predict(words).estimate == plain.predict({"x": 0.5, "g": "b"}).estimate
    assert mr.regress("yi ~ x", D.assign(x=D.x.astype("Float64").where(D.x > 0))).k == int((D.x > 0).sum())


def test_series_in_another_order_are_not_paired() -> None:
    y, v = pd.Series(Y, index=[3, 2, 1, 0]), pd.Series(V)
    fails(lambda: mr.pool(y, v), "yi and vi are paired by position", "vi.loc")
    fails(lambda: mr.leave_one_out(y, v), "yi and vi")
    fails(lambda: mr.pool(y, V, labels=pd.Series(list("abcd"))), "yi and labels")
    fails(lambda: mr.pool(y, V, weights=v), "yi and weights")
    fails(lambda: mr.subgroups(y, V, pd.Series(list("aabb"))), "yi and groups")
    counts = pd.Series([1, 2], index=[1, 0])
    fails(lambda: mr.mantel_haenszel(pd.Series([1, 2]), counts + 8, [3, 3], [9, 9]), "ai and n1i")
    fails(lambda: mr.one_stage(pd.Series([1, 2]), counts + 8, [3, 3], [9, 9], measure="IRR"), "x1 and n1")
    for other in (v.set_axis(list("abcd")), v.to_numpy(), pd.Series(V, index=y.index)):
        assert mr.pool(y, other).estimate == mr.pool(Y, V).estimate


NUMBERS: list[list[Any]] = [
    [10, 20, 30] * 4,
    [10.0, 20, 30] * 4,
    [decimal.Decimal(10), decimal.Decimal(20), decimal.Decimal(30)] * 4,
    [np.int64(10), 20.0, 30] * 4,
]


@pytest.mark.parametrize("values", NUMBERS)
def test_objects_that_are_numbers_are_numbers(values: list[Any]) -> None:
    got = mr.regress("yi ~ g", D.assign(g=pd.Series(values, dtype=object)))
    want = mr.regress("yi ~ g", D.assign(g=[10.0, 20.0, 30.0] * 4))
    assert got.terms == TERMS and (got.estimate == want.estimate).all() and not got.warnings
    assert got.predict({"g": [15]}).estimate == want.predict(pd.DataFrame({"g": [15]}, dtype=object)).estimate
    assert mr.regress("yi ~ x", D.assign(yi=D.yi.astype(object))).k == 12


def test_objects_that_are_numbers_but_for_what_is_missing_are_numbers() -> None:
    got = mr.regress("yi ~ g", D.assign(g=pd.Series([10, 20, None] * 4, dtype=object)))
    assert got.terms == TERMS and got.k == 8


@pytest.mark.parametrize("kind", [object, "str", "string"])
def test_numbers_written_as_text_are_categories_with_a_warning(kind: Any) -> None:
    data = D.assign(g=pd.Series(["10", "20", "30"] * 4, dtype=kind))
    for fit in (mr.regress("yi ~ g", data), mr.multilevel("yi ~ g", data, random="1 | study")):
        assert fit.terms[1] == "g[T.20]" and any("g holds numbers written as text" in w for w in fit.warnings)
    for formula, changed in (("yi ~ C(g)", data), ("yi ~ g", data.assign(g=pd.Categorical(data.g))), ("yi ~ g", D)):
        assert not any("as text" in w for w in mr.regress(formula, changed).warnings)


def test_text_is_not_read_as_effects_or_variances() -> None:
    for words in ([".1", ".2", ".3", ".4"], [0.1, "0.2", 0.3, 0.4], pd.Series([".1"] * 4, dtype="string")):
        fails(lambda words=words: mr.pool(words, V), "yi holds text", "to_numeric")  # type: ignore[misc]
        fails(lambda words=words: mr.pool(Y, words), "vi holds text", "to_numeric")  # type: ignore[misc]
    fails(lambda: mr.regress("yi ~ x", D.assign(yi=D.yi.astype(str))), "one numeric effect", "to_numeric")
    fails(lambda: mr.regress("yi ~ x", D.assign(vi=D.vi.astype(str))), "vi holds text", "to_numeric")
    fails(lambda: mr.pool(pd.date_range("2020", periods=4), V), "yi holds something that is not a number")
    fails(lambda: mr.pool(np.array(Y) + 0j, V), "yi holds something that is not a number")


def near(size: float) -> pd.DataFrame:
    return D.assign(near=D.x + size * D.z)


def test_moderators_that_are_collinear_but_for_rounding_are_refused() -> None:
    for fit in (mr.regress, mr.select_models):
        fails(lambda fit=fit: fit("yi ~ x + near", near(1e-9)), "near is collinear with", "leave one")  # type: ignore[misc]


@pytest.mark.parametrize("size", [1e-3, 1e-5])
def test_nearly_collinear_moderators_are_told_and_their_inflation_is_large(size: float) -> None:
    fit = mr.regress(
        "yi ~ x + near", near(size), tau2=1e6, test="z"
    )  # nearly equal weights: inflation is that of the design
    rest = D.z - np.polyval(np.polyfit(D.x, D.z, 1), D.x)
    want = np.sum((D.x - D.x.mean()) ** 2) / (size**2 * np.sum(rest**2))
    assert any("Nearly collinear: x, near" in w for w in fit.warnings)
    np.testing.assert_allclose(fit.vif()["GVIF"], want, rtol=1e-2)
    same = mr.regress("yi ~ x + z", D, tau2=1e6, test="z")
    assert pytest.approx(same.QM, rel=1e-3) == fit.QM  # the two spans are one
    told = mr.multilevel("yi ~ x + near", near(size), random="1 | study").warnings
    assert any("Nearly collinear" in w for w in told)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(shift=st.sampled_from([0.0, 2000.0, 1e6]), scale=st.sampled_from([1e-3, 1.0, 1e4]))
def test_collinearity_knows_no_unit(shift: float, scale: float) -> None:
    for size, said in ((1e-4, True), (1.0, False)):
        fit = mr.regress("yi ~ x + near", near(size).assign(x=scale * (D.x + shift)), tau2="DL")
        assert any("Nearly collinear" in w for w in fit.warnings) is said
    with pytest.raises(MetareviewError, match="collinear"):
        mr.regress("yi ~ x + near", near(ROUNDING / 10).assign(x=scale * (D.x + shift)))


def test_powers_and_products_are_warned_of_until_they_are_centred() -> None:
    years = D.assign(year=2000 + D.eff)
    for raw, centred in (
        ("year + I(year**2)", "poly(year, 2)"),
        ("year * out", "center(year) * out"),
    ):
        assert any("center()" in w for w in mr.regress(f"yi ~ {raw}", years).warnings)
        assert not any("center()" in w for w in mr.regress(f"yi ~ {centred}", years).warnings)


def test_one_setting_is_one_row() -> None:
    fit = mr.regress("yi ~ x + g", D)
    want = fit.predict(pd.DataFrame({"x": [1.0], "g": ["a"]}))
    one: list[Any] = [{"x": 1, "g": "a"}, pd.Series({"x": 1, "g": "a", "more": 2}), [{"x": 1, "g": "a"}]]
    for new in (*one, {"x": 1, "g": ["a"]}):
        assert fit.predict(new).estimate == want.estimate
    scale = mr.location_scale("yi ~ x", D, scale="~ x")
    assert scale.predict({"x": 1}).estimate.shape == (1,)


def test_text_for_a_number_is_refused_and_leaves_the_model_as_it_was() -> None:
    fit = mr.regress("yi ~ x + g", D)
    fails(lambda: fit.predict({"x": "1", "g": "a"}), "text in x", "to_numeric")
    assert fit.predict({"x": 1, "g": "a"}).estimate.shape == (1,)


FIT = mr.regress("yi ~ x + g", D)
MISTAKES: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: FIT.predict(5), "new data must be a table", "'year': 2020"),
    (lambda: FIT.predict({"x": [1, 2], "g": ["a"]}), "new data must be a table", "by name"),
    (lambda: FIT.wald([]), "nothing to test", "Intercept, x, g"),
    (lambda: FIT.wald({}), "nothing to test", "Intercept, x, g"),
    (lambda: FIT.wald({"x": "a"}), "must be numbers", ""),
    (lambda: mr.regress("yi ~ x", D, vi=D.vi), "vi must be the name of a column, and is a Series", "vi='vi'"),  # type: ignore[arg-type]
    (lambda: mr.che("yi ~ x", D, study=D.study), "study must be the name of a column", ""),  # type: ignore[arg-type]
    (lambda: mr.che("yi ~ x", D, study="study", effect=D.eff), "effect must be the name", ""),  # type: ignore[arg-type]
    (lambda: mr.sce("yi ~ 1", D, study="study", subgroup=D.out), "subgroup must be the name", ""),  # type: ignore[arg-type]
    (lambda: mr.multilevel("yi ~ x", D, random=D.study), "random effect is text", "1 | study"),  # type: ignore[arg-type]
    (lambda: mr.multilevel("yi ~ x", D, random="1 | study", cluster=D.study), "cluster must be", ""),  # type: ignore[arg-type]
    (lambda: mr.split_within(D, "x", D.study), "by must be the name", ""),  # type: ignore[arg-type]
    (lambda: mr.regress("yi ~ x", 5), "data must be a table", "data frame"),
    (lambda: mr.regress("yi ~ x", D.yi), "data must be a table, and cannot be made of a Series", "data frame"),
    (lambda: mr.regress(5, D), "formula must be text", "yi ~"),  # type: ignore[arg-type]
    (lambda: mr.regress("yi ~ x", D, labels=5), "labels must be a column", ""),  # type: ignore[arg-type]
    (lambda: mr.pool(Y, V, labels=5), "labels must be one a effect", ""),  # type: ignore[arg-type]
    (lambda: mr.pool(Y, V, tau2=None), "tau2 must be .* and is None", "REML"),  # type: ignore[arg-type]
    (lambda: mr.pool(Y, V, tau2=True), "tau2 must be .* and is True", "REML"),
    (lambda: mr.regress("yi ~ x", D, tau2=True), "tau2 must be .* and is True", "REML"),
    (lambda: mr.pool(Y, V, level=".95"), "level must be a number", "0.95"),  # type: ignore[arg-type]
    (lambda: mr.pool(Y, V, excluded=5), "excluded must be pairs", ""),  # type: ignore[arg-type]
    (lambda: mr.subgroups(Y, V, list("aabb"))["q"], "no group 'q'", "a, b"),
    (lambda: mr.subgroups(Y, V, ["a", "a", " ", "b"]), "No group is given for 3", ""),
    (lambda: mr.subgroups(Y, V, ["a", pd.NA, "b", "b"]), "No group is given for 2", ""),
    (lambda: mr.permutation_test(D), "DataFrame is not a result of them", "Give what"),  # type: ignore[arg-type]
    (lambda: mr.regress("yi ~ 1", D[:0]), "the data have no rows", "filters"),
    (lambda: mr.regress("yi ~ x", D.assign(x=np.nan)), "No row has all of the moderators x", "Leave one out"),
    (lambda: mr.multilevel("yi ~ 1", D.assign(study=" "), random="1 | study"), "No row has all of study", ""),
    (lambda: mr.multilevel("yi ~ 1", D[:1], random="1 | study/eff"), "at least two effects", "pool"),
    (lambda: mr.che("yi ~ 1", D[:1], study="study"), "at least two effects", "pool"),
    (lambda: mr.regress("yi ~ x", D[:2]), "2 effects cannot estimate 2 coefficients", "at least 3"),
    (lambda: mr.pool(Y, [0.1, 0.1, 1e300, 0.1]), r"too large to compute with for '3' \(1e\+300\)", "1e-100 and 1e"),
    (lambda: mr.pool(Y, [0.1, 0.1, 1e-300, 0.1]), "too small to compute with for '3'", "1e-100 and 1e"),
    (lambda: mr.pool([1e200, 1, 1, 1], V), "effect is too large to compute with for '1'", "unit"),
    (lambda: mr.pool(Y, V[:2]), "^yi has 4 values, vi has 2\\.", "one of each"),
    (lambda: mr.regress("yi ~ cr(x, df=4)", D), "collinear", "cr(x, df=4, constraints='center')"),
    (lambda: mr.regress("yi ~ bs(x, df=2)", D), "df is too small", "degree"),
    (lambda: mr.regress("yi ~ poly(g, 2)", D), "needs numbers, and g holds text", "C(g)"),
    (lambda: mr.regress("yi ~ log(g)", D), "needs numbers, and g holds text", "C(g)"),
    (lambda: mr.regress("yi ~ bs(q, df=4)", D), "no column q", "yi, vi, x"),
    (lambda: mr.regress("yi ~ I(x^2)", D), "no power in I", "I(x ** 2)"),
    (lambda: mr.regress("yi ~ yi", D), "effect yi on its right side", "itself"),
    (lambda: mr.regress("yi ~ x + I(yi**2)", D), "effect yi on its right side", "itself"),
    (lambda: mr.location_scale("yi ~ x", D, scale="~ yi"), "effect yi on its right side", "itself"),
]


@pytest.mark.parametrize(("run", "message", "hint"), MISTAKES)
def test_a_mistake_is_told_with_a_hint(run: Callable[[], Any], message: str, hint: str) -> None:
    fails(run, message, hint)


def test_an_argument_of_a_function_is_no_column() -> None:
    assert mr.regress("df ~ bs(x, df=4)", D.assign(df=D.yi)).p == 5


def test_what_the_hints_say_works() -> None:
    for right in (
        "cr(x, df=4, constraints='center')",
        "cc(x, df=4, constraints='center')",
        "0 + cr(x, df=4)",
        "bs(x, df=3)",
        "bs(x, df=2, degree=2)",
        "I(x ** 2)",
        "I(x**2) + C(g)",
    ):
        assert mr.regress(f"yi ~ {right}", D).k == 12


def test_dates_are_refused_unless_they_are_categories() -> None:
    days = [datetime.date(2020 + i % 3, 1, 1) for i in range(12)]
    for times in (pd.to_datetime(days), pd.Series(days), pd.to_timedelta(range(12), "D")):
        fails(lambda times=times: mr.regress("yi ~ t", D.assign(t=times)), "t holds dates", ".dt.year")  # type: ignore[misc]
    assert mr.regress("yi ~ C(t)", D.assign(t=pd.to_datetime(days))).p == 3


@pytest.mark.parametrize("formula", ["yi ~ x**2", "yi ~ x^2", "yi ~ x + x**2"])
def test_a_power_outside_i_is_warned_of(formula: str) -> None:
    assert any("write I(x**2)" in w for w in mr.regress(formula, D).warnings)
    assert any("write I(x**2)" in w for w in mr.che(formula, D, study="study", bootstrap="never").warnings)


@pytest.mark.parametrize("formula", ["yi ~ I(x**2)", "yi ~ (x + z)**2", "yi ~ x", "yi ~ vi", "yi ~ I(vi**0.5)"])
def test_powers_that_are_meant_and_variances_as_moderators_are_not(formula: str) -> None:
    assert not any("power" in w for w in mr.regress(formula, D).warnings)


def test_blank_text_is_missing() -> None:
    got = mr.regress("yi ~ g", D.assign(g=["a", "b", " "] * 4))
    assert got.k == 8 and got.excluded[0] == ("3", "missing g")
    assert mr.regress("yi ~ g", D.assign(g=pd.Categorical(["a", "b", ""] * 4))).terms == ("Intercept", "g[T.b]")
    levels = mr.multilevel("yi ~ 1", D.assign(study=D.study.where(D.eff > 1, "")), random="1 | study")
    assert levels.k == 10 and levels.excluded[0] == ("1", "missing study")
    assert mr.regress("yi ~ x", D.assign(study=D.study.where(D.eff > 1, "")), labels="study").labels[:3] == (
        "row 1",
        "row 2",
        "b",
    )


def test_a_cross_check_that_checks_nothing_says_so() -> None:
    for run in (
        lambda: mr.pool(Y, V, weights="equal", crosscheck=True),
        lambda: mr.pool(Y[:1], V[:1], crosscheck=True),
    ):
        found = run()
        assert found.crosscheck == {} and "Nothing was cross-checked" in found.warnings[-1]
    for method in ("PM", "SJ"):
        assert sorted(mr.pool(Y, V, tau2=method, crosscheck=True).crosscheck) == ["estimate", "se"]
    assert not any("cross-checked" in w for w in mr.pool(Y, V, crosscheck=True).warnings)


def test_a_cross_check_of_too_many_dependent_effects_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    model = mr.multilevel("yi ~ 1", D, random="1 | study/eff")
    assert not any("no second engine" in w for w in pooled_of(model, 6, crosscheck=True).warnings)
    monkeypatch.setattr("metareview.synthesis.multilevel.second.LARGEST", 5)
    assert any("More than 5 effects: no second engine" in w for w in pooled_of(model, 6, crosscheck=True).warnings)


def test_what_can_be_chosen_is_listed_and_can_be_chosen() -> None:
    for name in mr.estimators()["id"]:
        assert mr.pool(Y, V, tau2=name).method == name
    for name in mr.intervals()["id"]:
        assert mr.pool(Y, V, tau2_ci=name).tau2_ci_method == name
    for name in mr.tests()["id"]:
        assert mr.pool(Y, V, test=name).k == 4
    for name in mr.structures()["id"]:
        assert mr.multilevel("yi ~ 1", D, random="time | study", struct=name).struct == (name,)
    for frame in (mr.estimators(), mr.intervals(), mr.tests()):
        assert frame["id"].is_unique and frame["source"].str.len().min() > 10 and frame["title"].str.len().min() > 3


@pytest.mark.parametrize(
    ("yi", "possible", "floor"),
    [([0.1, 0.2, 0.3], 8, 0.25), ([0.1, 0.2, 0.3, 0.0], 16, 0.25), ([0.1, 0.2, 0.3, 0.4, 0.5], 32, 0.0625)],
)
def test_the_least_p_of_signs_is_told(yi: list[float], possible: int, floor: float) -> None:
    """All signs turned give the same two-sided statistic, and so does the sign of a 0."""
    got = mr.permutation_test(mr.pool(yi, [0.1] * len(yi)))
    assert got.possible == possible and f"below {floor:.3g}." in got.warnings[0] and got.p_value[0] == floor
    assert not mr.permutation_test(mr.pool([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.1] * 6)).warnings


@pytest.mark.parametrize(("groups", "floor"), [("aabb", 2 / 6), ("aabbb", 1 / 10), ("abb", 1 / 3)])
def test_the_least_p_of_moderators_is_told(groups: str, floor: float) -> None:
    """Two equal groups can change places."""
    data = pd.DataFrame({"yi": [1.0, 2.5, 3.0, 5.0, 9.0][: len(groups)], "vi": 0.1, "g": list(groups)})
    fit = mr.regress("yi ~ g", data, test="z")
    got = mr.permutation_test(fit)
    assert f"below {floor:.3g}." in got.warnings[0]
    every = [
        mr.permutation_test(mr.regress("yi ~ g", data.assign(yi=data.yi.to_numpy()[order]), test="z")).QM_p
        for order in (np.random.default_rng(i).permutation(len(groups)) for i in range(40))
    ]
    assert min(every) == pytest.approx(floor)
