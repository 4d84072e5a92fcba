"""What is known of RIS tags and reference types (tables of the rispy package)."""

from __future__ import annotations

from functools import cache


@cache
def known_tags() -> frozenset[str]:
    """Return the tags that RIS defines."""
    from rispy.config import TAG_KEY_MAPPING

    return frozenset(TAG_KEY_MAPPING) - {"UK"}


@cache
def repeatable_tags() -> frozenset[str]:
    """Return the tags that a record may hold more than once by definition (authors, keywords, notes)."""
    from rispy.config import LIST_TYPE_TAGS

    return frozenset(LIST_TYPE_TAGS)


@cache
def reference_types() -> frozenset[str]:
    """Return the reference types that RIS defines (JOUR, CHAP, ...)."""
    from rispy.config import TYPE_OF_REFERENCE_MAPPING

    return frozenset(TYPE_OF_REFERENCE_MAPPING)
