"""Make the bundled review from the evidence folder, through the project's own services and forms.

    python tools/bundle/build.py EVIDENCE_FOLDER [REVIEW_FOLDER]

What this does by hand-written rule is only what a person did: which record a source is, how a printed figure goes into the
columns of the effect form, and the judgements in the three tables beside this file. All else (reading, deduplication,
effect sizes, synthesis) is done by the tool when the review is rebuilt.
"""

from __future__ import annotations

import csv
import os
import shutil
import sys
import tempfile
from pathlib import Path

from effect_forms import effect_row
from ris import left_out_record, source_record, study_record, write_ris

from metareview.folder import ReviewFolder
from metareview.services import code, dedupe, imports, protocol, retrieve, screen
from metareview.services.state import load_state
from metareview.tabular import write_csv

HERE = Path(__file__).parent
DATE = "2026-11-24"
WHO = "bundled example"
QUERY = "searches by family of approaches in a stored copy of public web pages; the exact queries were not noted"

# Studies the protocol's exclusion criteria rule out, from the evidence's own `eligibility_doubt`.
NOT_AREA_BASED = {
    "connor2021": "national policy",
    "dimaggio_tx": "state-wide programme",
    "menendez2015": "state-wide policy",
    "villaveces2000": "city-wide ban on persons carrying arms",
    "kyvsgaard2021": "allocated to single houses",
    "kyvsgaard2022": "allocated to single households",
}
# Records of one work that no rule can see, judged by reading; and look-alikes that are two works.
SAME = [("cook2011", "cookmacdonald"), ("matzopoulos_vpuu", "vpuu_saferspaces"), ("spader2015", "spader2016")]
DIFFERENT = [("amendola2018bc", "amendola2018re"), ("branas2018", "rockinst2018"), ("cbcr2019", "cbcr2020")]
FLAGGED = {"heading only", "second hand", "one- or two-person interview"}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class Evidence:
    """The evidence folder and the judgements beside this script."""

    def __init__(self, folder: Path) -> None:
        self.studies = rows(folder / "studies.csv")
        self.effects = rows(folder / "effects.csv")
        self.excluded = rows(folder / "excluded.csv")
        self.findings = rows(folder / "findings.csv")
        self.mechanisms = rows(folder / "mechanisms.csv")
        self.practice = rows(folder / "practice.csv")
        self.sources = {r["source_id"]: r for r in rows(folder / "sources.csv")}
        self.left_out = {r["study"]: r for r in rows(HERE / "left_out.csv")}
        self.strand_b = {r["source_id"]: r for r in rows(HERE / "strand_b.csv")}
        self.strand_c = {r["source_id"] for r in rows(HERE / "strand_c.csv")}


def main(evidence_folder: str, review: str = ".") -> None:
    os.environ["METAREVIEW_COMPUTER"] = "bundle"
    evidence = Evidence(Path(evidence_folder))
    folder = ReviewFolder(Path(review).resolve())
    for place in (folder.searches, folder.journal, folder.coding, folder.root / ".metareview"):
        shutil.rmtree(place, ignore_errors=True)
    protocol.register(folder, WHO, date=DATE)
    ids = bring_in(folder, evidence)
    deduplicate(folder, ids)
    judge(folder, evidence, ids)
    code_all(folder, evidence, ids)
    print("bundled review made in", folder.root)


def bring_in(folder: ReviewFolder, evidence: Evidence) -> dict[str, str]:
    """Import the three exports; return list:key -> record id."""
    effects = [study_record(r) for r in evidence.studies]
    effects += [left_out_record(r, evidence.sources.get(r["study"])) for r in evidence.excluded]
    lessons = [source_record(evidence.sources[s]) for s in evidence.strand_b]
    keys = {
        "pages-effects": [r["study_id"] for r in evidence.studies] + [r["study"] for r in evidence.excluded],
        "pages-lessons": list(evidence.strand_b),
        "pages-practice": sorted(evidence.strand_c),
    }
    practice = [source_record(evidence.sources[s]) for s in keys["pages-practice"]]
    ids: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as place:
        for name, records in (("pages-effects", effects), ("pages-lessons", lessons), ("pages-practice", practice)):
            path = write_ris(Path(place) / f"{name}.ris", records)
            done = imports.run(folder, [path], name, DATE, QUERY, None, WHO)[0]
            assert len(done.result.records) == len(records), (name, len(done.result.records), len(records))
            for key, record in zip(keys[name], done.result.records, strict=True):
                ids[f"{name}:{key}"] = record.record_id
    return ids


