"""`effect_size`: where inputs come from, what is written beside them, and every kind of bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.effects.compute import OUTPUTS, effect_size
from metareview.errors import MetareviewError

FOUR = pd.DataFrame(
    {"study": ["Stoke", "Leeds"], "a": [50, 207], "b": [30, 110], "c": [60, 308], "d": [55, 318]},
    index=[7, 3],
)


def refused(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(MetareviewError) as caught:
        effect_size(*args, **kwargs)
    return str(caught.value)


def test_result_stands_beside_the_data_with_the_index_kept() -> None:
    found = effect_size("RIRR", data=FOUR, a="a", b="b", c="c", d="d", phi=2)
    assert list(found.index) == [7, 3]
    assert list(found.columns) == [*FOUR.columns, *OUTPUTS, "phi", "phi_source"]
    np.testing.assert_allclose(found["sei"] ** 2, found["vi"])
    row = found.loc[7]
    assert row["yi"] == pytest.approx(-0.4238142, abs=1e-7)
    assert (row["measure"], row["formula_id"], row["scale"]) == ("RIRR", "RIRR.v1", "log")
    assert (row["phi"], row["phi_source"], row["method"], row["note"]) == (2.0, "given", "computed", "")
    assert "fewer events" in row["orientation"]
    assert "yi" not in FOUR.columns


def test_columns_called_as_the_inputs_need_no_naming_and_none_switches_that_off() -> None:
    frame = FOUR.assign(phi=[2.0, np.nan])
    found = effect_size("RIRR", data=frame)
    assert list(found["phi"]) == [2.0, 1.0]
    assert list(found["phi_source"]) == ["given", "none"]
    reported = pd.DataFrame({"estimate": [0.5], "se": [0.1], "t": [-12.0], "p": [0.9], "scale_reported": ["ratio"]})
    assert effect_size("GEN", data=reported)["rule"][0].endswith("t, p also given, not used")
    by_t = effect_size("GEN", data=reported, se=None, p=None)
    assert by_t["rule"][0] == "SE = |estimate| / |t|"


def test_phi_may_be_a_column_and_its_source_is_kept() -> None:
    frame = FOUR.assign(spread=[1.5, 4.0], origin=["estimated", "assumed"])
    found = effect_size("RIRR", data=frame, phi="spread", phi_source="origin")
    plain = effect_size("RIRR", data=FOUR)
    np.testing.assert_allclose(found["vi"] / plain["vi"], [1.5, 4.0])
    assert list(found["phi_source"]) == ["estimated", "assumed"]
    assert set(effect_size("RIRR", data=frame, phi=3, phi_source="assumed")["phi_source"]) == {"assumed"}
    partly = effect_size("RIRR", data=frame.assign(spread=[1.5, None]), phi="spread", phi_source="estimated")
    assert list(partly["phi_source"]) == ["estimated", "none"] and partly["phi"].iloc[1] == 1
    assert "is 'none' while phi is 3" in refused("RIRR", data=frame, phi=3, phi_source="none")
    assert "'guess' is not one of given, estimated" in refused(
        "RIRR", data=frame.assign(phi_source="guess"), phi="spread"
    )
    assert "MD has no input 'phi'" in refused("MD", m1i=1, sd1i=1, n1i=9, m2i=1, sd2i=1, n2i=9, phi=2)


def test_numbers_arrays_and_series_without_data() -> None:
    found = effect_size("IRR", x1=np.array([4, 9]), t1=10, x2=[5, 6], t2=pd.Series([10, 20], index=["u", "v"]))
    assert list(found.index) == ["u", "v"]
    assert list(found["t1"]) == [10, 10]
    np.testing.assert_allclose(found["yi"], np.log([0.8, 3.0]))
    assert "differ in length: x1 2, x2 3" in refused("IRR", x1=[1, 2], t1=1, x2=[1, 2, 3], t2=1)
    assert "is a text, and there is no data" in refused("IRR", x1="x1", t1=1, x2=1, t2=1)
    shifted = pd.Series([1, 2], index=[0, 1])
    assert "another index" in refused("RIRR", data=FOUR, a=shifted)


def test_both_ways_to_give_a_two_by_two_table_agree() -> None:
    cells = effect_size("OR", ai=[19, 16], bi=[27, 78], ci=[4, 8], di=[31, 59])
    totals = effect_size("OR", ai=[19, 16], n1i=[46, 94], ci=[4, 8], n2i=[35, 67])
    mixed = effect_size("OR", ai=[19, 16], bi=[27, np.nan], n1i=[46, 94], ci=[4, 8], n2i=[35, 67])
    np.testing.assert_array_equal(cells["yi"], totals["yi"])
    np.testing.assert_array_equal(cells["yi"], mixed["yi"])
    assert np.exp(cells["yi"][0]) == pytest.approx(5.45, abs=0.005)  # Finkenauer 1982, as printed in the review
    assert "47 is not ai plus bi (19 + 27)" in refused("OR", ai=19, bi=27, n1i=47, ci=4, di=31)
    assert "n1i': is missing, and so is bi" in refused("OR", ai=19, ci=4, di=31)
    assert "18 is below the 19 events in ai" in refused("OR", ai=19, n1i=18, ci=4, di=31)


def test_own_columns_are_never_overwritten_and_a_rerun_replaces_its_own() -> None:
    frame = FOUR.assign(note="mine", measure="printed")
    once = effect_size("RIRR", data=frame)
    assert list(once["note_input"]) == ["mine", "mine"] and set(once["measure"]) == {"RIRR"}
    twice = effect_size("RIRR", data=once, phi=2)
    assert set(twice.columns) == set(once.columns)
    np.testing.assert_allclose(twice["vi"], 2 * once["vi"])


@pytest.mark.parametrize(
    ("measure", "cells"),
    [
        ("RIRR", {"a": 50, "b": 0, "c": 60, "d": 55}),
        ("OR", {"ai": 0, "bi": 10, "ci": 3, "di": 9}),
        ("RR", {"ai": 0, "bi": 10, "ci": 3, "di": 9}),
        ("RD", {"ai": 0, "bi": 10, "ci": 3, "di": 9}),
        ("IRR", {"x1": 0, "t1": 10, "x2": 3, "t2": 9}),
    ],
)
def test_a_zero_is_corrected_noted_and_only_in_its_own_study(measure: str, cells: dict[str, float]) -> None:
    name = next(n for n, v in cells.items() if v == 0)
    both = {n: [v, v + (n == name) * 4] for n, v in cells.items()}
    found = effect_size(measure, to="only0", **both)
    assert list(found["note"]) == ["0.5 added to all cells because of a zero", ""]
    lone = effect_size(measure, to="only0", **{n: v + (n == name) * 4 for n, v in cells.items()})
    assert found["yi"][1] == lone["yi"][0]
    assert set(effect_size(measure, to="all", **both)["note"]) == {"0.5 added to all cells"}
    if measure != "RD":
        assert f"column '{name}': is 0 and nothing is added" in refused(measure, to="none", **both)
        assert "nothing is added" in refused(measure, add=0, **both)


def test_a_risk_difference_exists_without_correction_unless_nothing_varies() -> None:
    found = effect_size("RD", ai=0, bi=10, ci=3, di=9).iloc[0]
    assert (found["yi"], found["note"]) == (-0.25, "")
    assert effect_size("IRD", x1=0, t1=10, x2=4, t2=10)["yi"][0] == -0.4
    for measure, cells in (
        ("RD", {"ai": 0, "bi": 10, "ci": 0, "di": 9}),
        ("IRD", {"x1": 0, "t1": 10, "x2": 0, "t2": 9}),
        ("PR", {"xi": 0, "ni": 9}),
    ):
        told = refused(measure, **cells)
        assert "take a measure that exists with it, or add 0.5 with to='only0'" in told
        assert np.isfinite(effect_size(measure, to="only0", **cells)["vi"][0])


def test_an_arm_without_variance_keeps_its_exact_part_of_a_shared_control() -> None:
    table = pd.DataFrame({"ai": [0, 4], "n1i": 20, "ci": 3, "n2i": 12, "study_id": "s", "control_id": "c"})
    found = mr.sampling_covariance(mr.effect_size("RD", table).assign(treated_id=["x", "y"]))
    assert found.to_matrix()[0, 1] == pytest.approx(3 * 9 / 12**3)


@pytest.mark.parametrize(
    ("measure", "cells", "word"),
    [
        ("RIRR", {"a": 0, "b": 0, "c": 6, "d": 5}, "column 'a': is 0 and so is b"),
        ("RIRR", {"a": 0, "b": 3, "c": 0, "d": 5}, "column 'a': is 0 and so is c"),
        ("OR", {"ai": 0, "bi": 9, "ci": 0, "di": 9}, "column 'ai': is 0 and so is ci"),
        ("OR", {"ai": 9, "bi": 0, "ci": 9, "di": 0}, "column 'bi': is 0 and so is di"),
        ("OR", {"ai": 0, "bi": 0, "ci": 1, "di": 9}, "the arm has nobody in it"),
        ("RR", {"ai": 0, "bi": 9, "ci": 0, "di": 9}, "says nothing about the risk ratio"),
        ("IRR", {"x1": 0, "t1": 9, "x2": 0, "t2": 9}, "column 'x1': is 0 and so is x2"),
    ],
)
def test_a_study_that_says_nothing_is_refused_or_kept_as_nan_with_its_reason(
    measure: str, cells: dict[str, float], word: str
) -> None:
    assert word in refused(measure, **cells)
    kept = effect_size(measure, problems="nan", **cells).iloc[0]
    assert np.isnan(kept["yi"]) and np.isnan(kept["vi"]) and kept["method"] == ""
    assert kept["note"].startswith("no effect: ")


def test_every_mistake_is_told_at_once_with_row_and_column() -> None:
    frame = pd.DataFrame(
        {
            "study": list("uvwxyz"),
            "T1": [50, "n/a", -2, 5, None, 7],
            "b": 3,
            "c": [4, 4, 4, -1, 4, np.inf],
            "d": 5,
        }
    )
    told = refused("RIRR", data=frame, a="T1", labels="study")
    assert "5 problems" in told
    for line in (
        "row 'v', column 'T1' (a): 'n/a' is not a number",
        "row 'w', column 'T1' (a): -2 is negative; counts are 0 or more",
        "row 'x', column 'c': -1 is negative",
        "row 'y', column 'T1' (a): is missing",
        "row 'z', column 'c': is infinite",
    ):
        assert line in told
    kept = effect_size("RIRR", data=frame, a="T1", labels="study", problems="nan")
    assert list(kept["yi"].notna()) == [True, False, False, False, False, False]
    assert "n/a" in kept["note"][1]
    many = refused("RIRR", a=[-1] * 25, b=1, c=1, d=1)
    assert many.count("is negative") == 20 and "and 5 more" in many


def test_numbers_written_as_text_count_and_other_things_do_not() -> None:
    frame = FOUR.assign(a=["50", " 207 "])
    np.testing.assert_array_equal(effect_size("RIRR", data=frame)["yi"], effect_size("RIRR", data=FOUR)["yi"])
    assert "'0,5' is not a number" in refused("RIRR", data=FOUR.assign(a=["0,5", "1"]))
    assert "is missing" in refused("RIRR", data=FOUR.assign(a=["", "1"]))
    dated = FOUR.assign(a=pd.to_datetime(["2020-01-01", "2020-01-02"]))
    assert "is not a number" in refused("RIRR", data=dated)
    nullable = FOUR.assign(a=pd.array([50, None], dtype="Int64"))
    assert "row 'Leeds', column 'a': is missing" in refused("RIRR", data=nullable)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sd1i": 0}, "column 'sd1i': 0 is not above 0; a standard deviation is positive"),
        ({"sd2i": -1}, "-1 is not above 0"),
        ({"n1i": 1}, "1 is below 2"),
        ({"m1i": "five"}, "'five' is not a number"),
    ],
)
def test_impossible_means_are_refused(change: dict[str, Any], word: str) -> None:
    frame = pd.DataFrame([{"m1i": 5, "sd1i": 1, "n1i": 9, "m2i": 4, "sd2i": 1, "n2i": 9} | change])
    for measure in ("MD", "SMD", "ROM"):
        assert word in refused(measure, data=frame)


def test_other_usage_mistakes() -> None:
    means = {"m1i": -5, "sd1i": 1, "n1i": 9, "m2i": 4, "sd2i": 1, "n2i": 9}
    assert "a ratio of means needs positive means" in refused("ROM", **means)
    assert np.isfinite(effect_size("MD", **means)["yi"][0])
    assert "the data have no column 'aa'" in refused("RIRR", data=FOUR, a="aa")
    assert "RIRR needs d" in refused("RIRR", a=1, b=2, c=3)
    assert "no input 'e'" in refused("RIRR", a=1, b=2, c=3, d=4, e=5)
    assert "zero-cell rule" in refused("RIRR", data=FOUR, to="some")
    assert "must be 0 or more" in refused("RIRR", data=FOUR, add=-1)
    assert "problems='skip' is unknown" in refused("RIRR", data=FOUR, problems="skip")
    assert "0 is not above 0; an exposure" in refused("IRR", x1=1, t1=0, x2=1, t2=1)
    assert "0 is not above 0; overdispersion" in refused("RIRR", data=FOUR, phi=0)
    assert "3 labels for 2 rows" in refused("RIRR", data=FOUR, labels=["a", "b", "c"])
    exposed = refused("RIRR", data=FOUR, ta=1, tb=2)
    assert "column 'tc': is missing while another exposure is given" in exposed


def test_an_empty_frame_gives_an_empty_result() -> None:
    found = effect_size("RIRR", data=FOUR.iloc[:0])
    assert len(found) == 0 and "yi" in found.columns


def test_counts_that_are_not_whole_are_noted_once() -> None:
    found = effect_size("OR", ai=[3.5, 4], bi=[10.5, 9], ci=3, di=9)
    assert list(found["note"]) == ["not whole numbers: rates or effective counts?", ""]
    zero = effect_size("OR", ai=0, bi=10, ci=3, di=9)["note"][0]
    assert zero == "0.5 added to all cells because of a zero"


def test_messages_call_rows_by_effect_or_study_and_say_what_to_write() -> None:
    frame = pd.DataFrame({"study_id": ["Aalst 2011"], "estimate": [0.5], "scale_reported": ["ratio"], "se": [0.1]})
    for column, value, word in (
        ("scale_reported", "odds ratio", "write ratio"),
        ("scale_reported", "%", "write percent_change"),
        ("estimate", "12 %", "write 12, without the percent sign"),
        ("estimate", "0,5", "write 0.5, with a decimal point"),
    ):
        told = refused("GEN", data=frame.astype(object).assign(**{column: [value]}))
        assert "row 'Aalst 2011'" in told and word in told and "in Python problems='nan' sets them aside" in told
    assert "row 'Aalst 2011: 1'" in refused("GEN", data=frame.assign(effect_id="Aalst 2011: 1", se=-1))


def test_an_explanation_shows_what_was_printed_and_the_options_that_were_taken() -> None:
    zero = mr.explain("OR", ai=0, bi=10, ci=3, di=9)[0]
    assert "ai = 0.5  (0, plus 0.5;" in zero.text
    bound = {"estimate": 0.8, "scale_reported": ["ratio"], "p": 0.05, "p_bound": ["below"], "read_from": ["digitised"]}
    inputs = {name: meaning for name, _, meaning in mr.explain("GEN", **bound)[0].inputs}
    assert inputs["p_bound"].startswith("below: ") and inputs["read_from"].startswith("digitised: ")
    assert "correction" not in {name for name, _, _ in mr.explain("SMD", di=0.4, n1i=20, n2i=20)[0].inputs}
