"""Clusters among the subsets of a GOSH plot, and the effects that drive them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

    from metareview.synthesis.diagnostics.gosh import GoshResult

METHODS = ("kmeans", "dbscan", "gmm")
DRIVES = 0.5
STARTS, STEPS = 10, 300
MOST = {"kmeans": 20_000, "gmm": 20_000, "dbscan": 5_000}


@dataclass(frozen=True, eq=False, repr=False)
class GoshClusters:
    """Clusters of subsets by their estimate and I2.

    Attributes:
        method: "kmeans", "dbscan" or "gmm". names: numbers of the clusters, largest first, length c. sizes: subsets
        in each, shape (c,). assigned: the cluster of each subset that was looked at, shape (m,); -1 for noise
        (DBSCAN). subsets: which they are, shape (m,). centres: mean estimate and I2 of each cluster, shape (c, 2).
        share: the part of each cluster's subsets that hold each effect, shape (c, k); about a half where it does not
        matter. association: Cramer's V between holding the effect and the cluster, shape (k,), from 0 to 1.
        drivers: effects whose association is above .5 (a convention). labels: one an effect. warnings: sentences a
            reader must see.
    """

    method: str
    names: tuple[int, ...]
    sizes: NDArray[np.intp]
    assigned: NDArray[np.intp]
    subsets: NDArray[np.intp]
    centres: Floats
    share: Floats
    association: Floats
    drivers: tuple[str, ...]
    labels: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row an effect: label, association, driver, and its share in each cluster's subsets."""
        import pandas as pd

        shares = {f"cluster {name}": self.share[c] for c, name in enumerate(self.names)}
        drives = [label in self.drivers for label in self.labels]
        columns: dict[str, Any] = {"label": self.labels, "association": self.association, "driver": drives}
        return pd.DataFrame(columns | shares)

    def __repr__(self) -> str:
        found = f"driven by {', '.join(self.drivers)}" if self.drivers else "no effect drives them"
        return f"GoshClusters({len(self.names)} by {self.method}: {found})"

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


def gosh_clusters(
    result: GoshResult, method: str = "kmeans", *, n: int = 3, eps: float = 0.15, least: int = 20, seed: int = 1
) -> GoshClusters:
    """Look for clusters of subsets in the plane of estimate and I2, each standardised.

    Arguments:
        result: of `gosh`, of a pooled result. method: "kmeans" and "gmm" (Gaussian mixture) find `n` clusters;
            "dbscan" finds as many as there are dense regions (`eps`: reach; `least`: subsets within reach of a core)
            and leaves noise aside. They are scikit-learn's.
        seed: of the starts, and of the draw of 20,000 subsets (5,000 for dbscan) where there are more.

    Raises:
        MetareviewError: an unknown method, a GOSH of a regression, fewer subsets than clusters.

    Source: Harrer, Cuijpers, Furukawa & Ebert (2021), Doing Meta-Analysis with R, section 5.4.2.
    """
    if method not in METHODS:
        raise MetareviewError(f"There is no clustering {method!r}.", f"Choose one of {', '.join(METHODS)}.")
    if result.estimate.ndim != 1:
        raise MetareviewError("Clusters are looked for in the GOSH of a pooled result, not of a regression.")
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    count = result.estimate.size
    most = MOST[method]
    which = np.arange(count) if count <= most else np.sort(rng.choice(count, most, replace=False))
    points = np.column_stack([result.estimate[which], result.I2[which]])
    if not 1 <= n < which.size:
        raise MetareviewError(f"{which.size} subsets cannot make {n} clusters.")
    spread = points.std(axis=0)
    scaled = (points - points.mean(axis=0)) / np.where(spread > 1e-12 * np.abs(points).max(axis=0), spread, 1.0)
    raw, said = _assign(np.round(scaled, 9), method, n, eps, least, int(rng.integers(2**31)))
    return _describe(result, method, which, points, raw, said)


def _assign(
    points: Floats, method: str, n: int, eps: float, least: int, seed: int
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """The cluster of each point by scikit-learn, shape (m,), -1 for noise, and what to say of it.

    One thread, because the order of a sum over threads shows in its last digit, and a tie may turn on that.
    """
    from sklearn.cluster import DBSCAN, KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    n = min(n, len(np.unique(points, axis=0)))
    models = {
        "kmeans": lambda: KMeans(n, n_init=STARTS, max_iter=STEPS, random_state=seed),
        "dbscan": lambda: DBSCAN(eps=eps, min_samples=least),
        "gmm": lambda: GaussianMixture(n, n_init=STARTS, max_iter=STEPS, random_state=seed),
    }
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = models[method]()
        codes = np.asarray(model.fit_predict(points), dtype=np.intp)
    settled = method != "gmm" or model.converged_
    return codes, () if settled else (f"The mixture had not settled after {STEPS} steps.",)


def _describe(
    result: GoshResult,
    method: str,
    which: NDArray[np.intp],
    points: Floats,
    raw: NDArray[np.intp],
    said: tuple[str, ...],
) -> GoshClusters:
    found, counts = np.unique(raw[raw >= 0], return_counts=True)
    order = found[np.argsort(-counts, kind="stable")]
    assigned = np.full(raw.size, -1, dtype=np.intp)
    for number, old in enumerate(order):
        assigned[raw == old] = number
    c, k = order.size, len(result.labels)
    share, centres = np.zeros((c, k)), np.zeros((c, 2))
    for number in range(c):
        share[number] = result.members[which[assigned == number]].mean(axis=0)
        centres[number] = points[assigned == number].mean(axis=0)
    sizes = np.bincount(assigned[assigned >= 0], minlength=c)
    association = _cramer(share, sizes)
    drivers = tuple(label for label, v in zip(result.labels, association, strict=True) if v > DRIVES)
    sentences = [*said] if c > 1 else [*said, "One cluster was found: nothing drives it apart."]
    if which.size < result.estimate.size:
        sentences.append(f"Clusters were looked for in {which.size} of {result.estimate.size} subsets.")
    return GoshClusters(
        method, tuple(range(1, c + 1)), sizes, np.where(assigned >= 0, assigned + 1, -1), which, centres, share, association,
        drivers, result.labels, tuple(sentences),
    )  # fmt: skip


def _cramer(share: Floats, sizes: NDArray[np.intp]) -> Floats:
    """Cramer's V of the 2-by-c table of holding each effect by cluster, shape (k,): from shares and sizes."""
    if sizes.size < 2:
        return np.zeros(share.shape[1])
    weight = sizes / sizes.sum()
    overall = weight @ share
    between = weight @ (share - overall) ** 2
    total = overall * (1.0 - overall)
    return np.sqrt(np.where(total > 0, between / np.where(total > 0, total, 1.0), 0.0))
