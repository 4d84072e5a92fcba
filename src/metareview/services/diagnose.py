"""diagnose: whether a planned analysis is one result, and whether one study makes it; nothing is recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..parallel import Progress
from ..report.numbers import effect, fixed, interval, p_value
from ..report.tables import Table, table
from . import plan as plans
from .diagnose_case import PUBLISHED, Case, dated, find, groups_of
from .diagnose_found import Found
from .diagnose_methods import METHODS, Method
from .post_hoc import KEPT_AS

if TYPE_CHECKING:
    import pandas as pd

HEADS = {
    "label": "effect", "omitted": "without", "ci": "CI", "pi": "PI", "tau2": "τ²", "I2": "I²", "H2": "H²", "p_value": "p",
    "p_asymptotic": "p of the model", "tau2_deleted": "τ² without", "Q_deleted": "Q without", "Q_p": "p of Q",
    "cov_r": "cov ratio",
}  # fmt: skip
TOLD = ("clusters", "vcov", "seed")  # columns alike in all rows, which a sentence below the table has
OURS = {"tables", "figures", KEPT_AS}


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """One diagnostic of one case: `found` at full precision, and the tables and figures that show it."""

    case: Case
    method: Method
    options: Mapping[str, Any]
    found: Found

    @property
    def title(self) -> str:
        """What it is, of what, and whether that is post hoc."""
        return f"{self.method.title}{self.by and f', by {self.by}'}: {self.case.label}"

    @property
    def by(self) -> str:
        """The variable of its clusters or its order; empty where it takes effects one by one as they are."""
        if self.method.of_clusters(self.case) or "by" in self.options:
            return self.case.by
        return str(self.options.get("order", ""))

    @property
    def command(self) -> str:
        """The command that gives it again."""
        part = {"group": self.case.group, "moderators": self.case.moderators}
        given = {name: value for name, value in {**part, **self.options}.items() if value != ""}
        words = [_spelled(name, value) for name, value in given.items()]
        return " ".join(["metareview diagnose", self.case.analysis.name, self.method.name, *words])

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences a reader must see: of the fit, then of the diagnostic."""
        return tuple(dict.fromkeys((*self.case.pooled.warnings, *self.found.warnings)))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers at full precision, JSON-ready."""
        a, case = self.case.analysis, self.case
        return {
            "analysis": a.name, "label": a.label, "flag": case.flag, "group": case.group, "moderators": case.moderators,
            "method": self.method.name, "model": case.words, "scale": a.scale, "options": dict(self.options),
            "tables": {name: frame.to_dict("records") for name, frame in self.found.tables.items()},
            "facts": self.found.facts, "told": list(self.found.told), "warnings": list(self.warnings),
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return its first table at full precision."""
        return self.found.tables[self.method.name]

    def tables(self) -> dict[str, Table]:
        """Return every table for reading, estimates on the scale of the analysis."""
        return {name: self._table(name, frame) for name, frame in self.found.tables.items()}

    def figures(self) -> dict[str, Any]:
        """Draw its figures, by the stem of their files."""
        axis = "Ratio" if self.case.analysis.scale == "log" else "Standardised mean difference"
        return {self._stem(name): draw(self.title, axis) for name, draw in self.found.draw.items()}

    def _table(self, name: str, frame: pd.DataFrame) -> Table:
        whole = self.method.name in ("leave_one_out", "leave_one_cluster_out", "cumulative")
        records = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
        rows = [_cells(row, self.case, whole) for row in records]
        keys = list(rows[0]) if rows else list(map(str, frame))
        title = self.title if name == self.method.name else f"{self.title}: {name.replace('_', ' ')}"
        for row in rows:
            row["analysis"] = self.case.label
        heads = [("analysis", "Analysis"), *((k, HEADS.get(k, k)) for k in keys)]
        told = f"{self.found.told[0][0].upper()}{'; '.join(self.found.told)[1:]}." if self.found.told else ""
        made = f"{self.case.words}. Made by `{self.command}`."
        return table(self._stem(name), title, heads, rows, told, *self.warnings, made)

    def _stem(self, name: str) -> str:
        """The name of a file: the diagnostic, the analysis, its part, and the table where there are several."""
        case, method = self.case, self.method.name
        on = f"on_{case.moderators}" if case.moderators else ""
        by = f"by_{self.by}" if {"by", "order"} & set(self.options) else ""
        more = name.removeprefix(method).strip("_") if name != method else ""
        return "_".join(_slug(text) for text in (method, case.analysis.name, case.group, on, by, more) if text)

    def __repr__(self) -> str:
        return f"Diagnosis({self.title}; {'; '.join(self.found.told)})"

    def _repr_html_(self) -> str:
        return self.tables()[self.method.name].to_html()


