"""A review from an empty folder to its lockfile, by the command line alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from small_review import (
    ALPHA,
    DATE,
    JOOST,
    MARA,
    MEETING,
    NO_OUTCOME,
    NOT_FOUND,
    PROTOCOL,
    REPORTS,
    STUDIES,
    TITLE_EXCLUDED,
    A,
    B,
    Ran,
    files,
    hashes,
    run,
    table,
)  # fmt: skip

from metareview.folder import ReviewFolder


class Story:
    """A review folder and the verbs on it; a verb that fails without being asked to, fails the test."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *args: object, code: int = 0, stdin: str = "") -> Ran:
        ran = run("--review", self.root, *args, stdin=stdin)
        assert ran.code == code, f"{args}: exit {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def json(self, *args: object, code: int = 0) -> Any:
        ran = self(*args, "--json", code=code)
        return json.loads(ran.out)

    def counts(self) -> dict[str, int]:
        found = self.json("prisma")
        assert all(c["holds"] for c in found["checks"] if c["severity"] == "error")
        counts: dict[str, int] = found["counts"]
        return counts


def test_the_whole_path_verb_by_verb(tmp_path: Path) -> None:
    given = files(tmp_path / "given")
    root = tmp_path / "review"
    made = run("init", root)
    assert (made.code, made.out) == (0, f"{root / 'protocols' / 'protocol.yaml'}\n")
    assert "protocol check" in made.err
    story = Story(root)
    assert (
        story("protocol", "check").out == "protocols/protocol.yaml: no mistakes\n"
    )  # the template passes its own check
    (root / "protocols" / "protocol.yaml").write_text(PROTOCOL, encoding="utf-8")
    _plan(story)
    _literature(story, given)
    _titles(story, tmp_path)
    _full_texts(story, tmp_path)
    _coding(story, given, tmp_path)
    _numbers(story, tmp_path)
    _provenance(story)


def _plan(story: Story) -> None:
    assert story.json("protocol", "check") == []
    assert story("protocol", "amendments").err.startswith("The protocol was not registered yet")
    assert "who decides?" in story("protocol", "register", code=2).err
    story("protocol", "register", "--as", MARA, "--date", "2026-02-20")
    assert "registered already" in story("protocol", "register", "--as", MARA, code=1).err
    assert story.json("protocol", "amendments")["amendments"] == []
    path = story.root / "protocols" / "protocol.yaml"
    path.write_text(PROTOCOL.replace("phi: 2", "phi: 3"), encoding="utf-8")
    changes = story.json("protocol", "amendments")["amendments"][0]["changes"]
    assert changes == [{"where": "effects.phi", "before": 2, "after": 3}]
    assert "why?" in story("protocol", "register", "--as", MARA, code=2).err
    path.write_text(PROTOCOL, encoding="utf-8")
    assert story("protocol", "amendments").out.endswith("no amendments\n")
    assert story.json("protocol", "show")["title"] == "Safe streets, an invented review"


def _literature(story: Story, given: dict[str, Path]) -> None:
    line = ("--date", DATE, "--query", "street*", "--as", MARA)
    first = story("import", given["alpha"], "--source", "alpha", "--hits", 9, *line)
    assert "7 records read, 0 repairs, 0 lines quarantined" in first.out
    assert "9 hits were counted and 7 records were read" in first.err
    assert story.json("import", given["beta"], "--source", "beta", *line)[0]["records"] == 5
    before = hashes(story.root)
    again = story("import", given["alpha"], given["beta"], "--source", "alpha", *line)
    assert again.out.count("nothing changed") == 2 and hashes(story.root) == before
    assert (story.root / "data/searches" / f"alpha-{DATE}.ris").read_bytes() == given["alpha"].read_bytes()
    done = story("dedupe", "--as", MARA)
    assert "12 records, 2 merged into others, 10 kept" in done.out and "1 pair is unsure" in done.err
    before = hashes(story.root)
    assert "nothing changed since the last run" in story("dedupe", "--as", MARA).err
    assert hashes(story.root) == before
    _judge_pairs(story)