def record_of(ids: dict[str, str], key: str) -> str:
    return ids.get(f"pages-effects:{key}") or ids[f"pages-lessons:{key}"]


def deduplicate(folder: ReviewFolder, ids: dict[str, str]) -> None:
    """Run the rules, and judge by reading what they leave: an unsure pair is one work when its whole titles are equal."""
    dedupe.run(folder, WHO)
    judged = [
        (record_of(ids, a), record_of(ids, b), same)
        for same, pairs in ((True, SAME), (False, DIFFERENT))
        for a, b in pairs
    ]
    known = {frozenset(pair[:2]) for pair in judged}
    for a, b, _ in dedupe.unsure_pairs(folder):
        if frozenset((a.record_id, b.record_id)) not in known:
            judged.append((a.record_id, b.record_id, a.title.casefold() == b.title.casefold()))
    dedupe.judge(folder, judged, WHO)


def judge(folder: ReviewFolder, evidence: Evidence, ids: dict[str, str]) -> None:
    """Screen, retrieve, decide and link; a merged record is included when any strand includes it."""
    state = load_state(folder)
    merged: dict[str, list[tuple[str, str, str, str, str, str]]] = {}
    for key, grounds in [*strand_a(evidence), *strand_b(evidence)]:
        merged.setdefault(state.literature.stands_for(ids[key]), []).append((key.split(":")[1], *grounds))
    votes, retrievals, decisions, links = [], [], [], []
    for record, grounds in merged.items():
        studies, titles, gots, fulltexts = zip(*((g[0], g[1:3], g[3], g[4:6]) for g in grounds), strict=True)
        if all(t[0] == "exclude" for t in titles):
            votes.append((record, "exclude", titles[0][1], fulltexts[0][1]))
            continue
        votes.append((record, "include", "", ""))
        got = [g for g in gots if g]
        read = any(g == "yes" for g in got)
        retrievals.append((record, read, "" if read else next(g for g in got if g != "yes")))
        if not read:
            continue
        included = [i for i, f in enumerate(fulltexts) if f[0] == "include"]
        if included:
            note = "; ".join(fulltexts[i][1] for i in range(len(grounds)) if fulltexts[i][1])
            decisions.append((record, "include", "", note))
            links.append((record, studies[included[0]]))
        else:
            reason = next(f for f in fulltexts if f[0])
            decisions.append((record, "exclude", reason[0], reason[1]))
    screen.cast(folder, "title", votes, WHO)
    retrieve.close(folder, retrievals, WHO)
    screen.cast(folder, "fulltext", decisions, WHO)
    retrieve.link(folder, links, WHO)


def strand_a(evidence: Evidence):  # type: ignore[no-untyped-def]
    """Yield (key, (title decision, title reason, retrieved or why not, full-text decision or reason, ground))."""
    for r in evidence.studies:
        key, doubt = f"pages-effects:{r['study_id']}", r["eligibility_doubt"]
        if r["study_id"] in NOT_AREA_BASED:
            yield key, ("include", "", "yes", "not_area_based", NOT_AREA_BASED[r["study_id"]])
        else:
            yield key, ("include", "", "yes", "include", f"kept with doubt: {doubt}" if doubt else "")
    for r in evidence.excluded:
        g = evidence.left_out[r["study"]]
        got = "yes" if g["retrieved"] == "yes" else g["not_retrieved_reason"]
        yield (
            f"pages-effects:{r['study']}",
            (g["title_decision"], g["title_reason"], got, g["fulltext_reason"], g["ground"]),
        )


def strand_b(evidence: Evidence):  # type: ignore[no-untyped-def]
    for source, g in evidence.strand_b.items():
        flag = evidence.sources[source]["seen_as"]
        ground = f"strand B; seen as {flag}, so it carries no lesson alone" if flag in FLAGGED else "strand B"
        if g["title_decision"] == "exclude":
            yield f"pages-lessons:{source}", ("exclude", g["title_reason"], "", "", g["ground"])
        else:
            yield f"pages-lessons:{source}", ("include", "", "yes", "include", ground)


def code_all(folder: ReviewFolder, evidence: Evidence, ids: dict[str, str]) -> None:
    """Fill in the forms and import them."""
    state = load_state(folder)
    of_record = {r: s for s, reports in state.included_studies().items() for r in reports}

    def study(key: str) -> str | None:
        for name in ("pages-effects", "pages-lessons"):
            if f"{name}:{key}" in ids:
                found = of_record.get(state.literature.stands_for(ids[f"{name}:{key}"]))
                if found:
                    return found
        return None

    included = set(state.included_studies())
    effects = [effect_row(r) for r in evidence.effects if r["study_id"] in included]
    lessons, experiences = lesson_rows(evidence, study)
    forms = {
        "studies": study_rows(evidence, included),
        "effects": effects,
        "lessons": lessons,
        "practice": practice_rows(evidence, experiences, ids),
    }
    with tempfile.TemporaryDirectory() as place:
        for name, found in forms.items():
            heads = list(dict.fromkeys(k for row in found for k in row))
            path = write_csv(Path(place) / f"{name}.csv", heads, [[row.get(h, "") for h in heads] for row in found])
            print(code.import_form(folder, path, WHO))


