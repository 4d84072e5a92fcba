"""`one_stage`: a generalised linear model of the counts themselves, with a parameter for every study and one for the effect.

It assumes one common effect. statsmodels, which fits it, has no maximum-likelihood model with random effects of binomial or
Poisson counts (its mixed ones are variational Bayes); where effects differ, pool them by `pool`, and read this beside it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import inference, statsmodels_engine
from metareview.synthesis.inputs import check_level
from metareview.synthesis.results import to_plain
from metareview.synthesis.tables import Tables, check_tables, columns
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("OR", "IRR")


@dataclass(frozen=True, eq=False, repr=False)
class OneStageResult:
    """A common log odds ratio or log rate ratio of k studies by maximum likelihood.

    Attributes:
        measure, estimate, se, ci_low, ci_high, statistic, p: on the log scale; Wald's z.
        LR, LR_df, LR_p: likelihood-ratio test that the effects of the studies are equal. loglik: of the model.
        k: studies in the model. excluded: (label, reason) of those that say nothing of a ratio. level, labels: as in `pool`.
        crosscheck: relative differences of the estimate and its error to a Newton step of our own from statsmodels' optimum.
        warnings: sentences a reader must see.
    """

    measure: str
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p: float
    LR: float
    LR_df: int
    LR_p: float
    loglik: float
    k: int
    labels: tuple[str, ...]
    level: float
    converged: bool
    excluded: tuple[tuple[str, str], ...]
    crosscheck: dict[str, float]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {f.name: to_plain(getattr(self, f.name)) for f in fields(self)}

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the scalar results."""
        import pandas as pd

        skip = ("labels", "excluded", "crosscheck", "warnings")
        return pd.DataFrame([{name: value for name, value in self.to_dict().items() if name not in skip}])

    def __repr__(self) -> str:
        return (
            f"OneStageResult(log {self.measure}, k={self.k}: {self.estimate:.4f} "
            f"[{self.ci_low:.4f}, {self.ci_high:.4f}], LR={self.LR:.2f} p={self.LR_p:.4f})"
        )

    def _repr_html_(self) -> str:
        return self.to_frame().T.rename(columns={0: "value"}).to_html()


def one_stage(
    x1: Any,
    n1: Any,
    x2: Any,
    n2: Any,
    *,
    measure: str = "OR",
    labels: Sequence[Any] | None = None,
    level: float = 0.95,
) -> OneStageResult:
    """Fit a logistic (OR) or Poisson (IRR) model with fixed effects of the studies and one effect of the treatment.

    Arguments:
        x1, x2: events of the treated and the controls; n1, n2: people (OR) or person-time (IRR); each of shape (k,).
        measure: "OR" or "IRR".

    Raises:
        MetareviewError: unusable counts, an unknown measure, or no study with events (and non-events) in both groups together.

    Source: Turner et al. (2000), Statistics in Medicine 19, 3417-3432; Stijnen, Hamza & Ozdemir (2010), Statistics in Medicine
    29, 3046-3067; Bagos & Nikolopoulos (2009), Biometrical Journal 51, 63-83.
    """
    if measure not in MEASURES:
        raise MetareviewError(f"There is no one-stage {measure!r}.", f"Choose one of {', '.join(MEASURES)}.")
    level = check_level(level)
    t = _counts(x1, n1, x2, n2, labels) if measure == "IRR" else check_tables(x1, n1, x2, n2, labels)
    tells = (t.a + t.c > 0) if measure == "IRR" else t.telling
    if not tells.any() or not _both_sides(t, tells, measure):
        raise MetareviewError(
            f"The counts leave no finite {measure}: all events are in one group, or there are none.",
            "A risk difference by `mantel_haenszel` may still be told.",
        )
    excluded = tuple((label, "no events, or nothing else") for label, x in zip(t.labels, tells, strict=True) if not x)
    kept = Tables(t.a[tells], t.b[tells], t.c[tells], t.d[tells], tuple(np.array(t.labels)[tells]))
    return _fit(kept, measure, level, excluded)


def _fit(t: Tables, measure: str, level: float, excluded: tuple[tuple[str, str], ...]) -> OneStageResult:
    k = t.a.size
    X = np.column_stack([np.tile(np.eye(k), (2, 1)), np.repeat([0.5, -0.5], k)])
    events, rest = np.concatenate([t.a, t.c]), np.concatenate([t.b, t.d])
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        if measure == "OR":
            fit = statsmodels_engine.linear_model(np.column_stack([events, rest]), X, "binomial")
        else:
            fit = statsmodels_engine.linear_model(events, X, "poisson", exposure=rest)
    estimate, se = float(fit.params[-1]), float(fit.bse[-1])
    half = inference.critical(level, math.inf) * se
    LR = max(0.0, float(fit.deviance))
    told = tuple(dict.fromkeys(str(w.message) for w in heard)) if not fit.converged else ()
    return OneStageResult(
        measure, estimate, se, estimate - half, estimate + half, estimate / se, inference.two_sided(estimate / se, math.inf),
        LR, k - 1, inference.chi2_tail(LR, k - 1), float(fit.llf), k, t.labels, level, bool(fit.converged), excluded,
        _newton(X, events, rest, np.asarray(fit.params), se, measure), told,
    )  # fmt: skip


def _newton(X: Floats, events: Floats, rest: Floats, beta: Floats, se: float, measure: str) -> dict[str, float]:
    """How far one Newton step of the likelihood moves the effect, and its error there."""
    eta = X @ beta
    if measure == "OR":
        size, share = events + rest, 1 / (1 + np.exp(-eta))
        mean, w = size * share, size * share * (1 - share)
    else:
        mean = rest * np.exp(eta)
        w = mean
    inverse = np.linalg.inv(X.T @ (w[:, None] * X))
    step = inverse @ (X.T @ (events - mean))
    own_se = math.sqrt(float(inverse[-1, -1]))
    return {"estimate": abs(float(step[-1])) / max(abs(float(beta[-1])), se), "se": abs(own_se - se) / se}


def _both_sides(t: Tables, tells: np.ndarray, measure: str) -> bool:
    """Whether the effect is finite: events on both sides, and for odds non-events on both as well."""
    sides = [t.a[tells].sum(), t.c[tells].sum()]
    if measure == "OR":
        sides = [float(np.sum(t.a * t.d)), float(np.sum(t.b * t.c))]
    return all(side > 0 for side in sides)


def _counts(x1: Any, t1: Any, x2: Any, t2: Any, labels: Sequence[Any] | None) -> Tables:
    """Counts and person-time, with the time in the place of the rest."""
    x, t, y, u = columns({"x1": x1, "n1": t1, "x2": x2, "n2": t2}, labels)
    names = tuple(str(i + 1) for i in range(x.size)) if labels is None else tuple(str(v) for v in labels)
    if not 0 < x.size == t.size == y.size == u.size == len(names):
        raise MetareviewError("The columns of counts and times differ in length, or are empty.", "Give one per study.")
    wrong = ~(np.isfinite(x + t + y + u) & (x >= 0) & (y >= 0) & (t > 0) & (u > 0))
    if wrong.any():
        raise MetareviewError(
            f"{names[int(np.flatnonzero(wrong)[0])]} has a count below 0, a time that is not above 0, or no number.",
            "Mend it or leave it out.",
        )
    return Tables(x, t, y, u, names)
