"""Systematic review and meta-analysis, from literature exports to lessons learned.

`import metareview as mr` loads nothing heavy: a name is resolved when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .effects.area.absolute import absolute
    from .effects.area.controls import combine_controls
    from .effects.area.displacement import displacement
    from .effects.area.stratified import area_pairs, area_strata
    from .effects.cluster import cluster_correction, design_effect, effective_counts, identifiability
    from .effects.compute import effect_size
    from .effects.convert import convert
    from .effects.dependence.coding import dependence_coded
    from .effects.dependence.covariance import sampling_covariance
    from .effects.explain import explain
    from .effects.overdispersion import diagnose_series, estimate_phi, phi_defaults, phi_table
    from .effects.registry import conversions_frame as conversions
    from .effects.registry import measures_frame as measures
    from .effects.series.interrupted import interrupted_time_series
    from .effects.series.panel import panel_did
    from .effects.series.synthetic import synthetic_control
    from .effects.transform import back_transform
    from .errors import MetareviewError
    from .literature.dedupe.deduplicate import deduplicate
    from .literature.reading import read_records, write_records
    from .report import figures
    from .review import Review, open_review
    from .synthesis.blup import blup
    from .synthesis.choices import estimators, intervals, structures, tests
    from .synthesis.dependent.che import che
    from .synthesis.dependent.sce import sce
    from .synthesis.dependent.sweep import rho_sweep
    from .synthesis.dependent.within import split_within
    from .synthesis.diagnostics.baujat import baujat
    from .synthesis.diagnostics.bootstrap import bootstrap
    from .synthesis.diagnostics.gosh import gosh
    from .synthesis.diagnostics.influence import influence
    from .synthesis.diagnostics.leave_out import cumulative, leave_one_cluster_out
    from .synthesis.diagnostics.profile import profile
    from .synthesis.diagnostics.qq import qq
    from .synthesis.diagnostics.radial import radial
    from .synthesis.fit_statistics import fit_statistics
    from .synthesis.influence import leave_one_out
    from .synthesis.likelihood_ratio import likelihood_ratio
    from .synthesis.location_scale import location_scale
    from .synthesis.mantel_haenszel import mantel_haenszel
    from .synthesis.multilevel.intervals import component_intervals
    from .synthesis.multilevel.model import multilevel
    from .synthesis.one_stage import one_stage
    from .synthesis.permutation import permutation_test
    from .synthesis.pooling import pool
    from .synthesis.prediction import prediction_interval
    from .synthesis.q_based import q_based
    from .synthesis.regression import regress
    from .synthesis.robust.bootstrap import wild_bootstrap
    from .synthesis.robust.robust import robust
    from .synthesis.selection import select_models
    from .synthesis.subgroups import subgroups

__all__ = [
    "MetareviewError",
    "Review",
    "absolute",
    "area_pairs",
    "area_strata",
    "back_transform",
    "baujat",
    "blup",
    "bootstrap",
    "che",
    "cluster_correction",
    "combine_controls",
    "component_intervals",
    "conversions",
    "convert",
    "cumulative",
    "deduplicate",
    "dependence_coded",
    "design_effect",
    "diagnose_series",
    "displacement",
    "effect_size",
    "effective_counts",
    "estimate_phi",
    "estimators",
    "explain",
    "figures",
    "fit_statistics",
    "gosh",
    "identifiability",
    "influence",
    "interrupted_time_series",
    "intervals",
    "leave_one_cluster_out",
    "leave_one_out",
    "likelihood_ratio",
    "location_scale",
    "mantel_haenszel",
    "measures",
    "multilevel",
    "one_stage",
    "open_review",
    "panel_did",
    "permutation_test",
    "phi_defaults",
    "phi_table",
    "pool",
    "prediction_interval",
    "profile",
    "q_based",
    "qq",
    "radial",
    "read_records",
    "regress",
    "rho_sweep",
    "robust",
    "sampling_covariance",
    "sce",
    "select_models",
    "split_within",
    "structures",
    "subgroups",
    "synthetic_control",
    "tests",
    "wild_bootstrap",
    "write_records",
]

_WHERE = {
    "component_intervals": ("synthesis.multilevel.intervals", "component_intervals"),
    "wild_bootstrap": ("synthesis.robust.bootstrap", "wild_bootstrap"),
    "split_within": ("synthesis.dependent.within", "split_within"),
    "rho_sweep": ("synthesis.dependent.sweep", "rho_sweep"),
    "sce": ("synthesis.dependent.sce", "sce"),
    "che": ("synthesis.dependent.che", "che"),
    "MetareviewError": ("errors", "MetareviewError"),
    "Review": ("review", "Review"),
    "back_transform": ("effects.transform", "back_transform"),
    "absolute": ("effects.area.absolute", "absolute"),
    "area_pairs": ("effects.area.stratified", "area_pairs"),
    "area_strata": ("effects.area.stratified", "area_strata"),
    "combine_controls": ("effects.area.controls", "combine_controls"),
    "blup": ("synthesis.blup", "blup"),
    "deduplicate": ("literature.dedupe.deduplicate", "deduplicate"),
    "baujat": ("synthesis.diagnostics.baujat", "baujat"),
    "bootstrap": ("synthesis.diagnostics.bootstrap", "bootstrap"),
    "cluster_correction": ("effects.cluster", "cluster_correction"),
    "conversions": ("effects.registry", "conversions_frame"),
    "convert": ("effects.convert", "convert"),
    "cumulative": ("synthesis.diagnostics.leave_out", "cumulative"),
    "dependence_coded": ("effects.dependence.coding", "dependence_coded"),
    "design_effect": ("effects.cluster", "design_effect"),
    "diagnose_series": ("effects.overdispersion", "diagnose_series"),
    "displacement": ("effects.area.displacement", "displacement"),
    "effect_size": ("effects.compute", "effect_size"),
    "effective_counts": ("effects.cluster", "effective_counts"),
    "estimate_phi": ("effects.overdispersion", "estimate_phi"),
    "estimators": ("synthesis.choices", "estimators"),
    "explain": ("effects.explain", "explain"),
    "gosh": ("synthesis.diagnostics.gosh", "gosh"),
    "identifiability": ("effects.cluster", "identifiability"),
    "interrupted_time_series": ("effects.series.interrupted", "interrupted_time_series"),
    "intervals": ("synthesis.choices", "intervals"),
    "fit_statistics": ("synthesis.fit_statistics", "fit_statistics"),
    "influence": ("synthesis.diagnostics.influence", "influence"),
    "leave_one_cluster_out": ("synthesis.diagnostics.leave_out", "leave_one_cluster_out"),
    "leave_one_out": ("synthesis.influence", "leave_one_out"),
    "likelihood_ratio": ("synthesis.likelihood_ratio", "likelihood_ratio"),
    "location_scale": ("synthesis.location_scale", "location_scale"),
    "measures": ("effects.registry", "measures_frame"),
    "mantel_haenszel": ("synthesis.mantel_haenszel", "mantel_haenszel"),
    "one_stage": ("synthesis.one_stage", "one_stage"),
    "multilevel": ("synthesis.multilevel.model", "multilevel"),
    "open_review": ("review", "open_review"),
    "phi_defaults": ("effects.overdispersion", "phi_defaults"),
    "panel_did": ("effects.series.panel", "panel_did"),
    "permutation_test": ("synthesis.permutation", "permutation_test"),
    "phi_table": ("effects.overdispersion", "phi_table"),
    "pool": ("synthesis.pooling", "pool"),
    "prediction_interval": ("synthesis.prediction", "prediction_interval"),
    "profile": ("synthesis.diagnostics.profile", "profile"),
    "q_based": ("synthesis.q_based", "q_based"),
    "qq": ("synthesis.diagnostics.qq", "qq"),
    "radial": ("synthesis.diagnostics.radial", "radial"),
    "read_records": ("literature.reading", "read_records"),
    "regress": ("synthesis.regression", "regress"),
    "sampling_covariance": ("effects.dependence.covariance", "sampling_covariance"),
    "robust": ("synthesis.robust.robust", "robust"),
    "select_models": ("synthesis.selection", "select_models"),
    "subgroups": ("synthesis.subgroups", "subgroups"),
    "structures": ("synthesis.choices", "structures"),
    "tests": ("synthesis.choices", "tests"),
    "synthetic_control": ("effects.series.synthetic", "synthetic_control"),
    "write_records": ("literature.reading", "write_records"),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("metareview")
    if name == "figures":
        return importlib.import_module(".report.figures", __name__)
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(importlib.import_module(f".{module}", __name__), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
