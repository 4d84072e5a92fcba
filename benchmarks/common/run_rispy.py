"""Read RIS files with rispy: OUT, then the files. Run in rispy's own environment."""

import json
import sys
import time
from pathlib import Path

import rispy

out, *files = map(Path, sys.argv[1:])
records = failed = 0
start = time.perf_counter()
for file in files:
    try:
        records += len(rispy.load(file, encoding="utf-8-sig"))
    except Exception:  # whatever it does not read counts as not read
        failed += 1
seconds = time.perf_counter() - start
out.write_text(json.dumps({"seconds": seconds, "records": records, "failed": failed}))
