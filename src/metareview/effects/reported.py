"""Effects as papers print them: the scales, what each says of effect and standard error, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from metareview.effects.measure import Columns, Floats, Input, Mask, Problem, Texts, flag_rows, texts
from metareview.effects.telling import joined

LOPSIDED = 1.5
READ_FROM = Input(
    "read_from", "choice", False, "where the figures were seen; what is not printed is flagged",
    choices=("printed", "digitised", "verbal"), default=0.0,
)  # fmt: skip
_READ_NOTES = {1: "figures were digitised: read off a graph", 2: "figures were taken from words, not from a number"}


@dataclass(frozen=True)
class Reported:
    """A scale that effects are printed on.

    Attributes:
        word: what coders write. log: whether the scale of analysis is the log of a ratio, else linear.
        to: printed values on the scale of analysis. slope: the derivative of `to`, which turns a printed SE.
        middle: the value between two ends that lies halfway on the scale of analysis.
        shown, shown_se, shown_middle: the same in the language of formulas.
        said: how a printed SE is turned, in words. delta: whether that is an approximation.
        possible: which values can exist; text: what is wrong with others. ends: whether that holds for the ends of an
            interval too.
    """

    word: str
    to: Callable[[Floats], Floats] = lambda x: x
    slope: Callable[[Floats], Floats] = np.ones_like
    middle: Callable[[Floats, Floats], Floats] = lambda low, high: (low + high) / 2
    shown: str = "{x}"
    shown_se: str = "{se}"
    shown_middle: str = "({low} + {high})/2"
    said: str = "SE as printed"
    log: bool = True
    delta: bool = False
    possible: Callable[[Floats], Mask] = lambda x: np.isfinite(x)
    text: str = "{:g} is not a finite number"
    ends: bool = True


def _ln(x: Floats) -> Floats:
    return np.log(np.where(x > 0, x, np.nan))


def _root(x: Floats) -> Floats:
    return np.sqrt(np.where(x > 0, x, np.nan))


def _base(base: int) -> Reported:
    """The scale of a log ratio to another base than e."""
    turn = float(np.log(base))
    return Reported(
        f"log{base}_ratio", lambda x: x * turn, lambda x: np.full_like(x, turn),
        shown=f"{{x}} * ln({base})", shown_se=f"{{se}} * ln({base})", said=f"SE as printed, times ln({base})",
    )  # fmt: skip


# In the order of their positions, which coded reviews hold: add new ones at the end.
KNOWN = (
    Reported(
        "ratio", _ln, lambda x: 1 / np.where(x > 0, x, np.nan), lambda low, high: _root(low * high),
        "ln({x})", "{se}/{x}", "sqrt({low} * {high})",
        "SE of the ratio divided by the ratio (delta method)", delta=True,
        possible=lambda x: x > 0, text="{:g} is not above 0, which a ratio must be",
    ),
    Reported("log_ratio"),
    Reported(
        "percent_change", lambda x: _ln(1 + x / 100), lambda x: 1 / np.where(x > -100, 100 + x, np.nan),
        lambda low, high: 100 * (_root((1 + low / 100) * (1 + high / 100)) - 1),
        "ln(1 + {x}/100)", "{se}/100 / (1 + {x}/100)", "100 * (sqrt((1 + {low}/100) * (1 + {high}/100)) - 1)",
        "SE in percent / 100 divided by 1 + percent / 100 (delta method)", delta=True,
        possible=lambda x: x > -100, text="{:g} is not above -100, which a percent change must be",
    ),
    Reported("difference", log=False),
    _base(10),
    _base(2),
    Reported("logit", said="SE as printed, of a logit coefficient: a log odds ratio"),
    Reported(
        "percentage_points", lambda x: x / 100, lambda x: np.full_like(x, 0.01),
        shown="{x}/100", shown_se="{se}/100", said="SE in percentage points / 100", log=False,
        possible=lambda x: np.abs(x) <= 100, text="{:g} is beyond 100, which a difference of percentages cannot be",
        ends=False,
    ),
)  # fmt: skip
SCALES = tuple(entry.word for entry in KNOWN)
SCALE = Input("scale_reported", "choice", True, "the scale of what was printed", choices=SCALES)
DIFFERENCE = SCALES.index("difference")
LOGIT = SCALES.index("logit")


def to_analysis(values: Floats, scale: Floats) -> Floats:
    """Printed values on the scale of analysis; what cannot be is nan.

    Arguments: values, shape (k,); scale, shape (k,), positions in `SCALES`.
    """
    return _each(scale, lambda entry, rows: entry.to(values[rows]))


def slope(values: Floats, scale: Floats) -> Floats:
    """What an SE printed beside `values` is multiplied with to be on the scale of analysis; shapes (k,)."""
    return _each(scale, lambda entry, rows: entry.slope(values[rows]))


def middle(low: Floats, high: Floats, scale: Floats) -> Floats:
    """The printed value halfway between two ends on the scale of analysis; shapes (k,)."""
    return _each(scale, lambda entry, rows: entry.middle(low[rows], high[rows]))


def _each(scale: Floats, work: Callable[[Reported, Mask], Floats]) -> Floats:
    """`work` on the rows of each scale that occurs; nan where the scale is unknown."""
    out = np.full(len(scale), np.nan)
    for code, entry in enumerate(KNOWN):
        rows = scale == code
        if rows.all():
            return work(entry, rows)
        if rows.any():
            out[rows] = work(entry, rows)
    return out


def quantile(tail: Floats, df: Floats) -> Floats:
    """The upper `tail` quantile of t with `df`, of the normal where df is nan; shapes (k,)."""
    normal = -special.ndtri(tail)
    return normal if np.isnan(df).all() else np.where(np.isnan(df), normal, -special.stdtrit(df, tail))


def interval_se(low: Floats, high: Floats, level: Floats, df: Floats) -> Floats:
    """(high - low) / (2 z): SE from an interval of `level` percent on the scale of analysis; shapes (k,)."""
    return (high - low) / (2 * quantile((1 - level / 100) / 2, df))


def shown_interval_se(scale: Reported, low: str, high: str, df: bool = False) -> str:
    """`interval_se` in the language of formulas."""
    tail = "t_quantile(0.5 + ci_level/200, df)" if df else "z(0.5 + ci_level/200)"
    return f"({scale.shown.format(x=high)} - {scale.shown.format(x=low)}) / (2*{tail})"


def check_scale(columns: Columns, names: tuple[str, ...]) -> list[Problem]:
    """Values that cannot exist on their scale, such as a ratio at or below 0 or a percentage at or below -100."""
    scale = columns["scale_reported"]
    found: list[Problem] = []
    for code, entry in enumerate(KNOWN):
        for name in names:
            if not (entry.ends or name.startswith("estimate")):
                continue
            wrong = (scale == code) & np.isfinite(columns[name]) & ~entry.possible(columns[name])
            found += flag_rows(wrong, name, entry.text, columns[name])
    return found


def check_interval(columns: Columns, estimate: str, low: str, high: str) -> list[Problem]:
    """Intervals that are reversed, empty, or do not bracket their estimate."""
    y, lo, hi = columns[estimate], columns[low], columns[high]
    found = flag_rows(lo > hi, low, f"{{:g}} is above {high} {{:g}}: the interval is reversed", lo, hi)
    found += flag_rows(lo == hi, low, f"{{:g}} equals {high}: the interval has no width", lo)
    outside = (lo < hi) & ((y < lo) | (y > hi))
    if not outside.any():
        return found
    text = "{:g} lies outside its interval {:g} to {:g}"
    scale = columns["scale_reported"]
    turned = -to_analysis(y, scale)
    inside = outside & (turned >= to_analysis(lo, scale)) & (turned <= to_analysis(hi, scale))
    found += flag_rows(outside & ~inside, estimate, text, y, lo, hi)
    for code, entry in enumerate(KNOWN):
        inverse = "1/estimate" if entry.word == "ratio" else "the inverse" if entry.delta else "-estimate"
        hint = f"{text}; {inverse} lies inside it: one of the two is control over (or minus) treated"
        found += flag_rows(inside & (scale == code), estimate, hint, y, lo, hi)
    return found


def lopsided(y: Floats, low: Floats, high: Floats) -> Mask:
    """Whether one half of the interval is over 1.5 times the other on the scale of analysis; shapes (k,)."""
    below, above = y - low, high - y
    with np.errstate(invalid="ignore"):
        return np.asarray(np.maximum(below, above) > LOPSIDED * np.minimum(below, above) * (1 + 1e-12))


def scale_words(scale: Floats) -> Texts:
    """ "log" or "linear" for each row's reported scale; shape (k,)."""
    return one_of(is_scale(scale, lambda entry: not entry.log), "log", "linear")