def _judge_pairs(story: Story) -> None:
    pairs = story.json("dedupe", "review")
    assert [(p["a"]["record_id"], p["b"]["record_id"]) for p in pairs] == [(f"{A}:0004", MEETING)]
    before = hashes(story.root)
    for answers in ("q\n", "x\nl\n"):
        story("dedupe", "review", "--as", MARA, stdin=answers)
    assert hashes(story.root) == before
    story("dedupe", "review", "--as", MARA, stdin="d\n")
    assert story("dedupe", "review").out == "no pair waits for a judgement\n"
    assert story.counts()["duplicates"] == 2
    merged = story.json("dedupe", "merge", f"{A}:0004", MEETING, "--as", JOOST)
    assert merged["kept"] == 9 and story.counts()["duplicates"] == 3
    assert story.json("dedupe", "split", f"{A}:0004", MEETING, "--as", JOOST)["kept"] == 10
    rules = {m["rule"] for m in story.json("dedupe", "list")}
    assert rules == {"same_doi", "same_citation"}
    assert len(story.json("records")) == 12 and len(story.json("records", "--no-duplicates", "--search", "lamps")) == 1


def _titles(story: Story, tmp_path: Path) -> None:
    # Mara, record by record: a slip taken back, a wrong key, a reason by number, by code and left empty, and a stop.
    answers = ["i", "e", "", "u", "i", "z", "i", "q"]
    ran = story("screen", "--as", MARA, stdin="\n".join(answers) + "\n")
    assert "the last vote was taken back" in ran.err and "`z` is not a key" in ran.err
    assert "7 records wait for Mara Dekker" in ran.err and ALPHA[3][1].split(":")[0] in ran.out
    answers = ["i", "i", "e", "1", "e", "nonsense", "not_area_based", "i", "i", "i"]
    ran = story("screen", "--as", MARA, stdin="\n".join(answers) + "\n")
    assert "nothing waits for Mara Dekker" in ran.err and "`nonsense` is not one of them" in ran.err
    assert "nothing to undo" in _reopen(story).err
    _import_votes(story, tmp_path)
    found = story.json("screen", "conflicts", code=1)
    assert [(c["record"], c["why"]) for c in found] == [(f"{A}:0005", "the votes disagree")]
    assert story("screen", "conflicts", "--stage", "fulltext").out == "no conflicts\n"
    story("screen", "resolve", f"{A}:0005", "include", "--note", "it has a comparison", "--as", MARA)
    assert "is not in conflict" in story("screen", "resolve", f"{A}:0001", "exclude", "--as", MARA, code=2).err
    assert story.json("screen", "conflicts") == []
    found = story.json("screen", "agreement")[0]  # 9 of 10 equal; by chance .8 * .7 + .2 * .2 = .6
    assert found["n"] == 10 and found["observed"] == pytest.approx(0.9) and found["kappa"] == pytest.approx(0.75)
    counts = story.counts()
    assert (counts["records_screened"], counts["records_excluded"], counts["dbr_sought_reports"]) == (10, 2, 8)


def _reopen(story: Story) -> Ran:
    """Undo of a vote by name opens its record again; the session that then starts has nothing of its own to undo."""
    story("screen", "undo", f"{A}:0001", "--as", MARA)
    ran = story("screen", "--as", MARA, stdin="u\ni\n")
    assert story("screen", "undo", f"{A}:0001", "--as", JOOST, code=2).err.startswith(
        "error: Joost Vink has no standing"
    )
    return ran


def _import_votes(story: Story, tmp_path: Path) -> None:
    columns = ("record", "decision", "reason", "note")
    doubt = f"{A}:0005"
    rows: list[dict[str, object]] = [
        {"record": r, "decision": "maybe" if r == doubt else "include"} for r in (*REPORTS, MEETING, NOT_FOUND)
    ]
    rows += [{"record": r, "decision": "exclude", "reason": why} for r, why in TITLE_EXCLUDED.items()]
    bad = [{"record": "gamma:1", "decision": "include"}, {"record": doubt, "decision": "perhaps"},
           {"record": f"{A}:0006", "decision": "exclude", "reason": "not_empirica"},
           {"record": f"{B}:0001", "decision": "exclude"}]  # fmt: skip
    before = hashes(story.root)
    ran = story("screen", "import", table(tmp_path / "bad.csv", columns, rows + bad), "--as", JOOST, code=2)
    assert ran.out == "" and hashes(story.root) == before
    assert [line.strip().split(":")[0] for line in ran.err.splitlines()[1:5]] == [
        "row 11",
        "row 12",
        "row 13",
        "row 14",
    ]
    assert "did you mean `not_empirical`" in ran.err and f"`{B}:0001` has a vote of {JOOST} in row 2 already" in ran.err
    assert story("screen", "import", table(tmp_path / "votes.csv", columns, rows), "--as", JOOST).out.startswith(
        "9 votes"
    )
    story("screen", "record", NO_OUTCOME, "include", "--as", "joost vink")  # a name is known by its letters


