"""`che`: correlated and hierarchical effects, the working model for studies that give several effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from metareview.errors import MetareviewError
from metareview.parallel import Progress
from metareview.synthesis.dependent.assemble import Testing, dependent, random_effects
from metareview.synthesis.dependent.results import DependentResult
from metareview.synthesis.frames import check_columns, check_names, table
from metareview.synthesis.multilevel.model import VI, complete, multilevel

RHO = 0.6


def che(
    formula: str,
    data: Any,
    vi: str = "vi",
    *,
    study: str,
    effect: str | None = None,
    rho: float = RHO,
    method: str = "REML",
    vcov: str = "CR2",
    bootstrap: str = "auto",
    replications: int = 1999,
    seed: int = 1,
    workers: int = 1,
    cluster_address: str | None = None,
    progress: Progress | None = None,
    level: float = 0.95,
    labels: str | Sequence[Any] | None = None,
) -> DependentResult:
    """Correlated and hierarchical effects with robust tests; random effects where every study gives one effect.

    The working model has a random effect of the study and one of the effect within it, and sampling errors of one study that
    correlate by `rho`. Tests are cluster-robust by study, so that a wrong `rho` costs precision and not validity.

    Arguments:
        formula, data, vi, labels: as in `regress`. study, effect: columns; every row is an effect of its own when effect is None.
        rho: the assumed correlation of sampling errors within a study; see `rho_sweep` for how much it matters.
        method: "REML" or "ML". vcov, level: as in `robust`.
        bootstrap: "auto" (cluster wild bootstrap where Satterthwaite's degrees of freedom are below 4), "always" or "never";
            replications, seed, workers, cluster_address, progress: as in `wild_bootstrap`.

    Raises:
        MetareviewError: as in `multilevel` and `robust`.

    Source: Pustejovsky & Tipton (2022), Prevention Science 23, 425-438.
    """
    testing = Testing(vcov, level, bootstrap, replications, seed, workers, cluster_address, progress)
    frame, inner = with_effect(data, study, effect)
    _, kept = used(formula, frame, vi, [study, inner])
    if not kept[study].astype(str).duplicated().any():
        return random_effects(formula, frame[frame[study].notna()], vi, study, testing, _kept(labels, frame, study))
    model = multilevel(
        formula,
        frame,
        vi,
        random=f"1 | {study}/{inner}",
        rho=rho,
        cluster=study,
        method=method,
        level=level,
        labels=labels,
    )
    return dependent("CHE", study, rho, model, frame[study].iloc[model.rows], testing, ())


def with_effect(data: Any, study: str, effect: str | None) -> tuple[pd.DataFrame, str]:
    """The data with a column that tells effects apart, and its name.

    Raises:
        MetareviewError: there is no column of studies or of effects, or a study gives two rows of one effect.
    """
    check_names(study=study, effect=effect)
    frame = table(data)
    check_columns(frame, [study, *([] if effect is None else [effect])])
    if effect is None:
        name = next(n for n in ("effect", "row", "_effect") if n not in frame)
        return frame.assign(**{name: range(len(frame))}), name
    twice = frame[[study, effect]].astype(str).duplicated() & frame[[study, effect]].notna().all(axis=1)
    if twice.any():
        row = frame[twice].iloc[0]
        raise MetareviewError(
            f"{study} {row[study]} has two rows of the {effect} {row[effect]}.",
            "Give effects names of their own, or leave `effect` out.",
        )
    return frame, effect


def used(formula: str, frame: pd.DataFrame, vi: str, needed: list[str]) -> tuple[Any, pd.DataFrame]:
    """The design and the rows of the effects that have every level and moderator.

    Raises:
        MetareviewError: as in `regress`.
    """
    check_names(vi=vi)
    if vi not in frame:
        raise MetareviewError(f"The data have no column {vi}.", "Name the column of sampling variances in `vi`.")
    check_columns(frame, [vi])
    return complete(formula, frame.assign(**{VI: frame[vi]}), needed, [str(i + 1) for i in range(len(frame))])


def _kept(labels: str | Sequence[Any] | None, frame: pd.DataFrame, study: str) -> str | Sequence[Any]:
    """Labels of the rows that name a study."""
    here = frame[study].notna().to_numpy()
    values = range(1, len(frame) + 1) if labels is None else labels
    return values if isinstance(values, str) else [v for v, h in zip(values, here, strict=True) if h]