def study_rows(evidence: Evidence, included: set[str]) -> list[dict[str, str]]:
    found = {}
    for s in evidence.strand_b:
        r = evidence.sources[s]
        if s in included:
            found[s] = {
                "study_id": s, "strand": "B", "year": r["year"], "country": r["country"], "source_kind": r["kind"],
                "language": r["language"], "seen_in": r["seen_in"], "seen_as": r["seen_as"],
                "source_cluster": r["source_cluster"],
            }  # fmt: skip
    for r in evidence.studies:
        if r["study_id"] in included:
            found[r["study_id"]] = {
                "study_id": r["study_id"], "strand": "A", "year": r["year"], "country": r["country"], "city": r["city"],
                "family": r["family"], "design": r["design"], "sms_level": r["sms_level_proposed"],
                "n_areas_treatment": r["n_areas_treatment"], "n_areas_control": r["n_areas_control"],
                "programme_cluster": r["programme_cluster"], "eligibility_doubt": r["eligibility_doubt"],
                "source_kind": "evaluation", "seen_in": r["seen_in"], "seen_as": "text", "note": r["note"],
            }  # fmt: skip
    for s in included - set(found):
        r = evidence.sources[s]
        raise SystemExit(f"included study without facts: {s} {r}")
    return list(found.values())


def lesson_rows(evidence: Evidence, study):  # type: ignore[no-untyped-def]
    """Return lessons of the studies' track, and findings that belong to the practice track."""
    lessons, experiences = [], []
    for r in evidence.findings:
        home = study(r["source_id"])
        source = evidence.sources.get(r["source_id"])
        if home is None or (source and source["kind"] == "practice_dialogue"):
            experiences.append(r)
            continue
        alone = "only beside others" if source and source["seen_as"] in FLAGGED else "alone"
        lessons.append(
            {
                "lesson_id": r["finding_id"], "study_id": home, "text": r["finding"], "kind": r["helped_or_hindered"],
                "theme": r["theme"], "evidence_kind": r["evidence_kind"], "language": r["language"], "carries": alone,
                "locator": r["locator"],
            }
        )  # fmt: skip
    numbers: dict[str, int] = {}
    for r in evidence.mechanisms:
        home = study(r["source_id"])
        if home is None:
            experiences.append(
                {"finding_id": f"{r['source_id']}_m", "finding": r["mechanism_claim"], "theme": r["emmie"], **r}
            )
            continue
        numbers[r["source_id"]] = numbers.get(r["source_id"], 0) + 1
        source = evidence.sources.get(r["source_id"])
        alone = "only beside others" if source and source["seen_as"] in FLAGGED else "alone"
        lessons.append(
            {
                "lesson_id": f"{r['source_id']}_m{numbers[r['source_id']]}", "study_id": home, "text": r["mechanism_claim"],
                "emmie": r["emmie"], "family": r["family"], "evidence_kind": source["kind"] if source else "evaluation",
                "language": source["language"] if source else "", "carries": alone, "locator": r["locator"],
            }
        )  # fmt: skip
    return lessons, experiences


def practice_rows(evidence: Evidence, experiences, ids: dict[str, str]):  # type: ignore[no-untyped-def]
    def record(source: str) -> str:
        return ids.get(f"pages-practice:{source}") or record_of(ids, source)

    found = [
        {
            "practice_id": r["practice_id"], "kind": "principle", "text_en": r["principle_en"], "text_nl": r["principle_nl"],
            "group": r["group"], "area_type": r["area_type"], "source_record": record(r["source_id"]), "locator": r["locator"],
        }
        for r in evidence.practice
    ]  # fmt: skip
    for r in experiences:
        letter = evidence.sources[r["source_id"]]["kind"] != "practice_dialogue"
        found.append(
            {
                "practice_id": r["finding_id"], "kind": "policy_document" if letter else "experience", "text_en": r["finding"],
                "group": "policy" if letter else "mixed", "theme": r["theme"], "source_record": record(r["source_id"]),
                "locator": r["locator"],
            }
        )  # fmt: skip
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
