"""No text at all breaks the reading of a tagged format or loses a line of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metareview.literature.formats.format import Account, Entry
from metareview.literature.formats.registry import formats
from metareview.literature.reading import read_records, write_records
from metareview.literature.records import Record
from metareview.literature.source import Source

HERE = Path(__file__).parent
FIXTURES = {
    name: sorted((HERE / name).iterdir()) for name in ("medline", "isi", "cochrane", "enw", "ovid", "ovid-text")
}
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def lines_of(name: str) -> list[str]:
    """Return the lines of the fixtures of a format."""
    texts = [path.read_bytes().decode("utf-8", errors="replace") for path in FIXTURES[name]]
    return sorted({line for text in texts for line in text.replace("\r\n", "\n").split("\n")})


def read(name: str, path: Path, block: int) -> tuple[list[Entry], Account, Source]:
    account, source = Account(), Source(path, block=block)
    return list(formats()[name].read(source, account)), account, source


def check(name: str, path: Path, block: int = 1 << 20) -> list[Entry]:
    """Read a file as a format; each of its lines must be in a field, structure or set aside, in order."""
    entries, account, source = read(name, path, block)
    fields = [f for entry in entries for f in entry.raw()]
    in_fields = sum(1 + f.value.count("\n") for f in fields)
    assert in_fields + account.structure + len(account.quarantined) == source.n_lines
    places = [f.line for f in fields]
    assert places == sorted(places)
    for entry in entries:
        assert 1 <= entry.line <= entry.last <= source.n_lines
        Record("x", **entry.values())
    return entries


@pytest.mark.parametrize("name", FIXTURES)
def test_any_order_of_lines(name: str, tmp_path: Path) -> None:
    @QUICK
    @given(st.lists(st.one_of(st.sampled_from(lines_of(name)), st.text(max_size=12)), max_size=40))
    def shuffled(lines: list[str]) -> None:
        path = tmp_path / "any"
        path.write_bytes("\n".join(lines).encode("utf-8", errors="surrogatepass"))
        check(name, path)

    shuffled()


@pytest.mark.parametrize("name", FIXTURES)
def test_a_file_cut_anywhere(name: str, tmp_path: Path) -> None:
    whole = FIXTURES[name][0].read_bytes()

    @QUICK
    @given(st.integers(0, len(whole)), st.integers(0, len(whole)))
    def cut(start: int, end: int) -> None:
        path = tmp_path / "cut"
        path.write_bytes(whole[min(start, end) : max(start, end)])
        check(name, path)

    cut()


@pytest.mark.parametrize("name", FIXTURES)
def test_the_size_of_a_block_changes_nothing(name: str) -> None:
    for path in FIXTURES[name]:
        found = [[(e.line, e.last, e.raw()) for e in check(name, path, block)] for block in (7, 1 << 20)]
        assert found[0] == found[1], path.name


@pytest.mark.parametrize("name", FIXTURES)
def test_a_format_takes_its_own_fixtures_only(name: str) -> None:
    for path in FIXTURES[name]:
        head = Source(path).head
        claims = {f.name: score for f in formats().values() if not f.magic and (score := f.recognises(head))}
        assert max(claims, key=lambda n: claims[n]) == name, (path.name, claims)


@pytest.mark.parametrize("name", FIXTURES)
def test_a_record_written_as_ris_says_the_same(name: str, tmp_path: Path) -> None:
    for path in FIXTURES[name]:
        records = read_records(path, prefix="x")
        write_records(records, tmp_path / "out.ris")
        again = read_records(tmp_path / "out.ris", prefix="x")
        assert [r.to_dict() | {"line": 0} for r in again] == [r.to_dict() | {"line": 0} for r in records], path.name
