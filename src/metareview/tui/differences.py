"""Where two values differ: the words, or in a single word the signs, that only one of them has."""

from __future__ import annotations

from difflib import SequenceMatcher

from rich.text import Text

SAME, SPELLED, OTHER, ONE = "=", "~", "≠", "·"  # signs and not colours alone tell which fields differ
STYLE = "bold underline"


def compare(a: str, b: str) -> tuple[Text, str, Text]:
    """Return two values with what differs in bold and underlined, and between them the sign of how they compare.

    Returns:
        The sign is `=` for the same, `~` but for capitals, spaces and punctuation, `≠` for other words, `·` where one is empty.
    """
    if not a or not b or a == b:
        return Text(a), SAME if a == b else ONE, Text(b)
    if _key(a) == _key(b):
        return Text(a), SPELLED, Text(b)
    parts_a, parts_b = a.split(), b.split()
    if len(parts_a) == len(parts_b) == 1:
        start, end = _shared(a, b), _shared(a[::-1], b[::-1])
        end = min(end, len(a) - start, len(b) - start)
        return _within(a, start, end), OTHER, _within(b, start, end)
    return _words(parts_a, parts_b)


def _shared(a: str, b: str) -> int:
    """Return how many signs two words have in common at their start."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _within(word: str, start: int, end: int) -> Text:
    return Text(word[:start]).append(word[start : len(word) - end], STYLE).append(word[len(word) - end :])


def _words(a: list[str], b: list[str]) -> tuple[Text, str, Text]:
    keys_a, keys_b = ([_key(word) or word for word in words] for words in (a, b))
    first, second = Text(), Text()
    for what, i, j, k, m in SequenceMatcher(None, keys_a, keys_b, autojunk=False).get_opcodes():
        style = "" if what == "equal" else STYLE
        for text, words in ((first, a[i:j]), (second, b[k:m])):
            if words:
                text.append(" " if text else "").append(" ".join(words), style)
    return first, OTHER, second


def _key(text: str) -> str:
    """Return the letters and digits alone, in lower case."""
    return "".join(c for c in text.casefold() if c.isalnum())
