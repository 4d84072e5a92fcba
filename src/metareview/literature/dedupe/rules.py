"""The rules that join two records, keep them apart, or ask a person; each with a reason one can read.

A rule is data: a name, a kind, a reason, and a test on all pairs at once. Rules are tried in order within
their kind. `never` goes before `sure`, `sure` before `unsure`. What no rule names stays apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metareview.literature.dedupe import agreements as agree
from metareview.literature.dedupe.agreements import Mask
from metareview.literature.dedupe.compare import Pairs

Kind = Literal["never", "sure", "unsure"]
Strictness = Literal["default", "doi", "exact"]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: short and stable, kept with every merge.
        kind: `never` (kept apart, also by way of a third record), `sure` (joined) or `unsure` (shown to a
            person).
        reason: one sentence for a person.
        test: pairs of length m to a mask of length m.
        bars: for `unsure` only: the pair is also kept apart by way of a third record until a person decides.
    """

    name: str
    kind: Kind
    reason: str
    test: Callable[[Pairs], Mask]
    bars: bool = False


NEVER = (
    Rule(
        "notice",
        "never",
        "One is an erratum, comment, reply, review of, or protocol of the other.",
        agree.about_another,
    ),
    Rule("other_part", "never", "The titles differ in a number, part, year or edition.", agree.other_part),
    Rule("other_place", "never", "Both volume and first page differ.", agree.other_place),
)
SURE = (
    Rule("same_doi", "sure", "The DOI is the same and so is the title.", agree.same_doi),
    Rule("same_citation", "sure", "Title, authors, volume and first page are the same.", agree.same_citation),
    Rule(
        "same_pages",
        "sure",
        "Authors, journal, volume, first and last page are the same, and the titles nearly.",
        agree.same_pages,
    ),
    Rule("same_page", "sure", "Title, authors, journal, year and first page are the same.", agree.same_page),
    Rule(
        "same_volume",
        "sure",
        "Title, authors, journal and volume are the same; no page to compare.",
        agree.same_volume,
    ),
    Rule(
        "same_abstract",
        "sure",
        "Title, authors and abstract are the same and nothing differs.",
        agree.same_abstract,
    ),
    Rule(
        "same_text",
        "sure",
        "Title, authors, journal and abstract are the same; a volume or page is mistaken.",
        agree.same_text,
    ),
    Rule(
        "second_doi",
        "sure",
        "Only the DOIs differ: one is mistaken, or the publisher gave another.",
        agree.second_doi,
    ),
    Rule(
        "same_issue",
        "sure",
        "Title, authors, journal, volume and issue are the same; a page is mistaken.",
        agree.same_issue,
    ),
    Rule("same_thesis", "sure", "Both are the thesis of this author, title and year.", agree.same_thesis),
    Rule(
        "same_high_page",
        "sure",
        "Title, authors, year and a high page number are the same; the venue is named in two ways.",
        agree.same_high_page,
    ),
    Rule(
        "online_this_year",
        "sure",
        "The same article of one year, in one record without a volume and pages.",
        agree.online_this_year,
    ),
    Rule(
        "online_first",
        "sure",
        "The same article, in one record before it got a volume and pages.",
        agree.online_first,
    ),
    Rule(
        "same_known",
        "sure",
        "Title, authors, year and venue are the same and nothing differs.",
        agree.same_everything_known,
    ),
)
EXACT = Rule("exact", "sure", "Title, authors, year, journal, volume and first page are identical.", agree.exact)


