"""Deduplicate a CSV with bib-dedupe, on all cores as it does by itself, and write what was found: `CSV OUT`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd


def main(csv: str, out: str) -> None:
    from bib_dedupe.bib_dedupe import block, cluster, match, prep

    frame = pd.read_csv(csv, dtype=str, keep_default_na=False).drop(columns="work")
    frame = frame.rename(columns={"record_id": "ID"})
    if "ENTRYTYPE" not in frame:
        frame["ENTRYTYPE"] = "article"
    for name in (
        "title",
        "author",
        "year",
        "journal",
        "booktitle",
        "volume",
        "number",
        "pages",
        "doi",
        "abstract",
        "isbn",
    ):
        if name not in frame:
            frame[name] = ""
    start = time.perf_counter()
    clusters = cluster(match(block(prep(frame, verbosity_level=0))))
    seconds = time.perf_counter() - start
    Path(out).write_text(json.dumps({"seconds": seconds, "clusters": [list(c) for c in clusters]}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
