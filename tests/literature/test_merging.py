"""What the copies of one work say together: each value with the rule that chose it and the line it is printed on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.literature.merging import FIELDS, RULES, Copy, MergedField, merge
from metareview.literature.printed import line_of
from metareview.literature.reading import read_records
from metareview.literature.records import Field, Record


def copies(*records: dict[str, object]) -> list[Copy]:
    """Copies called a, b, c, ... each of a source and export of its own."""
    return [Copy(Record(n, **r), f"source {n}", f"{n}.ris") for n, r in zip("abcdef", records, strict=False)]  # type: ignore[arg-type]


def merged(name: str, *values: object) -> MergedField | None:
    return merge(copies(*({name: v} for v in values)), "a").field(name)


LONG = "Lamps in six streets were replaced. Crime fell by a tenth."
CASES = [
    ("title", ("Lamps", "Brighter lamps"), "Lamps", "standing", "a"),
    ("title", ("", "Lamps", "Brighter lamps"), "Lamps", "filled", "b"),
    ("year", (None, 2014), 2014, "filled", "b"),
    ("abstract", ("", LONG), LONG, "filled", "b"),
    ("abstract", (LONG, "Lamps in six streets."), LONG, "standing", "a"),
    ("abstract", ("Lamps in six streets.", LONG), LONG, "longest", "b"),
    ("abstract", (LONG + " ...", "Lamps in six streets."), "Lamps in six streets.", "longest", "b"),
    ("abstract", (LONG + " (ABSTRACT TRUNCATED AT 250 WORDS)", LONG), LONG, "longest", "b"),
    ("abstract", ("Lamps …", "Lamps in six …"), "Lamps in six …", "cut_off", "b"),
    ("abstract", (LONG, LONG.replace(".", " .")), LONG, "standing", "a"),
    ("doi", ("", "10.1/x", "10.1/x"), "10.1/x", "agree", "bc"),
    ("doi", ("10.1/y", "10.1/x", "10.1/x"), "10.1/x", "majority", "bc"),
    ("doi", ("10.1/y", "10.1/x"), "", "disagree", ""),
    ("doi", ("10.1/y", "10.1/x", "10.1/y", "10.1/x"), "", "disagree", ""),
    ("journal", ("J Urban Aff", "Journal of Urban Affairs"), "Journal of Urban Affairs", "full_name", "b"),
    ("journal", ("Journal of Urban Affairs", "J Urban Aff"), "Journal of Urban Affairs", "standing", "a"),
    ("journal", ("Policing", "The Policing"), "Policing", "standing", "a"),
    ("journal", ("Urban Studies", "Journal of Quantitative Criminology"), "Urban Studies", "standing", "a"),
    ("authors", (("Berg, N.",), ("Berg, N.", "Aydin, S.")), ("Berg, N.", "Aydin, S."), "most_authors", "b"),
    ("authors", (("Berg, N.",), ("Berg, Nora",)), ("Berg, Nora",), "most_authors", "b"),
    ("authors", (("Berg, Nora",), ("Berg", "N.")), ("Berg, Nora",), "standing", "a"),
    ("pages", ("31", "31-38"), "31-38", "page_range", "b"),
    ("pages", ("31", "45-50"), "31", "standing", "a"),
    ("keywords", (("Lamps", "crime"), ("CRIME", "streets")), ("Lamps", "crime", "streets"), "united", "ab"),
    ("keywords", (("Lamps", "crime"), ("CRIME",)), ("Lamps", "crime"), "standing", "a"),
    ("keywords", ((), ("crime",)), ("crime",), "filled", "b"),
]


@pytest.mark.parametrize(("name", "values", "value", "rule", "from_"), CASES)
def test_each_rule(name: str, values: tuple[object, ...], value: object, rule: str, from_: str) -> None:
    field = merged(name, *values)
    assert field is not None
    assert (field.value, field.rule, "".join(g.record_id for g in field.given_by)) == (value, rule, from_)


def test_every_rule_is_shown_and_told() -> None:
    assert {case[3] for case in CASES} == set(RULES)


def test_other_values_are_kept_and_differences_are_more_than_typography() -> None:
    field = merged(
        "title", "Street lighting and crime", "Street Lighting and Crime.", "Lighting", "Street lighting and crime"
    )
    assert field is not None
    assert [g.record_id for g in field.given_by] == ["a", "d"]
    assert [(g.record_id, g.value) for g in field.others] == [("b", "Street Lighting and Crime."), ("c", "Lighting")]
    assert [g.record_id for g in field.differences] == ["c"]


def test_the_standing_record_is_named_and_must_be_there() -> None:
    two = copies({"title": "One"}, {"title": "Two"})
    assert merge(two, "b").record.title == "Two" and merge(two, "b").record_ids == ("b", "a")
    with pytest.raises(ValueError, match="no copy is called c"):
        merge(two, "c")


def test_values_are_walked_back_to_their_line(tmp_path: Path) -> None:
    first = "TY  - JOUR\nAU  - Berg, N.\nTI  - Lamps &amp; crime\nPY  - 2014\nVL  - 4\nIS  - 4\nSP  - 31\nEP  - 38\nER  - \n"
    second = (
        "\nTY  - JOUR\nTI  - Lamps & crime\nAB  - Six streets\nhad new lamps.\nLA  - eng\nKW  - lamps\nKW  - crime\n"
    )
    path = tmp_path / "two.ris"
    path.write_text(first + second + "DO  - https://doi.org/10.5555/LAMPS\nER  - \n", encoding="utf-8")
    records = read_records(path, "x").records
    found = merge([Copy(r, "alpha", "two.ris") for r in records], "x:0001")
    lines = {f.name: f.given_by[0].line for f in found.fields}
    assert lines == {
        "title": 3, "authors": 2, "year": 4, "volume": 5, "number": 6, "pages": 7, "type": 1,
        "abstract": 13, "language": 15, "keywords": 16, "doi": 18,
    }  # fmt: skip
    assert str(found.field("abstract").given_by[0]) == "x:0002 (alpha), two.ris line 13"  # type: ignore[union-attr]
    assert found.record.line == 1 and found.record.raw == records[0].raw
    assert {f.name for f in found.borrowed} == {"abstract", "language", "keywords", "doi"}


def test_the_headings_of_a_table_and_the_tags_of_other_formats_are_known() -> None:
    table = (Field("Authors", "Berg N.", 2), Field("Year", "2014", 3), Field("Volume", "4", 4), Field("Issue", "4", 5))
    values = {"authors": ("Berg, N.",), "year": 2014, "volume": "4", "number": "4", "pages": "7-9"}
    record = Record("a", line=2, raw=(*table, Field("Page start", "7", 6)), **values)  # type: ignore[arg-type]
    assert [line_of(record, name) for name in values] == [2, 3, 4, 5, 6]
    endnote = Record("a", volume="4", number="4", raw=(Field("%N", "4", 8), Field("%V", "4", 9)))
    assert (line_of(endnote, "volume"), line_of(endnote, "number")) == (9, 8)


def test_a_value_that_is_not_found_leads_to_its_record() -> None:
    assert line_of(Record("a", volume="4", line=7, raw=(Field("AB", "4 lamps", 9),)), "volume") == 7
    assert line_of(Record("a", title="Lamps", line=7), "title") == 7
    assert line_of(Record("a", language="", line=7), "language") == 7


def test_results_have_a_frame_json_and_a_short_repr() -> None:
    found = merge(copies({"title": "One", "year": 2014}, {"title": "Two", "year": 2014, "authors": ("Berg, N.",)}), "a")
    assert repr(found) == "MergedRecord(a, 2 copies, 1 fields differ)"
    told = found.to_dict()
    assert told["record_ids"] == ["a", "b"]
    assert told["fields"]["authors"]["given_by"] == [
        {"record": "b", "source": "source b", "file": "b.ris", "line": 0, "value": ["Berg, N."]}
    ]
    frame = found.to_frame()
    assert frame[frame.field == "title"].taken.tolist() == [True, False] and len(frame) == 5


_TEXT = st.sampled_from(["", "Lamps", "lamps.", "Lamps and crime", "Journal of Lamps", "J Lamps", "Lamps ..."])
_RECORD = st.fixed_dictionaries(
    {
        "title": _TEXT, "journal": _TEXT, "abstract": _TEXT, "url": _TEXT,
        "doi": st.sampled_from(["", "10.1/x", "10.1/y"]),
        "year": st.sampled_from([None, 2013, 2014]), "pages": st.sampled_from(["", "3", "3-9", "4-9"]),
        "authors": st.lists(st.sampled_from(["Berg, N.", "Aydin, Sema", "B."]), max_size=3).map(tuple),
        "keywords": st.lists(st.sampled_from(["lamps", "Lamps", "crime"]), max_size=3).map(tuple),
    }
)  # fmt: skip


@given(st.lists(_RECORD, min_size=1, max_size=4), st.randoms())
def test_no_order_matters_no_value_is_made_up_and_none_is_lost(
    records: list[dict[str, object]], random: object
) -> None:
    given_copies = copies(*records)
    found = merge(given_copies, "a")
    shuffled = list(given_copies)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled, "a") == found
    for name in FIELDS:
        values = {c.record.record_id: getattr(c.record, name) for c in given_copies if getattr(c.record, name)}
        field = found.field(name)
        assert (field is None) == (not values)
        if field is None:
            assert getattr(found.record, name) == getattr(Record("a"), name)
            continue
        assert field.value == getattr(found.record, name)
        if name == "keywords":
            words = {w.casefold() for v in values.values() for w in v}
            assert {w.casefold() for w in field.value} == words
            continue
        told = {g.record_id: g.value for g in (*field.given_by, *field.others)}
        assert told == values and {g.value for g in field.given_by} <= {field.value}
        assert bool(field.given_by) == (field.rule != "disagree") and field.value not in {g.value for g in field.others}
    if len(records) == 1:
        assert found.record == given_copies[0].record
