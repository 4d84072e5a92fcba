"""The columns of a coding form, and what a cell may hold."""

from __future__ import annotations

import datetime
import difflib
import math
import re
from dataclasses import dataclass
from typing import Any

from ..protocol.models import Level, Protocol, Variable
from .events import ID_COLUMN

TRUE = {"1", "true", "yes", "y", "x", "ja"}
FALSE = {"0", "false", "no", "n", "nee"}
SEPARATOR = ";"
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Column:
    """One column of a form; `key` columns identify the row, the others are codebook variables."""

    variable: Variable
    key: bool = False

    @property
    def name(self) -> str:
        """The heading of the column."""
        return self.variable.name


def columns(protocol: Protocol, level: Level) -> list[Column]:
    """Return the columns of the form of one level: identifiers first, then the codebook's variables in order."""
    keys = [ID_COLUMN[level]] + (["study_id"] if level in ("effect", "lesson") else [])
    found = [
        Column(Variable(name=key, label=key.replace("_", " "), required=True, notes="identifier"), key=True)
        for key in keys
    ]
    return found + [Column(variable) for variable in protocol.codebook.variables(level)]


class CellError(ValueError):
    """A cell that the codebook does not allow; the text says why and what is allowed."""


def parse_cell(variable: Variable, raw: Any) -> Any:
    """Return the value of a cell as the codebook types it, or None for an empty cell.

    Arguments:
        variable: the codebook's variable.
        raw: the cell as read: text, or a number, date or truth value from a workbook.

    Raises:
        CellError: the cell is required and empty, or holds what the variable does not allow.
    """
    text = "" if raw is None else str(raw).strip()
    if isinstance(raw, datetime.datetime | datetime.date):
        text = raw.isoformat()[:10]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    hidden = _HIDDEN.search(text)
    if hidden:
        raise CellError(
            f"holds the invisible character #x{ord(hidden[0]):02x}, which a workbook cannot keep; remove it"
        )
    if not text:
        if variable.required:
            raise CellError("is empty, but the codebook requires it")
        return None
    return _PARSERS[variable.type](variable, text)


def _text(variable: Variable, text: str) -> str:
    return text


def _number(variable: Variable, text: str) -> float:
    try:
        value = float("" if "_" in text else text)  # Python reads 1_000, which here is a slip
    except ValueError:
        hint = " (use a point for decimals)" if "," in text else ""
        raise CellError(f"`{text}` is not a number{hint}") from None
    if not math.isfinite(value):
        raise CellError(f"`{text}` is not a finite number")
    if variable.minimum is not None and value < variable.minimum:
        raise CellError(f"{text} is below {variable.minimum:g}, the lowest the codebook allows")
    if variable.maximum is not None and value > variable.maximum:
        raise CellError(f"{text} is above {variable.maximum:g}, the highest the codebook allows")
    return value


def _integer(variable: Variable, text: str) -> int:
    value = _number(variable, text)
    if value != int(value):
        raise CellError(f"{text} is not a whole number")
    return int(text) if text.lstrip("+-").isdigit() else int(value)


def _category(variable: Variable, text: str) -> str:
    if text in variable.categories:
        return text
    close = difflib.get_close_matches(text, variable.categories, n=1)
    raise CellError(
        f"`{text}` is not a category"
        + (f"; did you mean `{close[0]}`?" if close else f"; the codebook has {', '.join(variable.categories)}")
    )


def _multi(variable: Variable, text: str) -> list[str]:
    parts = [part.strip() for part in text.split(SEPARATOR) if part.strip()]
    if not parts:
        raise CellError(f"`{text}` names no category")
    return [_category(variable, part) for part in parts]


def _boolean(variable: Variable, text: str) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise CellError(f"`{text}` is neither yes nor no (1, true, yes, ja; 0, false, no, nee)")


def _date(variable: Variable, text: str) -> str:
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise CellError(f"`{text}` is not a date like 2026-11-24") from None


_PARSERS = {
    "string": _text,
    "text": _text,
    "number": _number,
    "integer": _integer,
    "category": _category,
    "multi": _multi,
    "boolean": _boolean,
    "date": _date,
}


def to_cell(value: Any) -> str:
    """Return a coded value as the text of a cell, so that reading it back gives the same value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return f"{SEPARATOR} ".join(value)
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value)
