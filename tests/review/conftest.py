from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_review import build, copy, run

from metareview.folder import ReviewFolder


@pytest.fixture(autouse=True, scope="session")
def desk() -> Iterator[None]:
    """One computer name, and nobody named by the environment, whatever machine runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METAREVIEW_COMPUTER", "desk")
        patch.delenv("METAREVIEW_AS", raising=False)
        yield


@pytest.fixture(scope="session")
def built(desk: None, tmp_path_factory: pytest.TempPathFactory) -> ReviewFolder:
    """The small review, coded; never changed by a test."""
    place = tmp_path_factory.mktemp("small")
    return build(place / "review", place / "given")


@pytest.fixture(scope="session")
def locked(built: ReviewFolder, tmp_path_factory: pytest.TempPathFactory) -> ReviewFolder:
    """The small review with outputs and lockfile; never changed by a test."""
    folder = copy(built.root, tmp_path_factory.mktemp("locked") / "review")
    done = run("lock", "--review", folder.root)
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def review(built: ReviewFolder, tmp_path: Path) -> ReviewFolder:
    """A copy of the small review, to be changed."""
    return copy(built.root, tmp_path / "review")


@pytest.fixture
def locked_copy(locked: ReviewFolder, tmp_path: Path) -> ReviewFolder:
    """A copy of the locked small review, to be changed."""
    return copy(locked.root, tmp_path / "locked")
