"""Best linear unbiased predictions: the true effect of each study, its estimate shrunk towards the fitted mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis.fitted import fitted, model_of
from metareview.synthesis.inference import critical
from metareview.synthesis.inputs import check_level
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    from metareview.synthesis.multilevel.blup import MultilevelBlups


@dataclass(frozen=True, eq=False, repr=False)
class Blups:
    """Predictions of k true effects, on the scale of yi.

    Attributes:
        labels: shape (k,). estimate, se, low, high: of the true effects, shape (k,); an interval holds the true effect,
            not a mean. deviation, deviation_se, deviation_low, deviation_high: of the random effects, what the true
            effects differ by from the fitted mean, shape (k,).
        weight: what of its own estimate each keeps, tau2 / (tau2 + vi), shape (k,). level: e.g. 0.95.
    """

    labels: tuple[str, ...]
    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    deviation: Floats
    deviation_se: Floats
    deviation_low: Floats
    deviation_high: Floats
    weight: Floats
    level: float

    def to_frame(self) -> Any:
        """Return one row an effect, a pandas DataFrame."""
        import pandas as pd

        names = ("estimate", "se", "low", "high")
        columns = {"label": list(self.labels)} | {name: getattr(self, name) for name in names}
        columns |= {f"deviation_{n}" if n != "estimate" else "deviation": self._deviation(n) for n in names}
        return pd.DataFrame(columns | {"weight": self.weight})

    def _deviation(self, name: str) -> Floats:
        out: Floats = self.deviation if name == "estimate" else getattr(self, f"deviation_{name}")
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        columns = {name: values.tolist() for name, values in vars(self).items() if isinstance(values, np.ndarray)}
        return {"labels": list(self.labels), **columns, "level": self.level}

    def __repr__(self) -> str:
        span = f"{self.estimate.min():.4f} to {self.estimate.max():.4f}"
        return f"Blups(k={self.estimate.size}: {span}, level={self.level:g})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def blup(result: Any, *, level: float | None = None) -> Blups | MultilevelBlups:
    """Predict the true effect of each study.

    With l = tau2 / (tau2 + vi), the prediction is l yi + (1 - l) fitted; its variance, l vi + (1 - l)^2 Var(fitted),
    allows for the error of the mean under the test, not for that of tau2. The reference distribution is that of the
    test.

    Arguments:
        result: of `pool` or `regress`; of `multilevel`, `che` or `sce`, whose model gives the random effects of every level too
            (see `multilevel.blup`). level: that of the result when None.

    Raises:
        MetareviewError: weights of the user's, for which these predictions are not the best; a result that is none of these.

    Source: Raudenbush & Bryk (1985), J. Educational Statistics 10, 75-98; Morris (1983), JASA 78, 47-55.
    """
    model = model_of(result)
    if model is not None:
        from metareview.synthesis.multilevel.blup import blup as predicted

        return predicted(model, level)
    m = fitted(result)
    if not m.standard:
        raise MetareviewError(
            "Predictions of the true effects need inverse-variance weights.", "Fit again without weights."
        )
    level = m.level if level is None else check_level(level)
    crit = critical(level, m.df)
    mean = m.X @ m.beta
    error = np.einsum("ki,ij,kj->k", m.X, m.cov, m.X)
    weight = m.tau2 / (m.tau2 + m.vi)
    estimate = weight * m.yi + (1.0 - weight) * mean
    se = np.sqrt(weight * m.vi + (1.0 - weight) ** 2 * error)
    deviation = weight * (m.yi - mean)
    deviation_se = np.sqrt(weight * m.vi + weight**2 * error)
    return Blups(
        m.labels,
        estimate,
        se,
        estimate - crit * se,
        estimate + crit * se,
        deviation,
        deviation_se,
        deviation - crit * deviation_se,
        deviation + crit * deviation_se,
        weight,
        level,
    )
