"""Feed damaged exports to the reader: no traceback, no hang, no line lost in silence.

    python tools/fuzz.py --inputs 100000 --seed 1
    python tools/fuzz.py --atheris          # coverage-guided, where the package atheris is installed

Seeds are the fixtures of every format. A finding is written to the folder `--keep` and ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import html
import random
import re
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType

from metareview.errors import MetareviewError
from metareview.literature.formats.registry import formats
from metareview.literature.read_result import ReadResult
from metareview.literature.reading import read_records
from metareview.literature.text import Transcoder

FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "literature"
SECONDS = 10
MARKUP = re.compile(r"<[\w:.-]*(?:xml|records)\b[^<>]*>|xmlns[\w:]*=\"[^\"]*\"|<[?!][^>]*>|</?[\w:.-]+|[\w:.-]+(?==)")
WORD = re.compile(r"[^\W_]{4,}")
MARKS = (
    b"TY  - JOUR\n", b"ER  - \n", b"ER\n", b"\r", b"\r\n", b"\n\n", b"\x00", b"\xef\xbb\xbf", b"\xff", b"}", b"{", b"  ",
    b'"', b",", b"\t", b";", b"PMID- 1\n", b"PT J\n", b"EF\n", b"Record #1 of 2\n", b"%0 Book\n", b"<record>", b"</record>",
    b"@article{x,\n", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"\\", b"'", b"\x1a", b"\xc3", b"\xe2\x80\xa8", b"]]>",
    b"TI  - ",
)  # fmt: skip


class HangError(Exception):
    """Reading took too long."""


def seeds() -> list[bytes]:
    """Return the fixtures of every format."""
    found = sorted(p for p in FIXTURES.glob("*/*") if p.is_file() and p.suffix not in (".md", ".py"))
    return [data for p in found if len(data := p.read_bytes()) < 1 << 16]


def mutated(rng: random.Random, corpus: list[bytes]) -> bytes:
    """Return a seed with one to six mutations: bytes, pieces, whole lines, marks, or a splice of two seeds."""
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(1, 6)):
        at, to = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
        lines = bytes(data).splitlines(keepends=True)
        action = rng.randrange(8)
        if action == 0 and data:
            data[rng.randrange(len(data))] = rng.randrange(256)
        elif action == 1:
            del data[at : min(to, at + rng.choice((1, 10, 400)))]
        elif action == 2:
            data[at:at] = rng.choice(MARKS)
        elif action == 3:
            data[at:at] = data[at : at + 200]
        elif action == 4 and lines:
            lines.pop(rng.randrange(len(lines)))
            data = bytearray(b"".join(lines))
        elif action == 5 and len(lines) > 1:
            i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
            data = bytearray(b"".join(lines))
        elif action == 6:
            other = rng.choice(corpus)
            data[at:] = other[rng.randint(0, len(other)) :]
        else:
            data = data[:to]
    return bytes(data)


def check(path: Path) -> str:
    """Read a file and return what came of it: the format and whether it was refused; raises what is a finding."""
    signal.alarm(SECONDS)
    try:
        result = read_records(path, prefix="x")
        for record in result.records:
            record.to_dict()
    except MetareviewError:
        return "refused"
    finally:
        signal.alarm(0)
    assert result.n_records == len(result.records) <= result.n_seen
    assert all(1 <= x.line <= max(1, result.n_lines) for x in (*result.repairs, *result.quarantined))
    if not formats()[result.format].magic:
        lost, blank = lost_lines(path.read_bytes(), result)
        told = max(0, result.structure - blank) + len(result.repairs)
        assert len(lost) <= told, f"{len(lost)} lines have words in no record, {told} are told: {lost[:5]}"
    return result.format


def lost_lines(data: bytes, result: ReadResult) -> tuple[list[tuple[int, str]], int]:
    """Return the lines with a word that is in no raw field and that are not set aside, and how many blank lines are in none."""
    text = Transcoder().feed(data, last=True).decode()
    lines = text.split("\n")
    kept: set[str] = set()
    aside = {n for q in result.quarantined for n in range(q.line, q.last + 1)}
    blank = sum(not line.strip() for n, line in enumerate(lines[: result.n_lines], start=1) if n not in aside)
    for record in result.records:
        for field in record.raw:
            kept.update(WORD.findall(f"{field.tag} {field.value}"))
            blank -= field.value.count("\n\n")
    lost = [
        (number, line[:60])
        for number, line in enumerate(lines, start=1)
        if number not in aside and any(word not in kept for word in WORD.findall(_words(line, result.format)))
    ]
    return lost, blank


def _words(line: str, format: str) -> str:
    """Return what a line says; the names of XML elements and attributes, and what is in no record by XML itself, say nothing."""
    if not format.endswith("xml") and format != "dublin-core":
        return line
    return html.unescape(MARKUP.sub(" ", line))


def run(inputs: int, seed: int, keep: Path) -> int:
    """Feed mutated seeds; return how many findings there were."""
    rng, corpus, outcomes, findings = random.Random(seed), seeds(), Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        for number in range(1, inputs + 1):
            data = mutated(rng, corpus)
            path.write_bytes(data)
            try:
                outcomes[check(path)] += 1
            except Exception as error:
                findings += 1
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{number}").write_bytes(data)
                print(f"finding {number}: {type(error).__name__}: {str(error)[:300]}")
                if findings == 20:
                    break
    told = ", ".join(f"{name} {n}" for name, n in sorted(outcomes.items()))
    print(f"{sum(outcomes.values())} inputs read or refused ({told}), {findings} findings, seed {seed}")
    return findings


def guided(keep: Path, arguments: list[str]) -> None:
    """Hand over to atheris, which looks for inputs that reach new code."""
    import atheris

    atheris.instrument_all()
    corpus = keep / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds()):
        (corpus / f"seed{number}").write_bytes(data)
    path = keep / "export"

    def one(data: bytes) -> None:
        path.write_bytes(data)
        check(path)

    atheris.Setup([sys.argv[0], str(corpus), *arguments], one)
    atheris.Fuzz()


def _hang(signum: int, frame: FrameType | None) -> None:
    raise HangError(f"reading took more than {SECONDS} seconds")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "metareview-fuzz")
    parser.add_argument("--atheris", action="store_true", help="coverage-guided; further arguments go to libFuzzer")
    options, rest = parser.parse_known_args()
    signal.signal(signal.SIGALRM, _hang)
    if options.atheris:
        guided(options.keep, rest)
    sys.exit(1 if run(options.inputs, options.seed, options.keep) else 0)
