"""Imports point downward only, arithmetic knows no files, front ends call services, and help loads nothing heavy.

Every import statement counts: at the top of a module, inside a function, and under TYPE_CHECKING.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

# From the ground up. A room imports itself and rooms of lower layers; rooms of one layer do not know each other.
LAYERS = (
    ("errors",),
    ("tabular", "parallel", "journal", "index"),
    ("protocol",),  # on journal: the registered versions are events
    ("literature", "screening", "coding", "effects", "synthesis"),
    ("report",),
    ("lessons", "provenance"),  # lessons rounds with report.numbers
    ("folder",),  # opens the protocol and the journal for services; rooms get what they need as arguments
    ("services",),
    ("review",),
    ("tui",),
    ("cli",),  # opens the screens
    ("__main__",),
)
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}
FACADE = "metareview"  # the package itself: its names come from every room, each loaded on first use

# The journal and the index know no room's events or tables, and the two helpers know nothing but errors.
GROUND = {"tabular", "parallel", "journal", "index"}

# Arithmetic: no files, no folders, no database.
PURE = ("metareview.effects", "metareview.synthesis", "metareview.literature.dedupe", "metareview.screening.ranking")
FILES = {"pathlib", "io", "shutil", "tempfile", "glob", "sqlite3", "csv", "openpyxl", "yaml", "metareview.tabular"}

# What front ends use from below services, and why.
FRONT_END = {
    "metareview.errors": "exit codes and the one handler of user mistakes",
    "metareview.folder": "finding the review that --review means",
    "metareview.report.numbers": "rounding, which renderers alone do",
    "metareview.report.prisma": "the rows of the flow diagram as a listing",
    "metareview.effects.registry": "the table of measures, which needs no review",
}
FRONT_END_TYPES = {
    "metareview.literature.records": "the record that the screening prompt shows",
    "metareview.provenance.lockfile": "the comparison that verify and reproduce tell of",
    "metareview.synthesis.results": "the pooled result whose cells are printed",
}
HEAVY = {
    "pandas", "numpy", "scipy", "statsmodels", "matplotlib", "pydantic", "rich", "sklearn", "openpyxl", "yaml", "rispy",
    "rapidfuzz", "pymare", "jinja2", "formulaic", "sqlite3", "textual", "joblib", "dask", "distributed",
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One imported module: who imports what on which line, and whether for types only."""

    module: str
    target: str
    line: int
    types_only: bool

    def __str__(self) -> str:
        return f"{self.module} line {self.line} imports {self.target}"


def exists(name: str) -> bool:
    path = SOURCE / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def targets(node: ast.Import | ast.ImportFrom, package: list[str]) -> Iterator[str]:
    """The modules of an import statement; `from package import module` is that module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    above = package[: len(package) - node.level + 1] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    for alias in node.names:
        yield f"{base}.{alias.name}" if exists(f"{base}.{alias.name}") else base


def imports_of(text: str, module: str, package: list[str]) -> list[Import]:
    tree = ast.parse(text)
    typed = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for part in node.body
        for inner in ast.walk(part)
    }
    return [
        Import(module, target, node.lineno, id(node) in typed)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in targets(node, package)
    ]


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((SOURCE / "metareview").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def all_imports() -> tuple[Import, ...]:
    found: list[Import] = []
    for module, path in modules().items():
        package = list(path.relative_to(SOURCE).parent.parts)
        found += imports_of(path.read_text(encoding="utf-8"), module, package)
    return tuple(found)


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else FACADE


def inner_imports() -> list[Import]:
    ours = [i for i in all_imports() if i.target.split(".")[0] == "metareview"]
    return [i for i in ours if room(i.module) != room(i.target) and room(i.module) != FACADE]


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == p or module.startswith(p + ".") for p in packages)


def test_the_reader_of_imports_sees_every_kind() -> None:
    text = """
import metareview.journal.events
from metareview.errors import MetareviewError
from metareview.journal import events
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from ..protocol.models import Protocol
def f():
    from .. import tabular
    from .codebook import columns
