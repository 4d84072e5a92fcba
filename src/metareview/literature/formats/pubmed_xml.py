"""PubMed XML: a PubmedArticleSet of articles and book chapters, as PubMed and its E-utilities write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.xml_stream import read_xml, starts
from metareview.literature.formats.xml_tree import Node
from metareview.literature.source import Source

_RECORDS = ("PubmedArticle", "PubmedBookArticle")
_OLD_RECORDS = ("MedlineCitation",)
_ROOTS = ("PubmedArticleSet", "PubmedBookArticleSet", "MedlineCitationSet")
_DELETED = ("DeleteCitation", "DeleteDocument")
_DEFINED = """
abstract abstracttext accessionnumber accessionnumberlist acronym affiliation affiliationinfo agency article
articledate articleid articleidlist articletitle author authorlist beginningdate book bookdocument booktitle
chemical chemicallist citation citationsubset coistatement collationtitle collectivename commentscorrections
commentscorrectionslist contractnumber contributiondate copyrightinformation country databank databanklist
databankname datecompleted datecreated daterevised day descriptorname dispformula edition editor elocationid
endingdate endpage forename genesymbol generalnote genesymbollist grant grantid grantlist history hour
identifier initials investigator investigatorlist isbn isoabbreviation issn issnlinking issue item itemlist
journal journalissue journalissn keyword keywordlist language lastname locationlabel medium medlinecitation
medlinedate medlinejournalinfo medlinepgn medlineta meshheading meshheadinglist minute month nameofsubstance
nameid nlmuniqueid note numberofreferences object objectlist otherabstract otherid pagination param
personalnamesubject personalnamesubjectlist pmid pubdate publicationstatus publicationtype publicationtypelist
publisher publisherlocation publishername pubmedbookdata pubmeddata pubmedpubdate qualifiername reference
referencelist refsource registrynumber reporttitle season second section sectionlist sectiontitle
spaceflightmission startpage suffix supplmeshlist supplmeshname title vernaculartitle volume volumetitle year
"""
KNOWN = frozenset(_DEFINED.split())


def recognises(head: str) -> float:
    """Return how surely a text is PubMed XML."""
    return 1.0 if starts(head, (*_RECORDS, *_OLD_RECORDS), _ROOTS) else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the articles and book chapters of a PubMed XML file; the ids of deleted ones are set aside."""
    old = "<MedlineCitationSet" in source.head
    yield from read_xml(source, account, _OLD_RECORDS if old else _RECORDS, normalise, KNOWN, _DELETED)


def normalise(record: Node) -> dict[str, Any]:
    """Return the normalised fields of a record from its tree (PubMed DTD, 1 January 2025)."""
    if documents := record.all("BookDocument"):
        return _book(documents[0])
    citation = next(iter(record.all("MedlineCitation")), record)
    article = next(iter(citation.all("Article")), citation)
    isbn, issn = v.serials_of([*article.texts("Journal/ISSN"), *citation.texts("MedlineJournalInfo/ISSNLinking")])
    return {
        "title": v.plain(article.first("ArticleTitle") or article.first("VernacularTitle")),
        "authors": _authors(article),
        "year": v.year_of(
            article.texts("Journal/JournalIssue/PubDate/Year")
            + article.texts("Journal/JournalIssue/PubDate/MedlineDate")
            + article.texts("ArticleDate/Year")
        ),
        "journal": v.plain(
            article.first("Journal/Title", "Journal/ISOAbbreviation") or citation.first("MedlineJournalInfo/MedlineTA")
        ),
        "volume": v.plain(article.first("Journal/JournalIssue/Volume")),
        "number": v.plain(article.first("Journal/JournalIssue/Issue")),
        "pages": _pages(article),
        "doi": _doi(article, record.all("PubmedData")),
        "abstract": _abstract(article) or _abstract(citation, "OtherAbstract"),
        "keywords": tuple(
            v.plain(word)
            for path in ("KeywordList/Keyword", "MeshHeadingList/MeshHeading/DescriptorName")
            for word in citation.texts(path)
        ),
        "isbn": isbn,
        "issn": issn,
        "url": "",
        "language": v.plain(article.first("Language")),
        "type": "JOUR",
    }


def _book(document: Node) -> dict[str, Any]:
    """Return the fields of a book or of a chapter in one: the chapter has a title of its own."""
    book = next(iter(document.all("Book")), document)
    title, whole = v.plain(document.first("ArticleTitle")), v.plain(book.first("BookTitle"))
    isbn, issn = v.serials_of(book.texts("Isbn"))
    return {
        "title": title or whole,
        "authors": _authors(document) or _authors(book),
        "year": v.year_of(
            book.texts("PubDate/Year") + book.texts("PubDate/MedlineDate") + document.texts("ContributionDate/Year")
        ),
        "journal": whole if title else "",
        "volume": v.plain(book.first("Volume")),
        "number": "",
        "pages": _pages(document),
        "doi": _doi(book, [document]) or _doi(document, []),
        "abstract": _abstract(document),
        "keywords": tuple(map(v.plain, document.texts("KeywordList/Keyword"))),
        "isbn": isbn,
        "issn": issn,
        "url": "",
        "language": v.plain(document.first("Language")),
        "type": "CHAP" if title and whole else "BOOK",
    }


def _authors(parent: Node) -> tuple[str, ...]:
    """Return the authors, or where there are none the editors."""
    lists = parent.all("AuthorList")
    of = [one for one in lists if one.attributes.get("Type", "authors") == "authors"] or lists
    found = (_name(author) for one in of for author in one.all("Author"))
    return tuple(name for name in found if name)


def _name(author: Node) -> str:
    family, given = author.first("LastName"), author.first("ForeName", "FirstName", "Initials")
    if not family:
        return v.plain(author.first("CollectiveName") or given)
    given = f"{given} {author.first('Suffix')}".strip()
    return v.plain(f"{family}, {given}" if given else family)


def _pages(parent: Node) -> str:
    printed = parent.first("Pagination/MedlinePgn")
    if printed:
        return v.pages_of(printed, "")
    return v.pages_of(parent.first("Pagination/StartPage"), parent.first("Pagination/EndPage"))


def _doi(parent: Node, data: list[Node]) -> str:
    """Return the DOI of the record itself: a list of ids in its references is another matter."""
    own = [n for n in parent.all("ELocationID") if n.attributes.get("EIdType") == "doi"]
    own.sort(key=lambda n: n.attributes.get("ValidYN", "Y") != "Y")
    ids = [n for one in data for n in one.all("ArticleIdList/ArticleId") if n.attributes.get("IdType") == "doi"]
    return next((doi for n in (*own, *ids) if (doi := v.doi_of(n.text()))), "")


def _abstract(parent: Node, name: str = "Abstract") -> str:
    """Return the abstract; the label of each part of a structured one stands before it."""
    abstract = next(iter(parent.all(name)), None)
    if abstract is None:
        return ""
    parts = []
    for node in abstract.all("AbstractText"):
        text, label = v.plain(node.text()), node.attributes.get("Label", "").strip()
        if text:
            parts.append(f"{label}: {text}" if label and label.upper() != "UNLABELLED" else text)
    return " ".join(parts)


FORMAT = Format(
    name="pubmed-xml",
    title="PubMed XML",
    recognises=recognises,
    read=read,
    extensions=("xml",),
    systems=(("PubMed", r"<(?:PubmedArticle|PubmedBookArticle|MedlineCitation)"),),
)
