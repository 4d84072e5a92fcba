"""Whoever does the work, resampling gives the same figures: one process, several, a Dask cluster; and it can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster
from synthesis_cases import BCG, load

import metareview as mr
from metareview.synthesis.diagnostics import bootstrap as boot
from metareview.synthesis.diagnostics import gosh as sets
from metareview.synthesis.diagnostics import qq as quantiles

RESULT = mr.pool(BCG["yi"], BCG["vi"])
KONSTANTOPOULOS = load("diagnostics_multilevel")["multilevel"][0]["data"]


def multilevel_profile(**how: Any) -> Any:
    model = mr.multilevel("yi ~ 1", pd.DataFrame(KONSTANTOPOULOS), random="1 | district/school")
    return mr.profile(model, "sigma2[district]", values=[0.01, 0.05, 0.1], **how)


WORK: dict[str, Callable[..., Any]] = {
    "gosh": lambda **how: mr.gosh(RESULT, **how),
    "sampled gosh": lambda **how: mr.gosh(RESULT, subsets=900, seed=3, **how),
    "parametric": lambda **how: mr.bootstrap(RESULT, n=410, seed=2, **how),
    "nonparametric": lambda **how: mr.bootstrap(RESULT, n=410, seed=2, kind="nonparametric", **how),
    "qq": lambda **how: mr.qq(RESULT, n=410, **how),
    "profile": lambda **how: mr.profile(RESULT, n=9, **how),
    "multilevel profile": multilevel_profile,
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "PIECE", 400)
    monkeypatch.setattr(boot, "PIECE", 100)
    monkeypatch.setattr(quantiles, "PIECE", 100)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, scheduler_port=0
    ) as local:
        yield local.scheduler_address.replace("tcp://", "dask://")


def same(a: Any, b: Any) -> bool:
    for name, value in vars(a).items():
        other = getattr(b, name)
        if isinstance(value, np.ndarray):
            if not np.array_equal(value, other, equal_nan=value.dtype.kind == "f"):
                return False
        elif value != other:
            return False
    return True


@pytest.mark.parametrize("name", WORK)
def test_any_worker_gives_the_same_figures(name: str, cluster: str) -> None:
    serial = WORK[name]()
    assert same(WORK[name](workers=2), serial)
    assert same(WORK[name](cluster=cluster), serial)


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
