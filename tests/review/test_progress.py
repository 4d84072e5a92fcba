"""Work that takes a while: how far it is on a terminal and nowhere else, and Ctrl-C that leaves the review as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from small_review import MARA, hashes, run

from metareview.folder import ReviewFolder
from metareview.literature.dedupe import deduplicate
from metareview.services import analyze, fitting

ANALYSING = [
    ("analyze",),
    ("analyze", "--post-hoc", "Once more", "--like", "crime"),
    ("report",),
    ("lessons",),
    ("show", "crime"),
    ("lock",),
    ("verify",),
    ("reproduce",),
]


def ctrl_c(*what: Any, **more: Any) -> None:
    signal.raise_signal(signal.SIGINT)


def read(terminal: int) -> bytes:
    """All that is written to a pseudo-terminal until its last writer leaves, which Linux tells by an error."""
    found = b""
    with suppress(OSError):
        while part := os.read(terminal, 1 << 16):
            found += part
    return found


@pytest.mark.parametrize("command", ANALYSING, ids=" ".join)
def test_ctrl_c_in_an_analysis_says_so_and_changes_nothing(
    command: tuple[str, ...], locked_copy: ReviewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hashes(locked_copy.root)
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "regressions", ctrl_c)
        stopped = run(*command, "--review", locked_copy.root)
    assert (stopped.code, stopped.out) == (130, "")
    assert stopped.err.splitlines()[-1] == "stopped; what was acknowledged is on disk"
    assert hashes(locked_copy.root) == before
    assert run("verify", "--review", locked_copy.root).code == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_in_deduplicating_changes_nothing(
    workers: int, review: ReviewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hashes(review.root)
    command = ("dedupe", "--strictness", "exact", "--workers", workers, "--as", MARA, "--review", review.root)
    with monkeypatch.context() as patch:
        patch.setattr(deduplicate, "named_pairs", ctrl_c)
        stopped = run(*command)
    assert (stopped.code, stopped.out, stopped.err.strip()) == (130, "", "stopped; what was acknowledged is on disk")
    assert hashes(review.root) == before
    assert run(*command).code == 0


def test_an_analysis_tells_its_fits(review: ReviewFolder) -> None:
    told: dict[str, list[tuple[int, int]]] = {}

    def start(what: str) -> Any:
        said = told.setdefault(what, [])
        return lambda done, of: said.append((done, of))

    results = analyze.run(review, progress=start)
    assert set(told) == {f"analysing {name}" for name in results}
    for said in told.values():
        assert said == sorted(said) and said[-1][0] == said[-1][1] and len({of for _, of in said}) == 1


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(terminal: bool, review: ReviewFolder) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "metareview", "analyze", "crime", "--json", "--review", str(review.root)],
        stdout=subprocess.PIPE,
        stderr=theirs if terminal else subprocess.PIPE,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    bar = read(ours) if terminal else b""  # first, or a long bar fills the terminal
    out, err = process.communicate(timeout=50)
    os.close(ours)
    shown = bar if terminal else err
    assert process.returncode == 0
    assert (b"analysing crime" in shown) is terminal
    assert out.startswith(b"{") and b"analysing" not in out
