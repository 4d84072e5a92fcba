"""Where a normalised value stands in its export: the line of the raw field that it was read from."""

from __future__ import annotations

import html

from .records import Record

# Short values (a volume of 4) occur in many fields, so these are looked for under the tags and headings that exports use for
# them: letters and digits only, in lower case (`%` of EndNote falls away).
_TAGS = {
    "year": " py y1 da dp yr d year date publicationyear yearofpublication publicationdate ",
    "volume": " vl vo vi v volume ",
    "number": " is cp ip no n number issue issuepart ",
    "pages": " sp bp pg p pages page pagination pagestart startpage firstpage pagerange c7 ar artno artnumber articlenumber eid ",
    "language": " la lg g language languageoforiginaldocument ",
    "type": " ty pt m3 0 type documenttype publicationtype itemtype ",
}


def plain_key(text: str) -> str:
    """Return the letters and digits of a text, in lower case: what is left when spelling of signs does not count."""
    return "".join(c for c in html.unescape(text).casefold() if c.isalnum())


def line_of(record: Record, name: str) -> int:
    """Return the 1-based line of the export where a field of a record is printed; the record's own when it is not found.

    Arguments:
        name: of a normalised field, such as `abstract`; of a list the line of its first item is returned.
    """
    value = getattr(record, name)
    first = value[0] if isinstance(value, tuple) and value else value
    wanted = plain_key(str(first).split("-")[0] if name == "pages" else str(first))
    if not first or not wanted:
        return record.line
    tags = _TAGS.get(name)
    printed = [(plain_key(f.value), f.line) for f in record.raw if tags is None or f" {plain_key(f.tag)} " in tags]
    whole = (line for text, line in printed if text == wanted)
    within = (line for text, line in printed if wanted in text)
    return next(whole, None) or next(within, None) or record.line
