"""What changed since a protocol was registered, value by value."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.journal.events import Event
from metareview.protocol.loading import protocol_hash
from metareview.protocol.registration import REGISTERED, Change, Registration, amendments, difference, registrations

TEMPLATE = files("metareview.protocol").joinpath("template.yaml").read_text(encoding="utf-8")


def registered(text: str, date: str = "2026-11-01", reason: str = "") -> Registration:
    return Registration(date, "Reviewer One", protocol_hash(text), "1.0", reason, text)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("phi: 1\n", "phi: 2\n", Change("effects.phi", 1, 2)),
        ("test: knha", "test: z", Change("analyses[crime].test", "knha", "z")),
        ("    subgroup: family\n", "", Change("analyses[crime].subgroup", "family", None)),
        ("    subgroup: family\n", "    subgroup: family\n    level: 0.9\n", Change("analyses[crime].level", None, 0.9)),
        ("categories: [target, adjacent]", "categories: [target]",
         Change("codebook.effect[area_role].categories", ["target", "adjacent"], ["target"])),
        ("stages: [fulltext]", "stages: [title]",
         Change("exclusion_reasons[duplicate_study].stages", ["fulltext"], ["title"])),
        ("Process evaluations and syntheses", "Processes",
         Change("eligibility.strands[B].label", "Process evaluations and syntheses", "Processes")),
    ],
)  # fmt: skip
def test_a_changed_added_or_removed_value_is_named(old: str, new: str, change: Change) -> None:
    assert TEMPLATE.count(old) == 1
    assert difference(TEMPLATE, TEMPLATE.replace(old, new)) == (change,)


def test_a_removed_item_lists_its_values_and_leaves_the_others_alone() -> None:
    line = "  - {code: not_empirical, label: Not empirical}\n"
    changes = difference(TEMPLATE, TEMPLATE.replace(line, ""))
    assert {c.where for c in changes} == {
        "exclusion_reasons[not_empirical].code",
        "exclusion_reasons[not_empirical].label",
    }
    assert all(c.after is None for c in changes)
    assert {c.before for c in difference(TEMPLATE.replace(line, ""), TEMPLATE)} == {None}


def test_comments_order_of_keys_and_style_are_no_change() -> None:
    assert difference(TEMPLATE, "# one more line\n" + TEMPLATE) == ()
    assert difference("a: 1\nb: [x, y]\n", "b:\n  - x\n  - y\na: 1  # one\n") == ()
    assert difference("a: 1\n", 'a: "1"\n') == (Change("a", 1, "1"),)


def test_amendments_follow_the_registered_versions() -> None:
    second = TEMPLATE.replace("phi: 1\n", "phi: 2\n")
    third = second.replace("test: knha", "test: z")
    known = [
        registered(TEMPLATE),
        registered(second, "2026-11-08", "counts vary"),
        registered(third, "2026-11-09", "few"),
    ]
    found = amendments(known, third)
    assert [(a.number, a.date, a.reason, a.registered) for a in found] == [
        (1, "2026-11-08", "counts vary", True),
        (2, "2026-11-09", "few", True),
    ]
    assert [a.changes for a in found] == [
        (Change("effects.phi", 1, 2),),
        (Change("analyses[crime].test", "knha", "z"),),
    ]


def test_a_change_not_yet_registered_is_the_last_amendment() -> None:
    now = TEMPLATE.replace("phi: 1\n", "phi: 2\n")
    (last,) = amendments([registered(TEMPLATE)], now)
    assert (last.number, last.date, last.person, last.reason, last.registered) == (1, "", "", "", False)
    assert last.changes == (Change("effects.phi", 1, 2),)


def test_nothing_registered_or_nothing_changed_is_no_amendment() -> None:
    assert amendments([], TEMPLATE) == []
    assert amendments([registered(TEMPLATE)], TEMPLATE) == []
    assert amendments([registered(TEMPLATE)], TEMPLATE.replace("\n", "\r\n")) == []


def test_a_comment_added_is_told_as_another_text_with_no_value_changed() -> None:
    (last,) = amendments([registered(TEMPLATE)], "# one more line\n" + TEMPLATE)
    assert (last.registered, last.changes) == (False, ())


def test_registrations_are_read_from_the_journal() -> None:
    data = {
        "sha256": "f" * 64,
        "date": "2026-11-01",
        "version": "1.0",
        "reason": "",
        "text": "title: a\n",
        "by": "Anna",
    }
    event = Event(1, 1, "anna", "laptop", "2026-11-01T09:30:00Z", REGISTERED, data)
    other = Event(2, 2, "anna", "laptop", "2026-11-01T09:31:00Z", "screening.voted", {})
    assert registrations([event, other]) == [Registration("2026-11-01", "Anna", "f" * 64, "1.0", "", "title: a\n")]


scalars = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii", categories=["L", "N"]))
names = st.text("abcde", min_size=1, max_size=3)
plans = st.dictionaries(names, scalars | st.dictionaries(names, scalars, min_size=1, max_size=3), max_size=4)


@given(plans, plans)
def test_a_difference_reads_the_same_both_ways(before: dict[str, Any], after: dict[str, Any]) -> None:
    import yaml

    old, new = yaml.safe_dump(before), yaml.safe_dump(after)
    there, back = difference(old, new), difference(new, old)
    assert {(c.where, c.before, c.after) for c in there} == {(c.where, c.after, c.before) for c in back}
    assert difference(old, old) == ()
    touched = {c.where.split(".")[0] for c in there}
    assert touched <= {*before, *after}
