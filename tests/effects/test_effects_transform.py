"""From the log scale to ratios, percent changes and Farrington's orientation."""

from __future__ import annotations

import numpy as np
import pytest

from metareview.effects.compute import effect_size
from metareview.effects.transform import (
    farrington_welsh_res,
    from_percent_change,
    to_percent_change,
    to_ratio,
    transform,
)
from metareview.errors import MetareviewError


def test_res_is_the_inverse_of_rirr() -> None:
    yi = effect_size("RIRR", a=[50, 207, 178], b=[30, 110, 157], c=[60, 308, 150], d=[55, 318, 140])["yi"]
    np.testing.assert_allclose(farrington_welsh_res(yi), [1.5278, 1.9429, 1.0582], atol=5e-5)
    np.testing.assert_allclose(farrington_welsh_res(yi) * to_ratio(yi), 1.0)


def test_percent_change_and_back() -> None:
    yi = np.array([-0.5, 0.0, 1e-12, 0.3])
    np.testing.assert_allclose(from_percent_change(to_percent_change(yi)), yi, rtol=1e-12)
    assert to_percent_change(np.log(0.8)) == pytest.approx(-20)
    assert np.isnan(from_percent_change(-100))


def test_transform_follows_the_scale() -> None:
    assert transform(np.log(2), "log") == pytest.approx(2)
    assert transform(np.log(2), "log", "percent_change") == pytest.approx(100)
    assert transform(2.0, "linear", "percent_change") == 2.0
    with pytest.raises(MetareviewError, match="Unknown scale"):
        transform(1, "cube")  # type: ignore[arg-type]
    with pytest.raises(MetareviewError, match="Unknown transformation"):
        transform(1, "log", "odds")  # type: ignore[arg-type]
