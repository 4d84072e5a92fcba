"""Analyses that nobody planned: asked for on the spot, and marked post hoc wherever they are shown.

Such a run leaves no trace in the review. What is to stay is added to `analyses` of the protocol and registered as an
amendment; `standing` then marks it post hoc in every output.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..parallel import Progress
from ..protocol.crosschecks import crosscheck
from ..protocol.models import DEPENDENT, Analysis, Protocol
from ..tabular import write_bytes
from . import effects as effect_service
from . import plan as plans
from .analyze import AnalysisResult, chosen, require_engines_agree, run_one
from .plan import Planned
from .standing import UNPLANNED
from .state import load_state

KEPT_AS = "analysis.yaml"


def build(protocol: Protocol, label: str, like: str = "", **asked: Any) -> Analysis:
    """Return an analysis that the protocol does not name.

    Arguments:
        label: what it is called; its name is made of it. like: an analysis of the protocol that it starts from.
        asked: fields of `Analysis`; `where` and `where_not` are added to those of `like`, the others go before them.

    Raises:
        MetareviewError: what is asked for cannot be run; every reason is told.
    """
    words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    if not words:
        raise MetareviewError("an unplanned analysis needs a label", "Say what it is for: --post-hoc LABEL.")
    base = chosen(protocol, [like])[0].model_dump(exclude_unset=True) if like else {}
    if asked.get("model") in DEPENDENT and base.get("model") not in DEPENDENT:
        for name in ("one_effect_per", "tau2", "test", "sensitivity"):
            base.pop(name, None)
    for name in ("where", "where_not"):
        if name in asked:
            asked[name] = {**base.get(name, {}), **asked[name]}
    try:
        analysis = Analysis.model_validate({**base, **asked, "name": f"post_hoc_{words}", "label": label})
    except ValidationError as error:
        told = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    else:
        told = _mistakes(protocol, analysis)
    if told:
        raise MetareviewError(
            "this analysis cannot be run:\n" + "\n".join(f"  {what}" for what in told),
            "Outcomes, measures, variables and their categories are those of the protocol (`metareview protocol show`).",
        )
    return analysis


def _mistakes(protocol: Protocol, analysis: Analysis) -> list[str]:
    from ..synthesis.tau2 import estimators

    alone = protocol.model_copy(update={"analyses": (analysis,)})
    found = [f"{path[2]}: {what}" for path, what in crosscheck(alone) if path[0] == "analyses" and len(path) > 2]
    if analysis.tau2 not in estimators():
        found.append(f"tau2: there is no estimator `{analysis.tau2}`; known: {', '.join(sorted(estimators()))}")
    return found


def run(folder: ReviewFolder, analysis: Analysis, progress: Callable[[str], Progress] | None = None) -> AnalysisResult:
    """Run an analysis that nobody planned; `progress` as in `analyze.run`.

    Raises:
        MetareviewError: as in `analyze.run`.
    """
    result = run_one(analysis, effect_service.run(folder), folder.protocol, UNPLANNED, progress)
    require_engines_agree({analysis.name: result})
    return result


def plan(folder: ReviewFolder, analysis: Analysis) -> Planned:
    """Return what it would do, without pooling."""
    return plans.of(analysis, effect_service.run(folder), folder.protocol, UNPLANNED)


def entry(analysis: Analysis) -> str:
    """Return it as an entry of the protocol's `analyses`."""
    plain = {k: _plain(v) for k, v in analysis.model_dump(exclude_unset=True).items()}
    first = {name: plain.pop(name) for name in ("name", "label")}
    text: str = yaml.safe_dump([{**first, **plain}], sort_keys=False, allow_unicode=True, width=120)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return list(value) if isinstance(value, tuple) else value


def save(folder: ReviewFolder, result: AnalysisResult, out: Path) -> list[Path]:
    """Write the tables and figures of one analysis, and its entry for the protocol, into a folder of its own.

    Raises:
        MetareviewError: the folder is that of the report, or holds what no such run wrote.
    """
    from . import report_documents
    from . import report_tables as tables

    _require_own(folder, out)
    labels = {s.name: s.label or s.name for s in folder.protocol.sensitivity}
    made = [tables.pooled([result]), tables.left_out([result])]
    made += [tables.between_groups([result])] if result.subgroups is not None else []
    made += [tables.regressions([result])] if result.regressions else []
    made += [tables.sensitivity([result], labels)] if result.sensitivity else []
    made += [tables.leave_one_out([result])] if result.leave_one_out is not None else []
    written = [write_bytes(out / KEPT_AS, entry(result.analysis).encode("utf-8"))]
    for table in made:
        written += table.write(out / "tables")
    drawn = report_documents.draw(folder.protocol, load_state(folder), result, out / "figures")
    return written + [path for _, paths in drawn.values() for path in paths]


def _require_own(folder: ReviewFolder, out: Path) -> None:
    place, report = out.absolute(), folder.outputs.absolute()
    if place == report or report in place.parents:
        raise MetareviewError(f"{out} is rebuilt by `metareview report`", "Name a folder outside it.")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / KEPT_AS).is_file())):
        raise MetareviewError(f"{out} holds other files", "Name a new or an empty folder.")
