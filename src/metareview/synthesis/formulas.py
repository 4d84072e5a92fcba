"""What a moderator formula may hold, and what a person may have meant by it; mistakes are told in the formula's own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from metareview.errors import MetareviewError
from metareview.synthesis.frames import is_text, is_time, reads_as_numbers

if TYPE_CHECKING:
    from metareview.synthesis.design import Design

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
_CONTRAST = re.compile(r"\bcontr\.[a-z]+\b|\b(?:Treatment|Sum)\b")
_TRICKS = re.compile(r"\\|\"\"\"|'''")
_CODE = re.compile(r"__|\w\"|\"\s*\(|\.\s*[A-Za-z_]|[\])}]\s*\(|\blambda\b|\bfor\b|[{}]")
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
_INNERMOST = re.compile(r"[A-Za-z_]\w*\s*\([^()]*\)")
_POWER = re.compile(r"(`[^`]+`|\b[A-Za-z_]\w*)\s*(\*\*|\^)\s*(\d+)")
_FACTOR = re.compile(r"^Unable to evaluate factor `(?P<factor>.*)`\. \[\w+: (?P<why>.*)\]$", re.DOTALL)


def check_formula(formula: str) -> None:
    """Refuse what is no text or could run code: attributes, private names, and calls of functions that are not listed.

    Raises:
        MetareviewError: saying what is not allowed.
    """
    if not isinstance(formula, str):
        raise MetareviewError(
            f"The formula must be text, and is of type {type(formula).__name__}.", "Example: yi ~ year + type"
        )
    bare = _CONTRAST.sub("C", _QUOTED.sub('"', formula))
    unknown = sorted({name for name in _CALL.findall(bare) if name not in FUNCTIONS})
    mixed = any(len(set(text) & set("\"'`")) > 1 for text in _QUOTED.findall(formula))
    if unknown or mixed or _TRICKS.search(formula) or _CODE.search(bare):
        what = f" calls {', '.join(unknown)}, which" if unknown else " holds more than moderators and"
        raise MetareviewError(
            f"The formula {formula!r}{what} is not allowed.",
            f"Use columns and {', '.join(sorted(FUNCTIONS))} only.",
        )


def failed(formula: str, error: Exception, frame: pd.DataFrame) -> MetareviewError:
    """What to tell of a formula that could be read and not evaluated on a table."""
    text = " ".join(str(error).splitlines()).rstrip(".")
    match = _FACTOR.match(text)
    factor, why = (match["factor"], match["why"].rstrip(".")) if match else ("", text)
    where = f"The formula {formula!r} cannot be evaluated"
    texts = [name for name in map(str, frame.columns) if _names(factor, name) and is_text(frame[name])]
    if texts:
        return MetareviewError(
            f"{where}: {factor} needs numbers, and {texts[0]} holds text.",
            f"Take it as a category ({texts[0]} or C({texts[0]})), or convert it first, for example with pd.to_numeric.",
        )
    if "^" in factor:
        return MetareviewError(f"{where} at {factor}: ^ is no power in I().", f"Write {factor.replace('^', '**')}.")
    if factor.startswith("bs(") and "df" in why:
        return MetareviewError(
            f"{where} at {factor}: df is too small for a spline of this degree.",
            "df is at least the degree, which is 3 if not given: raise df, or give degree=1 or 2.",
        )
    absent = re.match(r"name '(.*)' is not defined", why)
    if absent:
        return MetareviewError(
            f"The data have no column {absent[1]}.", f"There are: {', '.join(map(str, frame.columns))}."
        )
    return MetareviewError(
        f"{where}{f' at {factor}' if factor else ''}: {why}.",
        f"Use columns of numbers or text, and {', '.join(sorted(FUNCTIONS))}.",
    )


def _names(text: str, column: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", text) is not None


def of_times(formula: str, used: pd.DataFrame) -> None:
    """Refuse moderators that are dates, times or spans of time and not categories by C().

    Raises:
        MetareviewError: naming the moderator.
    """
    for name in map(str, used.columns):
        as_category = re.search(rf"\bC\(\s*`?{re.escape(name)}`?\s*[,)]", formula)
        if is_time(used[name]) and not as_category:
            raise MetareviewError(
                f"The moderator {name} holds dates or times, which have no unit to estimate a slope in.",
                f"Make it a number first, such as data['{name}'].dt.year, or a category by C({name}).",
            )


def meant_as_powers(formula: str) -> tuple[str, ...]:
    """Return a sentence a power of one column outside I(), which a formula reads as the column itself."""
    right, before = formula.split("~", 1)[1], ""
    while right != before:
        before, right = right, _INNERMOST.sub("", right)
    return tuple(
        f"The formula reads {name}{sign}{power} as {name}, without a power (powers of sums make interactions): "
        f"write I({name}**{power}) for the power."
        for name, sign, power in _POWER.findall(right)
    )


def uncoded(design: Design) -> tuple[str, ...]:
    """Return a sentence a moderator whose categories are numbers written as text; none for C(x) and categorical columns."""
    encoded = set(map(str, design.spec.encoder_state))
    return tuple(
        f"{name} holds numbers written as text and is taken as a category; convert it with pd.to_numeric, or write "
        f"C({name}) if categories are meant."
        for name, levels in design.levels.items()
        if encoded & {name, f"`{name}`"}
        and not isinstance(design.moderators[name].dtype, pd.CategoricalDtype)
        and reads_as_numbers(levels)
    )