UNSURE = (
    Rule(
        "doi_other_number",
        "unsure",
        "The DOI is the same, but the titles differ in a number or part.",
        lambda x: (x.doi > 0) & (x.title >= 0.8) & ((x.title_numbers < 0) | (x.extra < 0)),
        bars=True,
    ),
    Rule(
        "doi_other_page",
        "unsure",
        "The DOI is the same, but neither page nor abstract: two items of one supplement.",
        lambda x: (x.doi > 0) & (x.page < 0) & (x.abstract < 0.7) & (x.title >= 0.9),
        bars=True,
    ),
    Rule(
        "doi_other_title",
        "unsure",
        "The DOI is the same, but not the title: chapters of a book, or a mistaken DOI.",
        lambda x: (x.doi > 0) & (x.title < 0.9) & (x.authors >= 0.5),
    ),
    Rule(
        "other_number",
        "unsure",
        "Authors, volume and first page are the same, but the titles differ in a number.",
        lambda x: agree.alike(x) & (x.volume > 0) & (x.page > 0) & (x.title_numbers < 0),
    ),
    Rule(
        "preprint",
        "unsure",
        "One is a preprint, the other the published article.",
        lambda x: agree.alike(x) & x.preprint & (x.title_numbers >= 0) & agree.within(x, 4),
        bars=True,
    ),
    Rule(
        "thesis",
        "unsure",
        "One is a thesis, the other perhaps its abstract or article.",
        lambda x: agree.alike(x) & x.thesis & (x.title_numbers >= 0),
        bars=True,
    ),
    Rule(
        "edition",
        "unsure",
        "One title names an edition, part or year that the other lacks.",
        lambda x: agree.alike(x) & (x.extra < 0) & ((x.year <= 5) | np.isnan(x.year)),
        bars=True,
    ),
    Rule(
        "other_isbn",
        "unsure",
        "The ISBNs differ: perhaps another edition of the book.",
        lambda x: agree.alike(x) & (x.isbn < 0) & (x.title >= 0.95),
        bars=True,
    ),
    Rule(
        "other_doi",
        "unsure",
        "Title and authors are alike, but the DOIs differ: versions, or a mistaken DOI.",
        lambda x: agree.alike(x) & (x.doi < 0) & (x.title >= 0.95) & agree.within(x, 2),
        bars=True,
    ),
    Rule(
        "other_venue",
        "unsure",
        "Title and authors are alike, but the venues differ: a meeting abstract, or a reprint.",
        lambda x: agree.alike(x) & (x.journal < 0) & (x.title >= 0.95) & agree.within(x, 4),
        bars=True,
    ),
    Rule(
        "other_page",
        "unsure",
        "Title and authors are alike, but volume or first page differ: perhaps an abstract of the article.",
        lambda x: (
            agree.alike(x)
            & (x.title >= 0.95)
            & ((x.volume < 0) | (x.page < 0))
            & agree.within(x, 3)
            & (x.title_numbers >= 0)
        ),
        bars=True,
    ),
    Rule(
        "same_place",
        "unsure",
        "Authors, volume and first page are the same, but not the title: perhaps a translation.",
        agree.same_place,
    ),
    Rule(
        "alike",
        "unsure",
        "Title and authors are alike, but too little agrees to be sure.",
        lambda x: (
            agree.alike(x)
            & ((x.title >= 0.95) | (x.abstract >= 0.85) | ((x.extra > 0) & (x.journal > 0) & (x.short >= 6)))
            & agree.within(x, 3)
            & (x.title_numbers >= 0)
        ),
    ),
)


def rules_for(strictness: Strictness) -> tuple[Rule, ...]:
    """Return the rules of a strictness: `default` all, `doi` equal DOIs, `exact` identical records."""
    sure: dict[str, tuple[Rule, ...]] = {"default": SURE, "doi": SURE[:1], "exact": (EXACT,)}
    unsure = UNSURE if strictness == "default" else ()
    return NEVER + sure[strictness] + unsure


def verdicts(x: Pairs, rules: tuple[Rule, ...]) -> NDArray[np.int64]:
    """Return for each pair the position of the first rule that names it, or -1.

    A likeness that is missing (NaN) passes no threshold, so what is not known never counts as agreement.
    """
    found = np.full(len(x), -1, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        for at, rule in enumerate(rules):
            found[(found < 0) & rule.test(x)] = at
    return found
