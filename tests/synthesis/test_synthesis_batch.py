"""Fits in a batch are the fits `pool` and `regress` give one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesis_cases import load

from metareview.errors import MetareviewError
from metareview.synthesis.batch import fit_batch
from metareview.synthesis.pooling import pool
from metareview.synthesis.regression import regress
from metareview.synthesis.tau2.likelihood import maximise

BCG = pd.DataFrame(load("regress_bcg_alloc")["data"])
Y, V = BCG["yi"].to_numpy(), BCG["vi"].to_numpy()
METHODS = ["REML", "ML", "DL", "FE", "PM", "HE", 0.2]


@pytest.mark.parametrize("tau2", METHODS)
@pytest.mark.parametrize("test", ["knha", "adhoc", "z"])
def test_subsets_are_pooled_as_alone(tau2: Any, test: str) -> None:
    keep = ((np.arange(1, 8192)[:, None] >> np.arange(13)) & 1).astype(bool)[::211]
    batch = fit_batch(Y, V, tau2=tau2, mask=keep)
    assert batch.converged.all() and list(batch.k) == list(keep.sum(axis=1))
    for i, rows in enumerate(keep):
        one = pool(Y[rows], V[rows], tau2=tau2, test=test)
        got = [batch.tau2[i], batch.beta[i, 0], batch.se(test)[i, 0], batch.Q[i], batch.I2[i], batch.H2[i]]
        np.testing.assert_allclose(got, [one.tau2, one.estimate, one.se, one.Q, one.I2, one.H2], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("tau2", METHODS)
@pytest.mark.parametrize("shared", [True, False])
def test_regressions_are_fitted_as_alone(tau2: Any, shared: bool) -> None:
    rng = np.random.default_rng(3)
    orders = np.array([rng.permutation(13) for _ in range(12)])
    X = np.column_stack([np.ones(13), BCG["ablat"], BCG["year"]])
    inverse = np.argsort(orders, axis=1)
    batch = fit_batch(Y[orders], V[orders], X, tau2=tau2) if shared else fit_batch(Y, V, X[inverse], tau2=tau2)
    for i, order in enumerate(orders):
        one = regress("yi ~ ablat + year", BCG.assign(yi=Y[order], vi=V[order]), tau2=tau2)
        assert batch.tau2[i] == pytest.approx(one.tau2, rel=1e-9, abs=1e-10)
        np.testing.assert_allclose(batch.beta[i], one.estimate, rtol=1e-8, atol=1e-8 * np.max(one.se))
        np.testing.assert_allclose(batch.se()[i], one.se, rtol=1e-8)
        np.testing.assert_allclose(batch.joint([1, 2])[i], one.QM, rtol=1e-7)
        np.testing.assert_allclose([batch.Q[i], batch.I2[i]], [one.QE, one.I2], rtol=1e-8, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_the_highest_maximum_is_found_over_eight_orders_of_magnitude(
    seed: int, moderator: bool, restricted: bool
) -> None:
    rng = np.random.default_rng(seed)
    v = 10.0 ** rng.uniform(-4, 4, (20, 9))
    y = rng.normal(size=(20, 9)) * np.sqrt(v + rng.gamma(1, 1, (20, 1)))
    X = np.column_stack([np.ones(9), rng.normal(size=9)])[:, : 1 + moderator]
    batch = fit_batch(y, v, X, tau2="REML" if restricted else "ML")
    for i in range(20):
        assert batch.tau2[i] == pytest.approx(maximise(y[i], v[i], X, restricted=restricted)[0], rel=1e-8, abs=1e-12)


def test_a_subset_without_a_level_is_named_and_the_rest_stands() -> None:
    X = np.column_stack([np.ones(13), BCG["alloc"] == "random"])
    keep = np.ones((3, 13), dtype=bool)
    keep[1] = BCG["alloc"] == "random"
    batch = fit_batch(Y, V, X, mask=keep)
    assert list(batch.converged) == [True, False, True]
    assert np.isnan(batch.beta[1]).all() and np.isnan(batch.tau2[1]) and batch.tau2[0] == batch.tau2[2]


def test_effects_that_do_not_differ_and_shapes_that_do_not_fit() -> None:
    batch = fit_batch(np.full((2, 5), 0.3), np.full(5, 0.1))
    assert list(batch.tau2) == [0.0, 0.0] and batch.beta[:, 0] == pytest.approx(0.3)
    with pytest.raises(MetareviewError, match="shapes of the data sets"):
        fit_batch(np.zeros((2, 5)), np.ones(4))
    with pytest.raises(MetareviewError, match="known tau2"):
        fit_batch(np.zeros((2, 5)), np.ones(5), tau2=-1.0)
