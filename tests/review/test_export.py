"""What came in goes out: records exported as RIS are those of the export, field by field."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_review import DATE, MARA, lay_out, run

from metareview.errors import MetareviewError
from metareview.folder import ReviewFolder
from metareview.literature.reading import read_records
from metareview.services import imports
from metareview.services.state import load_state

FIXTURES = Path(__file__).parents[1] / "literature"
TEXTS = ("medline/clean.nbib", "isi/clean.ciw", "bibtex/scopus.bib")
RIS = sorted((FIXTURES / "ris").glob("*.ris"))


def exported(folder: ReviewFolder, *words: object, code: int = 0) -> str:
    done = run("export", *words, "--review", folder.root)
    assert done.code == code, done.err
    return done.err if code else done.out


def test_ris_goes_out_as_it_came_in(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "review")
    for path in RIS:
        try:
            prefix = imports.run(folder, [path], "alpha", DATE, by=MARA)[0].prefix
        except MetareviewError as error:
            assert "holds no record" in error.message, path.name
            continue
        out = tmp_path / "out.ris"
        exported(folder, out, "--import", prefix)
        before, after = read_records(path, prefix="x"), read_records(out, prefix="x")
        assert not after.repairs and not after.quarantined, path.name
        for a, b in zip(before, after, strict=True):
            kept = [(f.tag, f.value) for f in a.raw if f.tag != "TY"]
            assert [(f.tag, f.value) for f in b.raw if f.tag != "TY"] == kept, path.name
            assert {**a.to_dict(), "line": 0} == {**b.to_dict(), "line": 0}, path.name


@pytest.mark.parametrize("format_", ["ris", "bibtex", "csv"])
def test_other_formats_keep_the_normalised_fields(tmp_path: Path, format_: str) -> None:
    folder = lay_out(tmp_path / "review")
    imports.run(folder, [FIXTURES / name for name in TEXTS], "beta", DATE, by=MARA)
    records = list(load_state(folder).records.values())
    assert len(records) >= len(TEXTS)
    out = tmp_path / f"out.{format_}"
    exported(folder, out, "--format", format_)
    again = read_records(out)
    assert again.format == format_ and len(again) == len(records)
    for a, b in zip(records, again, strict=True):
        for name in ("title", "authors", "year", "journal", "volume", "number", "pages", "doi"):
            assert getattr(a, name) == getattr(b, name), (a.record_id, name)


def test_what_cannot_be_exported_is_refused(review: ReviewFolder, tmp_path: Path) -> None:
    assert "cannot be written" in exported(review, tmp_path / "x", "--format", "pdf", code=2)
    assert "there is no import `gamma`" in exported(review, tmp_path / "x", "--import", "gamma", code=2)
    assert not (tmp_path / "x").exists()
    ran = exported(review, tmp_path / "kept.ris", "--which", "kept")
    assert f"{len(read_records(tmp_path / 'kept.ris'))} records" in ran
