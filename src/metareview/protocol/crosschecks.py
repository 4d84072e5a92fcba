"""What must hold between the parts of a protocol, beyond the shape of each part."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from ..errors import MetareviewError
from ..journal.names import slug
from .models import DEPENDENT, Analysis, Protocol, Sensitivity, Variable

Finding = tuple[tuple[str | int, ...], str]

# Identifiers that every coded row carries beside the codebook's own variables.
KEYS = {
    "study": ("study_id",),
    "effect": ("effect_id", "study_id"),
    "lesson": ("lesson_id", "study_id"),
    "practice": ("practice_id",),
}
# What the tool computes for each effect, and analyses may select by.
COMPUTED = ("method", "formula_id", "phi_source")
MEASURE = "measure"
OUTCOME = "outcome_domain"
LIKELIHOODS = ("REML", "ML")


def crosscheck(protocol: Protocol) -> list[Finding]:
    """Return every contradiction between parts, as (path, what is wrong)."""
    return [
        *_duplicates(protocol),
        *_votes(protocol),
        *_codebook(protocol),
        *_effects(protocol),
        *_analyses(protocol),
        *_lessons(protocol),
    ]


def _slug(name: str) -> str:
    try:
        return slug(name)
    except MetareviewError:
        return name


def _duplicates(protocol: Protocol) -> Iterator[Finding]:
    named: list[tuple[str, Iterable[str]]] = [
        ("exclusion_reasons", [r.code for r in protocol.exclusion_reasons]),
        ("eligibility.strands", [s.id for s in protocol.eligibility.strands]),
        ("sources", [s.name for s in protocol.sources]),
        ("reviewers", [r.name for r in protocol.reviewers]),
        ("outcomes", [o.name for o in protocol.outcomes]),
        ("analyses", [a.name for a in protocol.analyses]),
        ("sensitivity", [s.name for s in protocol.sensitivity]),
    ]
    for part, names in named:
        seen: set[str] = set()
        for i, name in enumerate(names):
            known = _slug(name) if part == "reviewers" else name
            if known in seen:
                yield (*part.split("."), i), f"`{name}` is named twice"
            seen.add(known)


def _votes(protocol: Protocol) -> Iterator[Finding]:
    for stage in ("title", "fulltext") if "screening" in protocol.model_fields_set else ():
        needed, people = getattr(protocol.screening, stage).votes, len(protocol.reviewers)
        if needed > people:
            what = f"{needed} votes are asked for, and {people} reviewer{'s are' if people > 1 else ' is'} named"
            yield ("screening", stage, "votes"), f"{what}: no record could ever be decided"


def _codebook(protocol: Protocol) -> Iterator[Finding]:
    for level, keys in KEYS.items():
        seen = set(keys)
        for i, variable in enumerate(getattr(protocol.codebook, level)):
            path = ("codebook", level, i)
            if variable.name in seen:
                yield path, f"variable `{variable.name}` is named twice (identifiers are added by the forms)"
            seen.add(variable.name)
            yield from ((path, what) for what in _variable(variable))


def _variable(variable: Variable) -> Iterator[str]:
    if variable.type in ("category", "multi") and not variable.categories:
        yield f"variable `{variable.name}` is a {variable.type} and needs `categories`"
    if variable.categories and variable.type not in ("category", "multi"):
        yield f"variable `{variable.name}` has categories, so its type must be `category` or `multi`"
    for category in sorted({c for c in variable.categories if variable.categories.count(c) > 1}):
        yield f"variable `{variable.name}` has category `{category}` twice"
    for category in variable.categories:
        if variable.type == "multi" and ";" in category:
            yield f"variable `{variable.name}`: category `{category}` holds `;`, which separates choices in a form"
    for category in variable.category_labels:
        if category not in variable.categories:
            yield f"variable `{variable.name}`: " + _unknown("category", category, variable.categories)
    if variable.minimum is not None and variable.maximum is not None and variable.minimum > variable.maximum:
        yield f"variable `{variable.name}`: minimum {variable.minimum} is above maximum {variable.maximum}"


def _effects(protocol: Protocol) -> Iterator[Finding]:
    rules = protocol.effects
    if isinstance(rules.phi, str) and rules.phi_source != "assumed":
        yield ("effects", "phi_source"), f"phi is the default `{rules.phi}`, so its source is `assumed`"
    elif rules.phi != 1 and rules.phi_source == "none":
        yield ("effects", "phi_source"), f"phi is {rules.phi:g}, so it has a source: given, estimated or assumed"
    yield from _readings(protocol)
    known = {v.name: v for v in protocol.codebook.effect}
    if protocol.codebook.effect and MEASURE not in known:
        yield (
            ("codebook", "effect"),
            f"the effect level needs the variable `{MEASURE}`: the measure that computes yi",
        )
    sense = rules.sense
    if sense and sense not in known:
        yield ("effects", "sense"), _unknown("effect variable", sense, known)
    if protocol.outcomes and OUTCOME in known:
        names = {o.name for o in protocol.outcomes}
        place = next(i for i, v in enumerate(protocol.codebook.effect) if v.name == OUTCOME)
        for category in known[OUTCOME].categories:
            if category not in names:
                yield (
                    ("codebook", "effect", place),
                    f"`{OUTCOME}` has category `{category}`, which `outcomes` does not name",
                )


def _readings(protocol: Protocol) -> Iterator[Finding]:
    """The variables that absolute readings are made from: numbers, and a cost of an area whose residents are known."""
    known = {v.name: v for v in (*protocol.codebook.study, *protocol.codebook.effect)}
    for role in ("baseline", "residents", "cost"):
        name = getattr(protocol.effects, role)
        if name and name not in known:
            yield ("effects", role), _unknown("study or effect variable", name, known)
        elif name and known[name].type not in ("number", "integer"):
            yield ("effects", role), f"`{name}` is a {known[name].type}; {role} is a number"
    if protocol.effects.cost and not protocol.effects.residents:
        yield ("effects", "cost"), "the cost of an area needs `residents`: how many people live in one"


def _analyses(protocol: Protocol) -> Iterator[Finding]:
    outcomes = {o.name for o in protocol.outcomes}
    variants = {s.name: s for s in protocol.sensitivity}
    known = _selectable(protocol)
    for i, analysis in enumerate(protocol.analyses):
        path = ("analyses", i)
        for name in analysis.outcome:
            if name not in outcomes:
                yield (*path, "outcome"), _unknown("outcome", name, outcomes)
        measures = known[MEASURE].categories if MEASURE in known else ()
        for name in analysis.measure if measures else ():
            if name not in measures:
                yield (*path, "measure"), _unknown("measure", name, measures)
        yield from (((*path, role), what) for role, what in _variants(analysis, variants))
        for role in ("one_effect_per", "prefer", "subgroup", "cluster"):
            name = getattr(analysis, role)
            if name and name not in known:
                yield (*path, role), _unknown("variable", name, known)
        yield from (((*path, role), what) for role, what in _model(analysis, known))
        if analysis.prefer in known and known[analysis.prefer].type != "boolean":
            yield (
                (*path, "prefer"),
                f"`{analysis.prefer}` is not a boolean variable, so it cannot say which is preferred",
            )
        for j, moderators in enumerate(analysis.moderators):
            for name in re.findall(r"[A-Za-z_][A-Za-z0-9_]*(?!\s*\()\b", moderators):
                if name not in known and not re.search(rf"\b{name}\s*\(", moderators):
                    yield (*path, "moderators", j), _unknown("variable", name, known)
        yield from _filters(analysis, path, known)
    for i, variant in enumerate(protocol.sensitivity):
        if variant.one_effect_per and variant.one_effect_per not in known:
            yield ("sensitivity", i, "one_effect_per"), _unknown("variable", variant.one_effect_per, known)
        yield from _filters(variant, ("sensitivity", i), known)


def _model(analysis: Analysis, known: dict[str, Variable]) -> Iterator[tuple[str, str]]:
    """Yield (key, what is wrong) of what the model of an analysis does not take."""
    given, model = analysis.model_fields_set, analysis.model
    takes = {"random": ("multilevel",), "rho": ("che",), "cluster": DEPENDENT, "tau2_ci": ("random_effects",)}
    for role, models in takes.items():
        if role in given and getattr(analysis, role) and model not in models:
            yield role, f"`{role}` belongs to the model {' or '.join(models)}, and this one is {model}"
    robust = model == "che" or bool(analysis.cluster)
    yield from _unfit(model, analysis.tau2, analysis.test, robust)
    if what := _no_profile(model, analysis.tau2, analysis.tau2_ci):
        yield "tau2_ci", what
    for term in analysis.random if model == "multilevel" else ():
        if term.count("|") != 1:
            yield "random", f"`{term}` is no random effect: write `1 | study_id/effect_id`"
        for name in re.findall(r"[A-Za-z_]\w*", term):
            if name not in known:
                yield "random", _unknown("variable", name, known)


def _unfit(model: str, tau2: str, test: str, robust: bool) -> Iterator[tuple[str, str]]:
    """Yield (key, what is wrong) of an estimator or test that a model of several effects a study does not have."""
    if model not in DEPENDENT:
        return
    if tau2 not in LIKELIHOODS:
        yield "tau2", f"the model {model} is fitted by REML or ML, not {tau2}"
    if test == "adhoc" or (test in ("t", "z") and robust):
        yield (
            "test",
            f"the model {model} has {'robust tests, and no' if robust else 'no test'} `{test}`: leave `test` out",
        )


def _no_profile(model: str, tau2: str, tau2_ci: str) -> str:
    """Say that there is no likelihood to profile; empty where there is."""
    if model in DEPENDENT or tau2_ci != "pl" or tau2 in LIKELIHOODS:
        return ""
    return f"the interval `pl` profiles the likelihood of REML or ML, and tau2 is by {tau2}: choose another `tau2_ci`"


def _variants(analysis: Analysis, variants: dict[str, Sensitivity]) -> Iterator[tuple[str, str]]:
    """Yield (key, what is wrong) of sensitivity analyses that the model of an analysis cannot carry out."""
    for name in analysis.sensitivity:
        if name not in variants:
            yield "sensitivity", _unknown("sensitivity analysis", name, variants)
            continue
        s = variants[name]
        model = s.model or analysis.model
        robust = model == "che" or bool(analysis.cluster)
        for _, what in _unfit(model, s.tau2 or analysis.tau2, s.test or analysis.test, robust):
            if s.tau2 or s.test or s.model:
                yield "sensitivity", f"`{name}`: {what}, or give it `model: random_effects`"
        if what := _no_profile(model, s.tau2 or analysis.tau2, s.tau2_ci or analysis.tau2_ci):
            yield "sensitivity", f"`{name}`: {what} for it"
        if s.tau2_ci and model in DEPENDENT:
            yield (
                "sensitivity",
                f"`{name}` changes tau2_ci, which belongs to the model random_effects, and this one is {model}",
            )
        if s.rho is not None and model != "che":
            yield "sensitivity", f"`{name}` changes rho, which belongs to the model che, and this one is {model}"


def _filters(
    part: Analysis | Sensitivity, path: tuple[str | int, ...], known: dict[str, Variable]
) -> Iterator[Finding]:
    for role in ("where", "where_not"):
        for name, wanted in getattr(part, role).items():
            if name not in known:
                yield (*path, role, name), _unknown("variable", name, known)
                continue
            categories = known[name].categories
            for value in wanted if isinstance(wanted, tuple) else (wanted,):
                if categories and str(value) not in categories and value != "any":
                    yield (*path, role, name), _unknown(f"category of `{name}`", str(value), categories)


def _lessons(protocol: Protocol) -> Iterator[Finding]:
    selectable = _selectable(protocol)
    for i, name in enumerate(protocol.lessons.doubts):
        if name not in selectable:
            yield ("lessons", "doubts", i), _unknown("variable", name, selectable)
    by_level = (
        ("study", ("approach", "design", "cluster", "programme")),
        ("lesson", ("theme",)),
        ("effect", ("effect_kind",)),
    )
    for level, roles in by_level:
        known = {v.name for v in getattr(protocol.codebook, level)}
        for role in roles:
            name = getattr(protocol.lessons, role)
            if name and known and name not in known:
                yield ("lessons", role), _unknown(f"{level} variable", name, known)
    names = {a.name for a in protocol.analyses}
    for name in protocol.lessons.analyses:
        if name not in names:
            yield ("lessons", "analyses"), _unknown("analysis", name, names)


def _selectable(protocol: Protocol) -> dict[str, Variable]:
    found = {key: Variable(name=key) for key in (*KEYS["study"], *KEYS["effect"], *COMPUTED)}
    for level in ("study", "effect"):
        found.update({v.name: v for v in getattr(protocol.codebook, level)})
    return found


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"unknown {what} `{name}`" + (f"; did you mean `{close[0]}`?" if close else "")
