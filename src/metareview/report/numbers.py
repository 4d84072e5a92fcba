"""Numbers as people read them; the only place where results are rounded."""

from __future__ import annotations

import math
from typing import Any

from ..synthesis.dependent.pooled import DependentPooled
from ..synthesis.intervals import interval as interval_of_tau2
from ..synthesis.results import PooledResult

MINUS = "\u2212"


def fixed(value: float | None, digits: int = 2) -> str:
    """Return a number with a fixed count of decimals and a real minus sign; an en dash when there is none."""
    if value is None or not isinstance(value, int | float) or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    text = f"{float(f'{value:.9g}'):.{digits}f}"
    zero = f"{0:.{digits}f}"
    return (zero if text == "-" + zero else text).replace("-", MINUS)


def significant(value: Any, digits: int = 7) -> Any:
    """Return a number with so many significant digits, as machine-readable text; other values as they are."""
    if isinstance(value, bool) or not isinstance(value, float):
        return value
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = f"{value:.{digits}g}"
    return "0" if float(text) == 0 else text


def p_value(p: float | None) -> str:
    """Return a p value: three decimals, or `< .001`."""
    if p is None or math.isnan(p):
        return "–"
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def percent(yi: float) -> float:
    """Return the percentage change of a log ratio."""
    return 100 * math.expm1(yi)


def signed_percent(yi: float, digits: int = 0) -> str:
    """Return a log ratio as a signed percentage change, such as `−23%`; beyond +200% as a multiple, such as `×3.4`."""
    change = percent(yi)
    if change > 200:
        return f"×{fixed(min(math.exp(min(yi, 30)), 1e6), 1)}"
    if 0 < abs(change) < 0.5 and digits == 0:
        digits = 1
    text = fixed(change, digits)
    return f"{'' if text.startswith(MINUS) or float(text.replace(MINUS, '-')) == 0 else '+'}{text}%"


def effect(value: float, scale: str) -> str:
    """Return an effect for reading: a ratio on the log scale, the number itself on the linear one."""
    return fixed(math.exp(value) if scale == "log" and not math.isnan(value) else value, 2)


def interval(low: float, high: float, scale: str) -> str:
    """Return an interval for reading, `0.52 to 0.81`; an en dash when there is none."""
    if math.isnan(low) or math.isnan(high):
        return "–"
    return f"{effect(low, scale)} to {effect(high, scale)}"


def agreement(crosscheck: dict[str, float]) -> str:
    """Return how closely the second engine agrees, as the decade above the largest difference, at least 1e-6.

    The decade, not the figure, is printed in outputs: below 1e-6 a difference is the search tolerance of the other
    engine and changes with the machine's arithmetic, and a rerun elsewhere must not change a byte.
    """
    if not crosscheck:
        return "–"
    largest = largest_difference(crosscheck)
    return f"≤ 1e{max(-6, math.ceil(math.log10(largest))) if largest > 0 else -6}"


def largest_difference(crosscheck: dict[str, float]) -> float:
    """Return the largest relative difference to the second engine; 0 when nothing was compared."""
    return max((abs(v) for v in crosscheck.values()), default=0.0)


def counted(result: PooledResult) -> str:
    """Return how many effects were pooled, and of how many studies where studies give several: `43 (25 studies)`."""
    return f"{result.k} ({result.studies} studies)" if isinstance(result, DependentPooled) else str(result.k)


def model_words(result: PooledResult) -> str:
    """Return the model of a pooled result and how its variances were estimated, such as `CHE (ρ = 0.6), REML`."""
    return f"{result.model}, {result.method}" if isinstance(result, DependentPooled) else result.method


def engine_of(result: PooledResult) -> str:
    """Return the name of the second engine of a pooled result."""
    return "a dense likelihood or statsmodels" if isinstance(result, DependentPooled) else "PyMARE"


def components(result: PooledResult) -> str:
    """Return tau2, with the components it is made of where there are several; correlations and the like as they are."""
    if not isinstance(result, DependentPooled):
        return fixed(result.tau2, 4)
    parts = ", ".join(f"{_factor(name)} {fixed(v, 4)}" for name, v in result.components.items())
    return parts if math.isnan(result.tau2) else f"{fixed(result.tau2, 4)}: {parts}"


def residual(regression: Any) -> str:
    """Return what a meta-regression leaves: tau2 and R2, or the components of a model of dependent effects."""
    parts = getattr(regression, "components", None)
    if parts is None:
        return f"τ² {fixed(regression.tau2, 4)}, R² {fixed(regression.R2, 0)}%"
    return ", ".join(f"{_factor(name)} {fixed(v, 4)}" for name, v in parts.items())


def _factor(component: str) -> str:
    return component.removeprefix("sigma2[").removesuffix("]")


def pooled_cells(result: PooledResult, scale: str) -> dict[str, str]:
    """Return a pooled result's cells for reading: estimate, intervals, heterogeneity, agreement of engines."""
    return {
        "k": counted(result),
        "level": f"{100 * result.level:g}%",
        "estimate": effect(result.estimate, scale),
        "ci": interval(result.ci_low, result.ci_high, scale),
        "wald": interval(result.wald_ci_low, result.wald_ci_high, scale),
        "pi": interval(result.pi_low, result.pi_high, scale),
        "p": p_value(result.p),
        "tau2": components(result),
        "tau2_ci": " to ".join(fixed(v, 4) for v in result.tau2_ci)
        if result.k > 1 and not math.isnan(result.tau2_ci[0])
        else "–",
        "tau2_ci_by": interval_of_tau2(result.tau2_ci_method).title,
        "I2": fixed(result.I2, 0) + "%" if result.k > 1 and not math.isnan(result.I2) else "–",
        "H2": fixed(result.H2, 2) if result.k > 1 else "–",
        "Q": f"{fixed(result.Q, 2)} ({result.Q_df}), p {p_value(result.Q_p)}" if result.k > 1 else "–",
        "agreement": agreement(result.crosscheck),
    }


def plural(n: int, word: str, more: str = "") -> str:
    """Return a count with its word: `1 repair`, `2 repairs`, `2 analyses` (with `more="analyses"`)."""
    return f"{n} {word if n == 1 else more or word + 's'}"
