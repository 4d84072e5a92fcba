"""What CONTRIBUTING.md and README.md show is what happens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import metareview.effects.measures as package
from metareview.effects import registry
from metareview.effects.compute import effect_size

ROOT = Path(__file__).parent.parent


@pytest.fixture
def added_measure(tmp_path, monkeypatch):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    name, code = re.search(r"```python file=(\w+\.py)\n(.*?)```", text, re.S).groups()
    (tmp_path / name).write_text(code, encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    registry._walk.cache_clear()
    yield name.removesuffix(".py")
    registry._walk.cache_clear()
    sys.modules.pop(f"{package.__name__}.{name.removesuffix('.py')}", None)


def test_a_measure_is_one_file(added_measure):
    assert "IRD1000" in registry.measures()
    assert "IRD1000" in set(registry.measures_frame()["name"])
    frame = effect_size("IRD1000", x1=[10, 4], t1=[100, 50], x2=[20, 4], t2=[100, 40])
    np.testing.assert_allclose(frame["yi"], [-100, -20], rtol=1e-14)
    np.testing.assert_allclose(frame["vi"], [3000, 4e6 / 2500 + 4e6 / 1600], rtol=1e-14)
    swapped = effect_size("IRD1000", x1=[20, 4], t1=[100, 40], x2=[10, 4], t2=[100, 50])
    np.testing.assert_allclose(swapped["yi"], -frame["yi"], rtol=1e-14)


def test_the_measure_of_the_example_is_not_part_of_the_package():
    assert "IRD1000" not in registry.measures()


def _commands(text: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", text, re.S)
    return [line[2:].split("#")[0].strip() for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture(scope="module")
def copy_of_the_review(tmp_path_factory):
    place = tmp_path_factory.mktemp("readme")
    for name in ("protocols", "data", "outputs"):
        shutil.copytree(ROOT / name, place / name)
    shutil.copy(ROOT / "metareview.lock", place)
    return place


README_COMMANDS = _commands((ROOT / "README.md").read_text(encoding="utf-8"))


def test_the_readme_names_the_two_commands_and_the_makefile_has_them():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert README_COMMANDS[:2] == ["make review", "make test"]
    assert {"review", "test", "check"} <= set(targets)


@pytest.mark.parametrize("command", [c for c in README_COMMANDS if c.startswith("metareview")])
def test_the_tour_of_the_readme_runs(command, copy_of_the_review):
    assert len(README_COMMANDS) > 10
    run = subprocess.run(
        [sys.executable, "-m", "metareview", *_words(command)],
        cwd=copy_of_the_review,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error::DeprecationWarning:metareview"},
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


def _words(command: str) -> list[str]:
    import shlex

    return shlex.split(command)[1:]


def test_the_python_of_the_readme_runs(copy_of_the_review, monkeypatch):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S).group(1)
    monkeypatch.chdir(copy_of_the_review)
    names: dict[str, object] = {}
    exec(code, names)
    effects = names["effects"]
    assert round(float(effects["yi"].iloc[0]), 3) == -0.424
    assert round(float(effects["sei"].iloc[0]), 3) == 0.420
    assert names["violent"].k == 14


def test_figures_and_numbers_of_the_readme_are_those_of_the_outputs():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (ROOT / target).exists(), target
    flow = (ROOT / "outputs" / "prisma" / "flow.csv").read_text(encoding="utf-8")
    for number, key in ((341, "database_results"), (172, "new_studies"), (51, "total_studies_ma")):
        assert str(number) in text
        assert re.search(rf"{key},{number}$", flow, re.M), key
