"""Deduplication beside bib-dedupe 0.11, in one run: rate, memory and quality on real records; scaling on made ones.

`benchmarks/setup` makes bib-dedupe's environment. The real records are those of the shared data folder
(METAREVIEW_SHARED); without it, made-up ones take their place and the table of quality is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import pandas as pd  # noqa: E402
from common import made, real  # noqa: E402
from common.measure import Measured, run  # noqa: E402
from common.quality import quality  # noqa: E402

PEER = HERE / ".envs" / "bib_dedupe" / "bin" / "python"
DATA = HERE / ".data"
ENV = {"PYTHONPATH": os.pathsep.join([str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")])}


def ours(csv: Path, workers: int) -> Measured:
    return run([sys.executable, str(HERE / "common" / "run_metareview.py"), str(csv), "OUT", str(workers)], ENV)


def peer(csv: Path) -> Measured:
    if not PEER.exists():
        sys.exit("bib-dedupe is not installed: run benchmarks/setup, or leave it out with --no-peer")
    return run([str(PEER), str(HERE / "common" / "run_bib_dedupe.py"), str(csv), "OUT"])


def side_by_side(size: int, workers: int, with_peer: bool, repeats: int) -> dict[str, Any]:
    """Measure real records with both; ours several times, of which the median counts."""
    shared = real.SHARED.exists()
    csv = DATA / f"{'real' if shared else 'made'}{size}.csv"
    if not csv.exists():
        real.real(size).to_csv(csv, index=False) if shared else made.write(csv, size)
    runs = [ours(csv, workers) for _ in range(repeats)]
    middle = statistics.median(r.seconds for r in runs)
    facts: dict[str, Any] = {"name": f"dedupe_{_short(size)}", "records": size, "real": shared, "workers": workers}
    facts["peak_mb"] = max(r.peak_mb for r in runs)
    if with_peer:
        other = peer(csv)
        facts["ratio_vs_bib_dedupe"] = round(other.seconds / middle, 1)
        facts["cpu_ratio_vs_bib_dedupe"] = round(other.cpu_seconds / statistics.median(r.cpu_seconds for r in runs), 1)
        facts["peak_mb_bib_dedupe"] = other.peak_mb
        facts |= _quality(csv, other, "_bib_dedupe")
    return facts | _quality(csv, runs[0])


def scaling(sizes: list[int], workers: int) -> Iterator[dict[str, Any]]:
    """Measure made-up records of growing number; the time a record takes is given relative to the first size."""
    first = None
    for size in sizes:
        csv = DATA / f"made{size}.csv"
        if not csv.exists():
            made.write(csv, size)
        done = ours(csv, workers)
        cost = done.cpu_seconds / size
        first = first or cost
        facts = {"name": f"dedupe_made_{_short(size)}", "records": size, "workers": workers}
        yield facts | {"cpu_a_record_vs_first": round(cost / first, 2), "peak_mb": done.peak_mb} | _quality(csv, done)


def gold(with_peer: bool) -> Iterator[dict[str, Any]]:
    """Measure quality on the labelled sets; where the labels came from the DOI, it is hidden."""
    for name in (*real.GOLD, *real.SILVER):
        csv = DATA / f"{name}.csv"
        real.labelled(name, hide_doi=name in real.SILVER).to_csv(csv, index=False)
        kind = "gold" if name in real.GOLD else "silver"
        facts = {"name": f"dedupe_quality_{name}", "kind": kind} | _quality(csv, ours(csv, 1))
        yield facts | (_quality(csv, peer(csv), "_bib_dedupe") if with_peer else {})


def _quality(csv: Path, done: Measured, suffix: str = "") -> dict[str, float]:
    frame = pd.read_csv(csv, dtype=str, keep_default_na=False, usecols=["record_id", "work"])
    found = quality(frame, done.answer["clusters"])
    return {f"{k}{suffix}": round(v, 5) for k, v in found._asdict().items()}


def _short(size: int) -> str:
    return f"{size // 1_000_000}m" if size % 1_000_000 == 0 else f"{size // 1000}k"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a measurement")
    parser.add_argument("--size", type=int, default=38_000, help="records beside bib-dedupe (38000); 0 leaves it out")
    parser.add_argument("--scaling", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], help="made-up records")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeats", type=int, default=3, help="runs of ours beside one of bib-dedupe (3)")
    parser.add_argument("--no-peer", action="store_true", help="leave bib-dedupe out")
    parser.add_argument("--no-quality", action="store_true", help="leave the labelled sets out")
    given = parser.parse_args()
    DATA.mkdir(exist_ok=True)
    for facts in _measurements(given):
        print(json.dumps(facts) if given.json else _row(facts), flush=True)


def _measurements(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    if given.size:
        yield side_by_side(given.size, given.workers, not given.no_peer, given.repeats)
    if not given.no_quality and real.SHARED.exists():
        yield from gold(not given.no_peer)
    yield from scaling(given.scaling, given.workers)


def _row(facts: dict[str, Any]) -> str:
    rest = "  ".join(f"{k} {v}" for k, v in facts.items() if k not in ("name", "records", "real"))
    return f"{facts['name']:<42}  {rest}"


if __name__ == "__main__":
    main()
