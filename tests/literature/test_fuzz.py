"""Damaged exports of every format: no traceback, no hang, no line lost in silence; `tools/fuzz.py` feeds a hundred thousand."""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest

from metareview.literature.formats import ris_entry
from metareview.literature.formats.registry import formats


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "fuzz.py"
    spec = importlib.util.spec_from_file_location("metareview_fuzz", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    signal.signal(signal.SIGALRM, module._hang)
    return module


def test_damaged_exports_are_read_or_refused(fuzz: ModuleType, tmp_path: Path) -> None:
    assert fuzz.run(1500, 7, tmp_path) == 0


def test_every_format_has_seeds(fuzz: ModuleType, tmp_path: Path) -> None:
    found = set()
    for number, data in enumerate(fuzz.seeds()):
        (tmp_path / str(number)).write_bytes(data)
        found.add(fuzz.check(tmp_path / str(number)))
    assert {name for name, f in formats().items() if not f.magic} <= found


def test_a_reader_that_drops_a_field_is_found(
    fuzz: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = ris_entry.RisEntry.raw
    monkeypatch.setattr(ris_entry.RisEntry, "raw", lambda self: raw(self)[:-1])
    assert fuzz.run(60, 1, tmp_path) > 0
