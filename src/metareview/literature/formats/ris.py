"""The RIS format: one `TG  - value` a line, from TY to ER, as every database writes it in its own way."""

from __future__ import annotations

import re

from metareview.literature.formats.format import Format
from metareview.literature.formats.ris_lines import read
from metareview.literature.formats.ris_systems import SYSTEMS
from metareview.literature.formats.ris_write import write

_START = re.compile(r"^[ \t]*TY(?:  -|[ \t]{1,4}-[ \t]*[A-Z]*[ \t]*$)", re.MULTILINE)
_END = re.compile(r"^ER  -", re.MULTILINE)
_FIELD = re.compile(r"^(?:TI|T1|AU|A1|AB|N2|PY|Y1|DO|KW|UR)  - ", re.MULTILINE)
_OTHER = re.compile(r"^(?:PMID- |PT [JBSPC]\s*$|FN Clarivate|FN Thomson|%0 |@\w+\s*\{)", re.MULTILINE)


def recognises(head: str) -> float:
    """Return how surely a text is RIS: 1 with a TY line, less with only ER or other RIS lines."""
    if _START.search(head):
        return 1.0 if not _OTHER.match(head) else 0.3
    if _OTHER.search(head):
        return 0.0
    if _END.search(head):
        return 0.5
    return 0.3 if len(_FIELD.findall(head, 0, 1 << 16)) > 1 else 0.0


FORMAT = Format(
    name="ris",
    title="RIS",
    recognises=recognises,
    read=read,
    write=write,
    extensions=("ris", "txt"),
    systems=SYSTEMS,
)
