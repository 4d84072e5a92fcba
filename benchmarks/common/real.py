"""Real records of the shared data, and as many more as wanted made of their parts.

Records of the labelled sets keep their label as `work` (prefixed by the set, so sets never share one); records of
other exports have no label (an empty `work`), for nobody judged them. Made ones carry a label of their own.
"""

from __future__ import annotations

import os
import warnings
from itertools import chain
from pathlib import Path
from random import Random

import pandas as pd

from common.corruption import Row, corrupted
from common.made import COLUMNS

SHARED = Path(os.environ.get("METAREVIEW_SHARED", Path(__file__).parents[3] / "shared")) / "data"
GOLD = ("sradm_cytology_screening", "sradm_stroke", "asysd_diabetes", "bibdedupe_special_cases")
SILVER = ("slr_thesis", "ai_labour", "gambling_harms")
_LABELS = ["cluster_id", "is_duplicate", "doi_key"]


def labelled(name: str, hide_doi: bool = False) -> pd.DataFrame:
    """Return a labelled set with its label as `work`; a silver set's label came from its DOI, which is then hidden."""
    frame = pd.read_csv(SHARED / "dedup" / f"{name}.csv", dtype=str, keep_default_na=False)
    work = frame["cluster_id"].where(frame["cluster_id"] == "", f"{name}:" + frame["cluster_id"])
    frame = frame.drop(columns=_LABELS, errors="ignore").assign(work=work)
    return frame.drop(columns="doi", errors="ignore") if hide_doi else frame


def exports() -> pd.DataFrame:
    """Return the records of every readable export."""
    import metareview as mr

    frames = []
    for path in sorted((SHARED / "ris").rglob("*")):
        if path.is_file() and path.name != "SOURCES.csv":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    frames.append(mr.read_records(path).to_frame().astype(object).fillna(""))
                except mr.MetareviewError:
                    continue  # a format that is none of ours
    return pd.concat([f for f in frames if len(f)], ignore_index=True)


def real(n: int, seed: int = 1) -> pd.DataFrame:
    """Return n records: the real ones, then new works made of their parts, with copies by other databases."""
    frames = [labelled(name) for name in (*GOLD, *SILVER)] + [exports()]
    rows = pd.concat(frames, ignore_index=True).reindex(columns=list(COLUMNS)).fillna("").astype(str)
    rows = rows[rows["title"] != ""]
    made = _made_of(rows.to_dict("records"), max(n - len(rows), 0), Random(seed))
    frame = pd.concat([rows, pd.DataFrame(made, columns=list(COLUMNS))], ignore_index=True)[:n]
    return frame.sample(frac=1, random_state=seed).assign(record_id=[f"r{i:07d}" for i in range(len(frame))])


def _made_of(rows: list[Row], n: int, rng: Random) -> list[Row]:
    found: list[Row] = []
    while len(found) < n:
        title, other, people, place = rng.choices(rows, k=4)
        first, second = title["title"].split(), other["title"].split()
        words = first[: max(len(first) // 2, 3)] + second[len(second) // 2 :]
        new = {**place, "title": " ".join(words), "author": people["author"], "work": f"made{len(found)}"}
        new["doi"] = place["doi"] and f"{place['doi']}.{len(found)}"
        new["pages"] = str(rng.randrange(1, 4000)) if place["pages"] else ""
        new["abstract"] = place["abstract"] and f"{other['abstract'][:700]} {title['abstract'][:500]}"
        copies = (corrupted(new, rng) for _ in range(rng.choices((0, 1, 2, 3), (0.72, 0.17, 0.07, 0.04))[0]))
        found.extend(chain([new], copies))
    return found[:n]
