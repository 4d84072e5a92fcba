"""Subgroup analysis: a pooled effect a group, with a tau2 a group or one for all, and the test between groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import inference, wls
from metareview.synthesis.heterogeneity import heterogeneity
from metareview.synthesis.inference import chi2_tail
from metareview.synthesis.inputs import Effects, check_effects, check_order
from metareview.synthesis.intervals import interval
from metareview.synthesis.intervals.base import Between
from metareview.synthesis.pooling import pool
from metareview.synthesis.results import PooledResult, SubgroupResult
from metareview.synthesis.tau2 import between_variance


def subgroups(
    yi: Any,
    vi: Any,
    groups: Sequence[Any],
    *,
    labels: Sequence[Any] | None = None,
    tau2: str | float = "REML",
    test: str = "knha",
    level: float = 0.95,
    tau2_ci: str = "qp",
    excluded: Sequence[tuple[str, str]] = (),
    crosscheck: bool = False,
    tau2_by: str = "group",
) -> SubgroupResult:
    """Pool the effects of each group on their own, and test whether the group means differ.

    QM tests them with one tau2 common to all groups, as a meta-regression on the group does.

    Q_between = sum of (mean_g - weighted mean)^2 / se_g^2 with the normal-theory se_g of each group (whose
    tau2 is its own), chi-squared with groups - 1 df. A group of one effect is shown, but enters the test only
    where tau2 is assumed or given: its standard error would otherwise leave out the variance between studies.

    Arguments:
        yi, vi: shape (k,). groups: one value a effect. labels, tau2, test, level, tau2_ci,
            excluded, crosscheck: as in `pool`; the regression behind QM is compared too.
        tau2_by: "group", a tau2 of its own for each group, or "common", one for all: the group means are then those of a
            meta-regression on the group, its Knapp-Hartung factor and its k - groups degrees of freedom included. Choose
            "common" when groups are small (fewer than about five effects), since their own tau2 are then mostly noise.

    Raises:
        MetareviewError: unusable effects, or groups of another length or with missing or blank values.

    Source: Borenstein, Hedges, Higgins & Rothstein (2009), Introduction to Meta-Analysis, ch. 19.
    """
    data = check_effects(yi, vi, labels)
    check_order(yi, groups, "yi", "groups")
    keys = _keys(groups, data.labels)
    names = tuple(dict.fromkeys(keys))
    member = {name: np.array([key == name for key in keys]) for name in names}
    if tau2_by not in ("group", "common"):
        raise MetareviewError(f"tau2 cannot be estimated by {tau2_by!r}.", "Choose group or common.")
    pooled = tuple(
        pool(
            data.yi[member[name]],
            data.vi[member[name]],
            labels=[label for label, key in zip(data.labels, keys, strict=True) if key == name],
            tau2=tau2,
            test=test,
            level=level,
            tau2_ci=tau2_ci,
            crosscheck=crosscheck and bool(member[name].sum() > 1),
        )
        for name in names
    )
    overall = pool(
        data.yi, data.vi, labels=data.labels, tau2=tau2, test=test, level=level, tau2_ci=tau2_ci, excluded=excluded
    )
    if tau2_by == "common":
        pooled = _share(data, keys, names, pooled, tau2, test)
    single = tuple(name for name, r in zip(names, pooled, strict=True) if r.k == 1)
    alone = tau2_by == "common" or overall.method in ("FE", "fixed")
    tested = tuple(name for name, r in zip(names, pooled, strict=True) if r.k > 1 or alone)
    q, df, p = _between([r for name, r in zip(names, pooled, strict=True) if name in tested])
    common = _common(data, keys, names, tau2, test, crosscheck)
    return SubgroupResult(
        names, pooled, overall, **common, Q_between=q, Q_between_df=df, Q_between_p=p, tested=tested, single=single,
        warnings=_warnings(() if tau2_by == "common" else single, tested, len(names)),
    )  # fmt: skip


def _common(
    data: Effects, keys: list[str], names: tuple[str, ...], tau2: str | float, test: str, crosscheck: bool
) -> dict[str, Any]:
    """Test the groups' means against each other as a meta-regression on the group does: one tau2 for all."""
    k, g = data.yi.size, len(names)
    if g < 2 or k <= g:
        return {"QM": math.nan, "QM_df": 0, "QM_df2": math.nan, "QM_p": math.nan}
    X = np.array([[1.0, *(float(key == name) for name in names[1:])] for key in keys])
    method, between = between_variance(tau2, data.yi, data.vi, X)
    f = wls.fit(data.yi, 1.0 / (data.vi + between.value), X)
    perfect = inference.is_perfect(f.rss, f.w, data.yi)
    used, _ = inference.choose_test(test, df=k - g, perfect=perfect, equal_effects=method == "FE")
    cov = f.cov * inference.factor(used, f.rss, k - g)
    found = inference.joint_test(f.beta, cov, list(range(1, g)), k - g, used)
    if crosscheck:
        from metareview.synthesis.crosscheck import crosscheck_coefficients

        fitted = f.beta, np.sqrt(np.diag(cov)), between.value
        found["crosscheck"] = crosscheck_coefficients(data.yi, data.vi, X, fitted, method, used)
    return found


