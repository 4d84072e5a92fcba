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
    from .synthesis.blup import blup
    from .synthesis.fit_statistics import fit_statistics
    from .synthesis.influence import leave_one_out
    from .synthesis.pooling import pool
    from .synthesis.prediction import prediction_interval
    from .synthesis.regression import regress
    from .synthesis.subgroups import subgroups

__all__ = [
    "MetareviewError",
    "Review",
    "back_transform",
    "blup",
    "conversions",
    "convert",
    "deduplicate",
    "effect_size",
    "estimate_phi",
    "explain",
    "figures",
    "fit_statistics",
    "leave_one_out",
    "measures",
    "open_review",
    "phi_table",
    "pool",
    "prediction_interval",
    "read_records",
    "regress",
    "subgroups",
    "write_records",
]

_WHERE = {
    "MetareviewError": ("errors", "MetareviewError"),
    "Review": ("review", "Review"),
    "back_transform": ("effects.transform", "back_transform"),
    "blup": ("synthesis.blup", "blup"),
    "deduplicate": ("literature.dedupe.deduplicate", "deduplicate"),
    "conversions": ("effects.registry", "conversions_frame"),
    "convert": ("effects.convert", "convert"),
    "effect_size": ("effects.compute", "effect_size"),
    "estimate_phi": ("effects.overdispersion", "estimate_phi"),
    "explain": ("effects.explain", "explain"),
    "fit_statistics": ("synthesis.fit_statistics", "fit_statistics"),
    "leave_one_out": ("synthesis.influence", "leave_one_out"),
    "measures": ("effects.registry", "measures_frame"),
    "open_review": ("review", "open_review"),
    "phi_table": ("effects.overdispersion", "phi_table"),
    "pool": ("synthesis.pooling", "pool"),
    "prediction_interval": ("synthesis.prediction", "prediction_interval"),
    "read_records": ("literature.reading", "read_records"),
    "regress": ("synthesis.regression", "regress"),
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
