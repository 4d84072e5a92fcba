"""A small review that we invented: twelve records of safety in neighbourhoods, two reviewers, five studies."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from metareview.cli import main
from metareview.folder import ReviewFolder
from metareview.services import code, dedupe, imports, init, lessons, protocol, retrieve, screen

MARA, JOOST = "Mara Dekker", "Joost Vink"
DATE = "2026-03-02"
A, B = "alpha-2026-03", "beta-2026-03"

PROTOCOL = """\
metareview: 1
title: Safe streets, an invented review
version: "1.0"
question: {text: "What makes streets safer?"}
eligibility: {include: [Evaluations of a place-based approach]}
exclusion_reasons:
  - {code: not_empirical, label: Not empirical}
  - {code: not_area_based, label: Not an area-based approach}
  - {code: no_outcome, label: No eligible outcome, stages: [fulltext]}
  - {code: duplicate_study, label: Same study, stages: [fulltext]}
sources:
  - {name: alpha, title: Alpha Index, kind: database}
  - {name: beta, title: Beta Index, kind: database}
  - {name: talks, title: Talks with residents, kind: website, track: practice}
reviewers: [{name: Mara Dekker}, {name: Joost Vink}]
screening: {title: {votes: 2}, fulltext: {votes: 2}}
codebook:
  study:
    - {name: family, type: category, required: true, categories: [lighting, greening, policing]}
    - {name: design, type: category, required: true, categories: [cluster_rct, quasi_matched]}
    - {name: year, type: integer, minimum: 1970, maximum: 2030}
  effect:
    - {name: outcome_domain, type: category, required: true, categories: [crime, wellbeing]}
    - {name: area_role, type: category, required: true, categories: [target, adjacent]}
    - {name: direction, type: category, required: true, categories: [lower_is_better, higher_is_better]}
    - {name: measure, type: category, required: true, categories: [RIRR, OR, SMD, GEN]}
    - {name: a, type: number}
    - {name: b, type: number}
    - {name: c, type: number}
    - {name: d, type: number}
    - {name: ai, type: number}
    - {name: n1i, type: number}
    - {name: ci, type: number}
    - {name: n2i, type: number}
    - {name: m1i, type: number}
    - {name: sd1i, type: number}
    - {name: m2i, type: number}
    - {name: sd2i, type: number}
    - {name: estimate, type: number}
    - {name: scale_reported, type: category, categories: [ratio, log_ratio, percent_change, difference]}
    - {name: ci_low, type: number}
    - {name: ci_high, type: number}
    - {name: locator, required: true}
  lesson:
    - {name: text, type: text, required: true}
    - {name: locator, required: true}
  practice:
    - {name: text_en, type: text, required: true}
outcomes:
  - {name: crime, label: Recorded crime}
  - {name: wellbeing, label: Wellbeing, direction: higher_is_better}
effects: {phi: 2, zero_cells: only0}
analyses:
  - name: crime
    label: Recorded crime
    outcome: [crime]
    where: {area_role: target}
    subgroup: family
    moderators: [year]
    sensitivity: [without_printed, dersimonian_laird]
  - name: wellbeing
    label: Wellbeing
    outcome: [wellbeing]
    scale: linear
sensitivity:
  - {name: without_printed, label: without printed effects, where_not: {measure: GEN}}
  - {name: dersimonian_laird, label: DerSimonian-Laird, tau2: DL, test: z}
