"""Wald tests of a meta-regression: of terms, of coefficients, and of any linear combinations of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import inference
from metareview.synthesis.linear import Linear, critical, linear
from metareview.synthesis.results import described_html, to_plain
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
            itself, the statistic tests it against `null`. df: inf for the z test; one each, shape (m,), for robust tests.
        QM, QM_df, QM_df2, QM_p: the joint test: F with (m, k - p), or chi-squared with m for the z test; HTZ where robust.
        test, level, null: as used. warnings: sentences a reader must see.
    """

    names: tuple[str, ...]
    matrix: Floats
    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    df: float | Floats
    QM: float
    QM_df: int
    QM_df2: float
    QM_p: float
    test: str
    level: float
    null: float = 0.0
    warnings: tuple[str, ...] = ()

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
        return described_html(self)


def wald(result: Any, what: Any = None, null: float = 0.0) -> WaldResult:
    """Test linear combinations of the coefficients against `null`, with the test the model used.

    Arguments:
        result: of `regress`, `multilevel`, `che`, `sce` or `robust`.
        what: names of terms or coefficients (one, or a list), tested jointly; a mapping of coefficient to weight for one
            combination; or a matrix of weights, shape (m, p) or (p,). None: all coefficients but the intercept.

    Raises:
        MetareviewError: a name the model does not have, a matrix of another width, combinations that repeat each other.
    """
    model = linear(result)
    names, L = _combinations(model, what)
    if np.linalg.matrix_rank(L / np.linalg.norm(L, axis=1, keepdims=True)) < len(L):
        raise MetareviewError("The contrasts repeat each other or are 0.", "Leave out what follows from the others.")
    return combine(model, L, names, null)


def combine(result: Any, L: Floats, names: Sequence[str], null: float = 0.0, *, joint: bool = True) -> WaldResult:
    """Return combinations L, shape (m, p), of a model's coefficients; without a joint test where it is not asked."""
    model = linear(result)
    estimate, se, df = L @ model.estimate, model.errors(L), model.freedom(L)
    half = critical(model.level, df) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = (estimate - null) / se
    each = np.broadcast_to(df, len(L))
    p_value = np.array([inference.two_sided(float(s), float(d)) for s, d in zip(statistic, each, strict=True)])
    together: dict[str, Any] = {"QM": np.nan, "QM_df": 0, "QM_df2": np.nan, "QM_p": np.nan}
    if joint:
        together = model.joint(L, estimate - null)
    return WaldResult(
        tuple(names), L, estimate, se, estimate - half, estimate + half, statistic, p_value, df, **together,
        test=model.test, level=model.level, null=null, warnings=model.notes(L),
    )  # fmt: skip


def anova(result: Any) -> pd.DataFrame:
    """Return the joint Wald test of each term of the formula but the intercept, the others in the model.

    Columns: term, QM, QM_df, QM_df2, QM_p.
    """
    import pandas as pd

    model, rows = linear(result), []
    for term in _blocks(model):
        if term != INTERCEPT:
            tested = wald(model, term)
            rows.append({"term": term} | {name: getattr(tested, name) for name in ("QM", "QM_df", "QM_df2", "QM_p")})
    return pd.DataFrame(rows, columns=["term", "QM", "QM_df", "QM_df2", "QM_p"])


def _blocks(result: Linear) -> dict[str, list[int]]:
    return result.blocks


def _combinations(result: Linear, what: Any) -> tuple[list[str], Floats]:
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


def _known(result: Linear) -> str:
    return ", ".join(dict.fromkeys([*_blocks(result), *result.terms]))


def _checked(L: Floats, result: Linear) -> Floats:
    L = np.atleast_2d(L)
    if L.ndim != 2 or L.shape[1] != result.p or L.size == 0:
        raise MetareviewError(
            f"A contrast needs {result.p} weights, and the matrix has shape {L.shape}.",
            f"One for each of {', '.join(result.terms)}.",
        )
    if not (np.isfinite(L).all() and np.any(L, axis=1).all()):
        raise MetareviewError("A contrast has weights that are all 0 or not finite.")
    return L


def _columns(result: Linear, name: str) -> list[int]:
    return (
        [result.terms.index(name)] if name in result.terms else _blocks(result).get(name) or [_position(result, name)]
    )


def _position(result: Linear, name: str) -> int:
    if name not in result.terms:
        raise MetareviewError(
            f"The model has no coefficient or term {name!r}.",
            f"It has {_known(result)}.",
        )
    return result.terms.index(name)
