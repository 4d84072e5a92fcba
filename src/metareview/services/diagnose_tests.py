"""Diagnostics of tests and intervals: by samples, by rearrangements, and robust to dependence within clusters."""

from __future__ import annotations

from typing import Any

from .diagnose_case import Case
from .diagnose_found import Found, How, Options, share_of, taken


def find_bootstrap(case: Case, options: Options, how: How) -> Found:
    """Coefficients and tau2 of samples."""
    from ..synthesis.diagnostics.bootstrap import bootstrap

    found = bootstrap(case.fit, **taken(options, kind="kind", draws="n", seed="seed", level="level"), **how)
    drawn = f"{100 * found.level:g}% intervals from {found.n:,} {found.kind} samples, seed {found.seed}"
    told = (f"{drawn}; τ² is 0 in {100 * found.at_zero:.1f}% of them",)
    facts = {name: getattr(found, name) for name in ("kind", "n", "seed", "level", "at_zero")}
    return Found({"bootstrap": found.to_frame()}, told, facts, found.warnings)


def find_permutation_test(case: Case, options: Options, how: How) -> Found:
    """p-values from rearranged effects."""
    from ..report.numbers import fixed, p_value
    from ..synthesis.permutation import permutation_test

    found = permutation_test(case.fit, **taken(options, exact="exact", draws="permutations", seed="seed"), **how)
    which = "all" if found.exact else f"seed {found.seed}, of"
    told = [f"{found.count:,} {found.kind} ({which} {found.possible:,})"]
    if case.moderators:
        joint = f"joint test: QM = {fixed(found.QM)}, p {p_value(found.QM_p)}"
        told.append(f"{joint}; by the model {p_value(found.QM_p_asymptotic)}")
    names = ("QM", "QM_p", "QM_p_asymptotic", "kind", "exact", "count", "possible", "failed", "seed")
    facts = {name: getattr(found, name) for name in names}
    return Found({"permutation_test": found.to_frame()}, tuple(told), facts, found.warnings)


def find_wild_bootstrap(case: Case, options: Options, how: How) -> Found:
    """Each coefficient, and all but the intercept together, by the cluster wild bootstrap."""
    import pandas as pd

    from ..synthesis.robust.bootstrap import wild_bootstrap
    from ..synthesis.robust.robust import working_of

    take = taken(options, draws="replications", weights="weights", vcov="vcov", level="level", seed="seed")
    terms = list(working_of(case.fit).terms)
    tested: list[Any] = [[term] for term in terms]
    joint = [term for term in terms if term != "Intercept"]
    tested += [joint] if len(joint) > 1 else []
    found = []
    for at, names in enumerate(tested):
        share = share_of(how, at, len(tested))
        spreading = {"workers": share["workers"], "cluster_address": share["cluster"], "progress": share["progress"]}
        found.append(wild_bootstrap(case.fit, case.clusters_of(case.fit), names, **take, **spreading))
    frame = pd.concat([one.to_frame() for one in found], ignore_index=True)
    first = found[0]
    which = "every combination" if first.exact else f"{first.replications:,} replications, seed {first.seed}"
    told = (f"{first.clusters} clusters by {case.by}; {first.weights} weights, {which}; {first.vcov}",)
    facts = {"by": case.by, "clusters": first.clusters, "seed": first.seed}
    return Found({"wild_bootstrap": frame}, told, facts, tuple(dict.fromkeys(w for one in found for w in one.warnings)))


def find_robust(case: Case, options: Options, how: How) -> Found:
    """Coefficients with cluster-robust tests."""
    from ..report.numbers import fixed, p_value
    from ..synthesis.robust.robust import robust

    take = {"level": case.analysis.level} | taken(options, vcov="vcov", test="test", level="level")
    found = robust(case.fit, case.clusters_of(case.fit), **take)
    told = [f"{found.vcov}, {found.test}: {found.clusters} clusters by {case.by}"]
    if case.moderators:
        told.append(
            f"joint test: F = {fixed(found.QM)}, df = {found.QM_df}, {found.QM_df2:.4g}, p {p_value(found.QM_p)}"
        )
    names = ("vcov", "test", "level", "clusters", "QM", "QM_df", "QM_df2", "QM_p")
    facts = {"by": case.by} | {name: getattr(found, name) for name in names}
    return Found({"robust": found.to_frame()}, tuple(told), facts, found.warnings)


def find_prediction_interval(case: Case, options: Options, how: How) -> Found:
    """Prediction intervals by each distribution and by the bootstrap."""
    import pandas as pd

    from ..synthesis.prediction import DISTRIBUTIONS, prediction_interval

    level = taken(options, level="level")
    drawn = prediction_interval(case.fit, **level, **taken(options, draws="draws", seed="seed"), **how)
    found = [*(prediction_interval(case.fit, name, **level) for name in DISTRIBUTIONS), drawn]
    frame = pd.DataFrame([{"method": p.method, "pi_low": p.low, "pi_high": p.high, "df": p.df} for p in found])
    told = (f"{100 * drawn.level:g}% intervals; bootstrap: {drawn.draws:,} draws, seed {drawn.seed}",)
    facts = {"level": drawn.level, "draws": drawn.draws, "seed": drawn.seed}
    return Found({"prediction_interval": frame}, told, facts, drawn.warnings)
