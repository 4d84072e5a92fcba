from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.errors import USAGE, MetareviewError
from metareview.journal.drafts import Draft, check_draft, place_draft, utc_text
from metareview.journal.events import NO_PREVIOUS, Event, LineError, encode, parse
from metareview.journal.names import slug, this_computer
from metareview.journal.writing import append

EVENT = Event(
    1, 1, "anna", "laptop", "2026-11-01T09:30:00Z", "screening.vote", {"b": "é", "a": [1, None]}, ("bo/pc:2",)
)
LINE = (
    '{"v":1,"seq":1,"clock":1,"person":"anna","computer":"laptop","time":"2026-11-01T09:30:00Z",'
    '"kind":"screening.vote","data":{"a":[1,null],"b":"é"},"replaces":["bo/pc:2"],"prev":"' + "0" * 64 + '"'
)
text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


def test_a_line_is_the_envelope_in_order_and_its_hash_covers_all_before_it() -> None:
    body = LINE + "}"
    digest = hashlib.sha256(body.encode()).hexdigest()
    assert encode(EVENT).decode() == f'{LINE},"hash":"{digest}"}}'
    assert digest == EVENT.hash
    assert parse(encode(EVENT)) == EVENT
    assert EVENT.id == "anna/laptop:1"


def test_the_file_is_utf8_lines_chained_by_the_bytes_of_the_line_before(folder: Path) -> None:
    for word in ("één", "twee\nregels\u2028", "drie"):
        append(folder, "Anna de Vries", "Lap Top", "screening.vote", {"word": word})
    content = (folder / "anna-de-vries" / "lap-top.jsonl").read_bytes()
    *lines, rest = content.split(b"\n")
    assert rest == b"" and b"\r" not in content and "één".encode() in content
    found = [json.loads(line) for line in lines]
    keys = ["v", "seq", "clock", "person", "computer", "time", "kind", "data", "replaces", "prev", "hash"]
    assert all(list(one) == keys for one in found)
    assert [one["seq"] for one in found] == [1, 2, 3]
    expected = [NO_PREVIOUS, *(hashlib.sha256(line).hexdigest() for line in lines[:-1])]
    assert [one["prev"] for one in found] == expected
    assert found[1]["data"] == {"word": "twee\nregels\u2028"}


@settings(deadline=None)
@given(st.dictionaries(text, values, max_size=4))
def test_any_json_data_reads_back_as_written(data: dict[str, Any]) -> None:
    event = place_draft(Draft("coding.value", data), 1, 1, "anna", "laptop", NO_PREVIOUS)
    line = encode(event)
    assert b"\n" not in line
    assert parse(line) == event and event.data == data


@pytest.mark.parametrize(
    "draft",
    [
        Draft("vote", {}),
        Draft("Screening.vote", {}),
        Draft("screening.vote", {"when": datetime(2026, 1, 1, tzinfo=UTC)}),
        Draft("screening.vote", {"score": float("nan")}),
        Draft("screening.vote", {"half": "\ud800"}),
        Draft("screening.vote", {1: "a"}),  # type: ignore[dict-item]
        Draft("screening.vote", {"deep": [{2: "b"}]}),
        Draft("screening.vote", {}, ["anna/laptop"]),
        Draft("screening.vote", {}, "anna/laptop:1"),
        Draft("screening.vote", {}, (), "yesterday"),
        Draft("screening.vote", {}, (), datetime(2026, 1, 1)),
    ],
)
def test_a_draft_that_would_not_read_back_is_refused_before_anything_is_written(draft: Draft, folder: Path) -> None:
    with pytest.raises(MetareviewError) as caught:
        check_draft(draft)
    assert caught.value.exit_code == USAGE and caught.value.hint
    with pytest.raises(MetareviewError):
        append(folder, "anna", "laptop", draft.kind, draft.data, draft.replaces, draft.time)
    assert not folder.exists()


def test_times_are_told_in_utc_seconds() -> None:
    assert utc_text("2026-11-01T10:30:00+01:00") == "2026-11-01T09:30:00Z"
    assert utc_text("2026-11-01T09:30:00Z") == "2026-11-01T09:30:00Z"
    assert utc_text(datetime(2026, 1, 1, 0, 0, 0, 999, timezone(timedelta(hours=-5)))) == "2026-01-01T05:00:00Z"
    assert len(utc_text(None)) == 20


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"", "unreadable"),
        (b"<<<<<<< HEAD", "unreadable"),
        (b"\xff{}", "unreadable"),
        (b'{"v":1,"seq":NaN}', "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b"[1]", "not an object"),
        (b'{"seq":1}', "version"),
        (b'{"v":true}', "version"),
        (b'{"v":2}', "version"),
        (b'{"v":1,"seq":1}', "envelope"),
        (encode(EVENT).replace(b'"seq":1', b'"seq":"1"'), "envelope"),
        (encode(EVENT).replace(b'"clock":1', b'"clock":0'), "envelope"),
        (encode(EVENT).replace(b'["bo/pc:2"]', b"[2]"), "envelope"),
        (encode(EVENT).replace(b'"v":1', b'"v":1,"x":1'), "envelope"),
    ],
)
def test_a_line_that_is_no_event_says_why(line: bytes, what: str) -> None:
    with pytest.raises(LineError) as caught:
        parse(line)
    assert caught.value.what == what


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anna de Vries", "anna-de-vries"),
        ("  José  Ángel_Núñez ", "jose-angel-nunez"),
        ("Søren Łukasz Weiß", "soren-lukasz-weiss"),
        ("mac.local", "mac-local"),
        ("../../etc", "etc"),
        ("王伟", "u738bu4f1f"),
    ],
)
def test_slugs_are_safe_names_and_their_own_slug(name: str, expected: str) -> None:
    assert slug(name) == expected
    assert slug(expected) == expected


def test_a_name_without_letters_is_refused() -> None:
    with pytest.raises(MetareviewError, match="no letter or digit"):
        slug(" -- ")


def test_the_computer_is_named_by_the_variable_else_by_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METAREVIEW_COMPUTER", "Desk 2")
    assert this_computer() == "desk-2"
    monkeypatch.setenv("METAREVIEW_COMPUTER", "")
    monkeypatch.setattr("socket.gethostname", lambda: "Lab-PC.example.org")
    assert this_computer() == "lab-pc-example-org"
