"""Spreading work: order, progress, errors, cancelling, and clusters that are not there."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from distributed import Client
from joblib.externals.loky import ProcessPoolExecutor

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


def left_running() -> list[psutil.Process]:
    """Worker processes of this one."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "popen_loky" in " ".join(child.cmdline())]


def broken_off() -> Iterator[int]:
    yield from (3, 4, 5)
    raise KeyError("no more")


def leave(workers: int) -> None:
    answers = spread(math.factorial, range(1, 200), workers=workers)
    assert next(answers) == 1
    answers.close()  # type: ignore[attr-defined]


def fail_in_a_piece(workers: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        list(spread(math.factorial, [-1] * 50, workers=workers))


def fail_between_pieces(workers: int) -> None:
    with pytest.raises(KeyError, match="no more"):
        list(spread(math.factorial, broken_off(), workers=workers))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("stop", [leave, fail_in_a_piece, fail_between_pieces])
def test_a_loop_that_is_stopped_leaves_nothing_behind(
    stop: Callable[[int], None], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    thrown: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", thrown.append)
    for _ in range(4):
        stop(workers)
        assert not left_running() or workers == 1
    assert not thrown
    assert list(spread(math.factorial, PIECES, workers=workers)) == ANSWERS


STOPPED = """
import itertools, os, signal, threading, time
import metareview as mr
from metareview.parallel import spread

def ctrl_c():
    signal.raise_signal(signal.SIGINT) if {alone} else os.killpg(0, signal.SIGINT)

def pieces():
    yield from [0] * {before}
    ctrl_c()
    yield from [0] * 100

def tell(done, of):
    if done == 2:
        ctrl_c()

result = mr.pool([0.1, 0.3, 0.2, 0.5, -0.1], [0.1, 0.2, 0.1, 0.3, 0.2])
work = dict(
    pieces=lambda **how: list(spread(time.sleep, pieces(), **how)),
    busy=lambda **how: list(spread(time.sleep, [0, 0, 600, 600, 600, 600], progress=tell, **how)),
    gosh=lambda **how: mr.gosh(mr.pool(range(40), [1] * 40), subsets=10**6, progress=tell, **how),
    bootstrap=lambda **how: mr.bootstrap(result, n=10**6, progress=tell, **how),
)
try:
    work["{what}"](workers={workers})
except KeyboardInterrupt:
    print("stopped", list(spread(abs, [-1, 2], workers={workers})))
"""


@pytest.mark.skipif(os.name != "posix", reason="sends the signal of Ctrl-C")
@pytest.mark.parametrize(
    ("what", "workers", "before", "alone"),
    [
        ("pieces", 1, 3, True),
        ("pieces", 2, 1, True),  # the workers are only starting, and know nothing but the default answer to Ctrl-C
        ("pieces", 2, 3, False),
        ("busy", 2, 0, True),
        ("busy", 2, 0, False),
        ("gosh", 2, 0, False),
        ("bootstrap", 1, 0, False),
    ],
)
def test_ctrl_c_stops_the_workers(what: str, workers: int, before: int, alone: bool) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED.format(what=what, workers=workers, before=before, alone=alone)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    out, err = process.communicate(timeout=50)  # returns once nobody holds the pipe: no worker is left
    assert (out, err) == ("stopped [1, 2]\n", "")
    assert process.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="sends the signal of Ctrl-C")
def test_ctrl_c_at_a_submit_waits_until_the_worker_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    submit = ProcessPoolExecutor.submit
    done: list[int] = []

    def interrupted(self: Any, *what: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        future = submit(self, *what)
        done.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(spread(math.factorial, PIECES, workers=2))
    assert done == [True]
    assert not left_running()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_cluster_is_left_without_the_rest_of_a_stopped_loop(cluster: str) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(spread(math.factorial, range(500), cluster=cluster, progress=stop))
    with Client(cluster.replace("dask://", "tcp://"), set_as_default=False) as client:
        for _ in range(1000):
            if not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
                break
        else:
            pytest.fail("the scheduler still has pieces")
    assert list(spread(math.factorial, PIECES, cluster=cluster)) == ANSWERS
