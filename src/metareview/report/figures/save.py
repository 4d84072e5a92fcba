"""Write a figure so that the same figure gives the same bytes, in any process and on any day."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from metareview.errors import MetareviewError
from metareview.report.figures.canvas import style

FORMATS = ("svg", "pdf", "png")
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}


def save(fig: Figure, stem: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write `fig` as `stem`.svg, .pdf and .png and return the paths in the order of `formats`.

    Arguments:
        fig: any figure of this package. stem: path without an ending; its folder is made if need be.
        formats: some of "svg" (letters as outlines, so it looks the same everywhere), "pdf" (fonts embedded
            as TrueType, so its text can be searched) and "png".

    Raises:
        MetareviewError: a format is unknown, or the file cannot be written.
    """
    paths = []
    for name in formats:
        content = render(fig, name)
        path = stem.with_name(f"{stem.name}.{name}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError as error:
            raise MetareviewError(
                f"The figure {path} cannot be written: {error.strerror}.",
                "Check the folder and its permissions.",
            ) from error
        paths.append(path)
    return paths


def render(fig: Figure, name: str = "svg") -> bytes:
    """Return `fig` in one format as bytes; "svg" can be put into an HTML page as it is."""
    if name not in _METADATA:
        raise MetareviewError(f"Figures have no format {name!r}.", f"Use {', '.join(FORMATS)}.")
    buffer = io.BytesIO()
    with mpl.rc_context(style()):
        fig.savefig(buffer, format=name, metadata=_METADATA[name])
    return _fewer_colours(buffer) if name == "png" else buffer.getvalue()


def _fewer_colours(buffer: io.BytesIO) -> bytes:
    """A line drawing in 128 colours looks the same at a quarter of the bytes."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(buffer) as picture:
        flat = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
        flat.save(small, format="png", optimize=True, dpi=picture.info.get("dpi", (150, 150)))
    return small.getvalue()
