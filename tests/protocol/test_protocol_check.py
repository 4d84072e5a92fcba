"""Every mistake of a protocol is told at once, each with the line where it stands."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from metareview.errors import USAGE, MetareviewError
from metareview.folder import ReviewFolder
from metareview.protocol.loading import Mistake, check_protocol, load_protocol, protocol_hash, read_text
from metareview.services.protocol import check

TEMPLATE = files("metareview.protocol").joinpath("template.yaml").read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    assert TEMPLATE.count(old) == 1, old
    return TEMPLATE.replace(old, new)


def line_of(text: str, words: str) -> int:
    found = [i for i, line in enumerate(text.split("\n"), start=1) if words in line]
    assert len(found) == 1, (words, found)
    return found[0]


def mistakes(text: str) -> list[Mistake]:
    return check_protocol(text)[1]


def only(text: str) -> Mistake:
    found = mistakes(text)
    assert len(found) == 1, [str(m) for m in found]
    return found[0]


def test_the_template_passes_its_own_check() -> None:
    protocol, found = check_protocol(TEMPLATE)
    assert found == []
    assert protocol is not None
    assert protocol.reason_codes("title") == (
        "no_text", "not_empirical", "not_area_based", "no_comparison", "no_outcome",
    )  # fmt: skip
    assert "duplicate_study" in protocol.reason_codes("fulltext")
    assert protocol.screening.title.votes == 2
    assert protocol.category_label("family", "hot_spots_policing") == "hot spots policing"


# Text in the template -> what stands there instead, the words of the line told, and words of the message.
SHAPE = [
    ("title: Title of the review", "titel: Title of the review", "titel:", "unknown key `titel`; did you mean `title`?"),
    ("    tau2: REML", "    tau: REML", "    tau: REML", "unknown key `tau`; did you mean `tau2`?"),
    ("    label: Recorded crime in target areas\n", "", "- name: crime", "`label` is missing"),
    ("    scale: log\n", "    scale: logs\n", "scale: logs", "'log' or 'linear' (here: 'logs')"),
    ("  phi: 1\n", "  phi: true\n", "phi: true", "a number greater than 0, or the name of a default (here: True)"),
    ("  phi: 1\n", "  phi: [2]\n", "phi: [2]", "a number greater than 0, or the name of a default"),
    ("  phi: 1\n", "  phi: 0\n", "phi: 0", "greater than 0"),
    ("  phi: 1\n", "  phi: .nan\n", "phi: .nan", "greater than 0"),
    ("  title: {votes: 2}", "  title: {votes: 0}", "title: {votes: 0}", "greater than or equal to 1"),
    ("    outcome: [crime_total]", "    outcome: crime_total", "outcome: crime_total", "a list"),
    ("    where: {area_role: target}", "    where: {area_role: {a: b}}", "where: {", "text, a number, true or false, or a list"),
    ("    where: {area_role: target}", "    where: {area_role: [target, [a]]}", "where: {", "or a list of these"),
    ("kind: citation}", "kind: citations}", "kind: citations}", "(here: 'citations')"),
    ("name: scopus,", "name: Scopus 1,", "name: Scopus 1", "pattern"),
    ('version: "1.0"', "version: 1.0", "version: 1.0", "valid string (here: 1.0)"),
    ("  - {name: Reviewer One}\n  - {name: Reviewer Two}\n", "  []\n", "reviewers:", "at least 1 item"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "says"), SHAPE)
def test_a_wrong_shape_is_told_once_with_its_line(old: str, new: str, where: str, says: str) -> None:
    text = changed(old, new)
    found = [m for m in mistakes(text) if "`title` is missing" not in m.what]
    assert len(found) == 1, [str(m) for m in found]
    assert found[0].line == line_of(text, where)
    assert says in found[0].what


CROSS = [
    ("outcome: [crime_total]\n", "outcome: [crime_totl]\n", "outcome: [crime_totl]",
     "unknown outcome `crime_totl`; did you mean `crime_total`?"),
    ("subgroup: family", "subgroup: famly", "subgroup: famly", "unknown variable `famly`; did you mean `family`?"),
    ("prefer: primary", "prefer: primry", "prefer: primry", "unknown variable `primry`"),
    ("one_effect_per: study_id", "one_effect_per: studyid", "one_effect_per: studyid", "did you mean `study_id`?"),
    ("where: {area_role: target}", "where: {role: target}", "where: {role", "unknown variable `role`"),
    ("where: {area_role: target}", "where: {area_role: [target, adjacnt]}", "where: {area_role",
     "unknown category of `area_role` `adjacnt`; did you mean `adjacent`?"),
    ("where: {area_role: target}", "where_not: {area_role: treated}", "where_not:", "unknown category"),
    ("    scale: log\n", "    scale: log\n    sensitivity: [no_such]\n", "sensitivity: [no_such]",
     "unknown sensitivity analysis `no_such`"),
    ("  approach: family", "  approach: approach", "  approach: approach", "unknown study variable `approach`"),
    ("  design: design", "  design: design\n  analyses: [crim]", "analyses: [crim]",
     "unknown analysis `crim`; did you mean `crime`?"),
    ("{name: wos,", "{name: scopus,", "Web of Science", "`scopus` is named twice"),
    ("{code: no_outcome,", "{code: no_text,", "No eligible outcome", "`no_text` is named twice"),
    ("{id: B,", "{id: A,", "Process evaluations", "`A` is named twice"),
    ("Reviewer Two", "Reviewer One", None, "`Reviewer One` is named twice"),
    ("{name: b, ", "{name: a, ", "Treated area after", "variable `a` is named twice"),
    ("{name: sms_level, ", "{name: study_id, ", "Maryland", "variable `study_id` is named twice"),
    ("    - {name: country, label: Country}", "    - {name: country, type: category}", "name: country",
     "is a category and needs `categories`"),
    ("    - {name: country, label: Country}", "    - {name: country, categories: [nl, be]}", "name: country",
     "must be `category` or `multi`"),
    ("    - {name: country, label: Country}", "    - {name: country, type: multi, categories: [a;b, c]}",
     "name: country", "holds `;`"),
    ("    - {name: country, label: Country}", "    - {name: country, type: multi, categories: [nl, be, nl]}",
     "name: country", "category `nl` twice"),
    ("    - {name: country, label: Country}",
     "    - {name: country, type: category, categories: [nl], category_labels: {ln: Netherlands}}",
     "name: country", "unknown category `ln`"),
    ("minimum: 1, maximum: 5", "minimum: 6, maximum: 5", "Maryland", "minimum 6.0 is above maximum 5.0"),
    ("name: measure,", "name: measured,", "  effect:", "needs the variable `measure`"),
    ("  phi_source: assumed", "  phi_source: assumed\n  sense: sens", "sense: sens", "unknown effect variable `sens`"),
    ("categories: [crime_total, perceived_safety]", "categories: [crime_total, perceived]", "{name: outcome_domain",
     "category `perceived`, which `outcomes` does not name"),
    ("\nlessons:\n  approach", "\nsensitivity:\n  - {name: one, one_effect_per: studyid}\nlessons:\n  approach",
     "one_effect_per: studyid", "unknown variable `studyid`"),
    ("\nlessons:\n  approach", "\nsensitivity:\n  - {name: one, where: {area_role: treated}}\nlessons:\n  approach",
     "name: one", "unknown category of `area_role` `treated`"),
    ("  title: {votes: 2}", "  title: {votes: 3}", "title: {votes: 3}", "3 votes are asked for, and 2 reviewers are named"),
    ("  phi: 1\n  phi_source: assumed", "  phi: 2\n  phi_source: none", "phi_source: none", "phi is 2, so it has a source"),
    ("  phi: 1\n  phi_source: assumed", "  phi: violent_200m\n  phi_source: given", "phi_source: given",
     "phi is the default `violent_200m`, so its source is `assumed`"),
    ("  phi_source: assumed", "  phi_source: assumed\n  baseline: rat", "baseline: rat",
     "unknown study or effect variable `rat`"),
    ("  phi_source: assumed", "  phi_source: assumed\n  baseline: locator", "baseline: locator", "`locator` is a string"),
    ("  phi_source: assumed", "  phi_source: assumed\n  cost: a", "cost: a", "the cost of an area needs `residents`"),
    ("    subgroup: family", "    subgroup: family\n    moderators: [yaer]", "moderators: [yaer]", "unknown variable `yaer`"),
    ("prefer: primary", "prefer: family", "prefer: family", "`family` is not a boolean variable"),
    ("Reviewer Two", "reviewer-one", None, "`reviewer-one` is named twice"),
    ("  design: design", "  design: design\n  effect_kind: kind", "effect_kind: kind", "unknown effect variable `kind`"),
    ("  design: design", "  design: design\n  programme: prog", "programme: prog", "unknown study variable `prog`"),
    ("    tau2: REML\n", "    tau2: DL\n    tau2_ci: pl\n", "tau2_ci: pl",
     "the interval `pl` profiles the likelihood of REML or ML, and tau2 is by DL"),
    ("    tau2: REML\n    test: knha\n    subgroup: family\n",
     "    tau2: REML\n    tau2_ci: pl\n    sensitivity: [dl]\nsensitivity:\n  - {name: dl, tau2: DL}\n", "sensitivity: [dl]",
     "`dl`: the interval `pl` profiles the likelihood of REML or ML, and tau2 is by DL: choose another `tau2_ci` for it"),
    ("    one_effect_per: study_id\n", "    model: che\n    tau2_ci: genq\n", "tau2_ci: genq",
     "`tau2_ci` belongs to the model random_effects, and this one is che"),
    ("    one_effect_per: study_id\n    prefer: primary\n    scale: log\n    tau2: REML\n    test: knha\n    subgroup: family\n",
     "    model: che\n    sensitivity: [q]\nsensitivity:\n  - {name: q, tau2_ci: genq}\n", "sensitivity: [q]",
     "`q` changes tau2_ci, which belongs to the model random_effects, and this one is che"),
    ("  design: design", "  design: design\n  doubts: [famly]", "doubts: [famly]", "did you mean `family`?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "says"), CROSS)
def test_a_contradiction_between_parts_is_told_with_its_line(old: str, new: str, where: str | None, says: str) -> None:
    text = changed(old, new)
    found = only(text)
    assert says in found.what
    if where is None:
        assert found.line == line_of(TEMPLATE, "Reviewer Two")
    else:
        assert found.line == line_of(text, where)


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("    tau2: REML", "    tau2: REMEL", "tau2: REMEL", "there is no estimator `REMEL`; known: DL"),
        (
            "    tau2: REML\n",
            "    tau2_ci: profile\n",
            "tau2_ci: profile",
            "there is no interval of tau2 `profile`; known: genq, pl, qp, wald",
        ),
        (
            "\nlessons:\n  approach",
            "\nsensitivity:\n  - {name: one, tau2_ci: QP}\nlessons:\n  approach",
            "name: one",
            "there is no interval of tau2 `QP`; known: genq, pl, qp, wald",
        ),
        ("categories: [RIRR,", "categories: [RIR,", "name: measure", "there is no measure RIR; known: "),
        ("  phi: 1\n", "  phi: violent_20m\n", "phi: violent_20m", "Did you mean violent_200m or"),
        (
            "  phi: 1\n",
            "  phi: much\n",
            "phi: much",
            "There is no overdispersion 'much'. Use a number, or one of poisson",
        ),
    ],
)
def test_estimators_and_measures_that_are_not_there_are_told(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    folder = ReviewFolder(tmp_path)
    folder.protocol_path.parent.mkdir()
    folder.protocol_path.write_text(TEMPLATE, encoding="utf-8")
    assert check(folder) == []
    text = changed(old, new)
    folder.protocol_path.write_text(text, encoding="utf-8")
    (found,) = check(folder)
    assert says in found.what and found.line == line_of(text, where)


def test_variables_may_be_transformed_and_computed_ones_selected() -> None:
    text = changed(
        "    subgroup: family", '    subgroup: family\n    moderators: ["log(sms_level)", "C(family) + country"]'
    )
    assert mistakes(text) == []
    assert mistakes(changed("where: {area_role: target}", "where: {method: computed, phi_source: assumed}")) == []


def test_all_mistakes_come_at_once_in_the_order_of_the_lines() -> None:
    text = TEMPLATE
    for old, new in (
        ("title: Title of the review", "titel: Title of the review"),
        ("kind: citation}", "kind: citations}"),
        ("  phi: 1\n", "  phi: -7\n"),
        ("    scale: log\n", "    scale: logs\n    scale: log\n"),
    ):
        text = text.replace(old, new, 1)
    found = mistakes(text)
    assert [m.line for m in found] == sorted(m.line for m in found)
    said = "\n".join(map(str, found))
    for words in (
        "unknown key `titel`",
        "`title` is missing",
        "'citations'",
        "-7",
        "`scale` is given twice",
        "'logs'",
    ):
        assert words in said
    assert len(found) == 6


def test_all_contradictions_come_at_once() -> None:
    text = changed("subgroup: family", "subgroup: famly").replace("outcome: [crime_total]\n", "outcome: [crime]\n")
    text = text.replace("  design: design", "  design: designs")
    assert [m.where for m in mistakes(text)] == ["analyses[1].outcome", "analyses[1].subgroup", "lessons.design"]


def test_a_list_with_one_bad_item_is_not_also_too_short() -> None:
    text = changed("  - {name: Reviewer One}\n  - {name: Reviewer Two}\n", "  - {nam: Reviewer One}\n")
    found = mistakes(text)
    assert [m.what for m in found] == ["`name` is missing", "unknown key `nam`; did you mean `name`?"]
    assert {m.line for m in found} == {line_of(text, "nam: Reviewer One")}


def test_a_key_given_twice_is_told_with_both_lines() -> None:
    text = TEMPLATE + "title: Another\n"
    found = only(text)
    assert found.line == text.count("\n")
    assert found.what == f"`title` is given twice here (first on line {line_of(TEMPLATE, 'title: Title of')})"


def test_a_file_with_another_line_end_or_a_mark_has_the_same_lines() -> None:
    text = changed("subgroup: family", "subgroup: famly")
    for variant in (text.replace("\n", "\r\n"), "\ufeff" + text):
        assert mistakes(variant) == mistakes(text)


# What is not YAML, or YAML that says no plain value, and the line it stands on.
BROKEN = [
    ("title: [open", 1, "not valid YAML"),
    ("title: a\nquestion: {text: b\neffects: 1", 3, "not valid YAML"),
    ("title: a\n\tb: c", 2, "not valid YAML"),
    ("title: a\nnote: b\x07c\n", 2, "character #x0007"),
    ("a: 1\n---\nb: 2\n", 2, "not valid YAML"),
    ("title: *who\n", 1, "not valid YAML"),
    ("- a\n- b\n", 1, "a protocol is a YAML mapping"),
    ("", 1, "a protocol is a YAML mapping"),
    ("# only a comment\n", 1, "a protocol is a YAML mapping"),
    ("only words", 1, "a protocol is a YAML mapping"),
]


@pytest.mark.parametrize(("text", "line", "says"), BROKEN)
def test_what_is_not_yaml_is_told_with_its_line(text: str, line: int, says: str) -> None:
    protocol, found = check_protocol(text)
    assert protocol is None
    assert [m.line for m in found] == [line]
    assert says in found[0].what


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("!secret x", "`x` cannot be read: could not determine a constructor"),
        ("2026-13-45", "`2026-13-45` cannot be read"),
        ("&loop [*loop]", "an alias here contains itself"),
    ],
)
def test_a_value_that_yaml_cannot_build_is_a_mistake_and_no_crash(value: str, says: str) -> None:
    text = changed("title: Title of the review", f"title: {value}")
    found = [m for m in mistakes(text) if says in m.what]
    assert [m.line for m in found] == [line_of(text, "title: " + value)]


def test_loading_tells_all_mistakes_in_one_message(tmp_path: Path) -> None:
    path = tmp_path / "protocol.yaml"
    path.write_text(changed("subgroup: family", "subgroup: famly").replace("kind: register", ""), encoding="utf-8")
    with pytest.raises(MetareviewError, match="has 1 mistake:") as caught:
        load_protocol(path)
    assert caught.value.exit_code == USAGE
    path.write_text(
        TEMPLATE.replace("  design: design", "  design: x").replace("family\n\n", "famly\n\n"), encoding="utf-8"
    )
    with pytest.raises(MetareviewError, match=r"has 2 mistakes:\n  line \d+: .*\n  line \d+: "):
        load_protocol(path)
    path.write_text(TEMPLATE, encoding="utf-8")
    assert load_protocol(path).title == "Title of the review"


def test_a_missing_file_and_one_that_is_not_utf8_are_told(tmp_path: Path) -> None:
    with pytest.raises(MetareviewError, match="there is no protocol at"):
        load_protocol(tmp_path / "protocol.yaml")
    (tmp_path / "latin.yaml").write_bytes("title: één".encode("latin-1"))
    with pytest.raises(MetareviewError, match="is not UTF-8 text"):
        load_protocol(tmp_path / "latin.yaml")


def test_the_hash_does_not_depend_on_line_ends(tmp_path: Path) -> None:
    unix, windows = tmp_path / "a.yaml", tmp_path / "b.yaml"
    unix.write_bytes(TEMPLATE.encode())
    windows.write_bytes(TEMPLATE.replace("\n", "\r\n").encode())
    assert protocol_hash(read_text(unix)) == protocol_hash(read_text(windows)) == protocol_hash(TEMPLATE)
    assert protocol_hash(TEMPLATE.replace("\n", "\r\n")) == protocol_hash(TEMPLATE)
    assert protocol_hash(TEMPLATE + " ") != protocol_hash(TEMPLATE)


def test_contradictions_are_told_beside_mistakes_of_shape() -> None:
    text = TEMPLATE.replace("kind: citation", "kind: citatoin").replace("subgroup: family", "subgroup: famly")
    text = text.replace("    scale: log\n", "    scael: log\n")
    told = [m.what for m in check_protocol(text)[1]]
    assert any("citatoin" in what for what in told) and any("`scael`" in what for what in told)
    assert not any("famly" in what for what in told)  # in the analysis that has a mistake of its own
    text = TEMPLATE.replace("kind: citation", "kind: citatoin").replace("subgroup: family", "subgroup: famly")
    told = [m.what for m in check_protocol(text)[1]]
    assert len(told) == 2 and "did you mean `family`?" in told[1]
