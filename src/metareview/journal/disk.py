"""Hold a log for oneself, write whole or not at all, and make it last through a power cut."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

Signature: TypeAlias = tuple[int, int, int, int]

if sys.platform == "win32":
    import msvcrt

    _BEYOND = 2**30  # a byte past any log: a lock there hinders no reader

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def exclusive(path: Path) -> Iterator[int]:
    """Open the log at `path` for reading and appending, made if absent, locked against every other writer.

    The lock is on the log itself and goes with the process, so a killed writer leaves nothing behind.

    Yields:
        the file descriptor, closed afterwards.
    """
    descriptor = _open_locked(path)
    try:
        yield descriptor
    finally:
        try:
            _unlock(descriptor)
        finally:
            os.close(descriptor)


def write_whole(descriptor: int, content: bytes) -> None:
    """Append bytes in one write and sync them; on any failure cut the file back to what it was.

    Raises:
        OSError: the disk refused (full, gone, read-only); the file is as before unless the disk refused that
            too.
    """
    before = os.fstat(descriptor).st_size
    try:
        written = os.write(descriptor, content)
        if written != len(content):
            raise OSError(errno.ENOSPC, f"only {written} of {len(content)} bytes were taken")
        _sync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(descriptor, before)
            _sync(descriptor)
        raise


def set_aside(descriptor: int, path: Path, tail: bytes) -> Path:
    """Move the last bytes of a locked file to `NAME.torn-1` (or the next free number) beside it.

    They are on the disk there before they leave the file; a move that was interrupted is taken up again.
    """
    number = 1
    while (target := path.with_name(f"{path.name}.torn-{number}")).exists() and target.read_bytes() != tail:
        number += 1
    with target.open("wb") as stream:
        stream.write(tail)
        stream.flush()
        _sync(stream.fileno())
    sync_folder(path.parent)
    os.ftruncate(descriptor, os.fstat(descriptor).st_size - len(tail))
    _sync(descriptor)
    return target


def read_end(descriptor: int, length: int | None = None) -> bytes:
    """The last `length` bytes of a file (fewer when it is shorter), or all of it."""
    size = os.fstat(descriptor).st_size
    left = size if length is None else min(size, length)
    os.lseek(descriptor, size - left, os.SEEK_SET)
    parts = []
    while left and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def signature(status: os.stat_result) -> Signature:
    """What tells a file apart from a changed or replaced one: device, inode, size and time of change."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder last (POSIX; Windows does so by itself)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":
        with suppress(OSError):  # the disk's own cache too, where the file system can
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def _open_locked(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    while True:
        _make_folders(path.parent)
        descriptor = os.open(path, flags, 0o666)
        try:
            _lock(descriptor)
            if _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # git or a sync service put another file in its place while we waited


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _make_folders(folder: Path) -> None:
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
