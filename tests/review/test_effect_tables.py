"""Dependence, absolute readings, named overdispersions, count series and tables, as a user of the command line meets them."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from small_review import EFFECT_COLUMNS, EFFECTS, MARA, Ran, run, table

import metareview as mr
from metareview.folder import ReviewFolder
from metareview.services import code, effect_tables, effects
from metareview.services.absolute import run_absolute


def told(review: ReviewFolder, *words: object, code: int = 0) -> Ran:
    ran = run("effects", *words, "--review", review.root)
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    return ran


def listed(review: ReviewFolder, *words: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(told(review, *words, "--json").out)
    return found


def plan(review: ReviewFolder, *changes: tuple[str, str]) -> None:
    text = review.protocol_path.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    review.protocol_path.write_text(text, encoding="utf-8")


def add(review: ReviewFolder, place: Path, base: str, **changes: object) -> None:
    """Code a new effect: one of the small review's with some cells changed."""
    row = next(e for e in EFFECTS if e["effect_id"] == base) | {"effect_id": "fresh"} | changes
    columns = [*EFFECT_COLUMNS, *(c for c in changes if c not in EFFECT_COLUMNS)]
    code.import_form(ReviewFolder(review.root), table(place / "fresh.csv", columns, [row]), MARA)


# --- dependence -------------------------------------------------------------------------------------------------


def test_two_areas_of_a_study_share_their_control(review: ReviewFolder) -> None:
    (pair,) = listed(review, "--covariance")
    assert (pair["effect_i"], pair["effect_j"], pair["method"]) == ("lamps", "lamps_near", "computed")
    assert pair["covariance"] == pytest.approx(2 * (1 / 110 + 1 / 105), rel=1e-12)  # phi 2, the control's counts
    ran = told(review, "--covariance", "--rho-study", 0.5)
    assert "one study, rho_study 0.5" in ran.out and "6 effects in 5 independent groups, 1 dependent pairs" in ran.err
    assert "no two effects depend on each other" in told(review, "--covariance", "--measure", "OR").out
    roles = {r["role"]: r for r in listed(review, "--dependence")}
    assert roles["treated"]["column"] == "area_role" and roles["control"]["filled"] == 0
    assert told(review, "--dependence", "--role", "treated=").out.count("area_role") == 1  # looked for, not used


def test_what_must_be_assumed_is_told_with_its_option(review: ReviewFolder, tmp_path: Path) -> None:
    add(review, tmp_path, "lamps", a=60)
    ran = told(review, "--covariance", code=2)
    assert "coded alike" in ran.err and "berg2014: lamps and fresh" in ran.err
    assert "`--rho-study 0.6`" in ran.err and "`--duplicates 0.9`" in ran.err and "rho_study=" not in ran.err
    pairs = {(p["effect_i"], p["effect_j"]): p for p in listed(review, "--covariance", "--rho-study", 0.6)}
    assert pairs["lamps", "fresh"]["correlation"] == pytest.approx(0.6)
    assert len(listed(review, "--covariance", "--duplicates", 0.9)) == 3
    add(review, tmp_path, "lamps", outcome_domain="wellbeing")
    told_of = told(review, "--covariance", code=2).err
    assert "differ in outcome or instrument" in told_of and "Give `--rho` as reported" in told_of
    assert len(listed(review, "--covariance", "--rho", 0.3)) == 3


def test_the_library_gives_the_same_covariances(review: ReviewFolder) -> None:
    opened = mr.open_review(review.root)
    found = opened.covariance(rho_study=0.4)
    root = math.sqrt(found.vi[0] * found.vi[1])
    assert found.to_matrix()[0, 1] == pytest.approx(0.4 * root, rel=1e-12)
    assert list(opened.dependence(treated=None).set_index("role").loc[["treated"], "column"]) == [""]
    assert opened.absolute(40).equals(run_absolute(review, baseline=40))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--covariance", "--role", "rho=a"), "there is no role `rho`"),
        (("--covariance", "--role", "treated"), "`treated` is not ROLE=VARIABLE"),
        (("--covariance", "--role", "treated=nowhere"), "the effects have no such column"),
        (("--covariance", "--rho", "2"), "rho has 2, which is beyond 1"),
        (("--covariance", "--measure", "RES"), "no effect of an included study is coded as RES"),
        (("--rho", "0.2"), "--rho goes with --covariance"),
        (("--role", "time="), "--role goes with --covariance or --dependence"),
        (("--baseline", "3"), "--baseline goes with --absolute"),
        (("--method", "negative_binomial"), "--method goes with --estimate-phi"),
        (("--covariance", "--absolute"), "show different things; give one of them"),
        (("--absolute",), "there is no baseline"),
        (("--absolute", "--baseline", "0"), "the baseline 0 is not above 0"),
        (("--explain", "lamps", "--output", "x.csv"), "--explain prints something else"),
        (("--output", "effects.pdf"), "a table is .csv or .xlsx, not `.pdf`"),
    ],
)
def test_what_does_not_go_together_is_refused(built: ReviewFolder, words: tuple[str, ...], says: str) -> None:
    ran = run("effects", *words, "--review", built.root)
    assert ran.code in (1, 2) and says in ran.err and "Traceback" not in ran.err


