"""What an effect-size measure and a conversion are: inputs, formula, source, and the function computing them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Texts = NDArray[np.object_]
Columns = dict[str, Floats]

Scale = Literal["log", "linear", "reported"]
ZeroRule = Literal["only0", "if0all", "all", "none", "treatment_arm"]
Family = Literal[
    "as reported",
    "area counts",
    "two by two",
    "paired two by two",
    "person-time",
    "two means",
    "change within a group",
    "pre-post-control",
    "correlation",
    "proportion",
    "rate",
    "one mean",
    "reliability",
]
Kind = Literal[
    "count", "size", "group", "exposure", "number", "positive", "sd", "se", "variance", "statistic", "p", "level", "df",
    "phi", "flag", "choice", "correlation", "share", "icc", "alpha",
]  # fmt: skip


@dataclass(frozen=True)
class Input:
    """One input of a measure.

    Attributes:
        name: the name in `effect_size(..., name=...)`.
        kind: what values are possible; see `metareview.effects.inputs.KINDS`.
        required: whether every row needs it. An optional input that is missing is `default`, else nan.
        description, unit: for people and for generated documentation.
        choices: the words allowed for kind "choice"; `compute` receives their position as a float.
        default: what a missing optional value stands for.
    """

    name: str
    kind: Kind
    required: bool
    description: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    default: float | None = None


@dataclass(frozen=True)
class Source:
    """Where a formula was published: the paper, and the equation, page or table in it."""

    paper: str
    equation: str

    def __str__(self) -> str:
        return f"{self.paper}, {self.equation}"


@dataclass(frozen=True)
class Problem:
    """Input that no effect can be computed from: the row's position, the input's name, what is wrong."""

    row: int
    column: str
    text: str


@dataclass(frozen=True, eq=False)
class Computed:
    """What `Measure.compute` returns, each of shape (k,).

    Attributes:
        yi: effect, on the measure's scale (natural log for ratios). vi: its sampling variance.
        method: "computed" or "estimated" by row; None means all computed.
        rule: how yi and vi were reached, in words; None means by the measure's formula.
        note: what a reader should doubt; None means nothing.
        scale: "log" or "linear" by row, for measures whose scale is "reported".
    """

    yi: Floats
    vi: Floats
    method: Texts | None = None
    rule: Texts | None = None
    note: Texts | None = None
    scale: Texts | None = None


@dataclass(frozen=True, eq=False)
class Converted:
    """What `Conversion.compute` returns.

    Attributes:
        values: every output by its name, each of shape (k,).
        method, rule, note: as in `Computed`; a method of None means the conversion's own.
    """

    values: Columns
    method: Texts | None = None
    rule: Texts | None = None
    note: Texts | None = None


def _unchanged(columns: Columns) -> Columns:
    return columns


def _no_problems(columns: Columns) -> list[Problem]:
    return []


@dataclass(frozen=True, kw_only=True)
class Calculation:
    """What measures and conversions share.

    Attributes:
        name: id such as "RIRR". title: for people. formula_id: id with version, such as "RIRR.v1".
        formula: steps "name = expression" separated by ";", in the language of `metareview.effects.formula`, ending
            in yi and vi (or the outputs); a test holds it against `compute`.
        formula_of: the formula of one row, from its prepared inputs by name (nan: missing), where it differs by row.
        functions: functions in the formula beyond those the language knows.
        inputs: what it is computed from. source: the paper and equation.
        prepare: completes derived inputs before `compute` (cells from row totals).
        check: problems beyond one cell, such as more events than people; sees prepared columns.
    """

    name: str
    title: str
    formula_id: str
    formula: str
    inputs: tuple[Input, ...]
    source: Source
    prepare: Callable[[Columns], Columns] = field(default=_unchanged)
    check: Callable[[Columns], list[Problem]] = field(default=_no_problems)
    formula_of: Callable[[Mapping[str, float]], str] | None = None
    functions: Mapping[str, Callable[..., float]] = field(default_factory=dict)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, in order."""
        return tuple(entry.name for entry in self.inputs)

    def fill(self, columns: Columns) -> Columns:
        """Every input as an array of shape (k,): absent ones become their default, or nan."""
        length = len(next(iter(columns.values()))) if columns else 0
        filled: Columns = {}
        for entry in self.inputs:
            values = columns.get(entry.name, np.full(length, np.nan))
            if entry.default is not None:
                values = np.where(np.isnan(values), entry.default, values)
            filled[entry.name] = values
        return filled


@dataclass(frozen=True, kw_only=True)
class Measure(Calculation):
    """An effect-size measure, beside what a `Calculation` has.

    Attributes:
        family: the kind of data it is for.
        scale: scale of yi: "log", "linear", or "reported" when it follows the input row by row.
        back: the name in `metareview.effects.transform.BACK` of what turns yi into what people read; "" follows the
            scale (exp for "log", nothing for "linear").
        orientation: what a value below and above no effect means, as one sentence.
        positive: what yi above no effect means: "more" of the outcome in the treated, "less" of it, or "" where
            there is no treated arm.
        pooled: whether effects of this measure may be pooled.
        compute: equal-length float arrays (nan: missing), every input present, to yi and vi.
        swap: what exchanging the arms does to yi: "negates", or None when the measure has no arms to
            exchange or is not symmetrical in them.
        swap_inputs: pairs of inputs that exchange places when the arms do.
        cells: count inputs that the zero-cell rule corrects together. arms: the cells of each arm, for the
            treatment-arm correction; empty where that is not defined.
        margins: groups of cells whose total of 0 makes a row say nothing about the effect.
        zero_rule: the rule for zero cells when the user names none; "none" for measures that exist with zeros.
    """

    family: Family
    scale: Scale
    orientation: str
    compute: Callable[[Columns], Computed]
    back: str = ""
    positive: Literal["more", "less", ""] = "more"
    pooled: bool = True
    swap: Literal["negates"] | None = None
    swap_inputs: tuple[tuple[str, str], ...] = ()
    cells: tuple[str, ...] = ()
    arms: tuple[tuple[str, ...], ...] = ()
    margins: tuple[tuple[str, ...], ...] = ()
    zero_rule: ZeroRule = "only0"


@dataclass(frozen=True, kw_only=True)
class Conversion(Calculation):
    """From what a paper reports to what a measure needs, beside what a `Calculation` has.

    Attributes:
        outputs: names of what it gives, each with its meaning.
        method: "computed" when the conversion is exact algebra, "estimated" when it rests on an assumption.
        compute: equal-length float arrays (nan: missing), every input present, to the outputs.
    """

    outputs: tuple[tuple[str, str], ...]
    method: Literal["computed", "estimated"]
    compute: Callable[[Columns], Converted]


def flag_rows(mask: Mask, column: str, text: str, *values: Floats) -> list[Problem]:
    """One problem for each True in `mask`; `text` is formatted with the row's `values`."""
    rows: Iterable[Any] = np.flatnonzero(mask)
    return [Problem(int(i), column, text.format(*(float(v[i]) for v in values))) for i in rows]


def texts(length: int, fill: str = "") -> Texts:
    """An array of shape (length,) of the same string."""
    out = np.empty(length, dtype=object)
    out[:] = fill
    return out
