"""Spreading work: order, progress, errors, cancelling, and clusters that are not there."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from metareview.errors import MetareviewError
from metareview.parallel import cores, spread

PIECES = list(range(2, 12))
ANSWERS = [math.factorial(n) for n in PIECES]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_answers_come_in_the_order_of_the_pieces(workers: int) -> None:
    told: list[tuple[int, int]] = []
    found = list(spread(math.factorial, PIECES, workers=workers, progress=lambda *both: told.append(both)))
    assert found == ANSWERS
    assert told == [(k, 10) for k in range(1, 11)]


def test_pieces_are_taken_a_few_ahead_only() -> None:
    taken: list[int] = []

    def pieces() -> Iterator[int]:
        for n in range(100):
            taken.append(n)
            yield n

    answers = spread(math.factorial, pieces(), workers=2)
    assert next(answers) == 1
    assert len(taken) < 20
    answers.close()  # type: ignore[attr-defined]
    assert len(taken) < 20


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_piece_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        list(spread(math.factorial, [3, -1, 4], workers=workers))
    assert list(spread(math.factorial, [3, 4], workers=workers)) == [6, 24]


def test_a_worker_that_dies_is_told_with_a_hint() -> None:
    with pytest.raises(MetareviewError, match="worker process died") as caught:
        list(spread(os._exit, [3, 3], workers=2))
    assert "--workers" in caught.value.hint


def test_workers_are_counted() -> None:
    assert cores(3) == 3
    assert cores(0) >= 1
    with pytest.raises(MetareviewError, match="-1 workers"):
        list(spread(math.factorial, PIECES, workers=-1))


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ("localhost:8786", "not the address"),
        ("dask://localhost", "not the address"),
        ("dask://127.0.0.1:9", "No Dask scheduler answers at dask://127.0.0.1:9"),
    ],
)
def test_a_cluster_that_is_not_there_is_told_with_a_hint(cluster: str, message: str) -> None:
    with pytest.raises(MetareviewError, match=message) as caught:
        list(spread(math.factorial, PIECES, cluster=cluster))
    assert caught.value.hint


def test_ctrl_c_stops_the_workers() -> None:
    script = textwrap.dedent("""
        import os, signal, threading, time
        from metareview.parallel import spread

        def pieces():
            yield from [60] * 3
            # all workers are busy once this last piece is taken, and the loop waits for the first answer
            threading.Timer(1, os.killpg, (os.getpgid(0), signal.SIGINT)).start()
            yield 60

        for pid in spread(os.getpgid, [0] * 3, workers=2):
            pass
        try:
            for _ in spread(time.sleep, pieces(), workers=2):
                pass
        except KeyboardInterrupt:
            print("stopped", flush=True)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    out, err = process.communicate(timeout=50)  # returns once nobody holds the pipe: no worker is left
    assert out == "stopped\n", err
    assert process.returncode == 0
