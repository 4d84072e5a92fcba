from __future__ import annotations

from pathlib import Path

import pytest

from metareview.journal.writing import Draft, append_many


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal"


@pytest.fixture
def log(folder: Path) -> Path:
    """A log of five events, `anna/laptop.jsonl`."""
    append_many(folder, "Anna", "laptop", [Draft("screening.vote", {"record": f"r{i}"}) for i in range(1, 6)])
    return folder / "anna" / "laptop.jsonl"