def _full_texts(story: Story, tmp_path: Path) -> None:
    waiting = story.json("retrieve", "--only", "waiting")
    assert len(waiting) == 8
    assert "not judged at fulltext" in story("screen", "--stage", "fulltext", "record", f"{A}:0001", "include", "--as", MARA,
                                             code=2).err  # fmt: skip
    for report in (*REPORTS, MEETING, NO_OUTCOME):
        story("retrieve", "record", report, "retrieved", "--as", MARA)
    assert "why?" in story("retrieve", "record", NOT_FOUND, "not-retrieved", "--as", MARA, code=2).err
    story("retrieve", "record", NOT_FOUND, "not-retrieved", "--reason", "no library has it", "--as", MARA)
    assert [r["report"] for r in story.json("retrieve", "--only", "not-retrieved")] == [NOT_FOUND]
    columns = ("record", "decision", "reason", "reviewer")
    rows: list[dict[str, object]] = []
    for person in (MARA, JOOST):
        rows += [{"record": r, "decision": "include", "reviewer": person} for r in REPORTS]
        rows.append({"record": NO_OUTCOME, "decision": "exclude", "reason": "no_outcome", "reviewer": person})
    path = table(tmp_path / "full.csv", columns, rows)
    assert story("screen", "import", path, "--stage", "fulltext").out == "12 votes cast at fulltext\n"
    ran = story("screen", "--stage", "fulltext", "--as", MARA, stdin="e\n\n9\nduplicate_study\n")
    assert (
        "`9` is not one of them" in ran.err and "nothing waits" in ran.err
    )  # at full text a reason is asked until given
    assert (
        "needs a reason"
        in story("screen", "record", MEETING, "exclude", "--stage", "fulltext", "--as", JOOST, code=2).err
    )
    story("screen", "--stage", "fulltext", "record", MEETING, "exclude", "--reason", "duplicate_study", "--as", JOOST)
    for report, study in REPORTS.items():
        story("study", "link", report, study, "--as", MARA)
    assert "is not a study id" in story("study", "link", f"{A}:0001", "a b", "--as", MARA, code=2).err
    assert [s["study"] for s in story.json("study", "list")] == [s[0] for s in STUDIES]
    counts = story.counts()
    assert (counts["dbr_assessed"], counts["dbr_excluded"], counts["new_studies"]) == (7, 2, 5)


def _coding(story: Story, given: dict[str, Path], tmp_path: Path) -> None:
    form = tmp_path / "studies.xlsx"
    story("code", "form", "study", form)
    book = openpyxl.load_workbook(form)
    sheet = book.worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == [s[0] for s in STUDIES]
    for row, study in enumerate(STUDIES, start=2):
        for column, value in enumerate(study, start=1):
            sheet.cell(row, column).value = value
    book.save(form)
    assert "5 study rows: 5 new" in story("code", "import", form, "--as", MARA).out
    assert "5 unchanged" in story("code", "import", form, "--as", MARA).out
    story("code", "form", "effect", tmp_path / "empty.csv")
    assert (tmp_path / "empty.csv").read_text().count("\n") == 1
    assert "has no filled row" in story("code", "import", tmp_path / "empty.csv", "--as", MARA, code=2).err
    assert story.json("code", "import", given["effects"], "--as", MARA)["new"] == 6
    for level in ("lessons", "practice"):
        story("code", "import", given[level], "--as", MARA)
    for suffix in ("csv", "xlsx"):
        out = tmp_path / f"out.{suffix}"
        assert story("code", "export", "effect", out).out == f"{out}: 6 effect rows\n"
        before = hashes(story.root)
        assert "0 new, 0 changed, 6 unchanged" in story("code", "import", out, "--as", MARA).out
        assert hashes(story.root) == before
    for level, n in (("study", 5), ("effect", 6), ("lesson", 1), ("practice", 1)):
        assert len(story.json("code", "list", level)) == n
    _code_conflict(story, tmp_path)


