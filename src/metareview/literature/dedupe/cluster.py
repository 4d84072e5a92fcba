"""Groups from links: strongest links first, never joining what must stay apart, in whatever order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


class Link(NamedTuple):
    """A link between two records; smaller `rank` and then larger `strength` is stronger.

    Attributes:
        rank: 0 for a person's decision, then the order of the rules.
        weakness: 1 minus the likeness of the pair, rounded, so that sorting is the same everywhere.
        a, b: positions of the records, a < b.
    """

    rank: int
    weakness: float
    a: int
    b: int


@dataclass
class Groups:
    """Union-find over n records with pairs that must stay apart."""

    n: int
    parent: list[int] = field(init=False)
    members: dict[int, set[int]] = field(init=False)
    apart: dict[int, set[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.parent = list(range(self.n))
        self.members = {}
        self.apart = {}

    def keep_apart(self, a: int, b: int) -> None:
        """Forbid that records a and b ever share a group."""
        self.apart.setdefault(a, set()).add(b)
        self.apart.setdefault(b, set()).add(a)

    def root(self, i: int) -> int:
        """Return the representative of a record's group."""
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    def group(self, i: int) -> set[int]:
        """Return the records of a record's group, itself included."""
        return self.members.get(self.root(i), {i})

    def obstacle(self, a: int, b: int) -> tuple[int, int] | None:
        """Return the first pair that must stay apart and that joining a and b would unite, or None."""
        group_a, group_b = self.group(a), self.group(b)
        small, large, turned = (group_a, group_b, False) if len(group_a) <= len(group_b) else (group_b, group_a, True)
        clashes = [(i, j) for i in small for j in self.apart.get(i, ()) if j in large]
        if not clashes:
            return None
        return min((j, i) if turned else (i, j) for i, j in clashes)

    def join(self, a: int, b: int) -> None:
        """Join the groups of a and b."""
        root_a, root_b = sorted((self.root(a), self.root(b)))
        if root_a == root_b:
            return
        both = self.group(root_a) | self.group(root_b)
        self.members.pop(root_b, None)
        self.parent[root_b] = root_a
        self.members[root_a] = both


@dataclass(frozen=True)
class Grouping:
    """What came of the links.

    Attributes:
        groups: sorted tuples of positions, only of two records or more, sorted.
        used: the links that joined two groups; as many as there are redundant records.
        refused: links that would bring together a pair that must stay apart, with that pair.
    """

    groups: tuple[tuple[int, ...], ...]
    used: tuple[Link, ...]
    refused: tuple[tuple[Link, tuple[int, int]], ...]


def group_links(n: int, links: Iterable[Link], apart: Sequence[tuple[int, int]] = ()) -> Grouping:
    """Join records by links, strongest first, so that a chain that must break does so at its weakest link.

    Arguments:
        n: number of records; positions run from 0 to n - 1.
        links: in any order.
        apart: pairs of positions that must not share a group, directly or by way of others.
    """
    groups = Groups(n)
    ordered = sorted(links)
    left, right = (np.array(ends, dtype=np.int64) for ends in ([k.a for k in ordered], [k.b for k in ordered]))
    home = components(n, left, right)
    for a, b in apart:
        if home[a] == home[b]:
            groups.keep_apart(a, b)
    used: list[Link] = []
    refused: list[tuple[Link, tuple[int, int]]] = []
    for link in ordered:
        if groups.root(link.a) == groups.root(link.b):
            continue
        obstacle = groups.obstacle(link.a, link.b)
        if obstacle is None:
            groups.join(link.a, link.b)
            used.append(link)
        else:
            refused.append((link, obstacle))
    found = sorted(tuple(sorted(m)) for m in groups.members.values() if len(m) > 1)
    return Grouping(tuple(found), tuple(used), tuple(refused))


def components(n: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return for each of n records which of the sets it is in that pairs make, directly or by way of others."""
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])
