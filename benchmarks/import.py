"""Reading RIS beside rispy, in one run: many real exports, and one large file made of them.

`benchmarks/setup` makes rispy's environment. `read` is what `mr.read_records` does: every record found and every line
accounted for, fields normalised at first use. `fields` normalises all fields of all records too, which rispy does not do.
The real exports are those of the shared data folder (METAREVIEW_SHARED); without it, made-up ones take their place.
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

from common.measure import Measured, run  # noqa: E402

PEER = HERE / ".envs" / "rispy" / "bin" / "python"
DATA = HERE / ".data"
SHARED = Path(os.environ.get("METAREVIEW_SHARED", HERE.parents[1] / "shared")) / "data" / "ris"
ENV = {"PYTHONPATH": os.pathsep.join([str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")])}
LARGE = 100_000_000
MADE = (
    "TY  - JOUR\nAU  - Writer{0}, A.\nAU  - Boer, B.\nTI  - Street wardens in district {0}\nPY  - 20{1:02d}\nAB  - {2}\n"
    "ER  - \n\n"
)


def exports() -> list[Path]:
    """Return the real RIS exports that are UTF-8, or a made-up one."""
    found = sorted(SHARED.glob("**/*.ris")) if SHARED.exists() else []
    utf8 = [p for p in found if _is_utf8(p) and "rispy__example" not in p.name]
    return utf8 or [_made()]


def _is_utf8(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _made() -> Path:
    path = DATA / "made.ris"
    if not path.exists():
        records = (MADE.format(n, n % 25, "Wardens walked. " * 60) for n in range(10_000))
        path.write_text("".join(records), encoding="utf-8")
    return path


def large() -> Path:
    """Return one file of a hundred megabytes, made of the exports one after the other."""
    path = DATA / "large.ris"
    if not path.exists():
        texts = [p.read_text(encoding="utf-8-sig").strip() + "\n\n" for p in exports()]
        whole = "".join(texts)
        path.write_text(whole * -(-LARGE // len(whole)), encoding="utf-8")
    return path


def ours(how: str, files: list[Path]) -> Measured:
    return run([sys.executable, str(HERE / "common" / "run_import.py"), "OUT", how, *map(str, files)], ENV)


def peer(files: list[Path]) -> Measured:
    if not PEER.exists():
        sys.exit("rispy's environment is missing: run benchmarks/setup")
    return run([str(PEER), str(HERE / "common" / "run_rispy.py"), "OUT", *map(str, files)])


def side_by_side(name: str, files: list[Path], repeats: int) -> dict[str, Any]:
    """Measure both in turn, several times, and compare the medians."""
    runs: dict[str, list[Measured]] = {"read": [], "fields": [], "rispy": []}
    for _ in range(repeats):
        runs["rispy"].append(peer(files))
        for how in ("read", "fields"):
            runs[how].append(ours(how, files))
    middle = {how: statistics.median(r.seconds for r in found) for how, found in runs.items()}
    theirs, mine = runs["rispy"][0].answer, runs["read"][0].answer
    return {
        "name": name,
        "files": len(files),
        "megabytes": round(sum(p.stat().st_size for p in files) / 1e6),
        "records": mine["records"],
        "ratio_vs_rispy": round(middle["rispy"] / middle["read"], 1),
        "ratio_vs_rispy_fields": round(middle["rispy"] / middle["fields"], 1),
        "peak_mb": max(r.peak_mb for r in runs["read"]),
        "peak_mb_rispy": max(r.peak_mb for r in runs["rispy"]),
        "records_rispy": theirs["records"],
        "files_rispy_refused": theirs["failed"],
    }


def measurements(repeats: int) -> Iterator[dict[str, Any]]:
    """Yield each comparison."""
    yield side_by_side("import_exports", exports(), repeats)
    yield side_by_side("import_large", [large()], repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a measurement")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    DATA.mkdir(exist_ok=True)
    for facts in measurements(given.repeats):
        told = "  ".join(f"{k} {v}" for k, v in facts.items() if k != "name")
        print(json.dumps(facts) if given.json else f"{facts['name']:<16}{told}", flush=True)


if __name__ == "__main__":
    main()
