"""Hostile files get a clear error or are read, in bounded memory and time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metareview.errors import USAGE, MetareviewError
from metareview.literature.reading import read_records, survey

RECORD = "TY  - JOUR\nTI  - Street wardens\nAU  - Vermeer, A.\nAB  - " + "Wardens walked. " * 60 + "\nER  - \n\n"
# reads a file under a limit on the address space, beyond what the interpreter has taken by then
LIMITED = """
import resource, sys
from pathlib import Path
import numpy
from metareview.literature.reading import survey
from metareview.literature.formats.registry import formats
formats()
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
limit = used + int(sys.argv[2]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
print(survey(Path(sys.argv[1])).n)
"""


def limited(path: Path, megabytes: int) -> str:
    command = [sys.executable, "-c", LIMITED, str(path), str(megabytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"OPENBLAS_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout.strip()


def refusal(path: Path) -> str:
    with pytest.raises(MetareviewError) as caught:
        read_records(path)
    assert caught.value.exit_code == USAGE and caught.value.hint
    return caught.value.message


@pytest.mark.parametrize(
    "start",
    ["TY  - JOUR\nTI  - ", "PMID- 1\nTI  - ", "PT J\nTI ", "Record #1 of 1\nID: CN-00000001\nTI: ", "%0 Book\n%T "],
)
def test_a_line_of_ten_million_characters_is_refused_with_its_number(tmp_path: Path, start: str) -> None:
    path = tmp_path / "line.txt"
    path.write_text(start + "x" * 10_000_000 + "\nER  - \n", encoding="utf-8")
    number = start.count("\n") + 1
    assert f"line {number} is longer than 8 million characters" in refusal(path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space, as Linux can")
def test_a_large_export_is_read_in_the_memory_of_a_block(tmp_path: Path) -> None:
    path = tmp_path / "large.ris"
    path.write_text(RECORD * 160_000, encoding="utf-8")
    assert path.stat().st_size > 160_000_000
    assert limited(path, 100) == "160000"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space, as Linux can")
def test_a_million_authors_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "authors.ris"
    path.write_text("TY  - JOUR\nTI  - Wardens\n" + "AU  - Vermeer, A.\n" * 1_000_000 + "ER  - \n", encoding="utf-8")
    assert limited(path, 400) == "1"
    record = read_records(path).records[0]
    assert len(record.authors) == 1_000_000 and record.cite() == "Vermeer et al. (n.d.) Wardens"


def test_nul_bytes_are_removed_and_told_a_line(tmp_path: Path) -> None:
    path = tmp_path / "nul.ris"
    path.write_bytes(b"TY  - JOUR\nTI  - War\0\0dens\nER  - \n" + b"\0" * 1_000_000 + b"\n")
    result = read_records(path)
    assert result.records[0].title == "Wardens"
    assert [r.what for r in result.repairs] == ["2 control characters removed", "1000000 control characters removed"]


@pytest.mark.parametrize("data", [b"\0" * 5_000_000, b"\xff" * 3_000_000, b"TY  - " * 500_000, b"ER  - \n" * 300_000])
def test_a_file_of_one_thing_is_refused_or_read_without_records(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.ris"
    path.write_bytes(data)
    try:
        reading = survey(path)
    except MetareviewError as error:
        assert str(path) in error.message
    else:
        assert reading.n <= 1
