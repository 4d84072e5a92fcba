"""init: lay out a review folder with a commented protocol that passes its own check."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ..errors import MetareviewError
from ..folder import PROTOCOL, ReviewFolder

GITIGNORE = "# Derived and safe to delete; full texts are under copyright.\n.metareview/\ndata/reports/\n"
ATTRIBUTES = """# The protocol, exports, logs, forms, outputs and the lock are byte-for-byte: no line-end conversion.
protocols/** -text
data/** -text
outputs/** -text
metareview.lock -text
"""


def run(target: Path) -> ReviewFolder:
    """Lay out a review folder.

    Raises:
        MetareviewError: the folder holds a review already, or the target is a file.
    """
    folder = ReviewFolder(target)
    if target.is_file():
        raise MetareviewError(f"{target} is a file", "Name a folder to lay the review out in.")
    if (target / "protocols").exists():
        raise MetareviewError(
            f"{target} holds a review already (it has `protocols/`)",
            "Name another folder.",
        )
    for path in (folder.protocol_path.parent, folder.searches, folder.journal, folder.coding, folder.outputs):
        path.mkdir(parents=True, exist_ok=True)
    text = files("metareview.protocol").joinpath("template.yaml").read_text(encoding="utf-8")
    (target / PROTOCOL).write_text(text, encoding="utf-8", newline="\n")
    for name, content in ((".gitignore", GITIGNORE), (".gitattributes", ATTRIBUTES)):
        if not (target / name).exists():
            (target / name).write_text(content, encoding="utf-8", newline="\n")
    return folder
