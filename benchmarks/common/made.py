"""Made-up records with a truth: Zipf journals and surnames, families of like titles, copies by other databases.

The word lists are our own, every draw comes from one seed, and `work` says which records are one publication.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from random import Random

from common import wordlists as w
from common.corruption import Row, corrupted

COLUMNS = (
    "record_id", "work", "title", "author", "year", "journal", "volume", "number", "pages", "doi", "abstract", "isbn",
)  # fmt: skip
DUPLICATES = 0.3
_TERMS, _NAMES = 20_000, 30_000


class Zipf:
    """Draws from a list, the first often, the last rarely."""

    def __init__(self, values: list[str], power: float = 1.0) -> None:
        self.values = values
        self.weights = list(accumulate(1 / (rank + 2) ** power for rank in range(len(values))))

    def draw(self, rng: Random, k: int = 1) -> list[str]:
        return rng.choices(self.values, cum_weights=self.weights, k=k)


class Maker:
    """Makes works one after the other; each is a list of the records that describe it."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = rng = Random(seed)
        self.terms = Zipf([_spelled(rng, 2, 4) for _ in range(_TERMS)], 0.7)
        names = [_spelled(rng, 2, 3).title() for _ in range(_NAMES)]
        self.surnames = Zipf([*w.SURNAMES, *names], 0.75)
        journals = [
            f"{h} {s} {t}".strip() for h in w.JOURNAL_HEADS for s in w.JOURNAL_SUBJECTS for t in w.JOURNAL_TAILS
        ]
        rng.shuffle(journals)
        self.journals = Zipf(journals, 0.9)
        self.prose = Zipf([*w.ABSTRACT_WORDS, *self.terms.values[:3000]], 0.9)
        self.count = 0

    def title(self) -> str:
        rng = self.rng
        a, b, c = self.terms.draw(rng, 3)
        head = f"{rng.choice(w.OPENINGS)} {a} {rng.choice(w.SUBJECTS)}"
        text = f"{head} on {b} {rng.choice(w.OUTCOMES)} in {c} {rng.choice(w.POPULATIONS)}"
        kind = rng.random()
        if kind < 0.12:
            return rng.choice((f"{head} and {b}", f"{a.title()} {b} and {rng.choice(w.OUTCOMES)}", f"Editorial: {a}"))
        return f"{text}: {rng.choice(w.DESIGNS)}" if kind < 0.5 else text

    def authors(self) -> str:
        rng = self.rng
        k = min(1 + int(rng.expovariate(0.35)), 12)
        firsts = (f"{rng.choice(_FIRST)} {chr(65 + rng.randrange(26))}" for _ in range(k))
        return "; ".join(f"{last}, {first}" for last, first in zip(self.surnames.draw(rng, k), firsts, strict=True))

    def work(self) -> Row:
        rng = self.rng
        self.count += 1
        year, first = 2025 - min(int(rng.expovariate(0.1)), 45), 1 + int(rng.expovariate(1 / 500))
        journal = self.journals.draw(rng)[0]
        volume = year - 1950 - len(journal) % 30
        return {
            "title": self.title(), "author": self.authors(), "year": str(year), "journal": journal,
            "volume": str(volume), "number": str(rng.randrange(1, 13)), "pages": f"{first}-{first + rng.randrange(2, 20)}",
            "doi": f"10.{1000 + len(journal)}/j.{journal[:2].lower()}.{year}.{self.count:07d}" if rng.random() < 0.8 else "",
            "abstract": self.abstract() if rng.random() < 0.6 else "", "isbn": "",
        }  # fmt: skip

    def abstract(self) -> str:
        words = self.prose.draw(self.rng, self.rng.randrange(60, 130))
        return f"Background: {' '.join(words[:30])}. Results: {' '.join(words[30:])}."

    def family(self) -> list[Row]:
        """Return works that are alike and yet not the same: parts, yearly reports, editions, errata, replies."""
        rng, one = self.rng, self.work()
        following = [dict(one) for _ in range(rng.randrange(1, 4))]
        kind = rng.randrange(4)
        for step, other in enumerate(following, start=2):
            other["pages"], other["doi"] = str(int(one["pages"].split("-")[0]) + 40 * step), ""
            other["abstract"] = self.abstract() if one["abstract"] else ""
            if kind == 0:
                other["title"] += f": part {step}"
            elif kind == 1:
                other["title"] += f" {2000 + step}"
                other["year"], other["volume"] = str(int(one["year"]) + step), str(int(one["volume"]) + step)
            elif kind == 2:
                other["title"] = f"{rng.choice(('Erratum', 'Correction to', 'Comment on', 'Reply to'))}: {one['title']}"
            else:
                other["title"] = one["title"].replace(" in ", f" in {self.terms.draw(rng)[0]} ", 1)
                other["volume"] = str(int(one["volume"]) + step)
        return [one, *following]

    def rows(self, n: int) -> Iterator[Row]:
        """Yield n records; about 30 in 100 are copies of one that came before, 4 in 100 of a family."""
        made = 0
        while made < n:
            for work in self.family() if self.rng.random() < 0.02 else [self.work()]:
                name = f"w{self.count:07d}-{made}"
                copies = self.rng.choices((0, 1, 2, 3), (0.72, 0.17, 0.07, 0.04))[0]
                for row in (work, *(corrupted(work, self.rng) for _ in range(copies))):
                    if made < n:
                        yield {"record_id": "", "work": name, **row}
                        made += 1


def write(path: Path, n: int, seed: int = 1) -> None:
    """Write n records, copies after their originals; their ids, by which they are taken in order, tell nothing."""
    maker = Maker(seed)
    order = Random(seed + 1)
    ids = list(range(n))
    order.shuffle(ids)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, COLUMNS)
        out.writeheader()
        for number, row in zip(ids, maker.rows(n), strict=True):
            row["record_id"] = f"r{number:07d}"
            out.writerow(row)


def _spelled(rng: Random, least: int, most: int) -> str:
    return "".join(rng.choices(w.SYLLABLES, k=rng.randrange(least, most + 1)))


_FIRST = (
    "Anna",
    "Wei",
    "John",
    "Maria",
    "Kofi",
    "Jan",
    "Sofia",
    "Omar",
    "Yuki",
    "Lars",
    "Priya",
    "Elena",
    "Hugo",
    "Ines",
)
