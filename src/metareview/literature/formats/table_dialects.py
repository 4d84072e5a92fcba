"""What is known of the tables that systems write: marks in the header, columns of each field, and separators.

Facts are from the exports of the systems themselves and their help pages; a table of no known system is read by the names in
`table_columns.GENERIC`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from metareview.literature.formats.table_columns import FIELDS


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