"""

# (authors, title, year, journal, volume, first page, doi, abstract)
_LAMPS = ("Berg, N.|Aydin, S.", "Brighter lamps and recorded crime in six northern streets", "2014",
          "Journal of Street Life", "12", "31", "10.5555/lamps", "Lamps in six streets were replaced; crime fell.")  # fmt: skip
_COURTS = ("Oduya, P.|Meyer, K.", "Community gardens in vacant courts: a matched comparison", "2017",
           "Places and People", "4", "101", "", "Gardens were laid out in forty vacant courts.")  # fmt: skip
_PATROL = ("Silva, R.|Chen, L.", "Foot patrols around the central market: a street-level experiment", "2019",
           "Policing Places", "8", "7", "10.5555/patrol", "Foot patrols were assigned to streets by lot.")  # fmt: skip
ALPHA = (
    _LAMPS,
    ("Ferrari, G.", "Harbour lighting and night-time thefts", "2016", "Port Cities", "3", "55", "10.5555/harbour",
     "New lights at the harbour, with the railway quarter as comparison."),
    _COURTS,
    _PATROL,
    ("Lund, H.|Okafor, T.", "Pocket parks and how residents feel", "2021", "Green Towns", "9", "12", "10.5555/parks",
     "Residents near pocket parks answered a questionnaire on wellbeing."),
    ("Novak, J.", "Why I like benches", "2012", "The Town Column", "1", "1", "", "A column on benches."),
    ("Haas, E.", "A national levy on alcohol", "2010", "Policy Letters", "2", "88", "", "A levy for the whole country."),
)  # fmt: skip
BETA = (
    _LAMPS,
    _COURTS,
    (*_PATROL[:3], "Proceedings of the Market Safety Meeting", "", "", "10.5555/meeting-17", _PATROL[7]),
    ("Popov, D.", "Night wardens in the old town", "2009", "Urban Notes", "5", "61", "", "Wardens walked the old town."),
    ("Rossi, M.", "Painting crossings with children", "2020", "School Roads", "6", "19", "", "Crossings were painted."),
)  # fmt: skip

STUDIES = (
    ("berg2014", "lighting", "quasi_matched", 2014),
    ("ferrari2016", "lighting", "quasi_matched", 2016),
    ("oduya2017", "greening", "quasi_matched", 2017),
    ("silva2019", "policing", "cluster_rct", 2019),
    ("lund2021", "greening", "quasi_matched", 2021),
)
EFFECT = ("effect_id", "study_id", "outcome_domain", "area_role", "direction", "measure", "locator")
_CRIME = ("crime", "target", "lower_is_better")
EFFECTS: tuple[dict[str, object], ...] = tuple(
    dict(zip(EFFECT, row[:7], strict=True)) | row[7]
    for row in (
        ("lamps", "berg2014", *_CRIME, "RIRR", "p. 35", {"a": 120, "b": 80, "c": 110, "d": 105}),
        ("lamps_near", "berg2014", "crime", "adjacent", "lower_is_better", "RIRR", "p. 36",
         {"a": 60, "b": 58, "c": 110, "d": 105}),
        ("harbour", "ferrari2016", *_CRIME, "RIRR", "table 2", {"a": 64, "b": 50, "c": 70, "d": 66}),
        ("courts", "oduya2017", *_CRIME, "OR", "table 1", {"ai": 14, "n1i": 40, "ci": 22, "n2i": 40}),
        ("patrol", "silva2019", *_CRIME, "GEN", "p. 9",
         {"estimate": 0.83, "scale_reported": "ratio", "ci_low": 0.70, "ci_high": 0.98}),
        ("parks", "lund2021", "wellbeing", "target", "higher_is_better", "SMD", "table 3",
         {"m1i": 7.1, "sd1i": 1.8, "n1i": 90, "m2i": 6.6, "sd2i": 1.9, "n2i": 95}),
    )
)  # fmt: skip
EFFECT_COLUMNS = (
    *EFFECT, "a", "b", "c", "d", "ai", "n1i", "ci", "n2i", "m1i", "sd1i", "m2i", "sd2i", "estimate", "scale_reported",
    "ci_low", "ci_high",
)  # fmt: skip
# report -> study; b3 is the meeting paper of the patrol study, b4 was never found, b5 has no eligible outcome
REPORTS = {f"{A}:000{i}": study for i, (study, *_) in enumerate(STUDIES, start=1)}
NOT_FOUND, NO_OUTCOME, MEETING = f"{B}:0004", f"{B}:0005", f"{B}:0003"
TITLE_EXCLUDED = {f"{A}:0006": "not_empirical", f"{A}:0007": "not_area_based"}


def ris(records: Iterable[tuple[str, ...]]) -> str:
    """Records as a RIS text."""
    lines: list[str] = []
    for authors, title, year, journal, volume, page, doi, abstract in records:
        lines += ["TY  - JOUR", *(f"AU  - {a}" for a in authors.split("|")), f"TI  - {title}", f"PY  - {year}"]
        lines += [
            f"{tag}  - {v}" for tag, v in zip(("T2", "VL", "SP", "DO"), (journal, volume, page, doi), strict=True) if v
        ]
        lines += [f"AB  - {abstract}", "ER  - ", ""]
    return "\n".join(lines)


def table(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> Path:
    """Rows as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def files(where: Path) -> dict[str, Path]:
    """Write the two exports and the four filled forms, and return them by name."""
    where.mkdir(parents=True, exist_ok=True)
    found = {name: where / f"{name}.ris" for name in ("alpha", "beta")}
    for name, records in (("alpha", ALPHA), ("beta", BETA)):
        found[name].write_text(ris(records), encoding="utf-8")
    studies = [dict(zip(("study_id", "family", "design", "year"), s, strict=True)) for s in STUDIES]
    found["studies"] = table(where / "studies.csv", studies[0], studies)
    found["effects"] = table(where / "effects.csv", EFFECT_COLUMNS, EFFECTS)
    lesson = {
        "lesson_id": "lesson1",
        "study_id": "silva2019",
        "text": "Patrols that talk are trusted.",
        "locator": "p. 11",
    }
    found["lessons"] = table(where / "lessons.csv", lesson, [lesson])
    principle = {"practice_id": "talk1", "text_en": "Ask who holds the key of the gate."}
    found["practice"] = table(where / "practice.csv", principle, [principle])
    return found