# --- absolute readings ------------------------------------------------------------------------------------------


def test_a_ratio_is_read_at_the_baseline_given(built: ReviewFolder) -> None:
    found = {row["effect_id"]: row for row in listed(built, "--absolute", "--baseline", 40)}
    lamps, yi, sei = (
        found["lamps"],
        math.log(80 * 110 / (120 * 105)),
        math.sqrt(2 * sum(1 / n for n in (120, 80, 110, 105))),
    )
    assert lamps["avoided_per_1000"] == pytest.approx(40 * (1 - math.exp(yi)), rel=1e-12)
    assert lamps["avoided_low"] == pytest.approx(40 * (1 - math.exp(yi + 1.959964 * sei)), rel=1e-6)
    assert lamps["needed"].startswith(
        f"{1000 / lamps['avoided_per_1000']:.3g} residents for a year for one crime avoided"
    )
    assert found["courts"]["ratio"] is None and found["courts"]["note"] == "not a ratio of rates or risks"
    ran = told(built, "--absolute", "--baseline", 40)
    assert "2 effects not read: not a ratio of rates or risks" in ran.err and "courts" not in ran.out


def test_baseline_residents_and_cost_are_read_where_they_are_coded(review: ReviewFolder, tmp_path: Path) -> None:
    numbers = "".join(f"    - {{name: {n}, type: number}}\n" for n in ("rate", "people", "price"))
    plan(
        review,
        (
            "    - {name: locator, required: true}\n  lesson:",
            f"{numbers}    - {{name: locator, required: true}}\n  lesson:",
        ),
        ("zero_cells: only0}", "zero_cells: only0, baseline: rate, residents: people, cost: price}"),
    )
    add(review, tmp_path, "lamps", rate=40, people=2500, price=15000)
    found = {row["effect_id"]: row for row in listed(review, "--absolute")}
    fresh = found["fresh"]
    assert fresh["cost"] == pytest.approx(15000 / (2.5 * fresh["avoided_per_1000"]), rel=1e-12)
    assert fresh["cost_text"] in told(review, "--absolute").out
    assert found["lamps"]["note"] == "no baseline is coded"
    add(review, tmp_path, "lamps", rate=40, price=15000)
    without = listed(review, "--absolute")[-1]
    assert without["cost"] is None and without["note"] == "no residents are coded: no cost of a crime"
    add(review, tmp_path, "lamps", rate=40, people=0)
    assert "residents=0.0 is not above 0" in listed(review, "--absolute")[-1]["note"]


def test_odds_ratios_and_outcomes_of_which_more_is_better_are_not_read(review: ReviewFolder, tmp_path: Path) -> None:
    plan(review, ("categories: [ratio, log_ratio,", "categories: [ratio, logit, log_ratio,"))
    add(review, tmp_path, "patrol", scale_reported="logit", estimate=-0.2, ci_low=-0.4, ci_high=0.0)
    found = run_absolute(ReviewFolder(review.root), baseline=40).set_index("effect_id")
    assert "odds ratio" in found.loc["fresh", "note"] and found.loc["patrol", "note"] == ""
    add(review, tmp_path, "patrol", direction="higher_is_better")
    found = run_absolute(ReviewFolder(review.root), baseline=40).set_index("effect_id")
    assert "nothing is avoided" in found.loc["fresh", "note"]


# --- overdispersion ---------------------------------------------------------------------------------------------


def test_a_named_phi_is_used_and_told_beside_the_effect(review: ReviewFolder, tmp_path: Path) -> None:
    plan(review, ("phi: 2,", "phi: violent_200m,"))
    found = effects.run(ReviewFolder(review.root)).set_index("effect_id")
    assert found.loc["lamps", "phi"] == 2.249 and found.loc["lamps", "phi_source"] == "assumed"
    assert found.loc["lamps", "note"].startswith("phi 2.249 assumed: violent_200m (")
    assert found.loc["courts", "note"] == ""
    assert "Note: phi 2.249 assumed: violent_200m" in told(review, "--explain", "lamps").out
    plan(review, ("phi: violent_200m,", "phi: violent_20m,"))
    ran = told(review, code=2)
    assert ran.err.count("There is no overdispersion") == 1 and "Did you mean violent_200m" in ran.err


