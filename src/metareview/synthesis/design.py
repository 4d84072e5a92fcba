"""From a moderator formula and a table to effects and a design matrix; the only module that imports
formulaic.
"""

from __future__ import annotations

import re
import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import formulaic
import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.synthesis.collinearity import check_design, nearly
from metareview.synthesis.formulas import check_formula, failed, meant_as_powers, of_times, uncoded
from metareview.synthesis.frames import check_columns, check_names, is_text, new_rows, plain, table
from metareview.synthesis.inputs import Effects, check_effects
from metareview.synthesis.wls import Floats

INTERCEPT = "Intercept"
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME = re.compile(r"`([^`]+)`|\b([A-Za-z_]\w*)\b(?!\s*(?:\(|=(?!=)))")


@dataclass(frozen=True, eq=False)
class Design:
    """Checked effects, the full-rank design X of shape (k, p), its terms, the rows left out with the reason, and the
    positions in the table of those kept, shape (k,).

    `spec` is formulaic's model specification, which gives new data the same basis; `moderators` are the columns of the
    table that the right side names, kept rows only; `warnings` are sentences on what the formula or the moderators hide.
    """

    effects: Effects
    X: Floats
    terms: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]
    rows: NDArray[np.intp]
    spec: Any
    moderators: pd.DataFrame
    warnings: tuple[str, ...] = ()

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
        frame = new_rows(newdata)
        _check_new(self, frame)
        frame = plain(frame, self.moderators.columns)
        _check_kinds(self.moderators, frame)
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
    check_columns(frame, names)
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


def _check_kinds(seen: pd.DataFrame, new: pd.DataFrame) -> None:
    """Refuse text for a number before formulaic sees it, which would take the moderator for a category from then on."""
    for name in seen.columns:
        if is_text(new[name]) and not is_text(seen[name]):
            raise MetareviewError(
                f"The new data hold text in {name}, which is a number in the model.",
                "Convert it first, for example with pd.to_numeric.",
            )


def build_design(formula: str, data: Any, vi: str, labels: str | Sequence[Any] | None) -> Design:
    """Evaluate a formula such as "yi ~ year + C(design)" on a table.

    Arguments:
        formula: effect ~ moderators. data: a data frame, or what makes one. vi: the column of sampling
            variances.
        labels: a column's name or one label a row; row numbers from 1 when None.

    A column of objects that are all numbers is numeric; text that is blank is missing.

    Raises:
        MetareviewError: a formula that cannot be read, a column that is missing or there twice, moderators that cannot be
            told apart.
    """
    check_names(vi=vi)
    frame = table(data)
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
        raise _nothing_left(frame, moderators)
    sides = {*moderators, *map(str, parsed.lhs.required_variables)}
    here = plain(_without_empty_levels(frame.iloc[kept]), sides)
    used = here[moderators].reset_index(drop=True)
    of_times(formula, used)
    left, right, spec = _matrices(parsed, formula, here)
    effects = check_effects(left, frame[vi].to_numpy()[kept], [names[i] for i in kept])
    X, terms = right.to_numpy(dtype=np.float64), tuple(str(c) for c in right.columns)
    _check_levels(spec, used)
    check_design(X, terms)
    design = Design(effects, X, terms, excluded, kept, spec, used)
    return replace(design, warnings=(*meant_as_powers(formula), *uncoded(design), *nearly(X, design.blocks)))


def _nothing_left(frame: pd.DataFrame, moderators: list[str]) -> MetareviewError:
    if frame.empty:
        return MetareviewError("There are no effects: the data have no rows.", "Check the filters that select them.")
    return MetareviewError(
        f"No row has all of the moderators {', '.join(moderators)}.", "Leave one out of the formula, or code more rows."
    )


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


def _parse(formula: str, frame: pd.DataFrame, vi: str) -> Any:
    check_formula(formula)
    try:
        parsed = formulaic.Formula(formula)
    except FormulaicError as error:
        first = str(error).splitlines()[0]
        raise MetareviewError(
            f"The formula {formula!r} cannot be read: {first}", "Example: yi ~ year + type"
        ) from error
    if not (hasattr(parsed, "lhs") and hasattr(parsed, "rhs")) or isinstance(parsed.rhs, tuple):
        raise MetareviewError(f"The formula {formula!r} needs both sides, one each.", "Example: yi ~ year + type")
    effect = {quoted or bare for quoted, bare in _NAME.findall(formula.split("~", 1)[0])} & set(frame.columns)
    moderators = _moderators(parsed, formula, frame)
    check_columns(frame, {*map(str, parsed.required_variables), *moderators, vi})
    both = sorted(effect & set(moderators))
    if both:
        raise MetareviewError(
            f"The formula {formula!r} has the effect {', '.join(both)} on its right side too.",
            "An effect cannot moderate itself: leave it out of the right side.",
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
        check_columns(frame, [labels])
        return [f"row {i + 1}" if pd.isna(x) else str(x) for i, x in enumerate(frame[labels])]
    if not hasattr(labels, "__len__"):
        raise MetareviewError(f"labels must be a column or one a row, and is {labels!r}.", "Give its name, or a list.")
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
        raise failed(formula, error, frame) from error
    left, right = pd.DataFrame(matrices.lhs), pd.DataFrame(matrices.rhs)
    if left.shape[1] != 1:
        raise MetareviewError(
            f"The formula {formula!r} must have one numeric effect on its left side.",
            "It is one column of numbers, such as yi; text is converted first, for example with pd.to_numeric.",
        )
    return left.iloc[:, 0].to_numpy(dtype=np.float64), right, matrices.rhs.model_spec
