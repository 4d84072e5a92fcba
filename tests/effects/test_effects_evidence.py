"""Every derived figure of the bundled evidence, and 22 published evaluations, from their printed inputs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metareview.effects.compute import effect_size
from metareview.effects.explain import explain

SHARED = Path(os.environ.get("METAREVIEW_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))

SCALE_OF = {
    "ratio_ci": "ratio",
    "ratio_p": "ratio",
    "percent_change_ci": "percent_change",
    "percent_change_p": "percent_change",
    "percent_change_se": "percent_change",
    "coef_se": "log_ratio",
    "coef_ci": "log_ratio",
    "d_se": "difference",
}
NUMBER = r"(-?\d+(?:\.\d+)?)"
INTERVAL = rf"{NUMBER} [\[(]{NUMBER}(?:-| to ){NUMBER}[\])]"


def shared(*parts: str) -> pd.DataFrame:
    path = SHARED.joinpath(*parts)
    if not path.is_file():
        pytest.skip("shared data folder is absent")
    return pd.read_csv(path)


def as_measure(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The measure and inputs behind one row of effects.csv, read from its columns or its words."""
    kind, formula = row["stat_type"], row["formula"]
    if kind == "counts_abcd":
        return "RIRR", {name: row[name] for name in "abcd"}
    if formula.startswith("ln((1") or formula.startswith("ln((2"):
        x1, t1, x2, t2 = map(float, re.findall(r"\d+", formula)[:4])
        return "IRR", {"x1": x1, "t1": t1, "x2": x2, "t2": t2}
    if formula.startswith("ln(p1/p0)"):
        p1, p0 = (float(p) / 100 for p in re.findall(rf"{NUMBER}%", row["locator"]))
        n = float(row["n1"])
        return "RR", {"ai": p1 * n, "n1i": n, "ci": p0 * n, "n2i": n}
    if "SE1^2+SE2^2" in formula:
        return "GENDIFF", two_arms(row)
    if formula.startswith("-(ln lo+ln hi)/2"):
        low, high = re.findall(r"interval (\d+\.\d+)-(\d+\.\d+)", row["locator"])[0]
        return "GEN", {"scale_reported": "ratio", "ci_low": float(low), "ci_high": float(high), "inverted": 1}
    inputs = {"estimate": row["value"], "scale_reported": SCALE_OF[kind]}
    names = {"ci": ("ci_low", "ci_high", "ci_level"), "se": ("se",), "p": ("p",)}[kind.rsplit("_", 1)[1]]
    return "GEN", inputs | {name: row[name] for name in names}


def two_arms(row: dict[str, Any]) -> dict[str, Any]:
    """Both arms' estimates and intervals, as printed in `uncertain` or `basis`."""
    text = next(t for t in (row["uncertain"], row["basis"]) if len(re.findall(INTERVAL, t)) == 2)
    treated, control = (map(float, found) for found in re.findall(INTERVAL, text))
    inputs: dict[str, Any] = {"scale_reported": "percent_change" if "percent" in text else "ratio"}
    for arm, values in (("t", treated), ("c", control)):
        names = ("estimate", "ci_low", "ci_high")
        inputs |= {f"{name}_{arm}": value for name, value in zip(names, values, strict=True)}
    return inputs


def computed(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for row in frame.to_dict("records"):
        measure, inputs = as_measure(row)
        found = effect_size(measure, labels=[row["effect_id"]], **inputs).iloc[0]
        rows.append(found[["yi", "sei", "measure", "method", "note"]].to_dict())
    return pd.DataFrame(rows, index=frame.index)


def test_all_evidence_effects_are_reproduced_to_the_printed_decimals() -> None:
    frame = shared("evidence", "effects.csv")
    found = computed(frame)
    assert len(frame) == 137
    printed = frame["log_ratio"].fillna(frame["smd"])
    off = (found["yi"] - printed).abs().gt(5.0001e-6) | (found["sei"] - frame["se_derived"]).abs().gt(5.0001e-6)
    assert list(frame.loc[off, "effect_id"]) == []
    assert found["measure"].value_counts().to_dict() == {
        **{"GEN": 123, "GENDIFF": 6, "IRR": 4, "RIRR": 2, "RR": 2},
    }


def test_the_formula_shown_gives_every_evidence_effect() -> None:
    frame = shared("evidence", "effects.csv")
    for row in frame.to_dict("records"):
        measure, inputs = as_measure(row)
        found = explain(measure, labels=[row["effect_id"]], **inputs)[0]
        worked = {line.name: line.value for line in found.lines}
        assert worked["yi"] == pytest.approx(found.yi, rel=1e-12, abs=1e-15), row["effect_id"]
        assert worked["vi"] == pytest.approx(found.vi, rel=1e-12), row["effect_id"]


def test_lopsided_evidence_intervals_are_noted() -> None:
    frame = shared("evidence", "effects.csv")
    noted = set(frame.loc[computed(frame)["note"].str.contains("lopsided"), "effect_id"])
    assert {"kokka2024_zone", "devocht2020_club_asb", "jay2022_cum"} <= noted
    held = frame["hold_out_of_main"].fillna("").str.contains("lopsided")
    assert set(frame.loc[held, "effect_id"]) <= noted


def test_method_agrees_with_the_evidence_where_we_see_what_its_author_saw() -> None:
    frame = shared("evidence", "effects.csv")
    found = computed(frame)
    generic = frame["stat_type"].isin([kind for kind in SCALE_OF if kind != "d_se"]) & found["measure"].eq("GEN")
    differ = found["method"].ne(frame["computed_or_estimated"]) & generic
    # its interval was rescaled to percent before it was written down
    assert list(frame.loc[differ, "effect_id"]) == ["rossow2012_hour"]


def test_the_judicial_supervision_set_is_reproduced_with_its_orientation_turned() -> None:
    frame = shared("data", "domain", "judicial_supervision_rirr_k22.csv")
    counts = {"a": "a_treat_before", "b": "b_treat_after", "c": "c_cont_before", "d": "d_cont_after"}
    # the authors took yi from the printed mean counts a person: rates over exposures of count / mean
    rates = {f"t{name}": frame[column] / frame["m" + column[1:]] for name, column in counts.items()}
    found = effect_size("RIRR", data=frame, labels="authors", phi=2, phi_source="assumed", **counts, **rates)
    assert len(found) == 22
    # above 1 is benefit there: their log is the negative of ours
    np.testing.assert_allclose(-found["yi"], frame["log_rirr"], atol=1e-10)
    np.testing.assert_allclose(found["vi"], frame["var_x2"], atol=1e-10)
    np.testing.assert_allclose(found["vi"] / 2, frame["var_poisson"], atol=1e-10)
    assert set(found["phi_source"]) == {"assumed"}
    # the published equal-effects pool, 1.4833
    assert np.exp(-np.average(found["yi"], weights=1 / found["vi"])) == pytest.approx(1.4833, abs=5e-5)