def run(
    folder: ReviewFolder, analysis: str, method: str, *, group: str = "", moderators: str = "", workers: int = 1,
    cluster: str | None = None, progress: Progress | None = None, **options: Any,
) -> Diagnosis:  # fmt: skip
    """Diagnose an analysis of the protocol, one of its subgroups, or one of its meta-regressions.

    Arguments:
        analysis: its name. method: a name in `METHODS`. group: a value of its subgroup variable. moderators: one of its
            formulas. workers, cluster, progress: as in `parallel.spread`; they never change the result.
        options: of the method, such as `by`, `order`, `seed` or `draws`.

    Raises:
        MetareviewError: something is unknown, an option is of another method, the method does not apply, or the model cannot
            be fitted.
    """
    chosen = of_name(method)
    _require_own_options(chosen, options)
    case = find(folder, analysis, group, moderators, options.get("by", ""))
    if options.get("order") == PUBLISHED and PUBLISHED not in case.frame:
        case = dated(case, folder)
    why = chosen.why_not(case)
    if why:
        raise MetareviewError(f"{chosen.name} does not apply to {case.label}: {why}", _applying(case))
    how = {"workers": workers, "cluster": cluster, "progress": progress}
    return Diagnosis(case, chosen, options, chosen.run(case, options, how))


def of_name(method: str) -> Method:
    """Return a diagnostic by its name.

    Raises:
        MetareviewError: there is none of this name.
    """
    name = method.replace("-", "_")
    if name not in METHODS:
        raise MetareviewError(f"there is no diagnostic `{method}`", f"There are: {', '.join(METHODS)}.")
    return METHODS[name]


def analyses(folder: ReviewFolder) -> list[dict[str, Any]]:
    """Return the analyses of the protocol: effects, studies, model, standing, subgroups and moderators."""
    return [
        {
            "analysis": name, "label": p.analysis.label, "k": len(p.selection.frame), "studies": p.studies, "model": p.model,
            "standing": str(p.standing), "groups": groups_of(p.selection.frame, p.analysis),
            "moderators": list(p.analysis.moderators),
        }
        for name, p in plans.run(folder).items()
    ]  # fmt: skip


def applicable(folder: ReviewFolder, analysis: str, *, group: str = "", moderators: str = "") -> list[dict[str, Any]]:
    """Return every diagnostic: what it answers, its options, what it leaves out, and why it does not apply (empty: it does).

    Raises:
        MetareviewError: as in `run`.
    """
    case = find(folder, analysis, group, moderators)
    return [
        {
            "method": m.name, "question": m.question, "why_not": m.why_not(case), "options": list(m.options),
            "by": case.by if m.of_clusters(case) else "", "workers": m.spreads,
        }
        for m in METHODS.values()
    ]  # fmt: skip


def save(folder: ReviewFolder, diagnosis: Diagnosis, out: Path) -> list[Path]:
    """Write the tables and figures of a diagnosis into a folder, beside those of others.

    Raises:
        MetareviewError: the folder is that of the report, or holds what no such run wrote.
    """
    from ..report.figures.save import save as write

    place, report = out.absolute(), folder.outputs.absolute()
    if place == report or report in place.parents:
        raise MetareviewError(f"{out} is rebuilt by `metareview report`", "Name a folder outside it.")
    if out.exists() and (not out.is_dir() or {p.name for p in out.iterdir()} - OURS):
        raise MetareviewError(f"{out} holds other files", "Name a new or an empty folder.")
    written = [path for each in diagnosis.tables().values() for path in each.write(out / "tables")]
    for stem, figure in diagnosis.figures().items():
        written += write(figure, out / "figures" / stem)
    return written


def _require_own_options(method: Method, options: Mapping[str, Any]) -> None:
    for name in options:
        if name in method.options:
            continue
        owners = [m.name for m in METHODS.values() if name in m.options]
        takes = ", ".join(f"--{n}" for n in method.options) or "none of its own"
        goes = f"--{name} goes with {', '.join(owners)}" if owners else f"there is no option --{name}"
        raise MetareviewError(f"{goes}; not with {method.name}", f"{method.name} takes: {takes}.")


def _applying(case: Case) -> str:
    names = [m.name for m in METHODS.values() if not m.why_not(case)]
    return f"These apply: {', '.join(names)}." if names else "No diagnostic applies to it."


def _cells(row: Mapping[str, Any], case: Case, whole: bool) -> dict[str, Any]:
    """A row for reading: estimates of a pooled effect on its scale, with their intervals in one cell.

    Arguments:
        whole: the row is a pooled result, whose error is told by its interval.
    """
    a = case.analysis
    out: dict[str, Any] = {}
    of_mean = not case.moderators and row.get("term", row.get("tested", "Intercept")) == "Intercept"
    of_mean = of_mean and "component" not in row
    for key, value in row.items():
        if key in ("ci_high", "pi_high", *TOLD) or (whole and key in ("se", "p", "Q_p")):
            continue
        if key in ("ci_low", "pi_low"):
            ends = float(value), float(row[key.replace("low", "high")])
            out[key[:2]] = interval(*ends, a.scale) if of_mean else _between(*ends)
        elif key == "estimate":
            out[key] = effect(float(value), a.scale) if of_mean else fixed(float(value), 4)
        elif key in ("p", "p_value", "p_asymptotic", "Q_p"):
            out[key] = p_value(float(value))
        elif whole and key in ("tau2", "I2", "Q"):
            out[key] = fixed(float(value), {"tau2": 4, "I2": 0, "Q": 2}[key]) + ("%" if key == "I2" else "")
        else:
            out[key] = value
    return out


def _between(low: float, high: float) -> str:
    return "–" if low != low or high != high else f"{fixed(low, 4)} to {fixed(high, 4)}"


def _spelled(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "--exact" if value else "--sampled"
    text = str(value)
    return f"--{name} " + (text if re.fullmatch(r"[\w.%:/-]+", text) else f'"{text}"')


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "_", text).strip("_")
