"""The pooled result without each cluster in turn, and as the effects come in one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from metareview.errors import MetareviewError
from metareview.synthesis.diagnostics.cluster_influence import ClusterInfluence, codes
from metareview.synthesis.diagnostics.influence import influence
from metareview.synthesis.diagnostics.refit import Basis, basis, delete, refit, table


def leave_one_cluster_out(result: Any, cluster: Sequence[Any]) -> pd.DataFrame:
    """Return one row a cluster that is left out: `omitted`, `effects` (how many it has) and the result of the others.

    Columns for a pooled result: those of `leave_one_out`; for `regress` and `multilevel`: estimate and se a
    coefficient, the variances between effects, and Q.

    Arguments:
        result: of `pool`, `regress` or `multilevel`. cluster: one value an effect, shape (k,), in the order of the
            result.

    Raises:
        MetareviewError: one cluster only, a `cluster` of another length, or a result of another kind.
    """
    if hasattr(result, "terms"):
        found = influence(result, cluster=cluster)
        assert isinstance(found, ClusterInfluence)
        frame = found.to_frame().rename(columns={"cluster": "omitted", "Q_deleted": "Q"})
        kept = [c for c in frame.columns if c.split(" ")[0] not in ("X2", "p", "cook", "cov_r", "dfbetas")]
        return frame[kept]
    b = basis(result)
    of, names = codes(cluster, b.yi.size)
    frame = table(b, delete(b, of), b.test)
    frame.insert(0, "omitted", list(names))
    frame.insert(1, "effects", np.bincount(of))
    return frame


def cumulative(result: Any, order: Sequence[Any] | None = None) -> pd.DataFrame:
    """Return one row an effect that is added: `added` (its label), and the pooled result of it and all before it.

    Columns: added, and those of `leave_one_out`. The last row is the result itself.

    Arguments:
        result: of `pool`. order: one value an effect to sort by, shape (k,), such as years or sampling variances;
            ties stay in the order of the result, which is also that of None.

    Raises:
        MetareviewError: another kind of result, an order of another length, or with an empty value.

    Source: Lau, Schmid & Chalmers (1995), Journal of Clinical Epidemiology 48, 45-57.
    """
    b = basis(result)
    if not b.mean_only:
        raise MetareviewError("A cumulative analysis takes a pooled result.", "Use pool, not regress.")
    at = _order(b, order)
    place = np.empty(at.size, dtype=np.intp)
    place[at] = np.arange(at.size)
    frame = table(b, refit(b, place[None, :] <= np.arange(at.size)[:, None]), b.test)
    frame.insert(0, "added", [b.labels[i] for i in at])
    return frame


def _order(b: Basis, order: Sequence[Any] | None) -> Any:
    if order is None:
        return np.arange(b.yi.size)
    values = pd.Series(list(order))
    if len(values) != b.yi.size:
        raise MetareviewError(
            f"order has {len(values)} values for {b.yi.size} effects.", "Give one of each per effect."
        )
    if values.isna().any():
        names = [b.labels[i] for i in np.flatnonzero(values.isna())]
        raise MetareviewError(f"order has no value for {', '.join(names[:5])}.", "Give one of each per effect.")
    try:
        return values.argsort(kind="stable").to_numpy()
    except TypeError as error:
        raise MetareviewError("The values of order cannot be compared.", "Give numbers, dates or texts.") from error