def lay_out(root: Path) -> ReviewFolder:
    """A folder with the small review's protocol."""
    folder = init.run(root)
    folder.protocol_path.write_text(PROTOCOL, encoding="utf-8")
    return ReviewFolder(root)


def build(root: Path, given: Path) -> ReviewFolder:
    """The small review up to its coded studies, made by services alone."""
    folder = lay_out(root)
    found = files(given)
    protocol.register(folder, MARA, date="2026-02-20")
    for name in ("alpha", "beta"):
        imports.run(folder, [found[name]], name, DATE, query="street* AND safe*", by=MARA)
    dedupe.run(folder, MARA)
    dedupe.judge(folder, [(f"{A}:0004", MEETING, False)], MARA)
    vote_titles(folder)
    outcomes = [(r, True, "") for r in (*REPORTS, NO_OUTCOME, MEETING)]
    retrieve.close(folder, [*outcomes, (NOT_FOUND, False, "no library has it")], JOOST)
    full = [(r, "include", "", "") for r in REPORTS]
    full += [(NO_OUTCOME, "exclude", "no_outcome", ""), (MEETING, "exclude", "duplicate_study", "meeting paper")]
    for person in (MARA, JOOST):
        screen.cast(folder, "fulltext", full, person)
    retrieve.link(folder, list(REPORTS.items()), MARA)
    for form in ("studies", "effects", "lessons", "practice"):
        code.import_form(folder, found[form], MARA)
    lessons.judge(folder, "lighting/crime", "low", "two studies", MARA)
    return folder


def vote_titles(folder: ReviewFolder) -> None:
    """Both vote on every title; they differ on one, which is resolved."""
    include = [(r, "include", "", "") for r in (*REPORTS, MEETING, NOT_FOUND, NO_OUTCOME)]
    exclude = [(r, "exclude", reason, "") for r, reason in TITLE_EXCLUDED.items()]
    screen.cast(folder, "title", [*include, *exclude], MARA)
    doubt = f"{A}:0005"
    screen.cast(
        folder, "title", [(r, "maybe" if r == doubt else d, w, n) for r, d, w, n in (*include, *exclude)], JOOST
    )
    screen.resolve(folder, "title", doubt, "include", note="it has a comparison", by=MARA)


@dataclass(frozen=True)
class Ran:
    """What a command did: its exit code, and what it printed on stdout and stderr."""

    code: int
    out: str
    err: str


def run(*args: object, stdin: str = "") -> Ran:
    """Run the command line in this process."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    before, sys.stdin = sys.stdin, io.StringIO(stdin)
    try:
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]), warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            try:
                main([str(a) for a in args])
                code_ = 0
            except SystemExit as stop:
                code_ = stop.code if isinstance(stop.code, int) else 0
    finally:
        sys.stdin = before
    out, err = (s.buffer.getvalue().decode() for s in streams)
    return Ran(code_, out, err)


def hashes(root: Path) -> dict[str, str]:
    """Every file of a review but its derived index, by hash."""
    found = sorted(p for p in root.rglob("*") if p.is_file() and ".metareview" not in p.relative_to(root).parts)
    return {p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def copy(source: Path, target: Path) -> ReviewFolder:
    """A copy of a review."""
    shutil.copytree(source, target)
    return ReviewFolder(target)


@contextmanager
def computer(name: str) -> Iterator[None]:
    """Decide on the computer `name`."""
    before = os.environ.get("METAREVIEW_COMPUTER")
    os.environ["METAREVIEW_COMPUTER"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["METAREVIEW_COMPUTER"]
        else:
            os.environ["METAREVIEW_COMPUTER"] = before
