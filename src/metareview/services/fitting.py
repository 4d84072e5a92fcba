"""One analysis's model on its effects: pooled, by subgroup, on moderators, and without each study in turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import MetareviewError
from ..parallel import Progress
from ..protocol.models import DEPENDENT, Analysis
from .selection import LeftOut, filled

if TYPE_CHECKING:
    import pandas as pd

    from ..synthesis.dependent.results import DependentResult
    from ..synthesis.multilevel.results import MultilevelResult
    from ..synthesis.regression import RegressionResult
    from ..synthesis.results import PooledResult
    from ..synthesis.subgroups import SubgroupResult

    Regression = RegressionResult | MultilevelResult | DependentResult

STUDY, EFFECT = "study_id", "effect_id"
OMITTED = (
    "estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "p", "tau2", "I2", "Q", "Q_p", "k", "test",
)  # fmt: skip
CHE = f"1 | {STUDY}/{EFFECT}"


def pooled(
    frame: pd.DataFrame,
    analysis: Analysis,
    left_out: Sequence[LeftOut] = (),
    bootstrap: str = "auto",
    crosscheck: bool = True,
) -> PooledResult:
    """Pool effects by the model of an analysis, checked by a second engine unless `crosscheck` says otherwise.

    Random effects stand in for `che`, and for `multilevel` with its usual levels, where every study gives one effect.

    Raises:
        MetareviewError: the model cannot be fitted to these effects.
    """
    if not _dependent(frame, analysis):
        return _random_effects(frame, analysis, left_out, crosscheck)
    from ..synthesis.dependent.pooled import pooled_of

    studies = frame[STUDY].nunique()
    if studies < 2:
        raise MetareviewError(
            f"the {len(frame)} effects are of one study ({frame[STUDY].iloc[0]}), so {analysis.model} has nothing to compare",
            "Pool one effect a study, or show them one by one.",
        )
    excluded = [(item.effect_id, item.reason) for item in left_out]
    return pooled_of(_fit("yi ~ 1", frame, analysis, bootstrap, crosscheck), studies, excluded=excluded)


def _random_effects(
    frame: pd.DataFrame, analysis: Analysis, left_out: Sequence[LeftOut], crosscheck: bool
) -> PooledResult:
    from ..synthesis.pooling import pool

    yi, vi, labels = arrays(frame)
    excluded = [(item.effect_id, item.reason) for item in left_out]
    result = pool(yi, vi, labels=labels, excluded=excluded, crosscheck=crosscheck, **_options(analysis))
    if analysis.model in DEPENDENT and len(frame) > 1:
        note = f"Every study gives one effect: this is a random-effects model, not {analysis.model}."
        return replace(result, warnings=(note, *result.warnings))
    return result


def _options(analysis: Analysis) -> dict[str, Any]:
    names = ("tau2", "tau2_ci", "test", "level")
    return {name: getattr(analysis, name) for name in names}


def subgroups(
    frame: pd.DataFrame, analysis: Analysis, overall: PooledResult, notes: list[str]
) -> SubgroupResult | None:
    """Pool each group of the analysis's subgroup variable, and test the groups against each other."""
    name = analysis.subgroup
    if not name:
        return None
    column = frame[name] if name in frame else frame[EFFECT].map(lambda _: None)
    empty = frame.loc[column.isna(), EFFECT]
    if len(empty):
        notes.append(f"subgroup `{name}` is not coded for {', '.join(empty)}: left out of the subgroups")
    coded = frame[column.notna()]
    if coded.empty:
        return None
    if _dependent(frame, analysis):
        return _dependent_groups(coded, coded[name].map(str), analysis, overall, notes)
    from ..synthesis.subgroups import subgroups as by_group

    yi, vi, labels = arrays(coded)
    return by_group(yi, vi, list(coded[name]), labels=labels, crosscheck=True, **_options(analysis))


def _dependent_groups(
    frame: pd.DataFrame, group: pd.Series, analysis: Analysis, overall: PooledResult, notes: list[str]
) -> SubgroupResult | None:
    """Each group by the model, with variances of its own; the test between them has common ones."""
    from ..synthesis.results import SubgroupResult

    found: dict[str, PooledResult] = {}
    for name in dict.fromkeys(group):
        try:
            found[name] = pooled(frame[group == name], analysis)
        except MetareviewError as error:
            notes.append(f"subgroup {name} was not pooled: {error.message}")
    if not found:
        return None
    tested = _several(frame, group)
    return SubgroupResult(
        tuple(found), tuple(found.values()), overall, **_between(frame[group.isin(tested)], group, analysis, notes),
        Q_between=math.nan, Q_between_df=0, Q_between_p=math.nan, tested=tested,
        single=tuple(n for n, p in found.items() if p.k == 1),
    )  # fmt: skip


def _several(frame: pd.DataFrame, group: pd.Series) -> tuple[str, ...]:
    """The groups of two studies or more: a robust test has nothing to go on in one of a single study."""
    studies = frame.groupby(group, sort=False)[STUDY].nunique()
    return tuple(str(name) for name in studies.index[studies > 1])


