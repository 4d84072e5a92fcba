"""What databases do to a record, drawn at random: copies are found again, and look-alikes are not taken for copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.literature.dedupe.deduplicate import deduplicate
from metareview.literature.records import Record

Change = Callable[[Record], Record]
ABSTRACT = (
    "We followed twelve thousand residents of renewed and other neighbourhoods in six cities for nine years and "
    "compared their health, moves and income. Health improved slightly where housing was rebuilt, not elsewhere."
)
WORKS = st.builds(
    lambda what, who, where, number, year, page: Record(
        record_id="work",
        title=f"{what} and the self-rated health of {who}: results of {number} surveys in {where}",
        authors=("Visser, Anna Maria", "de Boer, Jan", "Müller-Okafor, Chidi", "Ng, Kim"),
        year=year,
        journal="International Journal of Urban Policy",
        volume=str(year - 1990),
        number="3",
        pages=f"{page}-{page + 17}",
        doi=f"10.1000/ijup.{year}.{page}",
        abstract=ABSTRACT,
    ),
    st.sampled_from(["Neighbourhood renewal", "Housing vouchers", "Area-based subsidies"]),
    st.sampled_from(["women", "older residents", "non-working adults"]),
    st.sampled_from(["Rotterdam", "post-industrial cities", "Glasgow and Lyon"]),
    st.sampled_from(["two", "3", "seven"]),
    st.integers(1995, 2020),
    st.integers(101, 980),
)
COPIES: dict[str, Change] = {
    "capitals": lambda r: replace(r, title=r.title.upper()),
    "entities": lambda r: replace(r, title=f"<i>{r.title}</i>".replace("-", "&#8209;")),
    "full stop": lambda r: replace(r, title=f"{r.title}."),
    "remark": lambda r: replace(r, title=f"{r.title} [Review] [57 refs]"),
    "brackets": lambda r: replace(r, title=f"[{r.title}]."),
    "digits": lambda r: replace(r, title=r.title.replace("two", "2").replace("seven", "7")),
    "subtitle lost": lambda r: replace(r, title=r.title.split(":")[0]),
    "initials": lambda r: replace(r, authors=("Visser AM", "de Boer J", "Müller-Okafor C", "Ng K")),
    "given names first": lambda r: replace(
        r, authors=("Anna Maria Visser", "Jan de Boer", "Chidi Müller-Okafor", "K. Ng")
    ),
    "marks lost": lambda r: replace(r, authors=("Visser, A.", "De Boer, J.", "Muller-Okafor, C.", "Ng, K.")),
    "and others": lambda r: replace(r, authors=(*r.authors[:1], "et al.")),
    "abbreviated": lambda r: replace(r, journal="Int. J. Urban Pol."),
    "The": lambda r: replace(r, journal="The International Journal of Urban Policy (London, England)"),
    "first page": lambda r: replace(r, pages=f"pp. {r.pages[:3]}"),
    "issue lost": lambda r: replace(r, number=""),
    "online year": lambda r: replace(r, year=(r.year or 0) - 1),
    "DOI lost": lambda r: replace(r, doi=""),
    "DOI as address": lambda r: replace(r, doi=f"https://doi.org/{r.doi.upper()}" if r.doi else ""),
    "abstract lost": lambda r: replace(r, abstract=""),
    "abstract cut": lambda r: replace(r, abstract=r.abstract[:120]),
}
ELSEWHERE = {"doi": "", "abstract": ""}
OTHERS: dict[str, Change] = {
    "erratum": lambda r: replace(r, title=f"Erratum: {r.title}", pages="12", **ELSEWHERE),
    "erratum by place": lambda r: replace(
        r, title=f"{r.title} (vol {r.volume}, pg 9, {r.year})", pages="12", **ELSEWHERE
    ),
    "reply": lambda r: replace(r, title=f"{r.title}: reply", pages="12-13", **ELSEWHERE),
    "protocol": lambda r: replace(r, title=f"{r.title}: study protocol", volume="2", pages="7-19", **ELSEWHERE),
    "second part": lambda r: replace(r, title=f"{r.title}. II", pages="12-19", **ELSEWHERE),
    "other number": lambda r: replace(
        r, title=r.title.replace(" surveys", " 2012 surveys"), pages="12-19", **ELSEWHERE
    ),
    "preprint": lambda r: replace(
        r, journal="medRxiv", volume="", number="", pages="", doi="10.1101/2020.01.02.123456"
    ),
    "meeting": lambda r: replace(
        r, journal="2nd Conference on Cities and Health", volume="", number="", pages="12-19", **ELSEWHERE
    ),
    "meeting abstract": lambda r: replace(r, number="Suppl 1", pages="S52", **ELSEWHERE),
    "thesis": lambda r: replace(r, journal="", volume="", number="", pages="", type="THES", **ELSEWHERE),
    "edition": lambda r: replace(r, title=f"{r.title}, second edition", year=(r.year or 0) + 3, volume="", pages=""),
    "next year's": lambda r: replace(r, year=(r.year or 0) + 1, volume="77", pages="12-19", **ELSEWHERE),
    "men": lambda r: replace(
        r,
        title=r.title.replace("women", "men").replace("older", "younger").replace("non-working", "working"),
        pages="12-19",
        **ELSEWHERE,
    ),
}


def changed(record: Record, names: list[str], record_id: str) -> Record:
    for name in names:
        record = COPIES[name](record)
    return replace(record, record_id=record_id)


def some(names: set[str], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(names)), max_size=most, unique=True)


@settings(max_examples=250, deadline=None)
@given(WORKS, some(set(COPIES), 4), some(set(COPIES) - {"online year"}, 2))
def test_a_copy_as_databases_print_it_is_found(work: Record, one: list[str], two: list[str]) -> None:
    assert deduplicate([changed(work, one, "a"), changed(work, two, "b")]).clusters == (("a", "b"),)


@settings(max_examples=250, deadline=None)
@given(
    WORKS,
    st.sampled_from(sorted(OTHERS)),
    some(set(COPIES) - {"subtitle lost", "abbreviated", "The", "DOI lost", "DOI as address"}, 3),
    st.booleans(),
)
def test_a_look_alike_is_never_merged(work: Record, other: str, names: list[str], bridged: bool) -> None:
    records = [work, changed(OTHERS[other](work), names, "other")]
    if bridged:
        records.append(replace(work, record_id="bridge", volume="", number="", pages="", **ELSEWHERE))
    assert not any({"work", "other"} <= set(group) for group in deduplicate(records).clusters)
