"""protocol: check the plan, register it, and list what changed since."""

from __future__ import annotations

import datetime

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..protocol.crosschecks import MEASURE
from ..protocol.loading import Mistake, check_protocol, protocol_hash
from ..protocol.models import Analysis, Protocol, Sensitivity
from ..protocol.registration import REGISTERED, Amendment, Registration, amendments, registrations
from ..protocol.yaml_lines import LinedYaml


def check(folder: ReviewFolder) -> list[Mistake]:
    """Return every mistake of the protocol, each with its line; none when it is fine."""
    protocol, mistakes = check_protocol(folder.protocol_text)
    return mistakes or (_unregistered(protocol, folder.protocol_text) if protocol is not None else [])


def _unregistered(protocol: Protocol, text: str) -> list[Mistake]:
    """Return what the plan names and the tool does not have: estimators and intervals of tau2, measures, defaults of phi."""
    from ..effects.overdispersion import find_default
    from ..effects.registry import measures

    lined, measures_known = LinedYaml(text), sorted(measures())
    found: list[tuple[tuple[str | int, ...], str]] = []
    parts: tuple[tuple[str, tuple[Analysis | Sensitivity, ...]], ...] = (
        ("analyses", protocol.analyses),
        ("sensitivity", protocol.sensitivity),
    )
    for part, entries in parts:
        for i, entry in enumerate(entries):
            found += [((part, i, key), what) for key, what in unknown_choices(entry)]
    for i, variable in enumerate(protocol.codebook.effect):
        unknown = [c for c in variable.categories if c not in measures_known] if variable.name == MEASURE else []
        if unknown:
            what = f"there is no measure {', '.join(unknown)}; known: {', '.join(measures_known)}"
            found.append((("codebook", "effect", i, "categories"), what))
    if isinstance(phi := protocol.effects.phi, str):
        try:
            find_default(phi)
        except MetareviewError as error:
            found.append((("effects", "phi"), f"{error.message} {error.hint}"))
    return [
        Mistake(lined.line(path), ".".join(str(p) for p in path if isinstance(p, str)), what) for path, what in found
    ]


def unknown_choices(entry: Analysis | Sensitivity) -> list[tuple[str, str]]:
    """Return (key, what is wrong) of an estimator or an interval of tau2 that there is not."""
    from ..synthesis.intervals import intervals
    from ..synthesis.tau2 import estimators

    found, estimators_known, intervals_known = [], sorted(estimators()), sorted(intervals())
    if entry.tau2 and entry.tau2 not in estimators_known:
        found.append(("tau2", f"there is no estimator `{entry.tau2}`; known: {', '.join(estimators_known)}"))
    if entry.tau2_ci and entry.tau2_ci not in intervals_known:
        known = ", ".join(intervals_known)
        found.append(("tau2_ci", f"there is no interval of tau2 `{entry.tau2_ci}`; known: {known}"))
    return found


def register(folder: ReviewFolder, by: str | None = None, reason: str = "", date: str | None = None) -> Registration:
    """Record the protocol's hash, text and date; after the first time this is an amendment and needs a reason.

    Raises:
        MetareviewError: the protocol has mistakes, is registered as it stands, or an amendment has no reason.
    """
    person = folder.person(by)
    text = folder.protocol_text
    known = registrations(folder.events())
    if known and known[-1].sha256 == protocol_hash(text):
        raise MetareviewError(
            f"this protocol is registered already (version {known[-1].version}, {known[-1].date})",
            "Nothing to do.",
            1,
        )
    if known and not reason.strip():
        raise MetareviewError("the protocol changed since it was registered: why?", "Say `--reason` (PRISMA item 24c).")
    date = date or datetime.datetime.now(datetime.UTC).date().isoformat()
    data = {
        "sha256": protocol_hash(text),
        "date": _day(date),
        "version": folder.protocol.version,
        "reason": reason,
        "text": text,
        "by": person,
    }
    folder.append(person, [Draft(REGISTERED, data)])
    return registrations(folder.events())[-1]


def list_amendments(folder: ReviewFolder) -> tuple[list[Registration], list[Amendment]]:
    """Return the registered versions and every amendment, the last possibly not registered yet."""
    known = registrations(folder.events())
    return known, amendments(known, folder.protocol_text)


def _day(date: str) -> str:
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:
        raise MetareviewError(f"`{date}` is not a date like 2026-11-24") from None
    if day > datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1):
        raise MetareviewError(f"{date} lies in the future", "Give the day of registration.")
    return day.isoformat()
