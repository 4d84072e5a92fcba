"""Wald tests of a meta-regression: of terms, of coefficients, and of any linear combinations of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import inference
from metareview.synthesis.results import RegressionResult, to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

INTERCEPT = "Intercept"


@dataclass(frozen=True, eq=False, repr=False)
class WaldResult:
    """m linear combinations of coefficients, each alone and all together.

    Attributes:
        names: of the combinations, length m. matrix: their weights, shape (m, p).
        estimate, se, ci_low, ci_high, statistic, p_value: one a combination, shape (m,); estimate is the combination
            itself, the statistic tests it against `null`. df: inf for the z test.
        QM, QM_df, QM_df2, QM_p: the joint test: F with (m, k - p), or chi-squared with m for the z test.
        test, level, null: as used.
    """

    names: tuple[str, ...]
    matrix: Floats
    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    df: float
    QM: float
    QM_df: int
    QM_df2: float
    QM_p: float
    test: str
    level: float
    null: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a combination."""
        import pandas as pd

        names = ("estimate", "se", "ci_low", "ci_high", "statistic", "df", "p_value")
        return pd.DataFrame({"contrast": self.names} | {name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        if self.test == "z":
            return f"WaldResult({len(self.names)} contrasts: chi2({self.QM_df})={self.QM:.4f}, p={self.QM_p:.4f})"
        return f"WaldResult({len(self.names)} contrasts: F({self.QM_df}, {self.QM_df2:g})={self.QM:.4f}, p={self.QM_p:.4f})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(repr(self))}</p>{self.to_frame().to_html(index=False)}"


def wald(result: RegressionResult, what: Any = None, null: float = 0.0) -> WaldResult:
    """Test linear combinations of the coefficients against `null`, with the test the regression used.

    Arguments:
        result: a regression. what: names of terms or coefficients (one, or a list), tested jointly; a mapping of
            coefficient to weight for one combination; or a matrix of weights, shape (m, p) or (p,). None: all coefficients
            but the intercept.

    Raises:
        MetareviewError: a name the model does not have, a matrix of another width, combinations that repeat each other.
    """
    names, L = _combinations(result, what)
    if np.linalg.matrix_rank(L / np.linalg.norm(L, axis=1, keepdims=True)) < len(L):
        raise MetareviewError("The contrasts repeat each other or are 0.", "Leave out what follows from the others.")
    return combine(result, L, names, null)


def combine(
    result: RegressionResult, L: Floats, names: Sequence[str], null: float = 0.0, *, joint: bool = True
) -> WaldResult:
    """Return combinations L, shape (m, p), of a regression's coefficients; without a joint test where it is not asked."""
    estimate, cov = L @ result.estimate, L @ result.cov @ L.T
    se = np.sqrt(np.diag(cov))
    half = inference.critical(result.level, result.df) * se
    statistic = (estimate - null) / se
    p_value = np.array([inference.two_sided(float(s), result.df) for s in statistic])
    together: dict[str, Any] = {"QM": np.nan, "QM_df": 0, "QM_df2": np.nan, "QM_p": np.nan}
    if joint:
        together = inference.joint_test(estimate - null, cov, list(range(len(L))), result.k - result.p, result.test)
    return WaldResult(
        tuple(names), L, estimate, se, estimate - half, estimate + half, statistic, p_value, result.df, **together,
        test=result.test, level=result.level, null=null,
    )  # fmt: skip


def anova(result: RegressionResult) -> pd.DataFrame:
    """Return the joint Wald test of each term of the formula but the intercept, the others in the model.

    Columns: term, QM, QM_df, QM_df2, QM_p.
    """
    import pandas as pd

    rows = []
    for term in _blocks(result):
        if term != INTERCEPT:
            tested = wald(result, term)
            rows.append({"term": term} | {name: getattr(tested, name) for name in ("QM", "QM_df", "QM_df2", "QM_p")})
    return pd.DataFrame(rows, columns=["term", "QM", "QM_df", "QM_df2", "QM_p"])


def _blocks(result: RegressionResult) -> dict[str, list[int]]:
    return result.design.blocks if result.design else {term: [i] for i, term in enumerate(result.terms)}


def _combinations(result: RegressionResult, what: Any) -> tuple[list[str], Floats]:
    if what is None:
        what = [term for term in result.terms if term != INTERCEPT] or [INTERCEPT]
    if hasattr(what, "__len__") and not len(what):
        raise MetareviewError(
            "There is nothing to test: no terms or contrasts are given.", f"The model has {_known(result)}."
        )
    if isinstance(what, Mapping):
        row = np.zeros(result.p)
        weights = _numbers(list(what.values()))
        for name, weight in zip(what, weights, strict=True):
            row[_position(result, str(name))] = weight
        return [" + ".join(f"{weight:g} {name}" for name, weight in zip(what, weights, strict=True))], _checked(
            row, result
        )
    if isinstance(what, str) or (isinstance(what, Sequence) and all(isinstance(name, str) for name in what)):
        wanted = [what] if isinstance(what, str) else list(what)
        at = [i for name in wanted for i in _columns(result, name)]
        return [result.terms[i] for i in at], np.eye(result.p)[at]
    L = _checked(_numbers(what), result)
    return [f"contrast {i + 1}" for i in range(len(L))], L


def _numbers(weights: Any) -> Floats:
    try:
        return np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MetareviewError("The weights of a contrast must be numbers.", f"They are {weights!r}.") from error


def _known(result: RegressionResult) -> str:
    return ", ".join(dict.fromkeys([*_blocks(result), *result.terms]))


def _checked(L: Floats, result: RegressionResult) -> Floats:
    L = np.atleast_2d(L)
    if L.ndim != 2 or L.shape[1] != result.p or L.size == 0:
        raise MetareviewError(
            f"A contrast needs {result.p} weights, and the matrix has shape {L.shape}.",
            f"One for each of {', '.join(result.terms)}.",
        )
    if not (np.isfinite(L).all() and np.any(L, axis=1).all()):
        raise MetareviewError("A contrast has weights that are all 0 or not finite.")
    return L


def _columns(result: RegressionResult, name: str) -> list[int]:
    return (
        [result.terms.index(name)] if name in result.terms else _blocks(result).get(name) or [_position(result, name)]
    )


def _position(result: RegressionResult, name: str) -> int:
    if name not in result.terms:
        raise MetareviewError(
            f"The model has no coefficient or term {name!r}.",
            f"It has {_known(result)}.",
        )
    return result.terms.index(name)
