"""Where each row's overdispersion phi comes from: given, estimated, assumed, or none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.inputs import Table, pick
from metareview.effects.measure import Measure, Problem, Texts, flag_rows, texts
from metareview.errors import MetareviewError

PHI_SOURCES = ("given", "estimated", "assumed", "none")


def read(
    measure: Measure, table: Table, data: pd.DataFrame | None, phi: Any, phi_source: Any
) -> tuple[Texts | None, list[Problem]]:
    """The source of each row's phi, shape (k,), and what is wrong with it; None for measures without phi.

    Raises MetareviewError for a source given to a measure without phi.
    """
    if "phi" not in measure.input_names:
        if phi_source is not None:
            raise MetareviewError(f"{measure.name} has no overdispersion phi.", "Leave phi_source out.")
        return None, []
    from_data = phi_source is None and (phi is None or isinstance(phi, str))
    value, _ = pick("phi_source", phi_source, from_data, data, PHI_SOURCES)
    length = len(table.index)
    has_phi = np.asarray(pd.notna(np.asarray(table.raw.get("phi"), dtype=object)))
    has_phi = np.broadcast_to(has_phi.ravel(), (length,))
    sources = texts(length, "given")
    if value is not None:
        told = pd.Series(np.broadcast_to(np.asarray(value, dtype=object).ravel(), (length,)), dtype=object)
        sources = told.where(told.notna(), "given").to_numpy(dtype=object, copy=True)
    sources[~has_phi] = "none"
    unknown = np.flatnonzero(~np.asarray(pd.Series(sources).isin(PHI_SOURCES)))
    found = [Problem(int(i), "phi_source", f"{sources[i]!r} is not one of {', '.join(PHI_SOURCES)}") for i in unknown]
    without = has_phi & (sources == "none") & (table.columns["phi"] != 1)
    return sources, found + flag_rows(without, "phi_source", "is 'none' while phi is {:g}", table.columns["phi"])
