"""What differs between two values is marked in the value, and a sign says how they compare; no colour is needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from metareview.tui.differences import STYLE, compare


def marked(text: Text) -> list[str]:
    """The parts of a text that are in bold and underlined."""
    return [text.plain[span.start : span.end] for span in text.spans if span.style == STYLE]


@pytest.mark.parametrize(
    ("a", "b", "sign", "only_a", "only_b"),
    [
        ("Lamps and crime", "Lamps and crime", "=", [], []),
        ("", "", "=", [], []),
        ("Lamps and crime", "Lamps and Crime.", "~", [], []),
        ("10.5555/lamps", "10.5555/LAMPS", "~", [], []),
        ("Lamps", "", "·", [], []),
        ("Lamps and crime", "Lamps and theft", "≠", ["crime"], ["theft"]),
        ("Lamps in six streets", "Lamps in streets", "≠", ["six"], []),
        ("Lamps, and crime", "lamps and theft and crime", "≠", [], ["theft and"]),
        ("2017", "2018", "≠", ["7"], ["8"]),
        ("10.1/abc", "10.1/abd.v2", "≠", ["c"], ["d.v2"]),
        ("101", "1011", "≠", [], ["1"]),
        ("Places", "Policing Streets", "≠", ["Places"], ["Policing Streets"]),
    ],
)
def test_what_differs_is_marked(a: str, b: str, sign: str, only_a: list[str], only_b: list[str]) -> None:
    first, found, second = compare(a, b)
    assert (first.plain, found, second.plain) == (a, sign, b)
    assert [m for m in marked(first) if m] == only_a and [m for m in marked(second) if m] == only_b


_TEXT = st.lists(st.sampled_from(["Lamps", "lamps", "crime", "crime.", "–", "10.1/x"]), max_size=5).map(" ".join)


@given(_TEXT, _TEXT)
def test_no_word_is_lost_and_both_ways_agree(a: str, b: str) -> None:
    first, sign, second = compare(a, b)
    assert (first.plain, second.plain) == (a, b)
    assert compare(b, a)[1] == sign and (sign == "=") == (a == b)
    assert (sign == "≠") >= bool([m for m in (*marked(first), *marked(second)) if m])
