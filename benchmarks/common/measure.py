"""Run a program and measure it from outside: seconds, processor time, and the most memory of it and its workers."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a run took.

    Attributes:
        seconds: as the program itself counted them, from loaded data to result.
        cpu_seconds: processor time of the program and its workers, starting and loading included.
        peak_mb: most memory of all its processes together at one moment, pages that they share counted once.
        answer: what the program wrote.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: int
    answer: dict[str, Any]


def run(command: list[str], env: dict[str, str] | None = None) -> Measured:
    """Run `command OUT ...`, where `OUT` stands for the file that takes the program's answer.

    Raises:
        RuntimeError: the program failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        words = [str(out) if word == "OUT" else word for word in command]
        before = os.times()
        with (Path(folder) / "log").open("w+") as log:
            process = subprocess.Popen(words, env={**os.environ, **(env or {})}, stdout=log, stderr=log)
            peak = 0
            while process.poll() is None:
                start = time.perf_counter()
                peak = max(peak, sum(_memory(pid) for pid in _tree(process.pid)))
                time.sleep(
                    max(0.1, 30 * (time.perf_counter() - start))
                )  # reading the memory of large programs takes time
            log.seek(0)
            if process.returncode:
                raise RuntimeError(f"{command[1]} failed:\n{log.read()[-2000:]}")
        after = os.times()
        answer = json.loads(out.read_text())
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return Measured(answer["seconds"], used, round(peak / 1024), answer)


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        try:
            tasks = list(Path(f"/proc/{parent}/task").iterdir())
            found += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
    return found


def _memory(pid: int) -> int:
    """Return the kilobytes of a process, its part of shared pages included (PSS)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