def _code_conflict(story: Story, tmp_path: Path) -> None:
    row = {"study_id": "lund2021", "family": "greening", "design": "cluster_rct", "year": 2021}
    story("code", "import", table(tmp_path / "second.csv", row, [row]), "--as", JOOST)
    found = story.json("code", "conflicts", code=1)
    assert found == [
        {
            "level": "study",
            "id": "lund2021",
            "variable": "design",
            "coded": [{"by": MARA, "value": "quasi_matched"}, {"by": JOOST, "value": "cluster_rct"}],
        }
    ]
    assert "contradict each other: study lund2021" in story("effects", code=1).err
    assert (
        "is not in conflict" in story("code", "resolve", "study", "berg2014", "--take", MARA, "--as", MARA, code=2).err
    )
    story("code", "resolve", "study", "lund2021", "--take", MARA, "--as", JOOST)
    assert story("code", "conflicts").out == "no conflicts\n"


def _numbers(story: Story, tmp_path: Path) -> None:
    effects = {e["effect_id"]: e for e in story.json("effects")}
    assert effects["lamps"]["yi"] == pytest.approx(-0.358945092) and effects["lamps"]["phi"] == 2
    phi = story.json("effects", "--phi")
    assert len(phi) == 9 and {p["phi"] for p in phi if p["in_use"]} == {2.0}
    assert "RIRR" in {m["name"] for m in story.json("effects", "--measures")}
    plan = story.json("analyze", "--plan")
    assert plan["crime"]["effects"] == ["lamps", "harbour", "courts", "patrol"]
    assert plan["crime"]["left_out"] == {"lamps_near": "area_role is adjacent, not target"}
    found = story.json("analyze")
    assert found["crime"]["pooled"]["k"] == 4 and set(found["crime"]["subgroups"]) == {
        "lighting",
        "greening",
        "policing",
    }
    assert set(found["crime"]["sensitivity"]) == {"without_printed", "dersimonian_laird"}
    assert len(found["crime"]["regressions"]) == 1 and found["wellbeing"]["pooled"]["k"] == 1
    assert "names no analysis `crim`" in story("analyze", "crim", code=2).err
    assert set(story.json("analyze", "wellbeing")) == {"wellbeing"}
    out = tmp_path / "flow"
    assert "wrote" in story("prisma", "--out", out).err
    assert all(out.with_suffix(s).stat().st_size for s in (".svg", ".pdf", ".png", ".csv"))
    assert [i["id"] for i in story.json("prisma", "ids", "dbr_excluded")] == [MEETING, NO_OUTCOME]
    assert "No flow box" in story("prisma", "ids", "nonsense", code=2).err
    findings = [f["key"] for f in story.json("lessons")]
    assert findings == ["greening/crime", "lighting/crime", "policing/crime"]
    for about in ("lighting/crime", "lesson1"):
        story("lessons", "judge", about, "low", "--reason", "two studies", "--as", JOOST)
    assert (
        "no finding or lesson" in story("lessons", "judge", "lamps", "low", "--reason", "x", "--as", MARA, code=2).err
    )
    assert (
        story.json("lessons", "--coded")[0]["id"] == "lesson1"
        and story.json("lessons", "--practice")[0]["id"] == "talk1"
    )


def _provenance(story: Story) -> None:
    assert story("verify", code=3).err.startswith("error: there is no lockfile")
    ran = story("report")
    assert "6 effects, 2 analyses" in ran.err and (story.root / "outputs" / "report.html").is_file()
    before = hashes(story.root)
    story("lock")  # builds all outputs once more
    assert hashes(story.root) == before | {"metareview.lock": hashes(story.root)["metareview.lock"]}
    assert story.json("verify")["differences"] == []
    assert story("reproduce").out.startswith("reproduced: ")
    assert [s["next"] for s in story.json("status")][:-1] == [""] * 8
    done = "nothing is left to do; `metareview verify` compares all with the lock"
    assert (story("status").out.splitlines()[-1], story("verify").err) == (done, "")
    assert ReviewFolder(story.root).outputs.is_dir()


