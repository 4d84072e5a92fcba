"""A small codebook with every type of variable, and rows that fit it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from metareview.coding.events import CODED
from metareview.journal.events import Event
from metareview.protocol.loading import check_protocol
from metareview.protocol.models import Protocol, Variable

PLAN = """
title: A review
question: {text: What works}
eligibility: {include: [Evaluations]}
exclusion_reasons: [{code: no_text, label: No text}]
sources: [{name: scopus, title: Scopus, kind: database}]
reviewers: [{name: Anna}, {name: Bo}]
lessons: {approach: family, design: country}
codebook:
  study:
    - {name: country}
    - {name: family, type: category, required: true, categories: [hot_spots, street_lighting, greening]}
    - {name: partners, type: multi, categories: [police, city, residents]}
    - {name: sms_level, type: integer, minimum: 1, maximum: 5}
    - {name: share, type: number, minimum: 0, maximum: 1}
    - {name: blinded, type: boolean}
    - {name: started, type: date}
    - {name: notes, type: text}
  effect:
    - {name: measure, type: category, required: true, categories: [OR, RIRR]}
    - {name: a, type: number}
  practice:
    - {name: principle, type: text, required: true}
"""


def plan(text: str = PLAN) -> Protocol:
    protocol, mistakes = check_protocol(text)
    assert protocol is not None, mistakes
    assert not mistakes, [str(m) for m in mistakes]
    return protocol


PROTOCOL = plan()
STUDY = {v.name: v for v in PROTOCOL.codebook.study}

# Text as a coder may type it: signs that spreadsheets run, quotes, separators and line breaks among it.
_letters = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from("=+-@'\"\t\n;,0 ")
words = st.text(_letters, min_size=1, max_size=12).map(str.strip).filter(bool)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": words,
    "text": words,
    "integer": st.integers(-(10**18), 10**18),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates().map(lambda d: d.isoformat()),
    "category": st.sampled_from(["hot spots", "a,b", '"quoted"', "=sum", "1"]),
    "multi": st.lists(st.sampled_from(["a", "b c", "-d"]), min_size=1, max_size=3, unique=True),
}
CATEGORIES = {"category": ("hot spots", "a,b", '"quoted"', "=sum", "1"), "multi": ("a", "b c", "-d")}


def every_type() -> Protocol:
    """A codebook whose study level has one optional variable of each type, named after it."""
    found = tuple(Variable(name=f"v_{t}", type=t, categories=CATEGORIES.get(t, ())) for t in VALUES)  # type: ignore[arg-type]
    return PROTOCOL.model_copy(update={"codebook": PROTOCOL.codebook.model_copy(update={"study": found})})


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of the study level of `every_type`, with some variables left empty."""
    ids = draw(st.lists(words, max_size=4, unique=True))
    return [
        {"study_id": study} | {f"v_{t}": draw(values) for t, values in VALUES.items() if draw(st.booleans())}
        for study in ids
    ]


def coded(
    person: str, clock: int, seq: int, row: str, values: dict[str, Any], replaces: tuple[str, ...] = (), pc: str = "pc"
) -> Event:
    """A row of the effect level coded by a person."""
    data = {
        "level": "effect",
        "row_id": row,
        "study_id": "s1",
        "values": values,
        "by": person.title(),
        "form": "data/coding/effects.csv",
        "cell_row": 2,
    }
    return Event(seq, clock, person, pc, "2026-11-01T09:30:00Z", CODED, data, replaces)
