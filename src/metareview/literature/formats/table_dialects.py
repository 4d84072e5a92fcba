"""What is known of the tables that systems write: marks in the header, columns of each field, separators, types.

Names of columns are compared by `key`: without regard to case, spaces and punctuation. Facts are from the exports
of the systems themselves and their help pages; a table of no known system is read by GENERIC.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

FIELDS = (
    *("title", "authors", "year", "journal", "volume", "number", "pages", "doi", "abstract", "keywords"),
    *("isbn", "issn", "url", "language", "type"),
)
# Two more things a column may hold: the first and last page, and a citation from which other fields are taken.
PARTS = ("first_page", "last_page", "citation")


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


@dataclass(frozen=True)
class Dialect:
    """The tables of one system.

    Attributes:
        system: its name.
        marks: sets of columns; a header that holds all of one set is of this system.
        columns: field -> columns, best first, before those of GENERIC; for keywords and serial numbers all are used.
        names: how authors are listed, a name in `table_names.SPLITTERS`; words: what parts keywords.
        citation: regular expression with fields as its groups, for the column `citation`.
        literal: cells are what the record holds (our own tables), so nothing is cleaned.
        aligned: where a row has cells without a column, and its last cell matches the expression: the column from
            which cells are counted from the end.
        positions: for tables without a header: number of columns.
    """

    system: str
    marks: tuple[tuple[str, ...], ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: str = "any"
    words: str = r"[;|\n]|///"
    citation: str = ""
    literal: bool = False
    aligned: tuple[str, str] = ("", "")
    positions: int = 0

    def pattern(self) -> str:
        """Return a regular expression that finds the marks in the first lines of a text."""
        sets = ("".join(map(_mark, names)) for names in self.marks)
        return r"\A(?:[^\n]*\n){0,9}?(?:" + "|".join(f"(?:{one})" for one in sets) + ")"


def _mark(name: str) -> str:
    return rf"(?=(?:[^\n]*[,;\t\"'])?(?i:{re.escape(name)})(?:[,;\t\"']|$))"


_EMBASE_TERMS = tuple(
    f"Emtree {kind} Index Terms{focus}" for kind in ("Drug", "Medical") for focus in (" (Major Focus)", "")
)
OWN = Dialect(
    "metareview",
    (("record_id", *FIELDS),),
    {name: (name,) for name in FIELDS},
    names="own",
    literal=True,
)
GENERIC_DIALECT = Dialect("")
EMBASE = Dialect(
    "Embase",
    (
        ("Author Names", "Full Record Entry Date"),
        ("Author Names", "Open URL Link"),
        ("Author Names", "Emtree Medical Index Terms"),
        ("Author Names", "Source", "Original Title"),
    ),
    {
        "title": ("Title", "Original Title"),
        "authors": ("Author Names", "Editors"),
        "year": ("Publication Year", "Date of Publication"),
        "journal": ("Source title", "Source publication title"),
        "abstract": ("Abstract", "Original Abstract"),
        "keywords": ("Author Keywords", "keywords", *_EMBASE_TERMS),
        "url": ("Full Text Link", "Open URL Link", "Embase Link"),
        "citation": ("Source",),
    },
    names="initials",
    words=r",(?![^()]{0,300}\))",
    citation=r"(?P<journal>.+?)\s+\((?P<year>\d{4})\)(?:\s+(?P<volume>[^:()\s]+))?(?::(?P<number>[^()\s]+))?"
    r"(?:\s+\((?P<pages>[^()]*\d[^()]*)\))?",
)
DIALECTS: tuple[Dialect, ...] = (
    OWN,
    Dialect(
        "Scopus",
        (("EID", "Source title"), ("Author(s) ID", "Source title"), ("Authors with affiliations", "Source title")),
        {
            "authors": ("Author full names", "Authors", "Editors"),
            "journal": ("Source title",),
            "number": ("Issue",),
            "keywords": ("Author Keywords", "Index Keywords"),
            "url": ("Link",),
            "type": ("Document Type",),
        },
        names="scopus",
        aligned=("References", r"2-s2\.0-\d"),
    ),
    Dialect(
        "Web of Science",
        (("PT", "AU", "TI", "SO"), ("AU", "TI", "SO", "PY")),
        {
            "title": ("TI",),
            "authors": ("AU", "AF", "BA", "BE"),
            "year": ("PY", "EY", "EA"),
            "journal": ("SO",),
            "volume": ("VL",),
            "number": ("IS",),
            "first_page": ("BP",),
            "last_page": ("EP",),
            "doi": ("DI", "D2"),
            "abstract": ("AB",),
            "keywords": ("DE", "ID"),
            "isbn": ("BN",),
            "issn": ("SN", "EI"),
            "language": ("LA",),
            "type": ("PT", "DT"),
        },
        names="semicolon",
    ),
    Dialect(
        "Web of Science",
        (("UT (Unique WOS ID)",), ("UT (Unique ID)",), ("Article Title", "Source Title", "WoS Categories")),
        {
            "title": ("Article Title",),
            "authors": ("Authors", "Author Full Names", "Book Authors", "Book Editors"),
            "year": ("Publication Year", "Early Access Date"),
            "journal": ("Source Title",),
            "keywords": ("Author Keywords", "Keywords Plus"),
            "doi": ("DOI", "Book DOI"),
            "type": ("Publication Type", "Document Type"),
            "url": ("DOI Link",),
        },
        names="semicolon",
    ),
    Dialect("Covidence", (("Covidence #",), ("Covidence Number",)), {"year": ("Published Year",)}),
    Dialect(
        "Rayyan",
        (("key", "title", "authors", "pubmed_id", "pmc_id"), ("key", "title", "authors", "notes", "location")),
    ),
    Dialect(
        "OpenAlex",
        (
            ("authorships.author.display_name",),
            ("authorships.raw_author_name",),
            ("primary_location.source.display_name",),
        ),
        {
            "title": ("display_name", "title"),
            "authors": ("authorships.author.display_name", "authorships.raw_author_name"),
            "year": ("publication_year", "publication_date"),
            "journal": ("primary_location.source.display_name", "host_venue.display_name"),
            "volume": ("biblio.volume",),
            "number": ("biblio.issue",),
            "first_page": ("biblio.first_page",),
            "last_page": ("biblio.last_page",),
            "keywords": ("keywords.display_name",),
            "issn": ("primary_location.source.issn", "primary_location.source.issn_l"),
            "url": ("primary_location.landing_page_url", "id"),
        },
        names="bar",
        words=r"\|",
    ),
    Dialect(
        "Lens",
        (("Lens ID",),),
        {"year": ("Publication Year", "Date Published"), "keywords": ("Keywords", "MeSH Terms")},
        names="semicolon",
    ),
    Dialect(
        "IEEE",
        (("Document Title", "Document Identifier"), ("Document Title", "IEEE Terms")),
        {
            "journal": ("Publication Title",),
            "keywords": ("Author Keywords", "IEEE Terms"),
            "url": ("PDF Link",),
            "type": ("Document Identifier",),
        },
        names="semicolon",
    ),
    Dialect(
        "Springer",
        (("Item Title", "Item DOI"),),
        {"journal": ("Publication Title", "Book Series Title")},
        names="glued",
    ),
    Dialect(
        "Cochrane",
        (("CENTRAL ID",), ("Cochrane Review Group Code",), ("Cochrane ID", "Cochrane Review ID")),
        {"journal": ("Source", "Journal")},
        names="semicolon",
    ),
    EMBASE,
    Dialect(
        "Zotero",
        (("Key", "Item Type", "Abstract Note"),),
        {
            "authors": ("Author", "Editor", "Contributor"),
            "year": ("Publication Year", "Date"),
            "journal": ("Publication Title",),
            "number": ("Issue",),
            "keywords": ("Manual Tags", "Automatic Tags"),
            "type": ("Item Type",),
        },
        names="semicolon",
    ),
    Dialect(
        "PubMed",
        (("PMID", "Journal/Book"),),
        {"citation": ("Citation",)},
        names="pubmed",
        citation=r"[^;]+;(?P<volume>[^(:;.]+)?(?:\((?P<number>[^)]*)\))?(?::(?P<pages>[^.;\s]+))?\.",
    ),
    Dialect(
        "Publish or Perish",
        (("Cites", "GSRank"), ("Cites", "Authors", "ArticleURL")),
        {"journal": ("Source",), "url": ("ArticleURL", "FullTextURL"), "first_page": ("StartPage",)},
        names="comma",
    ),
    Dialect(
        "Dimensions",
        (("Publication ID", "Dimensions URL"), ("Publication ID", "PubYear")),
        {
            "journal": ("Source title", "Anthology title", "Source title/Anthology title"),
            "year": ("PubYear", "Publication Date"),
            "keywords": ("MeSH terms",),
            "url": ("Source Linkout", "Dimensions URL"),
        },
        names="semicolon",
    ),
    Dialect(
        "EPPI-Reviewer",
        (("ItemId", "ParentTitle"), ("ItemId", "Parent Title"), ("Item ID", "Parent Title"), ("EPPI ID",)),
        {"title": ("Title", "Short Title")},
    ),
    Dialect(
        "ProQuest",
        (("StoreId", "pubtitle"), ("StoreId", "Title")),
        {
            "keywords": ("identifierKeywords", "subjects", "subjectTerms"),
            "year": ("year", "pubdate", "alphadate"),
            "type": ("documentType", "ArticleType"),
            "first_page": ("startPage",),
        },
        names="semicolon",
    ),
    Dialect(
        "EBSCO",
        (("Article Title", "Journal Title", "PLink"), ("longDBName", "title"), ("an", "plink", "title")),
        {
            "year": ("Publication Date", "coverDate"),
            "journal": ("Journal Title", "source"),
            "keywords": ("Keywords", "Subjects"),
            "type": ("Doctype", "docTypes", "pubTypes"),
        },
    ),
    Dialect("SciSpace", (("Paper Title", "Paper Link"),)),
    Dialect("JabRef", (("Identifier", "BibliographyType"),), {"type": ("BibliographyType",)}),
    Dialect(
        "Google Scholar",
        (("Authors", "Title", "Publication", "Volume", "Number", "Pages", "Year", "Publisher"),),
        names="semicolon",
    ),
    Dialect(
        "ASReview",
        (
            *(("asreview_ranking",), ("asreview_label",), ("asreview_prior",), ("asreview_time",)),
            ("record_id", "included"),
        ),
    ),
)
# The field order of EndNote where it lists records without a header: 50 columns, the DOI in the last.
HEADERLESS = Dialect(
    "EndNote",
    columns={
        "title": ("column 3",),
        "authors": ("column 1",),
        "year": ("column 2", "column 16"),
        "journal": ("column 5", "column 20"),
        "volume": ("column 8",),
        "number": ("column 10",),
        "pages": ("column 11",),
        "doi": ("column 50", "column 48"),
        "abstract": ("column 37",),
        "keywords": ("column 36",),
        "issn": ("column 21",),
        "url": ("column 40",),
    },
    positions=50,
)
