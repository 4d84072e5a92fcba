"""What every model of a series or panel returns: a log ratio with its interval, ready to be pooled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from metareview.errors import MetareviewError


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SeriesEffect:
    """An effect on the log scale; below 0 is less of the outcome than without the intervention.

    Attributes:
        estimate, se, ci_low, ci_high: log ratio, its standard error and interval of `level`.
        df, p: degrees of freedom of the t distribution behind interval and two-sided p.
        method: the model in words. k: rows (area-periods) the model used.
        warnings: sentences a reader must see. diagnostics: figures by name (what each is, the model's page says).
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    df: float
    p: float
    level: float
    method: str
    k: int
    warnings: tuple[str, ...] = ()
    diagnostics: Mapping[str, Any]

    @property
    def ratio(self) -> tuple[float, float, float]:
        """The rate ratio with the lower and upper end of its interval."""
        return math.exp(self.estimate), math.exp(self.ci_low), math.exp(self.ci_high)

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain JSON-ready values at full precision; what is not finite is None."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}

    def to_frame(self) -> pd.DataFrame:
        """One row: method, k, estimate, se, ci_low, ci_high, df, p, ratio, ratio_low, ratio_high."""
        names = ("method", "k", "estimate", "se", "ci_low", "ci_high", "df", "p")
        ratios = dict(zip(("ratio", "ratio_low", "ratio_high"), self.ratio, strict=True))
        return pd.DataFrame([{name: getattr(self, name) for name in names} | ratios])

    def as_generic(self, **more: Any) -> dict[str, Any]:
        """A row for measure GEN: estimate, se, scale_reported, derived_by, and what is given in `more`.

        A frame of such rows is what `effect_size("GEN", frame)` takes. Raises MetareviewError where there is no
        standard error to pool with.
        """
        if not (math.isfinite(self.estimate) and math.isfinite(self.se) and self.se > 0):
            raise MetareviewError(f"This effect has no usable standard error: {self.method}.")
        return {
            "estimate": self.estimate,
            "se": self.se,
            "scale_reported": "log_ratio",
            "derived_by": self.method,
        } | more

    def __repr__(self) -> str:
        numbers = f"{self.estimate:.4f} [{self.ci_low:.4f}, {self.ci_high:.4f}], se={self.se:.4f}, p={self.p:.4f}"
        return f"{type(self).__name__}(k={self.k}: {numbers})"

    def _repr_html_(self) -> str:
        from html import escape

        told = "".join(f"<li>{escape(text)}</li>" for text in self.warnings)
        return f"<p>{escape(repr(self))}</p>{self.to_frame().to_html(index=False)}<ul>{told}</ul>"


def plain(value: Any) -> Any:
    """A value as JSON knows it: frames become lists of rows, arrays lists, and what is not finite None."""
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def inference(estimate: float, se: float, df: float, level: float) -> dict[str, float]:
    """The fields estimate, se, ci_low, ci_high, df, p and level of a t statistic with `df`."""
    half = float(stats.t.isf((1 - level) / 2, df)) * se
    p = float(2 * stats.t.sf(abs(estimate / se), df)) if se > 0 else math.nan
    ends = {"ci_low": estimate - half, "ci_high": estimate + half}
    return {"estimate": estimate, "se": se, "df": df, "p": p, "level": level} | ends
