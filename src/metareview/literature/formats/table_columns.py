"""What the columns of a table of records may hold, and the names and words for it in English and Dutch.

Names of columns are compared by `key`: without regard to case, spaces and punctuation.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

FIELDS = (
    *("title", "authors", "year", "journal", "volume", "number", "pages", "doi", "abstract", "keywords"),
    *("isbn", "issn", "url", "language", "type"),
)
# More that a column may hold: the first and last page, what stands for pages where there are none, and a citation from
# which other fields are taken.
PARTS = ("first_page", "last_page", "article_number", "citation")


@lru_cache(maxsize=1 << 14)
def key(name: str) -> str:
    """Return a column name without case, accents, spaces and punctuation: `Author(s)` is `authors`."""
    plain = unicodedata.normalize("NFKD", name[:200]).casefold()
    return "".join(c for c in plain if c.isalnum())


# Columns by field, surest first, in English and Dutch.
GENERIC: Mapping[str, tuple[str, ...]] = {
    "title": (
        *("title", "titel", "article title", "document title", "paper title", "item title", "primary title"),
        *("title primary", "work title", "study title", "title of article", "display_name", "original title"),
        *("english title", "titel artikel", "titel van het artikel", "artikeltitel", "titel publicatie", "titels"),
    ),
    "authors": (
        *("authors", "author", "auteurs", "auteur", "author(s)", "author/s", "author full names", "author names"),
        *("author name", "author list", "all authors", "auteur(s)", "schrijver(s)", "schrijvers", "schrijver"),
        *("creators", "creator", "contributors", "primary authors", "first author", "eerste auteur", "editors"),
    ),
    "year": (
        *("year", "jaar", "publication year", "pub year", "pubyear", "published year", "year published", "jaartal"),
        *("year of publication", "publicatiejaar", "jaar van publicatie", "jaar van uitgave", "publication date"),
        *("date published", "date of publication", "pubdate", "cover date", "publicatiedatum", "date", "datum"),
    ),
    "journal": (
        *(
            "journal",
            "tijdschrift",
            "source title",
            "journal title",
            "journal name",
            "journal/book",
            "full journal name",
        ),
        *("publication title", "publication name", "pubtitle", "secondary title", "container title", "venue"),
        *("tijdschrifttitel", "titel tijdschrift", "naam tijdschrift", "book title", "booktitle", "parent title"),
        *("periodical", "publication"),
    ),
    "volume": ("volume", "vol", "journal volume", "volume number", "jaargang"),
    "number": ("issue", "number", "issue number", "journal issue", "nummer", "no", "nr", "aflevering"),
    "pages": ("pages", "page", "pagination", "page range", "page numbers", "pagina's", "pagina", "bladzijden"),
    "article_number": ("art. no.", "article number", "article no", "artnr", "artikelnummer", "elocation id"),
    "first_page": ("start page", "page start", "first page", "pagestart", "beginpagina"),
    "last_page": ("end page", "page end", "last page", "pageend", "eindpagina"),
    "doi": ("doi", "digital object identifier", "article doi", "item doi", "doi link", "doi url"),
    "abstract": ("abstract", "samenvatting", "abstracts", "abstract note", "abstract text", "summary"),
    "keywords": (
        *("keywords", "keyword", "author keywords", "trefwoorden", "trefwoord", "sleutelwoorden", "kernwoorden"),
        *("subjects", "subject terms", "mesh terms"),
    ),
    "isbn": ("isbn", "isbns", "isbn13", "isbn/issn", "issn/isbn", "standard number"),
    "issn": ("issn", "issns", "eissn", "e-issn", "print issn", "electronic issn"),
    "url": (
        *("url", "urls", "link", "article url", "document url", "source urls", "external url", "permalink", "plink"),
        *("full text link", "paper link", "pdf link", "weblink", "webadres", "website"),
    ),
    "language": ("language", "taal", "language of original document", "languages"),
    "type": (
        *("type", "item type", "document type", "publication type", "reference type", "type of reference"),
        *("content type", "entrytype", "doctype", "pubtypes", "soort", "soort publicatie", "publicatietype"),
    ),
}

# What stands in a cell for nothing.
MISSING = frozenset(
    (
        *("na", "n/a", "nan", "null", "none", "<na>", "#n/a", "[no abstract available]", "[no author name available]"),
        *("[no source information available]", "no abstract available", "[no title available]"),
    )
)

# What a system calls a kind of document (by `key`) -> the RIS code; anything else stays as printed.
TYPES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("article", "journalarticle", "journalarticles", "journal", "review", "reviewarticle", "researcharticle"),
            *("articleinpress", "shortsurvey", "editorial", "letter", "note", "erratum", "academicjournal", "j"),
            *("scholarlyjournal", "scholarlyjournals", "ieeejournals", "ieeejournalarticle", "datapaper", "trial"),
            *("tijdschriftartikel", "artikel", "journalarticlereview"),
        ),
        "JOUR",
    ),
    **dict.fromkeys(("book", "books", "ebook", "monograph", "b", "boek", "editedbook"), "BOOK"),
    **dict.fromkeys(("bookchapter", "booksection", "chapter", "incollection", "inbook", "hoofdstuk"), "CHAP"),
    **dict.fromkeys(("referenceworkentry", "encyclopediaarticle", "dictionaryentry", "referenceentry"), "ENCYC"),
    **dict.fromkeys(
        (
            "conferencepaper",
            "inproceedings",
            "conferenceproceedings",
            "conference",
            "ieeeconferences",
            "conferencereview",
        ),
        "CONF",
    ),
    **dict.fromkeys(("proceedingspaper", "proceedingsarticle", "c"), "CPAPER"),
    **dict.fromkeys(
        ("thesis", "dissertation", "phdthesis", "mastersthesis", "dissertationthesis", "proefschrift", "scriptie"),
        "THES",
    ),
    **dict.fromkeys(("report", "techreport", "technicalreport", "rapport"), "RPRT"),
    **dict.fromkeys(("magazinearticle", "magazine"), "MGZN"),
    **dict.fromkeys(("newspaperarticle", "newspaper", "krantenartikel"), "NEWS"),
    **dict.fromkeys(("webpage", "website", "blogpost", "internet"), "ELEC"),
    **dict.fromkeys(("preprint", "manuscript"), "UNPB"),
    **dict.fromkeys(("dataset", "data"), "DATA"),
    **dict.fromkeys(("computerprogram", "software"), "COMP"),
    **dict.fromkeys(("series", "s"), "SER"),
    **dict.fromkeys(("patent", "p"), "PAT"),
    **dict.fromkeys(("presentation", "slide"), "SLIDE"),
    **dict.fromkeys(("document", "misc", "generic", "other"), "GEN"),
}
