"""Diagnostics that look at effects: what each does, how they stand together, and how the result came about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import MetareviewError
from ..protocol.models import Analysis
from . import fitting
from .diagnose_case import PUBLISHED, Case
from .diagnose_found import Found, How, Options, share_of, taken

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = {"lowest": 0.0, "2.5%": 0.025, "25%": 0.25, "median": 0.5, "75%": 0.75, "97.5%": 0.975, "highest": 1.0}


def find_influence(case: Case, options: Options, how: How) -> Found:
    """What leaving out each effect, or each cluster, changes."""
    from ..report.figures.influence import influence as draw
    from ..report.figures.influence import influential
    from ..report.numbers import p_value
    from ..synthesis.diagnostics.influence import InfluenceResult, influence

    whole = case.dependent or "by" in options
    found = influence(case.fit, cluster=case.clusters_of(case.fit) if whole else None)
    tables = {"influence": found.to_frame()}
    told = [f"influential by the usual limits: {', '.join(influential(found)) or 'none'}"]
    if not isinstance(found, InfluenceResult):
        tables["effects"] = found.effects
        far = [f"{c} (p {p_value(p)})" for c, p in zip(found.clusters, found.p, strict=True) if p < 0.05]
        told.append(f"far from what the others say (p below .05): {', '.join(far) or 'none'}")
    return Found(tables, tuple(told), {}, found.warnings, {"influence": lambda title, axis: draw(found, title=title)})


def find_leave_one_out(case: Case, options: Options, how: How) -> Found:
    """The pooled result without each effect."""
    from ..synthesis.influence import leave_one_out

    a, yi_vi_labels = case.analysis, fitting.arrays(case.frame)
    return _forest("leave_one_out", case, leave_one_out(*yi_vi_labels, tau2=a.tau2, test=a.test, level=a.level))


def _forest(name: str, case: Case, frame: pd.DataFrame, warnings: Sequence[str] = ()) -> Found:
    """A table of pooled results, a row each, drawn as a forest."""
    from ..report.figures.leave_out import leave_out as draw
    from ..report.numbers import effect

    scale = case.analysis.scale
    low, high = (effect(float(f), scale) for f in (frame["estimate"].min(), frame["estimate"].max()))
    said = f"the estimates go from {low} to {high}"
    if name != "cumulative":
        said += f"; of all effects together it is {effect(case.pooled.estimate, scale)}"

    def forest(title: str, axis: str) -> Any:
        return draw(frame, result=case.pooled, scale=scale, title=title, xlabel=axis)

    return Found({name: frame}, (said,), {}, tuple(warnings), {name: forest})


def find_leave_one_cluster_out(case: Case, options: Options, how: How) -> Found:
    """The pooled result without each cluster."""
    if not case.dependent:
        from ..synthesis.diagnostics.leave_out import leave_one_cluster_out

        return _forest("leave_one_cluster_out", case, leave_one_cluster_out(case.fit, case.clusters_of(case.fit)))
    import pandas as pd

    from ..parallel import spread

    clusters = case.clusters
    names = list(dict.fromkeys(clusters))
    pieces = [(case.frame[clusters != name], case.analysis) for name in names]
    rows, warnings = [], []
    for name, rest in zip(names, spread(without, pieces, **how), strict=True):
        if isinstance(rest, str):
            warnings.append(f"Without {name} it was not pooled: {rest}")
        else:
            rows.append({"omitted": name, "effects": int((clusters == name).sum()), **rest})
    if not rows:
        raise MetareviewError("without any one of them nothing can be pooled:\n" + "\n".join(warnings))
    return _forest("leave_one_cluster_out", case, pd.DataFrame(rows), warnings)


def without(piece: tuple[pd.DataFrame, Analysis]) -> dict[str, Any] | str:
    """The pooled result of the effects that are left, or why there is none; tests are Satterthwaite's."""
    try:
        rest = fitting.pooled(*piece, bootstrap="never")
    except MetareviewError as error:
        return error.message
    return {name: getattr(rest, name) for name in fitting.OMITTED}


def find_cumulative(case: Case, options: Options, how: How) -> Found:
    """The pooled result as effects come in."""
    from ..synthesis.diagnostics.leave_out import cumulative

    name = options.get("order")
    if name is None:
        found = _forest("cumulative", case, cumulative(case.fit))
        return Found(found.tables, ("in the order in which they were coded", *found.told), {}, (), found.draw)
    if name not in case.frame:
        names = ", ".join(map(str, case.frame.columns))
        raise MetareviewError(f"no effect has a variable `{name}`", f"There are: {PUBLISHED}, {names}.")
    values = dict(zip(case.frame[fitting.EFFECT], case.frame[name], strict=True))
    frame = cumulative(case.fit, [values[label] for label in case.fit.labels])
    if name not in frame:
        frame.insert(1, name, frame["added"].map(values))
    found = _forest("cumulative", case, frame)
    return Found(found.tables, (f"in the order of {name}", *found.told), {"order": name}, (), found.draw)