"""
    found = imports_of(text, "metareview.coding.forms", ["metareview", "coding"])
    assert [(i.target, i.types_only) for i in sorted(found, key=lambda i: i.line)] == [
        ("metareview.journal.events", False),
        ("metareview.errors", False),
        ("metareview.journal.events", False),
        ("typing", False),
        ("metareview.protocol.models", True),
        ("metareview.tabular", False),
        ("metareview.coding.codebook", False),
    ]
    assert len(modules()) > 100
    assert len(inner_imports()) > 100


def test_every_room_has_a_layer() -> None:
    assert {room(module) for module in modules()} - {FACADE} <= set(RANK)


def test_imports_point_downward_only() -> None:
    assert [str(i) for i in inner_imports() if RANK.get(room(i.target), 99) >= RANK[room(i.module)]] == []


def test_the_ground_knows_errors_only() -> None:
    assert [str(i) for i in inner_imports() if room(i.module) in GROUND and room(i.target) != "errors"] == []


def test_the_facade_loads_its_names_on_first_use() -> None:
    facade = [i for i in all_imports() if i.module == FACADE and i.target.startswith("metareview")]
    assert facade
    assert [str(i) for i in facade if not i.types_only] == []


def test_arithmetic_knows_no_files() -> None:
    mine = [i for i in all_imports() if within(i.module, PURE)]
    assert len({i.module for i in mine}) > 30
    assert [str(i) for i in mine if within(i.target, tuple(FILES))] == []
    rooms_used = {room(i.target) for i in mine if i.target.startswith("metareview.")}
    assert rooms_used <= {"effects", "synthesis", "literature", "screening", "parallel", "errors"}


def test_arithmetic_opens_nothing() -> None:
    found = []
    for module, path in modules().items():
        if within(module, PURE):
            calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
            names = [
                (n.func.id if isinstance(n.func, ast.Name) else getattr(n.func, "attr", ""), n.lineno) for n in calls
            ]
            found += [f"{module} line {line} calls {name}" for name, line in names if name in READS_OR_WRITES]
    assert found == []


READS_OR_WRITES = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "read_csv", "to_csv", "savefig"}


def test_front_ends_call_services_and_little_below() -> None:
    below = [
        i
        for i in inner_imports()
        if room(i.module) in ("cli", "tui") and room(i.target) not in ("services", "review", "tui")
    ]
    assert [
        str(i) for i in below if i.target not in FRONT_END and not (i.types_only and i.target in FRONT_END_TYPES)
    ] == []


def test_no_exception_for_front_ends_is_idle() -> None:
    used = {i.target for i in inner_imports() if room(i.module) in ("cli", "tui")}
    assert {*FRONT_END, *FRONT_END_TYPES} - used == set()


def test_the_open_review_runs_services_only() -> None:
    below = [i for i in inner_imports() if i.module == "metareview.review" and not i.types_only]
    assert {room(i.target) for i in below} == {"folder", "services"}


def test_the_terminal_is_the_front_ends_business() -> None:
    terminal = {
        "click": ("metareview.cli",),
        "rich": ("metareview.cli", "metareview.tui"),
        "textual": ("metareview.tui",),
    }
    for library, rooms in terminal.items():
        users = [i for i in all_imports() if i.target.split(".")[0] == library]
        assert [str(i) for i in users if not within(i.module, rooms)] == []


def test_the_package_file_of_a_room_imports_nothing() -> None:
    rooms = {f"metareview.{r}" for layer in LAYERS for r in layer} - {
        "metareview.cli"
    }  # cli holds the group of commands
    light = [i for i in all_imports() if i.module in rooms and modules()[i.module].name == "__init__.py"]
    assert [str(i) for i in light if i.target != "__future__"] == []


LOADS = {
    "import metareview": "import metareview",
    "import metareview.cli": "import metareview.cli",
    "metareview --help": "from metareview.cli import main; main(['--help'])",
    "metareview status --help": "from metareview.cli import main; main(['status', '--help'])",
    "metareview --version": "from metareview.cli import main; main(['--version'])",
    "python -m metareview --help": "import runpy; sys.argv[1:] = ['--help']; runpy.run_module('metareview', "
    "run_name='__main__', alter_sys=True)",
}


@pytest.mark.parametrize("code", LOADS.values(), ids=LOADS)
def test_nothing_heavy_is_loaded_to_help(code: str) -> None:
    script = (
        "import sys\n"
        f"try:\n    {code}\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "print('\\nloaded:', *sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    env = os.environ | {"PYTHONWARNINGS": "error", "PYTHONPATH": str(SOURCE)}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=60)
    assert run.returncode == 0, run.stderr
    out, _, loaded = run.stdout.rpartition("loaded:")
    assert "metareview" in loaded.split()
    assert HEAVY & set(loaded.split()) == set()
    if "help" in code:
        assert out.startswith("Usage: metareview")


@pytest.mark.parametrize("word", sorted(p.stem[4:] for p in (SOURCE / "metareview" / "cli").glob("cmd_*.py")))
def test_the_top_of_a_command_loads_nothing_heavy(word: str) -> None:
    path = SOURCE / "metareview" / "cli" / f"cmd_{word}.py"
    top = ast.parse(path.read_text(encoding="utf-8")).body
    package = ["metareview", "cli"]
    names = [t for node in top if isinstance(node, ast.Import | ast.ImportFrom) for t in targets(node, package)]
    assert [n for n in names if n.split(".")[0] in HEAVY or room(n) == "services"] == []
