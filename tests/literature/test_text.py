"""Bytes to clean text: one look at all bytes says what looking at each would say."""

from __future__ import annotations

import codecs

from hypothesis import given
from hypothesis import strategies as st

from metareview.literature.text import Transcoder, scan

PIECES = st.sampled_from(
    [
        *(
            b"a",
            b"\n",
            b"\t",
            b"\r",
            b"\r\n",
            b" ",
            b"\x00",
            b"\x0c",
            b"\x1f",
            b"\x7f",
            b"TY  - JOUR\n",
            codecs.BOM_UTF8,
        ),
        *(
            "é".encode(),
            "λ".encode(),
            "字".encode(),
            "😀".encode(),
            b"\xe9",
            b"\x80",
            b"\xc0\x80",
            b"\xc3",
            b"\xe0\x80\x80",
        ),
        *(
            b"\xe0\xa0\x80",
            b"\xed\xa0\x80",
            b"\xed\x9f\xbf",
            b"\xf0\x80\x80\x80",
            b"\xf0\x90\x80\x80",
            b"\xf4\x90\x80\x80",
        ),
        *(b"\xf4\x8f\xbf\xbf", b"\xf5\x80\x80\x80", b"\xef\xbb", b"\xbf", b"\xff"),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=12).map(b"".join), st.binary(max_size=40))


def is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@given(TEXTS)
def test_one_look_says_what_python_says(data: bytes) -> None:
    found = scan(data)
    assert found.ends == data.count(b"\n") and found.ascii == data.isascii()
    assert found.utf8 == is_utf8(data)
    if found.utf8:
        controls = any((byte < 0x20 and byte not in b"\n\t") or byte == 0x7F for byte in data)
        assert found.clean == (not controls and codecs.BOM_UTF8 not in data)


@given(TEXTS, st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_blocks_of_any_size_give_the_same_text(data: bytes, sizes: list[int]) -> None:
    whole = Transcoder()
    text = whole.feed(data, last=True)
    blocks, at, got = Transcoder(), 0, b""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or b"\0" in data:
        return  # what the encoding is, the first block tells
    for turn in range(len(data) + 1):
        size = max(4, sizes[turn % len(sizes)])
        got += blocks.feed(data[at : at + size])
        at += size
    got += blocks.feed(b"", last=True)
    if is_utf8(data):
        assert got == text and blocks.encoding == whole.encoding
        assert blocks.lines == whole.lines
