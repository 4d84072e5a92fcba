"""What a cell may hold, and what is said of one that may not."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from codebook_cases import STUDY

from metareview.coding.codebook import CellError, parse_cell, to_cell
from metareview.protocol.models import Variable

REQUIRED = Variable(name="locator", required=True)


@pytest.mark.parametrize(
    ("variable", "raw", "value"),
    [
        ("country", "  Nederland ", "Nederland"),
        ("country", 2021, "2021"),
        ("country", None, None),
        ("country", "   ", None),
        ("notes", "one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("family", "greening", "greening"),
        ("partners", " police ;city; ", ["police", "city"]),
        ("sms_level", "3", 3),
        ("sms_level", 3.0, 3),
        ("sms_level", "3.0", 3),
        ("share", "0.25", 0.25),
        ("share", "2.5e-1", 0.25),
        ("share", 0, 0.0),
        ("blinded", True, True),
        ("blinded", 0, False),
        ("started", "2026-11-24", "2026-11-24"),
        ("started", datetime.datetime(2026, 11, 24, 13, 30), "2026-11-24"),
        ("started", datetime.date(2026, 11, 24), "2026-11-24"),
        ("country", datetime.datetime(2026, 11, 24), "2026-11-24"),
    ],
)
def test_a_cell_is_read_as_the_codebook_types_it(variable: str, raw: Any, value: Any) -> None:
    found = parse_cell(STUDY[variable], raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("word", ["1", "true", "TRUE", "Yes", "y", "x", "ja"])
def test_words_for_yes(word: str) -> None:
    assert parse_cell(STUDY["blinded"], word) is True


@pytest.mark.parametrize("word", ["0", "false", "False", "no", "N", "nee"])
def test_words_for_no(word: str) -> None:
    assert parse_cell(STUDY["blinded"], word) is False


@pytest.mark.parametrize(
    ("variable", "raw", "says"),
    [
        ("family", "", "is empty, but the codebook requires it"),
        ("family", "hotspots", "`hotspots` is not a category; did you mean `hot_spots`?"),
        ("family", "Greening", "did you mean `greening`?"),
        ("family", "cameras", "`cameras` is not a category; the codebook has hot_spots, street_lighting, greening"),
        ("partners", "police; citi", "`citi` is not a category; did you mean `city`?"),
        ("partners", ";", "`;` names no category"),
        ("sms_level", "three", "`three` is not a number"),
        ("sms_level", "3.5", "3.5 is not a whole number"),
        ("sms_level", "0", "0 is below 1, the lowest the codebook allows"),
        ("sms_level", "6", "6 is above 5, the highest the codebook allows"),
        ("share", "0,25", "`0,25` is not a number (use a point for decimals)"),
        ("share", "25%", "`25%` is not a number"),
        ("share", "1_0", "`1_0` is not a number"),
        ("share", "nan", "`nan` is not a finite number"),
        ("share", "inf", "`inf` is not a finite number"),
        ("blinded", "maybe", "`maybe` is neither yes nor no"),
        ("blinded", "2", "`2` is neither yes nor no"),
        ("started", "24-11-2026", "`24-11-2026` is not a date like 2026-11-24"),
        ("started", "2026-02-30", "is not a date"),
        ("notes", "page\x0bbreak", "holds the invisible character #x0b"),
    ],
)
def test_a_wrong_cell_says_why_and_what_is_allowed(variable: str, raw: str, says: str) -> None:
    with pytest.raises(CellError) as caught:
        parse_cell(STUDY[variable], raw)
    assert says in str(caught.value)
    assert ("(use a point" in str(caught.value)) == ("," in raw)


def test_a_required_cell_may_not_be_blank() -> None:
    for raw in (None, "", "  ", "\n"):
        with pytest.raises(CellError, match="is empty"):
            parse_cell(REQUIRED, raw)
    assert parse_cell(REQUIRED, 0) == "0"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""), (True, "yes"), (False, "no"), (["a", "b"], "a; b"), (("a",), "a"), (3, "3"), (3.0, "3"),
        (-0.5, "-0.5"), (1e300, "1e+300"), (0.1 + 0.2, "0.30000000000000004"), ("text", "text"),
    ],
)  # fmt: skip
def test_a_value_is_written_so_that_it_reads_back(value: Any, cell: str) -> None:
    assert to_cell(value) == cell


def test_whole_numbers_keep_every_digit() -> None:
    big = 9007199254740993  # the first that a float cannot hold
    assert parse_cell(Variable(name="n", type="integer"), to_cell(big)) == big
