"""Titles as words: folding, remarks that databases add, numbers, notices, and how two titles differ."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import OSA


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list written as one text."""
    return frozenset(text.split())


_LETTERS = str.maketrans(
    {
        "ß": "ss", "ø": "o", "Ø": "o", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ł": "l", "Ł": "l",
        "đ": "d", "Đ": "d", "ð": "d", "þ": "th", "ı": "i", "α": "alpha", "β": "beta", "γ": "gamma",
        "δ": "delta", "ε": "epsilon", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "σ": "sigma",
        "τ": "tau", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Δ": "delta",
    }
)  # fmt: skip
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,20}>")
_REMARK = re.compile(
    r"\[[^\[\]]*\b(?:review|refs?|references|erratum|corrigendum|corrected|comment|commentary|republished|"
    r"retraction|retracted|summary for|abstract|english|french|german|chinese|japanese|spanish|italian|"
    r"portuguese|russian|polish|turkish|korean|dutch|hungarian|czech|danish|swedish|norwegian|hebrew|"
    r"serbian|croatian|persian|arabic|greek|ukrainian|slovak|romanian|finnish)\b[^\[\]]*(?:\]|$)",
    re.IGNORECASE,
)
_APPEARS = re.compile(
    r"\[\s*(?:published )?(?:erratum|errata|corrigendum|correction|retraction|comment) (?:appears )?in\b.*$",
    re.IGNORECASE,
)
_CATALOGUED = re.compile(
    r"\((?:(?:structured|provisional) abstract|(?:brief|project) record|abstract|review)\)\W*$", re.IGNORECASE
)
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1dff\u2c00-\ud7ff]")
_WORD = re.compile(r"[a-z0-9]+|[\u3040-\u9fff\uac00-\ud7af]|[^\W_a-z0-9\u3040-\u9fff\uac00-\ud7af]+")
_TENS, _UNITS = ("", "x", "xx", "xxx"), ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_ROMAN = {tens + unit: 10 * t + u for t, tens in enumerate(_TENS) for u, unit in enumerate(_UNITS) if t or u}
_NUMBER_WORDS = {
    w: n
    for words in ("one two three four five six seven eight nine ten eleven twelve",
                  "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
    for n, w in enumerate(words.split(), start=1)
}  # fmt: skip
PART_WORDS = word_set(
    "part pt volume vol chapter section report paper phase wave edition ed issue number no round "
    "version series book lesson year study trial stage type grade class"
)
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_SMALL = word_set("or of to in an as at by on is we vs and the for with from")
_NOT = word_set("non not no without")
_PREFIX = re.compile(
    r"^(?:hyper|hypo|pre|post|intra|inter|extra|micro|macro|uni|bi|mono|multi|poly|non|un|im|in|a|dis|anti|pro|sub|"
    r"supra|over|under|fe|wo)(?=[a-z]{3})"
)
_OTHER_WORK = word_set("edition update updated supplement appendix interim part volume chapter annual")
NOTICE_WORDS = word_set(
    "erratum errata corrigendum corrigenda correction corrections addendum retraction retracted "
    "withdrawn withdrawal reply replies response rejoinder comment comments commentary protocol "
    "letter re"
)
_NOTICE = re.compile(
    r"^(?:(?:publisher|author|authors|editorial)?\s*(?:erratum|errata|corrigend(?:um|a)|corrections?|addendum)\b|"
    r"retract(?:ion|ed)\b|withdraw(?:n|al)\b|expression of concern\b|(?:in |authors? |author s )?"
    r"(?:reply|response|rejoinder|comments?|commentary) (?:to|on)\b|(?:in |authors? )?reply\b|"
    r"(?:book )?review of\b|book review\b|letter to the editor\b|discussion of\b)|"
    r"\b(?:erratum|corrigendum|correction|a reply|authors? reply|author s reply|reply|a response|rejoinder|"
    r"a comment|comment|commentary|(?:study|trial|review) protocol|a protocol|protocol)$"
)
_CORRECTS = re.compile(r"\(vol\.? [^()]{1,60}\d{4}\)\W*$", re.IGNORECASE)


def fold(text: str) -> str:
    """Return text in lower-case ASCII: marks off, Greek letters spelled, entities and markup resolved."""
    if text.isascii():
        return (_TAG.sub("", html.unescape(text)) if "<" in text or "&" in text else text).lower()
    text = _TAG.sub("", html.unescape(text)).translate(_LETTERS)
    text = unicodedata.normalize("NFKD", text).translate(_LETTERS)
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", text)
    if _OTHER_SCRIPT.search(text):
        return "".join(c for c in text if not unicodedata.combining(c)).lower()
    return text.encode("ascii", "ignore").decode().lower()


def words(text: str) -> tuple[str, ...]:
    """Return the folded words of any text; Chinese, Japanese and Korean signs are words of their own."""
    return tuple(_WORD.findall(fold(text).replace("'", "").replace("’", "").replace("‘", "")))


def title_words(title: str) -> tuple[str, ...]:
    """Return the words of a title without a database's remarks in brackets, such as `[Review] [57 refs]`.

    Number words, ordinals and Roman numerals become digits, for one database prints `2 cases .3.` where
    another has `two cases. III.` A single `i`, `v` or `x` counts only after a word such as `part` or as the
    last word.
    """
    plain, before = _CATALOGUED.sub("", _CORRECTS.sub("", _APPEARS.sub("", title))), ""
    while plain != before:
        plain, before = _REMARK.sub(" ", plain), plain
    found = words(plain) or words(title)
    return tuple(_digits(word, at, found) for at, word in enumerate(found))


def _digits(word: str, at: int, title: tuple[str, ...]) -> str:
    if word in _NUMBER_WORDS:
        return str(_NUMBER_WORDS[word])
    if word in _ROMAN and (len(word) > 1 or at == len(title) - 1 or (at > 0 and title[at - 1] in PART_WORDS)):
        return str(_ROMAN[word])
    ordinal = _ORDINAL.fullmatch(word)
    return ordinal.group(1) if ordinal else word


def numbers(title: tuple[str, ...]) -> str:
    """Return all digits of a title's words in order."""
    return "".join(c for word in title for c in word if c.isdigit())


def counts(title: tuple[str, ...]) -> str:
    """Return the numbers that are words of their own, not those inside a name such as `p16` or `il2r`."""
    return " ".join(word for word in title if word.isdigit())


def is_notice(title: str, folded: str | None = None) -> bool:
    """Say whether a title announces something about another work: erratum, reply, comment, protocol.

    Arguments:
        folded: the title's words separated by a space, where they are at hand.
    """
    plain = " ".join(title_words(title)) if folded is None else folded
    printed = re.match(r"\W*re:", title, re.IGNORECASE) or _CORRECTS.search(title)
    return bool(printed or _NOTICE.search(plain))


def extra_words(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return what the longer title has before or after the shorter, or None where it does not hold it whole.

    Only titles of four words or more can be contained; equal titles give an empty tuple.
    """
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    if len(short) < 4:
        return () if a == b else None
    if long[: len(short)] == short:
        return long[len(short) :]
    return long[: -len(short)] if long[-len(short) :] == short else None


def names_a_part(extra: tuple[str, ...]) -> bool:
    """Say whether added words make a different work: a part, edition, year, or a notice about the first."""
    if not extra:
        return False
    last = extra[-1]
    if last.isdigit() or (_OTHER_WORK | NOTICE_WORDS).intersection(extra):
        return True
    return any(_counts(x, y) or _counts(y, x) for x, y in pairwise(extra))


def _counts(word: str, beside: str) -> bool:
    return beside in PART_WORDS and word.isdigit()


def swapped(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """Return how many words of each title have no like in the other (the smaller of the two counts).

    Alike are spelling variants (a common start, or a small edit) and words written together or apart, but not
    opposites such as `women` and `men`, or a `without` that only one title has.
    """
    set_a, set_b = set(a), set(b)
    only_a, only_b = set_a - set_b - _SMALL, set_b - set_a - _SMALL
    if not only_a or not only_b:
        return int(_denied(a, b))
    joined_a, joined_b = _joined(a), _joined(b)
    opposed = sum(any(_opposite(w, v) for v in only_b - joined_a) for w in only_a - joined_b)
    left_a = [w for w in only_a if w not in joined_b and not any(_alike(w, v) for v in only_b)]
    left_b = [w for w in only_b if w not in joined_a and not any(_alike(w, v) for v in only_a)]
    text_a, text_b = "".join(a), "".join(b)
    left_a = [w for w in left_a if w not in text_b or len(w) < 3]
    left_b = [w for w in left_b if w not in text_a or len(w) < 3]
    return max(opposed, int(_denied(a, b)), min(len(left_a), len(left_b)))


def _denied(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Say whether just one title has a `without`, `not`, `no` or `non`, also one not written together."""
    written = any(w.startswith("non") and w != "non" for w in (*a, *b))
    return _NOT.isdisjoint(a) != _NOT.isdisjoint(b) and not written


@lru_cache(maxsize=200_000)
def _opposite(a: str, b: str) -> bool:
    """Say whether two words are one root with other prefixes: `hypotension` and `hypertension`."""
    return a != b and bool({a, _PREFIX.sub("", a)} & {b, _PREFIX.sub("", b)})


def _joined(title: tuple[str, ...]) -> set[str]:
    return {x + y for x, y in pairwise(title)}


@lru_cache(maxsize=200_000)
def _alike(a: str, b: str) -> bool:
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    if len(short) < 4 or not short.isalpha():
        return False
    if long.startswith(short) or (len(short) > 5 and short[:5] == long[:5]):
        return True
    return len(long) - len(short) <= 2 and _edits(short, long) <= (1 if len(short) < 7 else 2)


def _edits(a: str, b: str) -> int:
    return int(OSA.distance(a, b, score_cutoff=2))
