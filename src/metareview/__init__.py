"""Systematic review and meta-analysis, from literature exports to lessons learned.

`import metareview as mr` loads nothing heavy: a name is resolved when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .effects.compute import effect_size
    from .effects.convert import convert
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
    from .synthesis.dependent.che import che
    from .synthesis.dependent.sce import sce
    from .synthesis.dependent.sweep import rho_sweep
    from .synthesis.dependent.within import split_within
    from .synthesis.influence import leave_one_out
    from .synthesis.multilevel.intervals import component_intervals
    from .synthesis.multilevel.model import multilevel
    from .synthesis.pooling import pool
    from .synthesis.regression import regress
    from .synthesis.robust.bootstrap import wild_bootstrap
    from .synthesis.robust.robust import robust
    from .synthesis.subgroups import subgroups

__all__ = [
    "MetareviewError",
    "Review",
    "back_transform",
    "che",
    "component_intervals",
    "conversions",
    "convert",
    "deduplicate",
    "effect_size",
    "estimate_phi",
    "explain",
    "figures",
    "leave_one_out",
    "measures",
    "multilevel",
    "open_review",
    "phi_table",
    "pool",
    "read_records",
    "regress",
    "rho_sweep",
    "robust",
    "sce",
    "split_within",
    "subgroups",
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
    "deduplicate": ("literature.dedupe.deduplicate", "deduplicate"),
    "conversions": ("effects.registry", "conversions_frame"),
    "convert": ("effects.convert", "convert"),
    "effect_size": ("effects.compute", "effect_size"),
    "estimate_phi": ("effects.overdispersion", "estimate_phi"),
    "explain": ("effects.explain", "explain"),
    "leave_one_out": ("synthesis.influence", "leave_one_out"),
    "measures": ("effects.registry", "measures_frame"),
    "multilevel": ("synthesis.multilevel.model", "multilevel"),
    "open_review": ("review", "open_review"),
    "phi_table": ("effects.overdispersion", "phi_table"),
    "pool": ("synthesis.pooling", "pool"),
    "read_records": ("literature.reading", "read_records"),
    "regress": ("synthesis.regression", "regress"),
    "robust": ("synthesis.robust.robust", "robust"),
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