def test_show_walks_every_kind_of_thing_back_to_its_source(review: ReviewFolder) -> None:
    def shown(name: str) -> list[tuple[str, str]]:
        ran = run("show", name, "--json", "--review", review.root)
        assert ran.code == 0, ran.err
        return [(fact["what"], str(fact["value"])) for fact in json.loads(ran.out)]

    record = shown(f"{B}:0001")
    assert ("export", f"data/searches/beta-{DATE}.ris line 1") in record and ("duplicate of", f"{A}:0001") in record
    report = shown(f"{A}:0005")
    assert ("title decision", "include") in report and ("study", "lund2021") in report
    assert sum(what == "title vote" for what, _ in report) == 2
    study = dict(shown("berg2014"))
    assert (
        study["coded in"].startswith("data/coding/studies.csv row 2, by Mara Dekker")
        and study["effect"] == "lamps_near"
    )
    effect = dict(shown("courts"))
    assert effect["inputs"] == "ai=14; ci=22; n1i=40; n2i=40" and effect["analysis"] == "crime"
    assert effect["report"].startswith(f"{A}:0003: Oduya et al. (2017)")
    assert dict(shown("lesson1"))["text"] == "Patrols that talk are trusted."
    assert dict(shown("talk1"))["coded in"].startswith("data/coding/practice.csv row 2")
    assert run("show", "nothing", "--review", review.root).code == 2


def test_the_review_is_named_before_or_after_the_verb_or_is_at_or_above_the_current_folder(
    review: ReviewFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = str(review.root)
    said = {run("status", "--review", root).out, run("--review", root, "status").out}
    monkeypatch.chdir(review.root / "data" / "coding")
    said.add(run("status").out)
    assert len(said) == 1 and "Safe streets" in said.pop()
    monkeypatch.chdir(tmp_path)
    for where in (
        ("study", "list", "--review", root),
        ("dedupe", "--review", root, "list"),
        ("--review", root, "dedupe", "list"),
    ):
        assert run(*where).code == 0
    lost = run("status")
    assert (lost.code, lost.out) == (2, "") and "no review found at" in lost.err


def test_what_is_said_before_a_subcommand_counts_for_it(review: ReviewFolder) -> None:
    args = ("screen", "--stage", "fulltext", "--as", JOOST, "--review", review.root)
    ran = run(*args, "record", f"{A}:0002", "exclude", "--reason", "no_outcome")
    assert ran.code == 0, ran.err
    assert "exclude at fulltext" in ran.out
    assert json.loads(run("dedupe", "--json", "list", "--review", review.root).out)


def test_split_after_screening_began_brings_the_record_back_to_be_screened(review: ReviewFolder) -> None:
    story = Story(review.root)
    before = story.counts()
    story("dedupe", "split", f"{A}:0001", f"{B}:0001", "--as", MARA)
    after = story.counts()
    changed = {k: after[k] - before[k] for k in before if after[k] != before[k]}
    assert changed == {"duplicates": -1, "to_screen": 1}
    assert "1 to screen" in story("status").out
    for person in (MARA, JOOST):
        assert f"{B}:0001" in story("screen", "--as", person, stdin="e\n2\n").out
    counts = story.counts()
    assert (counts["records_screened"], counts["records_excluded"], counts["to_screen"]) == (11, 3, 0)
    # merged again, the contrary votes on the two records meet: a conflict, and nothing is lost
    story("dedupe", "merge", f"{A}:0001", f"{B}:0001", "--as", MARA)
    conflict = story.json("screen", "conflicts", code=1)
    assert conflict[0]["record"] == f"{A}:0001" and len(conflict[0]["votes"]) == 4
    assert story.counts()["duplicates"] == before["duplicates"]


def test_a_session_that_breaks_off_keeps_what_was_answered(review: ReviewFolder) -> None:
    story = Story(review.root)
    story("dedupe", "split", f"{A}:0001", f"{B}:0001", "--as", MARA)
    story("dedupe", "split", f"{A}:0003", f"{B}:0002", "--as", MARA)
    ran = story("screen", "--as", MARA, stdin="i\n", code=130)  # the input ends at the second record
    assert "what was acknowledged is on disk" in ran.err
    assert f"{B}:0002" in story("screen", "--as", MARA, stdin="q\n").out
    votes = [f["value"] for f in story.json("show", f"{B}:0001") if f["what"] == "title vote"]
    assert len(votes) == 1 and votes[0].startswith("include by Mara Dekker")


def test_stdout_holds_data_only_and_help_names_every_verb() -> None:
    ran = run("--help")
    assert ran.code == 0 and ran.err == ""
    for verb in (
        "init",
        "import",
        "dedupe",
        "screen",
        "code",
        "effects",
        "analyze",
        "prisma",
        "report",
        "lock",
        "verify",
    ):
        assert f"  {verb} " in ran.out
    wrong = run("analyse")
    assert (wrong.code, wrong.out) == (2, "") and "Did you mean `analyze`?" in wrong.err
    assert run("screen", "record", "x").code == 2
