"""The diagnostics by name: which options each takes, and what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import diagnose_tests as tests
from . import diagnose_views as views
from .diagnose_case import Case
from .diagnose_found import Found, How, Options


@dataclass(frozen=True)
class Method:
    """A diagnostic.

    Attributes:
        question: what it answers. options: that it takes. independent: whether it needs independent effects; then `instead`
            is the diagnostic for the others. moderators: whether it takes a meta-regression. least: effects it needs.
        clusters: whether it leaves out or keeps together whole clusters. spreads: whether workers can share the work.
    """

    name: str
    title: str
    question: str
    run: Callable[[Case, Options, How], Found]
    options: tuple[str, ...] = ()
    independent: bool = True
    instead: str = ""
    moderators: bool = True
    least: int = 2
    clusters: bool = False
    spreads: bool = False

    def of_clusters(self, case: Case) -> bool:
        """Whether it takes whole clusters of a case where `by` is not given."""
        return self.clusters and (case.dependent or self.name != "influence")

    def why_not(self, case: Case) -> str:
        """Why it does not apply to a case; empty when it does."""
        k, a = len(case.frame), case.analysis
        if self.independent and case.dependent:
            instead = f"; use {self.instead}" if self.instead else ""
            return f"it supposes independent effects, and {a.model} models studies that give several{instead}"
        if case.moderators and not self.moderators:
            return "it takes a pooled result, not a meta-regression"
        if k < self.least:
            return f"it needs at least {self.least} effects, and there {'is' if k == 1 else 'are'} {k}"
        if self.of_clusters(case) and case.clusters.nunique() < 2:
            return f"it needs at least two clusters, and all effects have one {case.by}"
        if self.name == "profile" and a.tau2 not in ("REML", "ML"):
            return f"τ² by {a.tau2} has no likelihood; it takes REML or ML"
        if self.name == "prediction_interval" and a.tau2 == "FE":
            return "equal effects have no distribution to predict from"
        return ""


METHODS = {
    m.name: m
    for m in (
        Method("influence", "Influence", "What does each effect, or each cluster, do to the result?", views.find_influence,
               ("by",), independent=False, clusters=True),
        Method("leave_one_out", "Leave-one-out", "What is the result without each effect?", views.find_leave_one_out,
               instead="leave_one_cluster_out", moderators=False),
        Method("leave_one_cluster_out", "Leave-one-cluster-out", "What is the result without each cluster?",
               views.find_leave_one_cluster_out, ("by",), independent=False, moderators=False, clusters=True, spreads=True),
        Method("cumulative", "Cumulative", "How did the result come about?", views.find_cumulative, ("order",), moderators=False),
        Method("gosh", "GOSH", "Is it one result, whatever studies one takes?", views.find_gosh,
               ("subsets", "seed", "clusters", "clouds", "eps", "least", "highlight"), instead="leave_one_cluster_out",
               spreads=True),
        Method("baujat", "Baujat", "Which effects make the heterogeneity?", views.find_baujat, instead="influence"),
        Method("radial", "Radial", "Which effects disagree with the mean, given their precision?", views.find_radial,
               instead="influence", moderators=False),
        Method("qq", "Normal quantiles", "Are the residuals normal?", views.find_qq, ("kind", "draws", "seed", "level"), least=3,
               spreads=True),
        Method("profile", "Profile likelihood", "How well is the variance between studies known?", views.find_profile,
               ("component", "points", "level"), independent=False, spreads=True),
        Method("bootstrap", "Bootstrap", "How far would the result be off in another sample?", tests.find_bootstrap,
               ("kind", "draws", "seed", "level"), instead="wild_bootstrap", spreads=True),
        Method("permutation_test", "Permutation test", "Could rearranged effects give such a result?",
               tests.find_permutation_test, ("exact", "draws", "seed"), instead="wild_bootstrap", spreads=True),
        Method("wild_bootstrap", "Cluster wild bootstrap", "Does the test hold with few clusters?", tests.find_wild_bootstrap,
               ("by", "draws", "weights", "vcov", "level", "seed"), independent=False, clusters=True, spreads=True),
        Method("robust", "Robust tests", "Do the tests hold where effects of a cluster depend on each other?", tests.find_robust,
               ("by", "vcov", "test", "level"), independent=False, clusters=True),
        Method("prediction_interval", "Prediction intervals", "Where would the true effect of a new setting lie?",
               tests.find_prediction_interval, ("draws", "seed", "level"), moderators=False, least=3, spreads=True),
    )
}  # fmt: skip
