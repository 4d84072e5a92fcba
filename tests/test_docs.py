"""The documentation is run: every console block, every python block, every option table, every generated page."""

from __future__ import annotations

import ast
import contextlib
import importlib
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from metareview.cli import cli, main

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
VERBS = sorted((DOCS / "verbs").glob("*.md"))
PROMPTS = re.compile(r"\[q\]uit(?: >|:) (\w+)$|^reason.*: (\w+)$")
VARIABLES = ("METAREVIEW_AS", "METAREVIEW_COMPUTER", "COLUMNS")


# --- running a console block ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """One `$ ` line of a console block: the command, the output below it, and where it stands."""

    text: str
    expected: list[str]
    line: int


class _Program:
    """What CliRunner needs of a command: the whole program, with its own errors and exit codes."""

    name = "metareview"

    def main(self, args: list[str], prog_name: str, **_: Any) -> None:
        main(list(args))


@dataclass
class Shell:
    """A shell of our own, so that thousands of lines run in one process: cd, export and `echo $?` are built in."""

    cwd: Path
    env: dict[str, str] = field(default_factory=dict)
    code: int = 0

    def run(self, command: Command) -> str:
        words = shlex.split(command.text)
        if command.text == "echo $?":
            told, self.code = str(self.code), 0
            return told
        assert self.code == 0, (
            f"line {command.line}: the command before ended with {self.code} and no `echo $?` says so"
        )
        if words[0] == "cd":
            self.cwd = (self.cwd / words[1]).resolve(strict=True)
            return ""
        if words[0] == "export":
            self.env |= dict(word.split("=", 1) for word in words[1:])
            return ""
        return self._metareview(words[1:], command.expected) if words[0] == "metareview" else self._other(command.text)

    def _metareview(self, words: list[str], expected: list[str]) -> str:
        answers = [next(filter(None, m.groups())) for line in expected if (m := PROMPTS.search(line.strip()))]
        with contextlib.chdir(self.cwd):
            done = CliRunner().invoke(_Program(), words, input="".join(f"{a}\n" for a in answers), env=self.env)  # type: ignore[arg-type]
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        self.code = done.exit_code
        return done.output

    def _other(self, text: str) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, **self.env, "PATH": path, "LC_ALL": "C"}
        done = subprocess.run(["bash", "-c", text], cwd=self.cwd, env=env, capture_output=True, text=True, check=False)
        self.code = done.returncode
        return done.stdout + done.stderr


def commands(page: Path) -> Iterator[tuple[str, Command]]:
    """Every command of the console blocks of a page, in order, with the section (`## `) it stands in."""
    section, block, start = "", None, 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if block is None and line.startswith("## "):
            section = line[3:]
        if line.startswith("```"):
            if block is not None and start:
                yield from ((section, command) for command in _split(block, start))
            start = number if block is None and line == "```console" else 0
            block = [] if block is None else None
        elif block is not None:
            block.append(line)


def _split(block: list[str], start: int) -> Iterator[Command]:
    assert block[0].startswith("$ "), f"line {start}: a console block starts with `$ `"
    found: list[Command] = []
    for number, line in enumerate(block, start=start + 1):
        if line.startswith("$ "):
            found.append(Command(line[2:], [], number))
        elif found[-1].text.endswith("\\") and not found[-1].expected:
            found[-1] = Command(found[-1].text[:-1] + line.strip(), [], found[-1].line)
        else:
            found[-1].expected.append(line)
    yield from found


def matches(expected: list[str], output: str) -> bool:
    """Whether an output is as printed: blanks count once, `...` is any text, and a line of `...` any lines.

    Numbers at full precision count to eleven digits: the last ones are the arithmetic of the machine.
    """
    pattern = ""
    for line in filter(None, map(_plain, expected)):
        if line == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\n]*".join(re.escape(part) for part in re.split(r" ?\.\.\. ?", line)) + "\n"
    text = "".join(f"{line}\n" for line in filter(None, map(_plain, output.splitlines())))
    return re.fullmatch(pattern, text) is not None


def _plain(line: str) -> str:
    line = re.sub(r"-?\d+\.\d{12,}", lambda number: f"{float(number[0]):.11g}", line)
    return re.sub(r"\s*─+[\s─]*", "─", " ".join(line.split())).strip()