def test_a_phi_that_is_coded_goes_before_a_named_one(review: ReviewFolder, tmp_path: Path) -> None:
    plan(
        review,
        ("phi: 2,", "phi: violent_200m,"),
        ("    - {name: a, type: number}\n", "    - {name: a, type: number}\n    - {name: phi, type: number}\n"),
    )
    add(review, tmp_path, "lamps", phi=3)
    found = effects.run(ReviewFolder(review.root)).set_index("effect_id")
    assert (found.loc["fresh", "phi"], found.loc["fresh", "phi_source"], found.loc["fresh", "note"]) == (3, "given", "")
    assert found.loc["lamps", "phi"] == 2.249


def series(place: Path, *, period: bool = True, twice: bool = False) -> Path:
    rows = [
        {
            "place": p,
            "period": 1 if twice else t,
            "after": int(t > 6),
            "treated": i % 2,
            "count": 9 + (7 * i + 5 * t) % 11,
        }
        for i, p in enumerate(("oak", "elm", "fir", "ash"))
        for t in range(1, 13)
    ]
    columns = [c for c in rows[0] if period or c != "period"]
    return table(place / "series.csv", columns, [{c: row[c] for c in columns} for row in rows])


def test_a_count_series_gives_phi_by_either_method_with_its_diagnostics(tmp_path: Path) -> None:
    path = series(tmp_path)
    ran = run("effects", "--estimate-phi", path)
    assert (
        ran.code == 0 and "phi_source: estimated" in ran.out and "phi_totals" in ran.out and "worst place: " in ran.out
    )
    by = {m: json.loads(run("effects", "--estimate-phi", path, "--method", m, "--json").out) for m in
          ("quasi_poisson", "negative_binomial")}  # fmt: skip
    assert {m: found["method"] for m, found in by.items()} == {m: m for m in by}
    assert by["quasi_poisson"]["phi"] != by["negative_binomial"]["phi"]
    assert by["quasi_poisson"]["diagnostics"]["phi"] == pytest.approx(by["quasi_poisson"]["phi"])


def test_a_series_without_periods_says_nothing_of_memory(tmp_path: Path) -> None:
    ran = run("effects", "--estimate-phi", series(tmp_path, period=False))
    assert ran.code == 0 and "lag1" not in ran.out
    twice = run("effects", "--estimate-phi", series(tmp_path, twice=True))
    assert twice.code == 2 and "has the period 1 twice" in twice.err and "period=None" not in twice.err


# --- tables -----------------------------------------------------------------------------------------------------


def counts(place: Path, *rows: tuple[object, ...]) -> Path:
    heads = ("place", "ai", "n1i", "ci", "n2i")
    return table(place / "counts.csv", heads, [dict(zip(heads, row, strict=True)) for row in rows])


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_computed_table_is_written_with_formulas_made_harmless(tmp_path: Path, suffix: str) -> None:
    path, out = counts(tmp_path, ("=1+1", 5, 20, 8, 20), ("park", 15, 20, 3, 20)), tmp_path / f"out{suffix}"
    ran = run("effects", "--table", path, "--measure", "OR", "--output", out)
    assert ran.code == 0 and ran.out == "" and "wrote 2 rows" in ran.err
    wanted = effect_tables.of_table(path, "OR")
    if suffix == ".csv":
        with out.open(encoding="utf-8", newline="") as stream:
            heads, first, _ = list(csv.reader(stream))
        assert first[0] == "'=1+1" and float(first[heads.index("yi")]) == wanted["yi"].iloc[0]
    else:
        heads_, first_, _ = openpyxl.load_workbook(out).active.iter_rows()
        assert first_[0].data_type == "s" and first_[0].value == "=1+1"
        assert first_[[c.value for c in heads_].index("yi")].value == wanted["yi"].iloc[0]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_written_listing_is_the_same_each_time(built: ReviewFolder, tmp_path: Path, suffix: str) -> None:
    one, other = tmp_path / f"one{suffix}", tmp_path / f"other{suffix}"
    for out in (one, other):
        told(built, "--output", out)
    assert one.read_bytes() == other.read_bytes()


def test_what_is_wrong_with_a_table_is_told_in_terms_of_the_table(tmp_path: Path) -> None:
    ran = run("effects", "--table", counts(tmp_path, ("park", "x", 20, 3, 20)), "--measure", "OR")
    assert ran.code == 2 and "row 'park (row 2)'" in ran.err and "Mend counts.csv" in ran.err
    assert "problems=" not in ran.err and "ai, [bi], ci" in ran.err
    absent = table(tmp_path / "absent.csv", ("place", "ai"), [{"place": "park", "ai": 3}])
    ran = run("effects", "--table", absent, "--measure", "OR")
    assert ran.code == 2 and "OR needs ci" in ran.err and "Mend absent.csv" in ran.err and "COLUMN" not in ran.err
