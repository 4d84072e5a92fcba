"""What is not a RIS file is named in one message, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from metareview.errors import USAGE, MetareviewError
from metareview.literature.formats.registry import detect, formats
from metareview.literature.reading import read_records, write_records

RIS = b"TY  - JOUR\nTI  - Wardens\nER  - \n"


def message(path: Path) -> str:
    with pytest.raises(MetareviewError) as caught:
        read_records(path)
    assert caught.value.hint
    assert caught.value.exit_code == USAGE
    assert str(path) in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04\x14\x00", "a ZIP or Word file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "XLS"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"{\\rtf1 TY  - JOUR}", "RTF"),
        (b"<?xml version='1.0'?><feed/>", "XML"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b'{"title": "Wardens"}', "JSON"),
        (b"name,writer,when\nWardens,Vermeer,2011\n", "no column is the title"),
        (b"TY-JOUR\nTI-Wardens\nER-\n", "it begins with 'TY-JOUR'"),
        (b"A list of things to read\nWardens\n", "it begins with 'A list of things to read'"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "export.ris"
    path.write_bytes(content)
    assert says in message(path)


def test_missing_and_folder(tmp_path: Path) -> None:
    assert "no file" in message(tmp_path / "none.ris")
    assert "folder" in message(tmp_path)


def test_the_name_of_the_file_decides_nothing(tmp_path: Path) -> None:
    for name in ("export.txt", "export.RIS", "export.pdf", "export"):
        path = tmp_path / name
        path.write_bytes(RIS)
        assert read_records(path).records[0].title == "Wardens"


def test_record_ids(tmp_path: Path) -> None:
    path = tmp_path / "Scopus 2026-11 (café).ris"
    path.write_bytes(RIS)
    assert read_records(path).records[0].record_id == "scopus-2026-11-café:0001"
    assert read_records(path, prefix="s1").records[0].record_id == "s1:0001"
    for prefix in ("", "a b", "a:b"):
        with pytest.raises(MetareviewError, match="cannot start record ids"):
            read_records(path, prefix=prefix)
    path.write_bytes(RIS * 10_001)
    records = read_records(path, prefix="many").records
    assert (records[0].record_id, records[-1].record_id) == ("many:00001", "many:10001")


def test_formats_are_found_by_walking() -> None:
    found = formats()
    assert found["ris"].title == "RIS"
    assert all(name == f.name for name, f in found.items())
    ris = detect("\n" * 300_000 + "TY  - JOUR\n")
    assert ris is not None and ris.name == "ris"
    assert detect("nothing at all") is None


def test_unwritable(tmp_path: Path) -> None:
    with pytest.raises(MetareviewError, match="cannot be written"):
        write_records([], tmp_path / "none" / "out.ris")
    (tmp_path / "folder").mkdir()
    with pytest.raises(MetareviewError, match="cannot be written"):
        write_records([], tmp_path / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
