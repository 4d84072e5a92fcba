"""`sce`: subgroup correlated effects, the working model for effects that compare or describe subgroups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from metareview.parallel import Progress
from metareview.synthesis.dependent.assemble import Testing, dependent
from metareview.synthesis.dependent.che import RHO, used, with_effect
from metareview.synthesis.dependent.results import DependentResult
from metareview.synthesis.frames import check_columns, check_names
from metareview.synthesis.multilevel.model import multilevel

BLOCK = "_study_and_subgroup"


def sce(
    formula: str,
    data: Any,
    vi: str = "vi",
    *,
    study: str,
    subgroup: str,
    effect: str | None = None,
    rho: float = RHO,
    within: bool = False,
    across: bool = False,
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
    """Subgroup correlated effects with robust tests: every subgroup has a between-study variance of its own.

    A variance that the data cannot tell (between studies in a subgroup of one study; within studies in a subgroup with one effect
    a study) is held at 0, and a warning says so.

    Arguments:
        formula: with the subgroup in it, as in "yi ~ 0 + outcome" for the means or "yi ~ outcome" for differences.
        data, vi, study, effect, rho, method, vcov, bootstrap, replications, seed, workers, cluster_address, progress, level,
            labels: as in `che`.
        subgroup: a categorical column. within: also a variance of effects within studies for each subgroup (SCE+).
        across: sampling errors correlate across the subgroups of a study too, and not only within each.

    Raises:
        MetareviewError: as in `che`.

    Source: Pustejovsky & Tipton (2022), Prevention Science 23, 425-438.
    """
    testing = Testing(vcov, level, bootstrap, replications, seed, workers, cluster_address, progress)
    frame, inner = with_effect(data, study, effect)
    check_names(subgroup=subgroup)
    check_columns(frame, [subgroup])
    _, kept = used(formula, frame, vi, [study, inner, subgroup])
    own = f"{inner} of {study}"
    fixed, warnings = _unknowable(kept, study, subgroup, own, within)
    both = frame[study].astype(str) + "/" + frame[subgroup].astype(str)
    random = [f"{subgroup} | {study}"]
    if within:
        random.append(f"{subgroup} | {own}")
        frame = frame.assign(**{own: frame[study].astype(str) + "/" + frame[inner].astype(str)})
    model = multilevel(
        formula, frame.assign(**{BLOCK: both}), vi, random=random, struct="DIAG", rho=rho, cluster=study if across else BLOCK,
        fixed=fixed, method=method, level=level, labels=labels,
    )  # fmt: skip
    return dependent("SCE+" if within else "SCE", study, rho, model, frame[study].iloc[model.rows], testing, warnings)


def _unknowable(
    kept: pd.DataFrame, study: str, subgroup: str, own: str, within: bool
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Variances that are held at 0, by their name in the model, and a sentence for each kind."""
    fixed: dict[str, float] = {}
    between, inside = [], []
    prefix = f"{subgroup}|{study} " if within else ""
    for level, rows in kept.groupby(kept[subgroup].astype(str), sort=True):
        studies = rows[study].astype(str)
        if studies.nunique() == 1:
            fixed[f"{prefix}tau2[{level}]"] = 0.0
            between.append(str(level))
        if within and (not studies.duplicated().any() or len(rows) < 2):
            fixed[f"{subgroup}|{own} tau2[{level}]"] = 0.0
            inside.append(str(level))
    said = []
    if between:
        said.append(f"One study only in {', '.join(between)}: its variance between studies is held at 0.")
    if inside:
        said.append(f"One effect a study in {', '.join(inside)}: its variance within studies is held at 0.")
    return fixed, tuple(said)