def play(shell: Shell, command: Command, page: Path) -> None:
    output = shell.run(command)
    assert matches(command.expected, output), f"{page.name} line {command.line}: `{command.text}` printed\n{output}"


# --- the tutorial -----------------------------------------------------------------------------------------------


def drawn_once(render: Callable[[Any, str], bytes]) -> Callable[[Any, str], bytes]:
    """Write a drawing to PDF and PNG once; what is the same drawing as SVG has the same bytes (see test_figures.py)."""
    known: dict[tuple[bytes, str], bytes] = {}

    def again(fig: Any, name: str = "svg") -> bytes:
        svg = render(fig, "svg")
        if name == "svg":
            return svg
        if (svg, name) not in known:
            known[svg, name] = render(fig, name)
        return known[svg, name]

    return again


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Path]]:
    """Play the tutorial once; give the folder as it stands after a step (copied on request: pages may change it)."""
    home = tmp_path_factory.mktemp("tutorial")
    kept = tmp_path_factory.mktemp("stages")
    shutil.copytree(DOCS / "tutorial", home / "inputs")
    shell, step = Shell(home), 0
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("METAREVIEW_COMPUTER", "laptop")
        figure_files = importlib.import_module("metareview.report.figures.save")
        patch.setattr(figure_files, "render", drawn_once(figure_files.render))
        for section, command in commands(DOCS / "tutorial.md"):
            number = int(section.split(".")[0])
            if number != step:
                shutil.copytree(home, kept / str(step))
                step = number
            play(shell, command, DOCS / "tutorial.md")
        assert shell.code == 0
        shutil.copytree(home, kept / str(step))
        copies = iter(range(10_000))

        def at(wanted: int) -> Path:
            copy = tmp_path_factory.getbasetemp() / f"copy-{next(copies)}"
            return Path(shutil.copytree(kept / str(wanted), copy))

        yield at


def test_tutorial_runs_and_ends_in_a_reproduced_review(stages: Callable[[int], Path]) -> None:
    end = stages(10)
    assert (end / "lights" / "metareview.lock").is_file()
    assert (end / "lights" / "outputs" / "report.html").is_file()
    assert len(list((end / "lights" / "data" / "journal").rglob("*.jsonl"))) == 2


def test_update_of_the_tutorial_runs(stages: Callable[[int], Path]) -> None:
    home = stages(10)
    shell = Shell(home / "lights", {"METAREVIEW_AS": "Anna"})
    for _, command in commands(DOCS / "updating.md"):
        play(shell, command, DOCS / "updating.md")
    assert (home / "flow.png").is_file() and (home / "flow-of-version-1.svg").is_file()


@pytest.mark.parametrize("page", VERBS, ids=lambda p: p.stem)
def test_verb_page_examples_run(page: Path, stages: Callable[[int], Path]) -> None:
    text = page.read_text(encoding="utf-8")
    told = re.search(r"after step (\d+) of the \[tutorial\]\(\.\./tutorial\.md\)", text)
    assert told, f"{page.name} says `after step N of the [tutorial](../tutorial.md)`"
    home = stages(int(told[1]))
    folder = home / "lights"
    shell = Shell(folder if folder.is_dir() else home, {"METAREVIEW_AS": "Anna"})
    ran = 0
    for _, command in commands(page):
        play(shell, command, page)
        ran += 1
    assert ran, f"{page.name} has no example"


# --- option tables ----------------------------------------------------------------------------------------------


def leaves() -> dict[str, click.Command]:
    """Every command with its full name, groups that run by themselves included."""
    context = click.Context(cli)
    found: dict[str, click.Command] = {}
    for name in cli.list_commands(context):  # type: ignore[attr-defined]
        command = cli.get_command(context, name)  # type: ignore[attr-defined]
        if not isinstance(command, click.Group) or command.invoke_without_command:
            found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {sub}": each for sub, each in command.commands.items()}
    return found


