"""Work in many pieces: one after the other, on the cores of this machine (joblib), or on a Dask cluster.

The pieces are worked through in order whatever does the work, so a function that gives one answer for one piece
gives the same answers on one core, on many, and on a cluster. Seeds of random numbers belong in the pieces.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import contextmanager, nullcontext
from multiprocessing import resource_tracker
from types import FrameType
from typing import Any, TypeVar

from metareview.errors import MetareviewError

P = TypeVar("P")
R = TypeVar("R")
Progress = Callable[[int, int], None]
PATIENCE = 10  # seconds to wait for a cluster, or for a pool of processes to take pieces in
_AHEAD = 2  # pieces under way for each worker; more would only fill the memory


def spread(
    function: Callable[[P], R],
    pieces: Iterable[P],
    *,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Iterator[R]:
    """Yield `function(piece)` for each piece, in the order of the pieces.

    A few pieces are taken ahead, never all; what stops the loop (an error, Ctrl-C, leaving it) stops the workers.

    Arguments:
        function: found by name in an installed module, so that a worker can load it.
        pieces: any iterable; each piece and each answer is pickled where others do the work.
        workers: processes on this machine; 1 works here and now, 0 takes every core.
        cluster: the address of a Dask scheduler, `dask://host:port`; `workers` does not matter then.
        progress: told after each answer how many are there, and of how many (0 where `pieces` has no length).

    Raises:
        MetareviewError: `workers` is negative, a worker died, or the cluster cannot be reached or used.
    """
    n = cores(workers)
    answers: Iterator[R]
    if cluster:
        answers = _on_cluster(function, pieces, cluster)
    elif n > 1:
        answers = _on_cores(function, pieces, n)
    else:
        answers = map(function, pieces)
    total = len(pieces) if isinstance(pieces, Sized) else 0
    try:
        for done, answer in enumerate(answers, start=1):
            if progress:
                progress(done, total)
            yield answer
    finally:
        if isinstance(answers, Generator):
            answers.close()  # at once, not when the memory is tidied up


def cores(workers: int) -> int:
    """Return how many workers are meant: a number as it is, 0 for every core.

    Raises:
        MetareviewError: for a negative number.
    """
    if workers < 0:
        raise MetareviewError(f"{workers} workers cannot work.", "Give 1 or more, or 0 for every core.")
    return workers or os.cpu_count() or 1


def _on_cores(function: Callable[[P], R], pieces: Iterable[P], workers: int) -> Iterator[R]:
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    with _ctrl_c_held():
        executor = get_reusable_executor(max_workers=workers)
    ahead = min(_AHEAD * workers, executor.queue_size - 1)  # a full queue would keep pieces waiting in this process
    latest: deque[Any] = deque(maxlen=ahead)

    def submit(piece: P) -> Any:
        with _ctrl_c_held():
            latest.append(executor.submit(function, piece))
        return latest[-1]

    finished = False
    try:
        yield from _in_order(submit, pieces, ahead)
        finished = True
    except BrokenProcessPool:
        raise MetareviewError(
            "A worker process died, most often because the memory ran out.", "Try with fewer --workers."
        ) from None
    finally:
        if not finished:
            _stop(executor, latest)


def _stop(executor: Any, latest: Iterable[Any]) -> None:
    """Kill the workers of an executor, whatever they do.

    The thread that manages them dies of a piece that was cancelled, or that it has not passed on to the workers yet, and
    leaves them running. So none is cancelled, and this waits the moment it takes until all are passed on.
    """
    with _ctrl_c_held():
        patience = time.monotonic() + PATIENCE
        while not all(future.running() or future.done() for future in latest) and time.monotonic() < patience:
            time.sleep(0.001)
        executor.shutdown(wait=True, kill_workers=True)


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the block, and keep it from processes that start in it: they are stopped from here."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    held: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *signalled: held.append(signalled))
    try:
        with _masked() if os.name == "posix" else nullcontext():
            yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held:
            before(*held[0])


@contextmanager
def _masked() -> Iterator[None]:
    """Block the signal of Ctrl-C in this thread and in the threads and processes that it starts."""
    resource_tracker.ensure_running()  # it lifts the block when it starts
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _on_cluster(function: Callable[[P], R], pieces: Iterable[P], cluster: str) -> Iterator[R]:
    with _client(cluster) as client:  # the scheduler drops what a client that leaves had asked for
        ahead = _AHEAD * sum(client.nthreads().values())
        yield from _in_order(lambda piece: client.submit(function, piece, pure=False), pieces, ahead)


def _in_order(submit: Callable[[P], Any], pieces: Iterable[P], ahead: int) -> Iterator[Any]:
    """Yield the answers of submitted pieces in order, with so many under way."""
    waiting: deque[Any] = deque()
    for piece in pieces:
        waiting.append(submit(piece))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextmanager
def _client(cluster: str) -> Iterator[Any]:
    """Yield a client of the scheduler at `dask://host:port` that is known to have workers that know this package."""
    host, _, port = cluster.removeprefix("dask://").rpartition(":")
    if not (cluster.startswith("dask://") and host and port.isdigit()):
        raise MetareviewError(f"`{cluster}` is not the address of a cluster.", "Write it as dask://host:port.")
    try:
        from distributed import Client
    except ImportError:
        raise MetareviewError("Dask is not installed.", "Install it with: pip install 'metareview[cluster]'") from None
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
        client = Client(f"tcp://{host}:{port}", timeout=PATIENCE, set_as_default=False)
    except OSError as error:
        raise MetareviewError(
            f"No Dask scheduler answers at {cluster} ({error}).",
            "Start one with `dask scheduler` and workers with `dask worker tcp://host:port`, or use --workers.",
        ) from None
    with client:
        _check(client, cluster)
        yield client


def _check(client: Any, cluster: str) -> None:
    if not client.nthreads():
        raise MetareviewError(f"The cluster at {cluster} has no workers.", "Start some: `dask worker tcp://host:port`.")
    try:
        client.run(cores, 1)
    except Exception as error:
        raise MetareviewError(
            f"The workers of {cluster} cannot load metareview ({error}).", "Install this version on each of them."
        ) from None
