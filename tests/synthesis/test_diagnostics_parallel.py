"""Whoever does the work, resampling gives the same figures: one process, several, a Dask cluster; and it can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from synthesis_cases import BCG, load

import metareview as mr
from metareview.synthesis import permutation, prediction_bootstrap
from metareview.synthesis.diagnostics import bootstrap as boot
from metareview.synthesis.diagnostics import gosh as sets
from metareview.synthesis.diagnostics import qq as quantiles
from metareview.synthesis.robust import bootstrap as wild_boot

RESULT = mr.pool(BCG["yi"], BCG["vi"])
FEW = mr.pool(BCG["yi"][:7], BCG["vi"][:7])
LATITUDE = pd.DataFrame(
    {"yi": BCG["yi"], "vi": BCG["vi"], "latitude": [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33]}
)
REGRESSION = mr.regress("yi ~ latitude", LATITUDE, "vi")
KONSTANTOPOULOS = pd.DataFrame(load("diagnostics_multilevel")["multilevel"][0]["data"])
LEVELS = mr.multilevel("yi ~ 1 + year", KONSTANTOPOULOS, random="1 | district/school")
DISTRICT = KONSTANTOPOULOS["district"]


def wild(contrasts: Any, cluster: str | None = None, **how: Any) -> Any:
    return mr.wild_bootstrap(LEVELS, DISTRICT, contrasts, cluster_address=cluster, replications=1100, **how)


def sweep(cluster: str | None = None, **how: Any) -> Any:
    how |= {"bootstrap": "always", "replications": 300, "rhos": [0.2, 0.6], "cluster_address": cluster}
    return mr.rho_sweep("yi ~ 1", KONSTANTOPOULOS, study="district", effect="school", **how)


WORK: dict[str, Callable[..., Any]] = {
    "gosh": lambda **how: mr.gosh(RESULT, **how),
    "sampled gosh": lambda **how: mr.gosh(RESULT, subsets=900, seed=3, **how),
    "parametric": lambda **how: mr.bootstrap(RESULT, n=410, seed=2, **how),
    "nonparametric": lambda **how: mr.bootstrap(RESULT, n=410, seed=2, kind="nonparametric", **how),
    "qq": lambda **how: mr.qq(RESULT, n=410, **how),
    "profile": lambda **how: mr.profile(RESULT, n=9, **how),
    "multilevel profile": lambda **how: mr.profile(LEVELS, "sigma2[district]", values=[0.01, 0.05, 0.1], **how),
    "signs": lambda **how: mr.permutation_test(RESULT, **how),
    "sampled signs": lambda **how: mr.permutation_test(RESULT, exact=False, permutations=1100, seed=4, **how),
    "rows": lambda **how: mr.permutation_test(mr.regress("yi ~ latitude", LATITUDE[:6], "vi"), **how),
    "sampled rows": lambda **how: mr.permutation_test(REGRESSION, permutations=1100, seed=4, **how),
    "wild bootstrap": lambda **how: wild("year", **how),
    "joint wild bootstrap": lambda **how: wild(["Intercept", "year"], weights="Rademacher", **how),
    "rho sweep": sweep,
    "prediction interval": lambda **how: mr.prediction_interval(FEW, draws=1100, seed=5, **how),
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "PIECE", 400)
    monkeypatch.setattr(boot, "PIECE", 100)
    monkeypatch.setattr(quantiles, "PIECE", 100)
    monkeypatch.setattr(permutation, "PIECE", 200)
    monkeypatch.setattr(wild_boot, "PIECE", 200)
    monkeypatch.setattr(prediction_bootstrap, "PIECE", 200)


def exact(result: Any) -> str:
    """Every figure to its last bit."""
    return repr(result.to_dict())


@pytest.mark.parametrize("name", WORK)
def test_any_worker_gives_the_same_figures(name: str, cluster: str) -> None:
    serial = WORK[name]()
    assert exact(WORK[name](workers=2)) == exact(serial)
    assert exact(WORK[name](cluster=cluster)) == exact(serial)


def test_progress_is_told_piece_by_piece() -> None:
    told: list[tuple[int, int]] = []
    mr.gosh(RESULT, progress=lambda *both: told.append(both))
    assert told == [(n, 21) for n in range(1, 22)]
    told.clear()
    mr.bootstrap(RESULT, n=410, progress=lambda *both: told.append(both))
    assert told == [(n, 5) for n in range(1, 6)]


def test_stopping_stops_the_work() -> None:
    done: list[int] = []

    def stop(n: int, total: int) -> None:
        done.append(n)
        if n == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mr.bootstrap(RESULT, n=5_000, progress=stop)
    assert done == [1, 2]
    assert mr.bootstrap(RESULT, n=200).n == 200