def find_gosh(case: Case, options: Options, how: How) -> Found:
    """The pooled result of every subset, and the clusters among them."""
    from ..report.figures.gosh import gosh as draw
    from ..synthesis.diagnostics.gosh import gosh

    if ("clouds" in options or "eps" in options or "least" in options) and "clusters" not in options:
        raise MetareviewError(
            "--clouds, --eps and --least say which clusters to look for", "Add --clusters kmeans, dbscan or gmm."
        )
    found = gosh(case.fit, **taken(options, subsets="subsets", seed="seed"), **how)
    tables, warnings, told = {"gosh": _quantiles(found)}, list(found.warnings), []
    how_many = "every one" if found.exact else f"drawn, seed {found.seed}"
    facts: dict[str, Any] = {"subsets": int(found.sizes.size), "exact": found.exact, "seed": found.seed}
    told.append(f"{found.sizes.size:,} subsets of {len(found.labels)} effects ({how_many})")
    clouds = None
    if "clusters" in options:
        clouds = found.clusters(
            options["clusters"], **taken(options, clouds="n", eps="eps", least="least", seed="seed")
        )
        tables |= {"clusters": _clouds(clouds), "drivers": clouds.to_frame()}
        told.append(f"effects that drive them apart: {', '.join(clouds.drivers) or 'none'}")
        facts["drivers"] = list(clouds.drivers)
        warnings += clouds.warnings
    light = options.get("highlight")
    if light is not None and light not in found.labels:
        raise MetareviewError(f"{case.analysis.name} has no effect `{light}`", f"It has: {', '.join(found.labels)}.")
    if light is not None and clouds is not None:
        raise MetareviewError("--highlight and --clusters colour the same figure", "Give one of them.")

    def cloud(title: str, axis: str) -> Any:
        return draw(found, clusters=clouds, highlight=light, scale=case.analysis.scale, title=title, xlabel=axis)

    return Found(tables, tuple(told), facts, tuple(warnings), {"gosh": cloud} if found.estimate.ndim == 1 else {})


def _quantiles(found: Any) -> pd.DataFrame:
    frame = found.to_frame().drop(columns=list(found.labels))
    table = frame.quantile(list(QUANTILES.values()))
    table.insert(0, "quantile", list(QUANTILES))
    return table.reset_index(drop=True)


def _clouds(clouds: Any) -> pd.DataFrame:
    import pandas as pd

    centres = {"estimate": clouds.centres[:, 0], "I2": clouds.centres[:, 1]}
    return pd.DataFrame({"cluster": list(clouds.names), "subsets": clouds.sizes} | centres)


def find_baujat(case: Case, options: Options, how: How) -> Found:
    """Part in the heterogeneity against pull on the result."""
    from ..report.figures.baujat import baujat as draw
    from ..synthesis.diagnostics.baujat import baujat

    frame = baujat(case.fit)
    most = [str(frame["label"].iloc[int(frame[n].argmax())]) for n in ("heterogeneity", "influence")]
    told = (f"most of the heterogeneity: {most[0]}; largest pull on the result: {most[1]}",)
    return Found({"baujat": frame}, told, draw={"baujat": lambda title, axis: draw(frame, title=title)})


def find_radial(case: Case, options: Options, how: How) -> Found:
    """Standardised effects against their precision."""
    from ..report.figures.radial import radial as draw
    from ..synthesis.diagnostics.radial import radial

    frame = radial(case.fit)
    names = [str(label) for label in frame.loc[frame["outside"], "label"]]
    told = (f"outside the {100 * case.analysis.level:g}% band: {', '.join(names) or 'none'}",)

    def rays(title: str, axis: str) -> Any:
        return draw(case.fit, scale=case.analysis.scale, title=title, xlabel=axis)

    return Found({"radial": frame}, told, draw={"radial": rays})


def find_qq(case: Case, options: Options, how: How) -> Found:
    """Residuals against normal quantiles."""
    from ..report.figures.qq import qq as draw
    from ..synthesis.diagnostics.qq import qq

    found = qq(case.fit, **taken(options, kind="kind", draws="n", seed="seed", level="level"), **how)
    said = f"outside the {100 * found.level:g}% envelope: {', '.join(found.outside) or 'none'}"
    facts = {"kind": found.kind, "level": found.level, "simulations": found.simulations, "seed": found.seed}
    facts["outside"] = list(found.outside)
    return Found({"qq": found.to_frame()}, (said,), facts, (), {"qq": lambda title, axis: draw(found, title=title)})


def find_profile(case: Case, options: Options, how: How) -> Found:
    """The likelihood of each variance between effects, and its interval."""
    import pandas as pd

    from ..synthesis.diagnostics.profile import profile

    asked = options.get("component")
    names = [asked] if asked else list(case.fit.components) if case.dependent else ["tau2"]
    take = taken(options, points="n", level="level")
    found = [profile(case.fit, n, **take, **share_of(how, at, len(names))) for at, n in enumerate(names)]
    fields = ("component", "estimate", "ci_low", "ci_high", "maximum", "level", "method")
    tables = {"profile": pd.DataFrame([{f: getattr(p, f) for f in fields} for p in found])}
    draws: dict[str, Callable[[str, str], Any]] = {}
    for p in found:
        name = "profile" if len(found) == 1 else f"profile_{p.component}"
        tables[f"curve_{p.component}"] = p.to_frame()
        draws[name] = partial(_curve, p)
    warnings = tuple(f"{p.component}: {w}" for p in found for w in p.warnings)
    return Found(tables, (), {}, warnings, draws, tuple(n for n in tables if n != "profile"))


def _curve(found: Any, title: str, axis: str) -> Any:
    from ..report.figures.profile import profile

    return profile(found, title=title)
