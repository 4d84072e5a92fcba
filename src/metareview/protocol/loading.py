"""Load a protocol, and tell all its mistakes at once, each with its line."""

from __future__ import annotations

import copy
import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import MetareviewError
from .crosschecks import Finding, crosscheck
from .models import Protocol
from .yaml_lines import LinedYaml


@dataclass(frozen=True)
class Mistake:
    """One mistake in a protocol file: the 1-based line, where in the plan it is, and what is wrong."""

    line: int
    where: str
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.where + ': ' if self.where else ''}{self.what}"


def check_protocol(text: str) -> tuple[Protocol | None, list[Mistake]]:
    """Parse and check a protocol text.

    Arguments:
        text: the YAML text.

    Returns:
        The protocol (None when it cannot be built) and every mistake in it, in the order of the lines.
    """
    lined = LinedYaml(text)
    mistakes = [Mistake(line, "", what) for line, what in lined.problems]
    if not isinstance(lined.data, dict):
        if not mistakes:
            mistakes.append(Mistake(1, "", "a protocol is a YAML mapping that starts with `title:` and `question:`"))
        return None, mistakes
    protocol = None
    try:
        protocol = Protocol.model_validate(lined.data)
    except ValidationError as error:
        mistakes += [_mistake(lined, e) for e in error.errors() if not _only_a_consequence(lined, e)]
        contradictions = _contradictions_beside(lined.data, error.errors())
    else:
        contradictions = crosscheck(protocol)
    mistakes += [Mistake(lined.line(path), _dotted(path), what) for path, what in contradictions]
    return protocol, sorted(set(mistakes), key=lambda m: (m.line, m.where, m.what))


def load_protocol(path: Path) -> Protocol:
    """Load the protocol at `path`.

    Raises:
        MetareviewError: the file is missing or has mistakes; the message lists all of them with their lines.
    """
    protocol, mistakes = check_protocol(read_text(path))
    if mistakes or protocol is None:
        listed = "\n".join(f"  {m}" for m in mistakes)
        count = f"{len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}"
        raise MetareviewError(
            f"{path} has {count}:\n{listed}", "Mend the lines named and run `metareview protocol check`."
        )
    return protocol


def read_text(path: Path) -> str:
    """Return the text of a protocol file.

    Raises:
        MetareviewError: the file is missing or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MetareviewError(
            f"there is no protocol at {path}",
            "Restore it from git or a back-up; for a new review run `metareview init DIR`.",
        ) from None
    except UnicodeDecodeError as error:
        raise MetareviewError(f"{path} is not UTF-8 text (byte {error.start})", "Save the protocol as UTF-8.") from None


def protocol_hash(text: str) -> str:
    """Return the SHA-256 of a protocol text, line ends normalised so that a checkout on Windows keeps its hash."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8")).hexdigest()


def _mistake(lined: LinedYaml, error: Any) -> Mistake:
    path = error["loc"]
    while path not in lined.lines:
        path = path[:-1]
    what = error["msg"].replace("a valid tuple", "a list")
    if error["type"] == "extra_forbidden":
        key = str(error["loc"][-1])
        known = _known_keys(error["loc"][:-1])
        close = difflib.get_close_matches(key, known, n=1)
        what = f"unknown key `{key}`" + (f"; did you mean `{close[0]}`?" if close else f"; known keys: {known}")
    elif error["type"] == "missing":
        what = f"`{error['loc'][-1]}` is missing"
    elif path != error["loc"]:  # pydantic tells of each kind of value that `where` takes, one by one
        what = "this must be text, a number, true or false, or a list of these"
    elif not isinstance(error["input"], dict | list):
        what = f"{what} (here: {error['input']!r})"
    return Mistake(lined.line(path), _dotted(path), what)


def _contradictions_beside(data: Any, errors: list[Any]) -> list[Finding]:
    """Return the contradictions that stand beside mistakes of shape, found with the mistakes taken out.

    Unknown keys are dropped and misspelt choices replaced; with any other mistake the parts cannot be compared. What
    lies within a part that has a mistake of shape is not told, for it may be a consequence.
    """
    mended = copy.deepcopy(data)
    for error in errors:
        place = mended
        for part in error["loc"][:-1]:
            place = place[part]
        if error["type"] == "extra_forbidden":
            del place[error["loc"][-1]]
        elif error["type"] == "literal_error":
            place[error["loc"][-1]] = error["ctx"]["expected"].split("'")[1]
        else:
            return []
    try:
        protocol = Protocol.model_validate(mended)
    except ValidationError:
        return []
    wrong = {error["loc"][:-1] for error in errors if len(error["loc"]) > 1}
    return [(path, what) for path, what in crosscheck(protocol) if not any(path[: len(w)] == w for w in wrong)]


def _only_a_consequence(lined: LinedYaml, error: Any) -> bool:
    # pydantic counts only the items that validated: a list is not too short when its items are the mistake.
    return error["type"] == "too_short" and (*error["loc"], 0) in lined.lines


def _dotted(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else ("." if text else "") + part
    return text


def _known_keys(loc: tuple[str | int, ...]) -> list[str]:
    model: Any = Protocol
    for part in loc:
        if isinstance(part, str) and part in getattr(model, "model_fields", {}):
            model = _inner(model.model_fields[part].annotation)
    return sorted(getattr(model, "model_fields", {}))


def _inner(annotation: Any) -> Any:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return annotation
