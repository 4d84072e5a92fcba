"""From a moderator formula and a table to effects and a design matrix; the only module that imports
formulaic.
"""

from __future__ import annotations

import re
import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import formulaic
import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.synthesis.inputs import Effects, check_design, check_effects
from metareview.synthesis.wls import Floats

INTERCEPT = "Intercept"
FUNCTIONS = {
    "C",
    "I",
    "log",
    "log10",
    "log2",
    "exp",
    "center",
    "scale",
    "standardize",
    "poly",
    "bs",
    "cs",
    "cr",
    "cc",
}
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME = re.compile(r"`([^`]+)`|\b([A-Za-z_]\w*)\b(?!\s*\()")
_CONTRAST = re.compile(r"\bcontr\.[a-z]+\b|\b(?:Treatment|Sum)\b")
_TRICKS = re.compile(r"\\|\"\"\"|'''")
_CODE = re.compile(r"__|\w\"|\"\s*\(|\.\s*[A-Za-z_]|[\])}]\s*\(|\blambda\b|\bfor\b|[{}]")
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True, eq=False)
class Design:
    """Checked effects, the full-rank design X of shape (k, p), its terms, the rows left out with the reason, and the
    positions in the table of those kept, shape (k,).

    `spec` is formulaic's model specification, which gives new data the same basis; `moderators` are the columns of the
    table that the right side names, kept rows only.
    """

    effects: Effects
    X: Floats
    terms: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]
    rows: NDArray[np.intp]
    spec: Any
    moderators: pd.DataFrame

    @property
    def blocks(self) -> dict[str, list[int]]:
        """Return the columns of X that belong to each term of the formula, the intercept included."""
        names = {str(term): list(at) for term, at in self.spec.term_indices.items()}
        return {INTERCEPT if name == "1" else name: at for name, at in names.items() if at}

    @property
    def levels(self) -> dict[str, tuple[Any, ...]]:
        """Return the levels of every column that is used as categories."""
        return {column: tuple(state["categories"]) for column, state in _categorical(self.spec, self.moderators)}

    def evaluate(self, newdata: Any) -> Floats:
        """Return the design of new data in the same basis, shape (n, p).

        Raises:
            MetareviewError: a moderator that is absent, missing or not finite, a level the model has not seen, or a value
                beyond the range of a spline.
        """
        frame = pd.DataFrame(newdata).reset_index(drop=True)
        _check_new(self, frame)
        try:
            with np.errstate(all="ignore"), python_warnings.catch_warnings():
                python_warnings.simplefilter("error")
                matrix = self.spec.get_model_matrix(frame, context={}, na_action="ignore")
        except (FormulaicError, ValueError, TypeError, Warning) as error:
            text = re.sub(r"^.*\[\w+: (.*?)\]?$", r"\1", str(error).splitlines()[0]).rstrip(".")
            raise MetareviewError(
                f"The new data cannot be put into the model: {text}.",
                "Keep to the range and levels the model was fitted on.",
            ) from error
        X = np.asarray(matrix, dtype=np.float64)
        if not np.isfinite(X).all():
            raise MetareviewError("The new data give a moderator that is not finite.")
        return X


