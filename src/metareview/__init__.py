"""Systematic review and meta-analysis, from literature exports to lessons learned.

`import metareview as mr` loads nothing heavy: a name is resolved when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .effects.cluster import cluster_correction, design_effect, effective_counts, identifiability
    from .effects.compute import effect_size
    from .effects.convert import convert
    from .effects.dependence.coding import dependence_coded
    from .effects.dependence.covariance import sampling_covariance
    from .effects.explain import explain
    from .effects.overdispersion import estimate_phi, phi_table
    from .effects.registry import conversions_frame as conversions
    from .effects.registry import measures_frame as measures
    from .effects.transform import back_transform
    from .errors import MetareviewError
    from .literature.dedupe.deduplicate import deduplicate
    from .literature.reading import read_records, write_records
    from .report import figures
    from .review import Review, open_review
    from .synthesis.influence import leave_one_out
    from .synthesis.likelihood_ratio import likelihood_ratio
    from .synthesis.location_scale import location_scale
    from .synthesis.multilevel.model import multilevel
    from .synthesis.permutation import permutation_test
    from .synthesis.pooling import pool
    from .synthesis.regression import regress
    from .synthesis.selection import select_models
    from .synthesis.subgroups import subgroups

__all__ = [
    "MetareviewError",
    "Review",
    "back_transform",
    "cluster_correction",
    "conversions",
    "convert",
    "deduplicate",
    "dependence_coded",
    "design_effect",
    "effect_size",
    "effective_counts",
    "estimate_phi",
    "explain",
    "figures",
    "identifiability",
    "leave_one_out",
    "likelihood_ratio",
    "location_scale",
    "measures",
    "multilevel",
    "open_review",
    "permutation_test",
    "phi_table",
    "pool",
    "read_records",
    "regress",
    "sampling_covariance",
    "select_models",
    "subgroups",
    "write_records",
]

_WHERE = {
    "MetareviewError": ("errors", "MetareviewError"),
    "Review": ("review", "Review"),
    "back_transform": ("effects.transform", "back_transform"),
    "deduplicate": ("literature.dedupe.deduplicate", "deduplicate"),
    "cluster_correction": ("effects.cluster", "cluster_correction"),
    "conversions": ("effects.registry", "conversions_frame"),
    "convert": ("effects.convert", "convert"),
    "dependence_coded": ("effects.dependence.coding", "dependence_coded"),
    "design_effect": ("effects.cluster", "design_effect"),
    "effect_size": ("effects.compute", "effect_size"),
    "effective_counts": ("effects.cluster", "effective_counts"),
    "estimate_phi": ("effects.overdispersion", "estimate_phi"),
    "explain": ("effects.explain", "explain"),
    "identifiability": ("effects.cluster", "identifiability"),
    "leave_one_out": ("synthesis.influence", "leave_one_out"),
    "likelihood_ratio": ("synthesis.likelihood_ratio", "likelihood_ratio"),
    "location_scale": ("synthesis.location_scale", "location_scale"),
    "measures": ("effects.registry", "measures_frame"),
    "multilevel": ("synthesis.multilevel.model", "multilevel"),
    "open_review": ("review", "open_review"),
    "permutation_test": ("synthesis.permutation", "permutation_test"),
    "phi_table": ("effects.overdispersion", "phi_table"),
    "pool": ("synthesis.pooling", "pool"),
    "read_records": ("literature.reading", "read_records"),
    "regress": ("synthesis.regression", "regress"),
    "sampling_covariance": ("effects.dependence.covariance", "sampling_covariance"),
    "select_models": ("synthesis.selection", "select_models"),
    "subgroups": ("synthesis.subgroups", "subgroups"),
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
