"""What it takes for two records to agree: the tests behind the rules, on all pairs at once.

Each takes pairs of length m and returns a mask of length m. A likeness that is missing (NaN) passes no
threshold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metareview.literature.dedupe.compare import Pairs

Mask = NDArray[np.bool_]


def _same_title(x: Pairs) -> Mask:
    return (x.title >= 0.98) & (x.swapped == 0) & (x.title_numbers >= 0) & (x.extra == 0)


def _near_title(x: Pairs) -> Mask:
    near = ((x.title >= 0.93) | (x.extra > 0)) & (x.swapped == 0)
    return near & (x.title_numbers >= 0) & (x.extra >= 0)


def _authors(x: Pairs) -> Mask:
    """Authors agree, or a record names none and the abstract, or a long title and the place, agree."""
    unnamed = np.isnan(x.authors) & (x.abstract >= 0.95) & (x.short >= 3) & (x.number >= 0)
    place = (x.journal > 0) & (x.year == 0) & ((x.page > 0) | ((x.volume > 0) & (x.number > 0)))
    unnamed |= np.isnan(x.authors) & (x.title == 1) & (x.short >= 6) & place
    return (x.authors >= 0.75) | ((x.authors >= 0.5) & (x.first_author > 0)) | unnamed


def within(x: Pairs, years: int) -> Mask:
    """Years of publication are at most so far apart, or one is unknown."""
    return ~(x.year > years)


def _no_clash(x: Pairs) -> Mask:
    alike = (x.doi >= 0) & (x.isbn >= 0) & (x.journal >= 0) & (x.volume >= 0) & (x.page >= 0)
    return alike & ~x.preprint & ~x.thesis & (x.genre >= 0) & ~x.notices & ~_may_be_an_update(x)


def _doi_allows(x: Pairs) -> Mask:
    """A DOI that agrees or is missing; not one that differs, except by a typing error in it."""
    return (x.doi >= 0) | ((x.doi_likeness >= 0.9) & (x.page > 0) & (x.volume > 0) & (x.title >= 0.99))


def _may_be_an_update(x: Pairs) -> Mask:
    """Updates of a living review keep their article number and appear in another volume, issue or year."""
    return (x.numbered & (x.volume < 0) & ~(x.year == 0)) | (
        x.living & ((x.volume < 0) | (x.number < 0) | ~(x.year == 0))
    )


def _column(x: Pairs) -> Mask:
    """A short title in two issues may be that of a column, which has its page in each."""
    return (x.number < 0) & (x.short < 6) & ~(x.abstract >= 0.9)


def _second_doi(x: Pairs) -> Mask:
    """The DOIs differ, though not as those of two versions: a publisher may give an article another."""
    return (x.doi < 0) & (x.doi_likeness > 0)


def about_another(x: Pairs) -> Mask:
    """One record is a notice about another work; not where place and text are the same."""
    same_text = (x.volume > 0) & (x.page > 0) & (x.abstract >= 0.95)
    return x.notice & (x.title >= 0.5) & ~same_text


def other_part(x: Pairs) -> Mask:
    """The titles differ in a number; not where authors, volume and first page are the same."""
    same_place = (x.volume > 0) & (x.page > 0) & (x.journal >= 0) & (x.authors >= 0.75)
    return (x.title_numbers < 0) & (x.title >= 0.8) & (x.doi <= 0) & ~same_place


def other_place(x: Pairs) -> Mask:
    """Volume and first page both differ."""
    return (x.volume < 0) & (x.page < 0) & (x.doi <= 0) & (x.title >= 0.8)


def same_doi(x: Pairs) -> Mask:
    """The DOI agrees and so does the title, also of a notice, or one title is lost and the place agrees; not
    where the page, and the abstract or a short title, say no.
    """
    place = (x.volume > 0) & (x.page > 0) & (x.year == 0) & (x.journal > 0)
    lost = (x.short == 0) & place & (x.authors >= 0.9)
    notice = x.notices & (x.extra != 0)
    title = ((x.title >= 0.9) | (x.extra > 0)) & (x.extra >= 0)
    generic = (x.short < 4) & ((x.page < 0) | (x.authors < 0.5))
    shared_doi = (x.page < 0) & (x.abstract < 0.7)
    return (x.doi > 0) & ((title & (x.title_numbers >= 0) & ~generic & ~shared_doi) | lost | notice)


def same_citation(x: Pairs) -> Mask:
    """Volume and first page agree, with title and authors."""
    place = (x.volume > 0) & (x.page > 0)
    in_time = within(x, 1) | ((x.journal > 0) & (x.title >= 0.98))
    text = (x.abstract >= 0.9) & ((x.title >= 0.85) & (x.title_numbers >= 0) & (x.extra >= 0) | (x.extra != 0))
    text |= (x.abstract >= 0.95) & (x.title >= 0.9) & (x.journal > 0) & (x.year == 0)
    notice = x.notices & (x.extra != 0) & (x.short >= 6) & (x.journal > 0) & (x.year == 0)
    others = x.single & (x.first_author < 0) & ~(x.abstract >= 0.9) & ~x.span  # a letter, and the reply on its page
    signed = _authors(x) | ((x.title == 1) & (x.short >= 6) & (x.journal > 0) & within(x, 1) & ~others)
    known = _doi_allows(x) & (x.isbn >= 0) & ~x.preprint & ~_may_be_an_update(x) & ~_column(x)
    return place & in_time & (((_near_title(x) | text) & signed) | notice) & known


def same_pages(x: Pairs) -> Mask:
    """Journal, volume, first and last page agree, so the titles are spellings of one."""
    place = (x.journal > 0) & (x.volume > 0) & x.span & within(x, 1)
    worded = ((x.title_numbers >= 0) & (x.swapped == 0)) | (x.glued & (x.swapped <= 1))
    text = (x.title >= 0.85) & worded & (x.extra >= 0)
    return place & text & (x.authors >= 0.75) & (x.doi >= 0) & (x.isbn >= 0) & ~_may_be_an_update(x)


def second_doi(x: Pairs) -> Mask:
    """The citation agrees in all its parts, or with the abstract in all but the volume; only the DOIs differ."""
    place = (x.journal > 0) & (x.page > 0) & (x.year == 0)
    same = ((x.volume > 0) & ~(x.abstract < 0.7)) | (x.abstract >= 0.97)
    text = _same_title(x) & (x.short >= 5) & (x.authors >= 0.75) & (x.first_author > 0)
    return _second_doi(x) & place & same & text & (x.isbn >= 0) & ~x.notices & ~_may_be_an_update(x)


def same_issue(x: Pairs) -> Mask:
    """A long title, all authors, journal, year, volume and issue agree, so one of the pages is mistaken."""
    place = (x.journal > 0) & (x.volume > 0) & (x.number > 0) & (x.year == 0) & ~(x.abstract < 0.7)
    text = _same_title(x) & (x.short >= 8) & (x.authors >= 0.9) & (x.first_author > 0)
    return place & text & (x.doi >= 0) & (x.isbn >= 0) & ~x.notices & ~x.living


def same_thesis(x: Pairs) -> Mask:
    """Both are theses, of one author, title and year."""
    both = x.thesis & (x.genre > 0) & (x.year == 0) & (x.page >= 0) & (x.volume >= 0)
    return both & _same_title(x) & (x.short >= 5) & (x.authors >= 0.75) & (x.doi >= 0) & (x.isbn >= 0)


def same_high_page(x: Pairs) -> Mask:
    """Title, authors and year agree, and so does a page number too high to agree by chance."""
    place = (x.high >= 100) & (x.volume >= 0) & (x.year == 0) & ~(x.abstract < 0.7)
    text = _same_title(x) & (x.short >= 6) & (x.authors >= 0.75) & (x.first_author > 0)
    known = (x.doi >= 0) & (x.isbn >= 0) & ~x.preprint & ~x.thesis & ~x.living
    return place & text & known


def same_page(x: Pairs) -> Mask:
    """Journal or ISBN, year and first page agree, with title and authors."""
    place = ((x.journal > 0) | (x.isbn > 0)) & (x.page > 0) & within(x, 1) & ~_may_be_an_update(x)
    place &= ((x.volume >= 0) | (x.year == 0)) & ~_column(x)
    title = _near_title(x) & ((x.title >= 0.95) | (x.extra > 0))
    return place & title & _authors(x) & (x.doi >= 0) & (x.isbn >= 0) & (x.short >= 4)


def same_volume(x: Pairs) -> Mask:
    """Journal and volume agree, no page is known to differ, and title and authors are the same."""
    place = (x.journal > 0) & (x.volume > 0) & (x.page == 0) & within(x, 1)
    telling = ((x.short >= 4) & (x.number >= 0)) | (x.abstract >= 0.97)
    one = ~x.notices | ((x.number > 0) & (x.year == 0))
    known = (x.doi >= 0) & (x.isbn >= 0) & one & ~_may_be_an_update(x)
    return place & telling & _same_title(x) & _authors(x) & known


def same_abstract(x: Pairs) -> Mask:
    """The abstract agrees, with title and authors, and nothing that is known differs."""
    place = (x.journal > 0) & within(x, 1) | ((x.journal == 0) & (x.year == 0))
    place &= (x.journal > 0) | ~x.meeting
    both_meetings = (x.genre > 0) & within(x, 1)
    named = ~np.isnan(x.authors)  # reports of a series without authors share much of their abstracts
    title = (x.title >= 0.95) & _near_title(x) | (named & (x.extra > 0))
    near = named & (x.title >= 0.9) & (x.swapped <= 1) & (x.abstract >= 0.97) & (x.title_numbers >= 0) & (x.extra >= 0)
    text = (x.abstract >= 0.9) & (title | near)
    return text & (place | both_meetings) & _authors(x) & (x.short >= 4) & _no_clash(x)


def same_text(x: Pairs) -> Mask:
    """One of volume and first page may be mistaken where title, journal and abstract are the same."""
    place = (x.journal > 0) & within(x, 1) & ((x.volume >= 0) | (x.page >= 0))
    text = (x.abstract >= 0.97) & _same_title(x) & (x.authors >= 0.75) & (x.short >= 5)
    return place & text & (x.doi >= 0) & (x.isbn >= 0) & ~x.preprint & ~x.thesis & ~_may_be_an_update(x)


def online_first(x: Pairs) -> Mask:
    """One record has a volume or page, the other has neither, and all else agrees."""
    return (
        _same_title(x)
        & (x.short >= 5)
        & (x.journal > 0)
        & (x.authors >= 0.75)
        & (x.located == 1)
        & (within(x, 1) | (within(x, 2) & (x.abstract >= 0.9)))
        & (~x.meeting | ~(x.year > 0))
        & _no_clash(x)
    )


def online_this_year(x: Pairs) -> Mask:
    """An online copy of the same year goes before one of another."""
    return online_first(x) & (x.year == 0)


def same_everything_known(x: Pairs) -> Mask:
    """Title, authors, year and venue agree, and nothing that is known differs."""
    nowhere = np.isnan(x.journal_likeness) & (x.genre > 0) & (x.short >= 8)
    venue = (x.journal > 0) | ((x.journal == 0) & (x.page > 0)) | nowhere
    whole = _same_title(x) & (x.short >= 6) & (x.authors >= 0.75) & (x.first_author > 0) & (x.year == 0)
    return whole & venue & _no_clash(x) & (x.number >= 0)


def exact(x: Pairs) -> Mask:
    """All parts of the citation are there and identical."""
    same = (x.title == 1) & (x.authors == 1) & (x.year == 0) & (x.journal > 0)
    return same & (x.volume > 0) & (x.page > 0) & (x.doi >= 0) & (x.isbn >= 0)


def alike(x: Pairs) -> Mask:
    """Title and authors are alike enough for a person to look."""
    return ((x.title >= 0.9) | (x.extra != 0)) & ~(x.authors < 0.5) & (x.short >= 2)


def same_place(x: Pairs) -> Mask:
    """Authors, journal, year, volume and first page agree, whatever the title."""
    place = (x.journal > 0) & (x.volume > 0) & (x.page > 0) & (x.year == 0)
    return place & (x.authors >= 0.9)