def _categorical(spec: Any, frame: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return (column, state) of each factor that is a column as categories, with or without C()."""
    found = []
    for factor, (_, state) in spec.encoder_state.items():
        name = re.sub(r"^C\(\s*([^,()]+?)\s*(,.*)?\)$", r"\1", str(factor)).strip("`")
        if "categories" in state and name in frame.columns:
            found.append((name, state))
    return found


def _check_new(design: Design, frame: pd.DataFrame) -> None:
    names = list(design.moderators.columns)
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise MetareviewError(
            f"The new data have no column {', '.join(absent)}.", f"The model needs {', '.join(names)}."
        )
    for name in names:
        lost = np.flatnonzero(frame[name].isna().to_numpy())
        if lost.size:
            raise MetareviewError(f"The new data lack {name} in row {lost[0] + 1}.", "Give every moderator a value.")
    for name, levels in design.levels.items():
        unseen = [value for value in dict.fromkeys(frame[name]) if value not in levels]
        if unseen:
            raise MetareviewError(
                f"The model has not seen {name} = {', '.join(map(repr, unseen))}.",
                f"It knows {', '.join(map(repr, levels))}.",
            )


def build_design(formula: str, data: Any, vi: str, labels: str | Sequence[Any] | None) -> Design:
    """Evaluate a formula such as "yi ~ year + C(design)" on a table.

    Arguments:
        formula: effect ~ moderators. data: a data frame, or what makes one. vi: the column of sampling
            variances.
        labels: a column's name or one label a row; row numbers from 1 when None.

    Raises:
        MetareviewError: a formula that cannot be read, a column that is missing, moderators that cannot be
            told apart.
    """
    frame = pd.DataFrame(data).reset_index(drop=True)
    parsed = _parse(formula, frame, vi)
    moderators = _moderators(parsed, formula, frame)
    names = row_labels(frame, labels)
    missing = frame[moderators].isna()
    excluded = tuple(
        (names[i], "missing " + ", ".join(m for m in moderators if missing.at[i, m]))
        for i in np.flatnonzero(missing.any(axis=1).to_numpy())
    )
    kept = np.flatnonzero(~missing.any(axis=1).to_numpy())
    if kept.size == 0:
        raise MetareviewError(f"No row has all of the moderators {', '.join(moderators)}.")
    left, right, spec = _matrices(parsed, formula, _without_empty_levels(frame.iloc[kept]))
    effects = check_effects(left, frame[vi].to_numpy()[kept], [names[i] for i in kept])
    X, terms = right.to_numpy(dtype=np.float64), tuple(str(c) for c in right.columns)
    used = frame.iloc[kept][moderators].reset_index(drop=True)
    _check_levels(spec, used)
    check_design(X, terms)
    return Design(effects, X, terms, excluded, kept, spec, used)


def _check_levels(spec: Any, used: pd.DataFrame) -> None:
    for name, state in _categorical(spec, used):
        shown = any(at for term, at in spec.term_indices.items() if re.search(rf"\b{re.escape(name)}\b", str(term)))
        if len(state["categories"]) == 1 and not shown:
            raise MetareviewError(
                f"The moderator {name} is {state['categories'][0]!r} for every effect.", "Leave it out of the formula."
            )


def _moderators(parsed: Any, formula: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns on the right side; formulaic alone does not see those inside center() or poly()."""
    right = _TEXT.sub("", formula.split("~", 1)[1])
    named = {quoted or bare for quoted, bare in _NAME.findall(right)}
    return sorted((named | set(map(str, parsed.rhs.required_variables))) & set(frame.columns))


def _check_safe(formula: str) -> None:
    """Refuse what could run code: attributes, private names, and calls of functions that are not listed."""
    bare = _CONTRAST.sub("C", _QUOTED.sub('"', formula))
    unknown = sorted({name for name in _CALL.findall(bare) if name not in FUNCTIONS})
    mixed = any(len(set(text) & set("\"'`")) > 1 for text in _QUOTED.findall(formula))
    if unknown or mixed or _TRICKS.search(formula) or _CODE.search(bare):
        what = f" calls {', '.join(unknown)}, which" if unknown else " holds more than moderators and"
        raise MetareviewError(
            f"The formula {formula!r}{what} is not allowed.",
            f"Use columns and {', '.join(sorted(FUNCTIONS))} only.",
        )


def _parse(formula: str, frame: pd.DataFrame, vi: str) -> Any:
    _check_safe(formula)
    try:
        parsed = formulaic.Formula(formula)
    except FormulaicError as error:
        first = str(error).splitlines()[0]
        raise MetareviewError(
            f"The formula {formula!r} cannot be read: {first}", "Example: yi ~ year + type"
        ) from error
    if not (hasattr(parsed, "lhs") and hasattr(parsed, "rhs")) or isinstance(parsed.rhs, tuple):
        raise MetareviewError(f"The formula {formula!r} needs both sides, one each.", "Example: yi ~ year + type")
    absent = sorted({*map(str, parsed.required_variables), vi} - set(frame.columns))
    if absent:
        raise MetareviewError(
            f"The data have no column {', '.join(absent)}.",
            f"There are: {', '.join(map(str, frame.columns))}.",
        )
    return parsed


def row_labels(frame: pd.DataFrame, labels: str | Sequence[Any] | None) -> list[str]:
    """What messages call the rows by: a column's name, one label a row, or numbers from 1 when None.

    Raises:
        MetareviewError: there is no such column, or another number of labels than rows.
    """
    if labels is None:
        return [str(i + 1) for i in range(len(frame))]
    if isinstance(labels, str):
        if labels not in frame.columns:
            raise MetareviewError(f"The data have no column {labels} to label the effects with.")
        return [str(x) for x in frame[labels]]
    if len(labels) != len(frame):
        raise MetareviewError(f"There are {len(labels)} labels for {len(frame)} rows.", "Give one of each per effect.")
    return [str(x) for x in labels]


def _without_empty_levels(frame: pd.DataFrame) -> pd.DataFrame:
    out = frame.copy()
    for name in out.select_dtypes("category").columns:
        out[name] = out[name].cat.remove_unused_categories()
    return out


def _matrices(parsed: Any, formula: str, frame: pd.DataFrame) -> tuple[Floats, pd.DataFrame, Any]:
    try:
        with np.errstate(all="ignore"):
            matrices = formulaic.model_matrix(parsed, frame, context={}, na_action="ignore")
    except (FormulaicError, ValueError, TypeError) as error:
        raise MetareviewError(f"The formula {formula!r} cannot be evaluated: {str(error).splitlines()[0]}") from error
    left, right = pd.DataFrame(matrices.lhs), pd.DataFrame(matrices.rhs)
    if left.shape[1] != 1:
        raise MetareviewError(f"The formula {formula!r} must have one numeric effect on its left side.")
    return left.iloc[:, 0].to_numpy(dtype=np.float64), right, matrices.rhs.model_spec