def _between(frame: pd.DataFrame, group: pd.Series, analysis: Analysis, notes: list[str]) -> dict[str, Any]:
    """The test that the means of groups are equal, with common variances."""
    nothing: dict[str, Any] = {"QM": math.nan, "QM_df": 0, "QM_df2": math.nan, "QM_p": math.nan}
    here = group[frame.index]
    alone = group.nunique() - here.nunique()
    if alone:
        notes.append(f"the test between subgroups leaves out {alone} of one study each")
    if here.nunique() < 2:
        return nothing
    try:
        r = _fit("yi ~ C(_group)", frame.assign(_group=here), analysis, "never", crosscheck=True)
    except MetareviewError as error:
        notes.append(f"the test between subgroups was not possible: {error.message}")
        return nothing
    if math.isfinite(r.QM_p):
        return {key: getattr(r, key) for key in nothing} | {"crosscheck": differences(r)}
    notes.append("the robust test between subgroups cannot be made: there are too few studies for so many groups")
    return nothing


def regressions(frame: pd.DataFrame, analysis: Analysis, notes: list[str]) -> tuple[Regression, ...]:
    """The analysis's meta-regressions, one a moderator formula, checked by the second engines."""
    found: list[Regression] = []
    for moderators in analysis.moderators:
        try:
            found.append(_regression(f"yi ~ {moderators}", frame, analysis))
        except MetareviewError as error:
            notes.append(f"meta-regression on {moderators} was not possible: {error.message}")
    return tuple(found)


def _regression(formula: str, frame: pd.DataFrame, analysis: Analysis) -> Regression:
    if _dependent(frame, analysis):
        return _fit(formula, frame, analysis, "auto", crosscheck=True)
    from ..synthesis.regression import regress

    return regress(formula, frame, vi="vi", labels=list(frame[EFFECT]), crosscheck=True, **_options(analysis))


def differences(regression: Regression) -> dict[str, float]:
    """The differences of a meta-regression to the second engines."""
    held = getattr(regression, "crosscheck", None)
    return dict(regression.model.crosscheck if held is None else held)  # type: ignore[union-attr]


def omissions(frame: pd.DataFrame, analysis: Analysis) -> tuple[str, ...]:
    """The studies that `omitting` leaves out one by one, each with a fit of its own."""
    studies = tuple(dict.fromkeys(frame[STUDY])) if _dependent(frame, analysis) else ()
    return studies if len(studies) >= 3 else ()


def omitting(frame: pd.DataFrame, analysis: Analysis, notes: list[str], progress: Progress) -> pd.DataFrame | None:
    """The pooled result without each effect, or each study where studies give several, in turn; None for fewer than three.

    `progress` is told after each study how many are done, and of how many.
    """
    from ..synthesis.influence import leave_one_out

    if not _dependent(frame, analysis):
        options: dict[str, Any] = {"tau2": analysis.tau2, "test": analysis.test, "level": analysis.level}
        return leave_one_out(*arrays(frame), **options) if len(frame) >= 3 else None
    import pandas as pd

    studies = omissions(frame, analysis)
    rows = []
    for done, study in enumerate(studies):
        progress(done, len(studies))
        try:
            rest = pooled(frame[frame[STUDY] != study], analysis, bootstrap="never", crosscheck=False)
        except MetareviewError as error:
            notes.append(f"without {study} it was not pooled: {error.message}")
            continue
        rows.append({"omitted": study} | {name: getattr(rest, name) for name in OMITTED})
    return pd.DataFrame(rows) if rows else None


def arrays(frame: pd.DataFrame) -> tuple[Any, Any, list[str]]:
    """yi, vi and the names of the effects."""
    return frame["yi"].to_numpy(float), frame["vi"].to_numpy(float), list(frame[EFFECT])


def _dependent(frame: pd.DataFrame, analysis: Analysis) -> bool:
    """Whether the model of several effects a study has anything to do that random effects have not."""
    if analysis.model not in DEPENDENT:
        return False
    usual = analysis.model == "che" or analysis.random == (CHE,)
    return len(frame) > 1 and (bool(frame[STUDY].duplicated().any()) or not usual)


def _fit(
    formula: str, frame: pd.DataFrame, analysis: Analysis, bootstrap: str, crosscheck: bool
) -> MultilevelResult | DependentResult:
    from ..synthesis.dependent.assemble import Testing, dependent
    from ..synthesis.multilevel.model import multilevel

    che = analysis.model == "che"
    model = multilevel(
        formula,
        frame,
        random=CHE if che else analysis.random,
        rho=analysis.rho if che else None,
        cluster=STUDY if che else None,
        method=analysis.tau2,
        test="z" if analysis.test == "z" else "t",
        level=analysis.level,
        labels=EFFECT,
        crosscheck=crosscheck,
    )
    alone = [name for name, n in model.levels.items() if n == 1 and f"sigma2[{name}]" in model.components]
    if alone:
        raise MetareviewError(
            f"these effects are all of one {alone[0]}, so its variance cannot be told from the mean",
            "Leave it out of `random`, or pool more effects.",
        )
    cluster = analysis.cluster or (STUDY if che else "")
    if not cluster:
        return model
    members = clusters(frame, cluster).iloc[model.rows]
    kind, rho = ("CHE", analysis.rho) if che else ("multilevel", math.nan)
    return dependent(kind, cluster, rho, model, members, Testing(level=analysis.level, bootstrap=bootstrap), ())


def clusters(frame: pd.DataFrame, cluster: str) -> pd.Series:
    """The cluster of every effect; that of an effect without one is its study."""
    import pandas as pd

    coded = frame[cluster] if cluster in frame else frame[STUDY].map(lambda _: None)
    pairs = zip(coded, frame[STUDY], strict=True)
    return pd.Series([str(c) if filled(c) else str(study) for c, study in pairs], index=frame.index)