def spelled(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return (parameter.metavar or parameter.name or "").upper().strip("[].")
    return max(parameter.opts, key=len)


def of_cli(verb: str) -> set[tuple[str, str]]:
    return {
        (name, spelled(parameter))
        for name, command in leaves().items()
        if name.split()[0] == verb
        for parameter in command.params
    }


def of_page(page: Path) -> set[tuple[str, str]]:
    """(command, parameter) of the table under `## Options`; where a verb has several commands, its second column names
    them, or says `all`."""
    section = page.read_text(encoding="utf-8").split("## Options\n")[1].split("\n## ")[0]
    names = [name for name in leaves() if name.split()[0] == page.stem]
    found = set()
    for row in re.findall(r"^\| `([^`]+)`[^|]*\|([^|]+)\|", section, re.M):
        every = len(names) == 1 or row[1].strip() == "all"
        for name in names if every else re.findall(r"`([^`]+)`", row[1]):
            assert name in names, f"{page.name}: there is no command `{name}`"
            found.add((name, row[0].split()[0]))
    return found


def test_every_verb_has_a_page_and_every_page_a_verb() -> None:
    assert {p.stem for p in VERBS} == {name.split()[0] for name in leaves()}


@pytest.mark.parametrize("page", VERBS, ids=lambda p: p.stem)
def test_option_table_is_that_of_the_command_line(page: Path) -> None:
    assert of_page(page) == of_cli(page.stem)


@pytest.mark.parametrize("page", VERBS, ids=lambda p: p.stem)
def test_verb_page_shows_every_subcommand_and_its_parts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in leaves():
        if name.split()[0] == page.stem:
            assert f"metareview {name}" in text, f"{page.name} does not show `metareview {name}`"
    for heading in ("## Example", "## Options", "## What is written where", "## Errors and exit codes"):
        assert f"\n{heading}\n" in text


def test_event_kinds_that_pages_name_are_those_of_the_journal() -> None:
    source = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py"))
    known = set(re.findall(r'^[A-Z]+ = "([a-z]+\.[a-z]+(?<!\.csv))"$', source, re.M))
    named = {k for page in VERBS for k in re.findall(r"event\s+`([a-z]+\.[a-z]+)`", page.read_text(encoding="utf-8"))}
    assert known and named == known


@pytest.mark.parametrize("page", VERBS, ids=lambda p: p.stem)
def test_messages_that_pages_explain_exist(page: Path) -> None:
    source = " ".join(" ".join(p.read_text(encoding="utf-8").split()) for p in sorted((ROOT / "src").rglob("*.py")))
    known = re.sub(r"\{[^{}]*\}", "", re.sub(r'" f?"', "", source))
    section = page.read_text(encoding="utf-8").split("## Errors and exit codes\n")[1]
    for row in re.findall(r"^\| (.+?) \| .+ \| [\d, ]+ \|$", section, re.M):
        for message in re.findall(r"`([^`]+)`", row):
            parts = re.split(r"\.\.\.|\b[A-Z]{2,}\b|\bN\b|[`'{]|\d[\d.]*", message)
            absent = [part for part in map(str.strip, parts) if len(part) > 5 and part not in known]
            assert not absent, f"{page.name}: no message holds {absent}"


# --- the library ------------------------------------------------------------------------------------------------


WITH_CODE = sorted(p.name for p in DOCS.glob("*.md") if "```python" in p.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", WITH_CODE)
def test_code_on_a_page_runs_and_says_what_is_true(
    page: str, stages: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.chdir(stages(10))
    monkeypatch.setenv("METAREVIEW_AS", "Anna")
    space: dict[str, Any] = {}
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = [(m[1], text[: m.start(1)].count("\n")) for m in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S)]
    checked = sum(_check_block(page, code, above, space) for code, above in blocks)
    plt.close("all")
    assert checked > 0 and (page != "library.md" or checked > 40)


def test_library_page_shows_every_public_name() -> None:
    import metareview as mr

    text = (DOCS / "library.md").read_text(encoding="utf-8")
    missing = [name for name in mr.__all__ if f"mr.{name}" not in text]
    assert not missing
    methods = [name for name in vars(mr.Review) if not name.startswith("_") and name != "folder"]
    assert [name for name in methods if f"review.{name}" not in text] == []


def _check_block(page: str, code: str, above: int, space: dict[str, Any]) -> int:
    lines, checked = code.splitlines(), 0
    for statement in ast.parse(code).body:
        wanted = re.search(r"# -> (.+)$", lines[(statement.end_lineno or 1) - 1])
        where = f"{page} line {above + statement.lineno}"
        module = ast.Module([statement], [])
        if wanted is None:
            exec(compile(module, where, "exec"), space)
            continue
        assert isinstance(statement, ast.Expr), f"{where}: `# ->` belongs to an expression"
        value = eval(compile(ast.Expression(statement.value), where, "eval"), space)
        assert same(value, wanted[1].strip()), f"{where}: {value!r}, and the page says {wanted[1]}"
        checked += 1
    assert code.count("# -> ") == checked or code.count("# ->") == sum("# ->" in line for line in lines)
    return checked


def same(value: Any, told: str) -> bool:
    """Whether a value is the one told: numbers to the decimals printed, the rest as text with `...` for any text."""
    numbers = re.findall(r"(?<![\w.])[-+]?\d+(?:\.\d+)?", told)
    flat = (
        list(value)
        if isinstance(value, tuple | list) or (hasattr(value, "tolist") and getattr(value, "ndim", 0))
        else [value]
    )
    if (
        flat
        and len(numbers) == len(flat)
        and all(_is_number(v) for v in flat)
        and re.fullmatch(r"[-+\d., ()\[\]]+", told)
    ):
        decimals = [len(n.partition(".")[2]) for n in numbers]
        return all(
            math.isclose(v, float(n), rel_tol=0, abs_tol=0.5 * 10.0**-d + 1e-12)
            for v, n, d in zip(flat, numbers, decimals, strict=True)
        )
    pattern = ".*".join(re.escape(part) for part in told.split("..."))
    return any(re.fullmatch(pattern, " ".join(text.split()), re.S) for text in (str(value), repr(value)))


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool | str) and hasattr(value, "__float__")


# --- pages as pages ---------------------------------------------------------------------------------------------


def test_generated_pages_are_up_to_date() -> None:
    script = DOCS / "generate_measures.py"
    space: dict[str, Any] = {"__name__": "generate_measures", "__file__": str(script)}
    exec(compile(script.read_text(encoding="utf-8"), script.name, "exec"), space)
    pages = space["pages"]()
    stale = [name for name, text in pages.items() if (DOCS / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run: python docs/generate_measures.py"
    assert {p.name for p in (DOCS / "measures").glob("*.md")} == {Path(n).name for n in pages if "/" in n}


def test_links_lead_to_files_and_the_index_to_every_page() -> None:
    pages = sorted(DOCS.rglob("*.md"))
    broken, linked = [], set()
    for page in pages:
        for target, part in re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", page.read_text(encoding="utf-8")):
            if target.startswith(("http:", "https:")):
                continue
            file = (page.parent / target).resolve() if target else page
            if not file.exists() or (part and file.suffix == ".md" and part[1:] not in anchors(file)):
                broken.append(f"{page.name}: {target}{part}")
            if page in (DOCS / "README.md", DOCS / "measures.md"):
                linked.add(file)
    assert broken == []
    assert [p.name for p in pages if p not in linked and p != DOCS / "README.md"] == []


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize(
    ("expected", "output", "same_"),
    [
        (["a ... c"], "a   b  c\n", True),
        (["a ... c"], "a b d\n", False),
        (["first", "...", "last"], "first\nx\ny\nlast\n", True),
        (["first", "last"], "first\nx\nlast\n", False),
        ([" a   b", " ────"], "a b\n ───────────\n", True),
        ([], "said too much\n", False),
    ],
)
def test_loose_comparison_is_not_too_loose(expected: list[str], output: str, same_: bool) -> None:
    assert matches(expected, output) is same_


@pytest.mark.parametrize(
    ("value", "told", "same_"),
    [(0.12345, "0.123", True), (0.1244, "0.123", False), ((1.0, 2.04), "(1.0, 2.0)", True), ([1, 2], "1, 3", False),
     ("REML", "REML", True), ("PooledResult(k=13)", "PooledResult(k=...)", True), (3, "three", False)],
)  # fmt: skip
def test_values_are_compared_to_the_decimals_told(value: Any, told: str, same_: bool) -> None:
    assert same(value, told) is same_
