"""Names that are safe in paths and event ids: one rule for people and computers."""

from __future__ import annotations

import os
import re
import socket
import unicodedata

from metareview.errors import MetareviewError

COMPUTER_VARIABLE = "METAREVIEW_COMPUTER"

_LETTERS = str.maketrans({"ø": "o", "ß": "ss", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


def slug(name: str) -> str:
    """The form of a name used in paths and event ids: `Anna de Vries` becomes `anna-de-vries`.

    Accents fall off, other signs become one hyphen, and a letter without an ASCII form becomes `u` and its
    code point in hexadecimal, so that two names in another script never share a folder. A slug is its own
    slug.

    Raises:
        MetareviewError: no letter or digit is in the name.
    """
    plain = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    kept = (letter for letter in plain if not unicodedata.combining(letter))
    spelled = "".join(f"u{ord(c):x}" if c.isalnum() and not c.isascii() else c for c in kept)
    result = re.sub(r"[^a-z0-9]+", "-", spelled).strip("-")
    if not result:
        raise MetareviewError(
            f"the name {name!r} has no letter or digit, so it cannot name a log",
            "Give a name with at least one letter or digit.",
        )
    return result


def this_computer() -> str:
    """The slug of this computer: the variable METAREVIEW_COMPUTER when set, else the host name.

    Set the variable where a host name changes (laptops that take a name from each network) or where two
    copies
    of a review live on one computer: two copies that write the same log conflict when they are merged.
    """
    return slug(os.environ.get(COMPUTER_VARIABLE, "").strip() or socket.gethostname())
