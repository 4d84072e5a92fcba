"""Read RIS files with metareview: OUT, then `read` or `fields` (every field normalised too), then the files."""

import json
import sys
import time
from pathlib import Path

from metareview.literature.reading import read_records

out, how, *names = sys.argv[1:]
read_records(names[0]).records[0].title  # noqa: B018  # loads what is loaded at first use, as rispy's import does
records = 0
start = time.perf_counter()
for name in names:
    result = read_records(name)
    records += len(result.records)
    if how == "fields":
        for record in result.records:
            record.title  # noqa: B018  # the first look at a field normalises all
seconds = time.perf_counter() - start
Path(out).write_text(json.dumps({"seconds": seconds, "records": records}))