def _share(
    data: Effects,
    keys: list[str],
    names: tuple[str, ...],
    pooled: tuple[PooledResult, ...],
    tau2: str | float,
    test: str,
) -> tuple[PooledResult, ...]:
    """Return the group means of a meta-regression on the group, with the one tau2 it estimates."""
    k, g = data.yi.size, len(names)
    if k <= g:
        raise MetareviewError(f"{k} effects in {g} groups leave nothing to estimate a common tau2 with.")
    X = np.array([[float(key == name) for name in names] for key in keys])
    method, between = between_variance(tau2, data.yi, data.vi, X)
    f = wls.fit(data.yi, 1.0 / (data.vi + between.value), X)
    perfect = inference.is_perfect(f.rss, f.w, data.yi)
    used, warnings = inference.choose_test(test, df=k - g, perfect=perfect, equal_effects=method == "FE")
    factor, df, level = inference.factor(used, f.rss, k - g), inference.freedom(used, k - g), pooled[0].level
    bounds = interval(pooled[0].tau2_ci_method)(Between(data.yi, data.vi, X, method, between, level))
    shared: dict[str, Any] = {"method": method, "test": used, "df": df, "tau2": between.value, "tau2_se": between.se,
              "tau2_ci": (bounds.low, bounds.high), "converged": between.converged,
              "warnings": warnings + bounds.warnings, "crosscheck": {}}  # fmt: skip
    wide = inference.critical(level, math.inf)
    out = []
    for i, own in enumerate(pooled):
        mean, wald = float(f.beta[i]), math.sqrt(f.cov[i, i])
        se = wald * math.sqrt(factor)
        half, crit = inference.critical(level, df) * se, inference.critical(level, df)
        spread = math.nan if method == "FE" else crit * math.sqrt(se**2 + between.value)
        typical = heterogeneity(own.yi, own.vi, wls.ones(own.k), between.value, level=level).typical_variance
        ratio = between.value / typical if method != "FE" and own.k > 1 else math.nan
        mine: dict[str, Any] = {"estimate": mean, "se": se, "ci_low": mean - half, "ci_high": mean + half, "wald_se": wald,
                "wald_ci_low": mean - wide * wald, "wald_ci_high": mean + wide * wald, "pi_low": mean - spread,
                "pi_high": mean + spread, "statistic": mean / se, "p": inference.two_sided(mean / se, df)}  # fmt: skip
        if ratio == ratio:
            mine |= {"I2": 100.0 * ratio / (1.0 + ratio), "H2": 1.0 + ratio}
        w = 1.0 / (own.vi + between.value)
        out.append(replace(own, **mine, **shared, weights=100.0 * w / w.sum()))
    return tuple(out)


def _keys(groups: Sequence[Any], labels: tuple[str, ...]) -> list[str]:
    if isinstance(groups, str) or not hasattr(groups, "__iter__"):
        raise MetareviewError(
            f"groups must be one a effect, and is {groups!r}.", "Give a list, or a column of the data."
        )
    values = [None if isinstance(value, str) and not value.strip() else value for value in groups]
    if len(values) != len(labels):
        raise MetareviewError(
            f"There are {len(values)} groups for {len(labels)} effects.", "Give one of each per effect."
        )
    import pandas as pd

    bad = [label for label, value in zip(labels, values, strict=True) if pd.isna(value)]
    if bad:
        raise MetareviewError(f"No group is given for {', '.join(bad[:5])}.", "Code the group or exclude the effect.")
    return [str(value) for value in values]


def _between(results: Sequence[PooledResult]) -> tuple[float, int, float]:
    if len(results) < 2:
        return math.nan, 0, math.nan
    mean = np.array([r.estimate for r in results])
    w = np.array([r.wald_se**-2.0 for r in results])
    q = float(np.sum(w * (mean - np.sum(w * mean) / np.sum(w)) ** 2))
    return q, len(results) - 1, chi2_tail(q, len(results) - 1)


def _warnings(single: tuple[str, ...], tested: tuple[str, ...], groups: int) -> tuple[str, ...]:
    out = []
    if single:
        shown = ", ".join(single)
        untested = [name for name in single if name not in tested]
        rest = ", and not in the test with a tau2 a group" if untested else ""
        out.append(f"Groups of one effect: {shown}; they are shown with the effect's own interval{rest}.")
    if groups < 2:
        out.append("The groups cannot be compared: there is one.")
    elif len(tested) < 2:
        out.append("With a tau2 a group they cannot be compared: fewer than two hold more than one effect.")
    return tuple(out)
