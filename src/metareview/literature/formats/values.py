"""From values as printed in exports to comparable ones: text, year, DOI, pages, ISSN and ISBN."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

_INLINE = re.compile(
    r"</?(?:i|b|u|em|strong|sub|sup|span|inf|small|italic|bold|font|jats:(?:italic|bold|sub|sup)|mml:\w+|a)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"</?(?:p|br|div|title|sec|li|ul|ol|h[1-6]|section|abstract|jats:\w+)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d\d|2100)(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(1\d{3}|20\d\d)(?:0[1-9]|1[0-2])(?:[0-3]\d)?(?!\d)")
_DOI = re.compile(r"(?<![\d.])10\.\d{4,9}(?:\.\d+)*/\S+")
_LONGEST = 500
_LANDING = re.compile(r"(?:/(?:full|fulltext|abstract|abs|pdf|epdf|html|meta|summary))+$|\.(?:pdf|html?)$")
_RANGE = re.compile(r"(\S.*?)\s*-\s*(\S+)")
_ARTICLE = re.compile(r"[A-Za-z]{0,6}\.?\d[\w.-]{0,19}")
_ISSN = re.compile(r"\d{7}[\dX]")
_AS_PRINTED = re.compile(r"\d{4}-\d{3}[\dX]")
_ISBN = re.compile(r"97[89]\d{10}|\d{9}[\dX]")
_NO_SERIAL = re.compile(r"[^\dXx\u2010-\u2015-]+")
_NO_PAGE = frozenset(["", "&", *["nan", "na", "n/a", "none", "n.pag", "n.pag.", "no-specified", "specified"]])
_CLOSING = {")": "(", "]": "[", "}": "{", ">": "<"}


def plain(text: str) -> str:
    """Return the text on one line without HTML: entities are characters, `H<sub>2</sub>O` is `H2O`."""
    if "<" in text and ">" in text:
        text = _without_tags(text)
    if "&" in text:
        text = html.unescape(text)
        if "<" in text and ">" in text:
            text = _without_tags(text)
    if text.isascii() and "  " not in text and "\n" not in text and "\t" not in text:
        return text.strip()
    return " ".join(text.split())


def _without_tags(text: str) -> str:
    return _BLOCK.sub(" ", _INLINE.sub("", text))


def first(got: Mapping[str, Sequence[str]], tags: Iterable[str]) -> str:
    """Return the first value that is not empty, of the first tag that has one, on one line."""
    for tag in tags:
        for value in got.get(tag, ()):
            if text := plain(value):
                return text
    return ""


def year_of(values: Iterable[str]) -> int | None:
    """Return the first four-digit year from 1000 to 2100 (`2016///`, `12 May 2016`, `20160512`), or None."""
    for value in values:
        match = _YEAR.search(value) or _COMPACT.search(value)
        if match:
            return int(match[1])
    return None


def doi_of(value: str, address: bool = False) -> str:
    """Return the DOI in a value in lower case, without resolver address and closing punctuation, or empty.

    Arguments:
        value: text that may hold a DOI.
        address: the value is a web address, so `?`, `&`, `#` or a page such as `/full` ends the DOI.
    """
    if "10." not in value and "10%2" not in value:
        return ""
    text = value
    if address and "%" in text and "10." in text:
        # an escaped query value is delimited by the unescaped "&", so cut before unescaping
        text = " ".join(map(_unquoted, re.split(r"[&#\s]", text)))
    elif "%" in text:
        text = _unquoted(text)
    if "&" in text and not address:
        text = html.unescape(text)
    match = _DOI.search(text)
    if not match or len(match[0]) > _LONGEST:
        return ""
    doi = match[0].lower()
    if address:
        doi = _LANDING.sub("", re.split(r"[?&#]", doi)[0])
    return _without_closing(doi)


def _unquoted(text: str) -> str:
    """Undo percent escapes, also those that were escaped once more."""
    text = unquote(text)
    return unquote(text) if "%" in text else text


def _without_closing(doi: str) -> str:
    end = len(doi)
    while end:
        last = doi[end - 1]
        unbalanced = last in _CLOSING and doi.count(last, 0, end) > doi.count(_CLOSING[last], 0, end)
        if last not in ".,;:'\"”’/" and not unbalanced:
            break
        end -= 1
    return doi[:end] if "/" in doi[:end] and not doi[:end].endswith("/") else ""


def pages_of(start: str, end: str) -> str:
    """Return pages as `first-last`; a start that holds the range is kept, placeholders are left out."""
    first, last = (_page(value) for value in (start, end))
    if not first or not last or first == last:
        return first or last
    whole = _RANGE.fullmatch(first)
    if whole and (whole[2] == last or whole[2].endswith(last)):
        return first
    if last.startswith(f"{first}-"):
        return last
    return f"{first}-{last}"


def _page(value: str) -> str:
    if value.isalnum() and value.lower() not in _NO_PAGE:
        return value
    value = re.sub(r"^pp?\.?\s*(?=\d)", "", re.sub(r"[\u2010-\u2015\u2212]", "-", value)).strip("-+ ")
    if value.lower() in _NO_PAGE:
        return ""
    whole = _RANGE.fullmatch(value)
    return f"{whole[1]}-{whole[2]}" if whole else value


def article_number(text: str) -> str:
    """Return what stands for pages where an article has none, such as `e0187376` or `102976`; empty for other text."""
    return text if _ARTICLE.fullmatch(text) else ""


def serials_of(values: Iterable[str]) -> tuple[str, str]:
    """Return (isbn, issn) by their shape, several joined by `; `: ISSN as 1234-567X, ISBN as digits."""
    isbn: dict[str, None] = {}
    issn: dict[str, None] = {}
    for value in values:
        if _AS_PRINTED.fullmatch(value):
            issn[value] = None
            continue
        tokens = [re.sub(r"[-\u2010-\u2015]", "", t).upper() for t in _NO_SERIAL.split(value)]
        if not any(_ISSN.fullmatch(t) or _ISBN.fullmatch(t) for t in tokens):
            tokens = ["".join(tokens)]
        for token in tokens:
            if _ISSN.fullmatch(token):
                issn[f"{token[:4]}-{token[4:]}"] = None
            elif _ISBN.fullmatch(token):
                isbn[token] = None
    return "; ".join(isbn), "; ".join(issn)
