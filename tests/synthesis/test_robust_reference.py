"""Cluster-robust variances against clubSandwich (see reference/make_robust.R) and published or recorded targets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metareview as mr

HERE = Path(__file__).parent / "reference"
SHARED = Path(os.environ.get("METAREVIEW_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "domain"
PINNED = json.loads((HERE / "robust.json").read_text(encoding="utf-8"))
FITS = [pytest.param(fit, id=fit["name"]) for fit in PINNED["fits"]]
FILES = {
    "tannersmith2016": ("metadat_tannersmith2016.csv", {}),
    "dropoutPrevention": ("clubSandwich_dropoutPrevention.csv", {"LOR1": "yi", "varLOR": "vi"}),
    "group_based": ("campbell_group_based_reintegration_effects.csv", {"gt_pop": "yi", "vgt_pop": "vi"}),
}


def shared(name: str) -> pd.DataFrame:
    file, names = FILES[name]
    if not (SHARED / file).exists():
        pytest.skip(f"the shared data {file} are not here")
    frame = pd.read_csv(SHARED / file).rename(columns=names)
    return frame.assign(effect=range(len(frame)))


def pinned(name: str) -> pd.DataFrame:
    if name in FILES:
        return shared(name)
    if name == "bcg":
        return pd.DataFrame(PINNED["bcg"])
    sets = json.loads((HERE / "multilevel.json").read_text(encoding="utf-8"))["sets"]
    return pd.DataFrame(next(one["data"] for one in sets if one["name"] == name))


def model(fit: dict[str, Any]) -> Any:
    data = pinned(fit["data"])
    if "tau2" in fit and fit["formula"] == "yi ~ 1":
        return mr.pool(data["yi"], data["vi"], tau2=fit["tau2"])
    if "tau2" in fit:
        return mr.regress(fit["formula"], data, tau2=fit["tau2"])
    outer, inner = fit["random"].split("|")[1].split("/")
    known = dict(zip((f"sigma2[{outer}]", f"sigma2[{outer}/{inner}]"), fit["sigma2"], strict=True))
    return mr.multilevel(fit["formula"], data, random=fit["random"], rho=fit["rho"], cluster=outer, fixed=known)


def close(got: Any, expected: Any, tolerance: float = 1e-8) -> None:
    np.testing.assert_allclose(got, np.asarray(expected, dtype=float), rtol=tolerance, atol=1e-13)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"])
@pytest.mark.parametrize("fit", FITS)
def test_robust_agrees_with_clubsandwich(fit: dict[str, Any], kind: str) -> None:
    pinned_kind = fit["kinds"][kind]
    if pinned_kind is None:
        assert any("alone" in w for w in mr.robust(model(fit), fit["clusters"]).warnings)
        return
    fitted = model(fit)
    got = mr.robust(fitted, fit["clusters"], vcov=kind)
    close(got.estimate, np.atleast_1d(fit["estimate"]))
    close(got.cov, np.reshape(pinned_kind["cov"], got.cov.shape))
    close(got.df, np.atleast_1d(pinned_kind["df"]))
    close(got.p_value, np.atleast_1d(pinned_kind["p"]))
    naive, normal = (mr.robust(fitted, fit["clusters"], vcov=kind, test=test) for test in ("naive", "z"))
    close(naive.p_value, np.atleast_1d(pinned_kind["p_naive"]))
    close(normal.p_value, np.atleast_1d(pinned_kind["p_z"]))
    for one in pinned_kind["tests"]:
        C = np.array(one["C"], dtype=float)
        small, plain, large = (result.wald(C) for result in (got, naive, normal))
        close([large.QM, large.QM_p], [one["chi"], one["chi_p"]])
        close([plain.QM, plain.QM_p], [one["naive_F"], one["naive_p"]])
        close([small.QM, small.QM_df2, small.QM_p], [one["HTZ"], one["HTZ_df2"], one["HTZ_p"]])


def test_the_reference_did_not_shrink() -> None:
    compared = [(f["name"], kind) for f in PINNED["fits"] for kind, found in f["kinds"].items() if found]
    assert len(PINNED["fits"]) == 13
    assert len(compared) >= 77
    assert sum(len(found["tests"]) for f in PINNED["fits"] for found in f["kinds"].values() if found) >= 120


def test_recorded_targets_of_assink() -> None:
    data = pinned("assink2016")
    che = mr.multilevel("yi ~ 1", data, random="1 | study/esid", rho=0.6)
    got = mr.robust(che, data["study"])
    close(got.se[0], 0.0969720, 1e-6)
    close(got.df[0], 14.53334, 1e-6)
    three = mr.robust(mr.multilevel("yi ~ 1", data, random="1 | study/esid"), data["study"])
    assert [round(three.estimate[0], 4), round(three.df[0], 1), round(three.p_value[0], 4)] == [0.4268, 15.4, 0.0025]


def test_recorded_targets_of_tannersmith() -> None:
    data = shared("tannersmith2016")
    model = mr.multilevel("yi ~ 1", data, random="1 | studyid/effect")
    assert [round(v, 4) for v in (model.estimate[0], model.se[0], *model.components.values())] == [
        0.1024,
        0.0224,
        0.0069,
        0.0028,
    ]
    assert round(mr.robust(model, data["studyid"]).df[0], 1) == 15.8


def test_recorded_targets_of_group_based() -> None:
    data = shared("group_based")
    model = mr.multilevel("yi ~ 1", data, random="1 | study/effect", rho=0.8)
    got = mr.robust(model, data["study"])
    assert [round(v, 5) for v in model.components.values()] == [0.00304, 0.03779]
    assert round(model.QE, 3) == 1242.161
    assert [round(got.estimate[0], 3), round(got.se[0], 4), round(got.df[0], 1)] == [0.191, 0.0354, 23.1]
    assert [round(got.ci_low[0], 3), round(got.ci_high[0], 3)] == [0.118, 0.264]
