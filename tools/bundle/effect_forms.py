"""A printed figure into the columns of the effect form: which measure computes it, and from which inputs."""

from __future__ import annotations

SCALES = {
    "ratio_ci": "ratio", "ratio_p": "ratio", "percent_change_ci": "percent_change", "percent_change_p": "percent_change",
    "percent_change_se": "percent_change", "coef_se": "log_ratio", "coef_ci": "log_ratio", "d_se": "difference",
}  # fmt: skip

# Rows whose printed figures stand in words (`formula`, `uncertain`) rather than in columns.
PRINTED: dict[str, dict[str, object]] = {
    "amendola2018bc_2wk": {"measure": "IRR", "x1": 1, "t1": 122, "x2": 7, "t2": 120},
    "amendola2018re_2wk": {"measure": "IRR", "x1": 1, "t1": 68, "x2": 3, "t2": 65},
    "ariel2020lu_calls": {"measure": "IRR", "x1": 2817, "t1": 57, "x2": 3549, "t2": 58},
    "veater1984_rate": {"measure": "IRR", "x1": 174, "t1": 1060, "x2": 247, "t2": 979},
    "promap2007_burg": {"measure": "GEN", "scale_reported": "ratio", "ci_low": 0.99, "ci_high": 1.34, "ci_level": 95,
        "inverted": 1},
    "sivarajasingam2003_ed": {"measure": "GENDIFF", "scale_reported": "ratio", "estimate_t": 0.96, "ci_low_t": 0.93,
        "ci_high_t": 0.99, "estimate_c": 1.11, "ci_low_c": 1.08, "ci_high_c": 1.14, "ci_level": 95},
    "sivarajasingam2003_police": {"measure": "GENDIFF", "scale_reported": "ratio", "estimate_t": 1.16, "ci_low_t": 1.08,
        "ci_high_t": 1.24, "estimate_c": 1.06, "ci_low_c": 0.99, "ci_high_c": 1.13, "ci_level": 95},
    "dimaggio2013_school": {"measure": "GENDIFF", "scale_reported": "percent_change", "estimate_t": -44, "ci_low_t": -65,
        "ci_high_t": -17, "estimate_c": 0, "ci_low_c": -8, "ci_high_c": 8, "ci_level": 95},
    "fridman2020_did": {"measure": "GENDIFF", "scale_reported": "ratio", "estimate_t": 0.72, "ci_low_t": 0.58,
        "ci_high_t": 0.89, "estimate_c": 0.93, "ci_low_c": 0.70, "ci_high_c": 1.25, "ci_level": 95},
    "fridman2020_did_severe": {"measure": "GENDIFF", "scale_reported": "ratio", "estimate_t": 0.33, "ci_low_t": 0.13,
        "ci_high_t": 0.85, "estimate_c": 0.69, "ci_low_c": 0.37, "ci_high_c": 1.31, "ci_level": 95},
    "jiao2019_cas": {"measure": "GENDIFF", "scale_reported": "percent_change", "estimate_t": -8.74, "ci_low_t": -16.47,
        "ci_high_t": -1.02, "estimate_c": 0.31, "ci_low_c": -3.64, "ci_high_c": 4.27, "ci_level": 95},
    # Health scores with their printed difference and interval, divided by the norm SD of 10.
    "curl2015_doors_mh": {"estimate": 5.89, "ci_low": 0.65, "ci_high": 11.14, "ci_level": 95, "standardiser": 10, "se": ""},
    "curl2015_fabric_mh": {"estimate": 1.84, "ci_low": 0.04, "ci_high": 3.65, "ci_level": 95, "standardiser": 10, "se": ""},
    "curl2015_fabric_ph": {"estimate": 2.09, "ci_low": 0.13, "ci_high": 4.04, "ci_level": 95, "standardiser": 10, "se": ""},
    "curl2015_kitchen_mh": {"estimate": 2.58, "ci_low": 0.79, "ci_high": 4.36, "ci_level": 95, "standardiser": 10, "se": ""},
    "curl2015_heating_ph": {"estimate": -2.21, "ci_low": -3.74, "ci_high": -0.68, "ci_level": 95, "standardiser": 10, "se": ""},
    "egan2016_mh": {"estimate": 4.26, "ci_low": 0.29, "ci_high": 8.22, "ci_level": 95, "standardiser": 10, "se": ""},
    "egan2016_ph": {"estimate": 3.86, "ci_low": 1.96, "ci_high": 5.76, "ci_level": 95, "standardiser": 10, "se": ""},
    # Divided by the baseline SD pooled over 4,197 and 6,695 people with SDs of 22.3 and 20.8.
    "white2017_mhi": {"estimate": 1.54, "ci_low": 0.50, "ci_high": 2.59, "ci_level": 95, "standardiser": 21.3905, "se": ""},
}  # fmt: skip

CODED = (
    "effect_id", "study_id", "outcome_domain", "outcome_label", "area_role", "contrast", "direction", "sense", "sense_note",
    "stat_type", "follow_up_months", "computed_or_estimated", "primary", "hold_out_of_main", "uncertain", "basis", "locator",
)  # fmt: skip
INPUTS = ("estimate", "se", "ci_low", "ci_high", "ci_level", "p", "a", "b", "c", "d")


def effect_row(r: dict[str, str]) -> dict[str, object]:
    """Return one row of the effect form."""
    row: dict[str, object] = {name: r[name] for name in CODED}
    row["effect_scale"] = r["measure"]
    row["recorded_yi"] = r["log_ratio"] or r["smd"]
    row["recorded_se"] = r["se_derived"]
    printed = PRINTED.get(r["effect_id"], {})
    counts = r["stat_type"] == "counts_abcd"
    row["measure"] = "RIRR" if counts else "GEN"
    if not counts:
        row["scale_reported"] = SCALES.get(r["stat_type"], "")
    if "measure" not in printed:
        values = {"estimate": r["value"], **{k: r[k] for k in INPUTS if k != "estimate"}}
        row |= {k: values[k] for k in _used(r["stat_type"])}
    row |= printed
    if printed.get("measure") == "IRR":
        row["scale_reported"] = ""
    return row


def _used(stat_type: str) -> tuple[str, ...]:
    """Return the columns that were printed; the interval goes before a p beside it, which then is a check."""
    if stat_type == "counts_abcd":
        return ("a", "b", "c", "d")
    if stat_type.endswith("_ci"):
        return ("estimate", "ci_low", "ci_high", "ci_level", "p")
    return ("estimate", "p") if stat_type.endswith("_p") else ("estimate", "se")
