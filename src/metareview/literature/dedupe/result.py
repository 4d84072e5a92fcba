"""What deduplication found: groups, the rule behind each merge, and the pairs left to a person."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True, order=True)
class Merge:
    """Two records that were joined, and why.

    Attributes:
        record_a, record_b: record ids.
        rule: name of the rule, or `decided` for a person's decision.
        reason: the rule in a sentence.
        similarity: what was alike: likenesses from 0 to 1, signs (1 agree, -1 differ), difference in years.
    """

    record_a: str
    record_b: str
    rule: str
    reason: str
    similarity: dict[str, float] = field(compare=False)


@dataclass(frozen=True, order=True)
class Unsure:
    """Two records for a person to judge, with the rule that is unsure, the reason, and what was alike."""

    record_a: str
    record_b: str
    rule: str
    why: str
    similarity: dict[str, float] = field(compare=False)


@dataclass(frozen=True, repr=False)
class DedupeResult:
    """The outcome of deduplication.

    Attributes:
        clusters: record ids of each group of two or more records that are the same publication, sorted.
        merges: the links that made the groups, one fewer than records in each group.
        unsure: pairs for a person, one for each two groups or records in question.
        kept: the ids of one record of each publication.
        record_ids: the ids of all records.
    """

    clusters: tuple[tuple[str, ...], ...]
    merges: tuple[Merge, ...]
    unsure: tuple[Unsure, ...]
    kept: tuple[str, ...]
    record_ids: tuple[str, ...]

    @property
    def n_duplicates(self) -> int:
        """Return how many records are redundant copies."""
        return len(self.record_ids) - len(self.kept)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each record: `record_id`, `cluster` (id of the copy kept) and `kept`."""
        kept = set(self.kept)
        cluster = {i: i for i in self.record_ids}
        for group in self.clusters:
            cluster.update(dict.fromkeys(group, next(i for i in group if i in kept)))
        rows = [(i, cluster[i], i in kept) for i in self.record_ids]
        return pd.DataFrame(rows, columns=["record_id", "cluster", "kept"])

    def __repr__(self) -> str:
        return (
            f"DedupeResult({len(self.record_ids)} records, {len(self.clusters)} groups, "
            f"{self.n_duplicates} duplicates, {len(self.unsure)} unsure)"
        )

    def _repr_html_(self) -> str:
        counts = pd.Series([m.rule for m in self.merges], dtype=object).value_counts().sort_index()
        rows = "".join(f"<tr><td>{html.escape(str(k))}</td><td>{v}</td></tr>" for k, v in counts.items())
        pairs = "".join(
            f"<tr><td>{html.escape(u.record_a)}</td><td>{html.escape(u.record_b)}</td><td>{html.escape(u.why)}</td></tr>"
            for u in self.unsure[:20]
        )
        unsure = (
            f"<table><tr><th>record</th><th>record</th><th>unsure because</th></tr>{pairs}</table>" if pairs else ""
        )
        merges = f"<table><tr><th>rule</th><th>merges</th></tr>{rows}</table>"
        return f"<p>{html.escape(repr(self))}</p>{merges}{unsure}"