def is_scale(scale: Floats, true: Callable[[Reported], bool]) -> Mask:
    """Where something is true of the scale; shape (k,)."""
    codes = [code for code, entry in enumerate(KNOWN) if true(entry)]
    return np.logical_or.reduce([scale == code for code in codes])


def one_of(mask: Mask, no: str, yes: str) -> Texts:
    """`yes` where `mask`, else `no`; shape (k,)."""
    return np.array([no, yes], dtype=object)[mask.astype(np.intp)]


def note_where(notes: Texts, mask: Mask, text: str | Texts) -> None:
    """Add a text, or that of each row, to the notes where `mask`; shapes (k,)."""
    if mask.any():
        added = np.array(text, dtype=object) if isinstance(text, str) else text[mask]
        notes[mask] = joined(notes[mask], np.broadcast_to(added, (int(mask.sum()),)))


def told_once(tell: Callable[[int], str], *columns: Floats) -> Texts:
    """`tell(row)` for every row, called once for the rows that are alike in all of `columns`; shape (k,)."""
    length = len(columns[0])
    codes = np.zeros(length, dtype=np.int64)
    for column in columns:
        which, values = pd.factorize(column, use_na_sentinel=False)
        codes = pd.factorize(codes * len(values) + which)[0]
    _, first, kinds = np.unique(codes, return_index=True, return_inverse=True)
    told = texts(len(first))
    told[:] = [tell(int(row)) for row in first]
    return np.asarray(told[kinds], dtype=object)


def note_share(notes: Texts, scale: Floats, *figures: Floats) -> None:
    """Add to the notes where all figures of a row on a percent scale are within 1 of 0; shapes (k,).

    Where all are within 0.05 nothing is noted: an effect of a few percent is more often printed as percent than as a share.
    """
    percent = is_scale(scale, lambda entry: entry.word in ("percent_change", "percentage_points"))
    with np.errstate(all="ignore"):
        given = np.array(figures)
        small = np.all(np.isnan(given) | (np.abs(given) <= 1), axis=0) & np.any(np.abs(given) >= 0.05, axis=0)
    note_where(notes, percent & small, "looks like a share given as a percentage: 0.2 is 0.2%, not 20%")


def note_reading(notes: Texts, read_from: Floats) -> None:
    """Add to the notes where figures were not printed; shapes (k,)."""
    for code, text in _READ_NOTES.items():
        note_where(notes, read_from == code, text)
