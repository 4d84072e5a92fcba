"""`multilevel`: effects that depend on each other, in levels, in outcomes, or by their sampling errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from metareview.errors import MetareviewError
from metareview.synthesis import inference
from metareview.synthesis.design import INTERCEPT, Design, build_design, row_labels
from metareview.synthesis.frames import check_columns, check_names, table
from metareview.synthesis.inputs import check_level
from metareview.synthesis.multilevel import describe
from metareview.synthesis.multilevel import random as reading
from metareview.synthesis.multilevel.definite import check_covariance, check_rho
from metareview.synthesis.multilevel.identify import check_unstructured, confounded
from metareview.synthesis.multilevel.layout import arrange
from metareview.synthesis.multilevel.likelihood import Problem
from metareview.synthesis.multilevel.optimise import Optimum, maximise
from metareview.synthesis.multilevel.places import Codes
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.multilevel.sampling import as_sparse, imputed
from metareview.synthesis.multilevel.stacks import blocks
from metareview.synthesis.multilevel.terms import Intercepts, Term
from metareview.synthesis.multilevel.working import working_at
from metareview.synthesis.wls import Floats
from metareview.synthesis.working import Working

METHODS = ("REML", "ML")
TESTS = ("t", "z")
VI = "_sampling_variance"
RUNAWAY = 1e4


@dataclass(frozen=True, eq=False)
class _Data:
    design: Design
    frame: pd.DataFrame
    V: sparse.csr_array
    warnings: tuple[str, ...]


def multilevel(
    formula: str,
    data: Any,
    vi: str = "vi",
    *,
    random: str | Sequence[str],
    struct: str | Sequence[str] = "CS",
    V: Any = None,
    rho: float | None = None,
    cluster: str | None = None,
    R: Mapping[str, Any] | None = None,
    fixed: Mapping[str, float] | None = None,
    method: str = "REML",
    test: str = "t",
    level: float = 0.95,
    labels: str | Sequence[Any] | None = None,
    crosscheck: bool = False,
) -> MultilevelResult:
    """Fit a multilevel or multivariate meta-analytic model.

    Arguments:
        formula, data, vi, labels, level: as in `regress`. Rows without a moderator or a level are left out and named.
        random: "1 | study/effect" (nested intercepts), several "1 | factor" (crossed), "outcome | study" (true effects of the
            outcomes are correlated within studies), or a list of these.
        struct: of each "inner | outer": ID, DIAG, CS, HCS, AR, HAR, CAR or UN.
        V: sampling covariance, shape (k, k), dense, sparse or in blocks; its diagonal goes before `vi`.
        rho: instead of V, the assumed correlation of sampling errors within `cluster` (by default the first factor of
            `random`): the correlated-and-hierarchical-effects model.
        R: known correlations between the levels of a factor (a frame named by levels), by factor, for phylogenies or space.
        fixed: variance components or correlations that are known, by their name in `components`; the others are estimated.
        method: "REML" or "ML". test: "t" (k - p degrees of freedom) or "z"; for robust tests give the result to `robust`.
        crosscheck: compare with the second engines, a dense likelihood and statsmodels (see `crosscheck_multilevel`).

    Raises:
        MetareviewError: what cannot be used, naming it; or a likelihood without a maximum that could be found.

    Source: Konstantopoulos (2011), Research Synthesis Methods 2, 61-76; van Houwelingen, Arends & Stijnen (2002), Statistics
    in Medicine 21, 589-624; Pustejovsky & Tipton (2022), Prevention Science 23, 425-438.
    """
    check_names(vi=vi, cluster=cluster)
    specs = reading.listed(random)
    _check(method, test, specs)
    level = check_level(level)
    got = _data(formula, data, vi, specs, V, rho, cluster, labels)
    terms = reading.read(specs, struct, got.frame, R)
    said = (*got.warnings, *check_unstructured(terms))
    members = blocks(got.design.effects.yi.size, [term.ties for term in terms], got.V)
    problem = _problem(got, terms, members, method)
    start = _start(got)
    held = _held(problem, fixed or {})
    starts = [np.where(np.isnan(held), first, held) for first in _starts(problem, start)]
    with np.errstate(all="ignore"):
        found = maximise(problem, starts, start, None if np.isnan(held).all() else ~np.isnan(held))
    if found is None:
        raise MetareviewError(
            "The likelihood could not be computed: the sampling covariance is not positive definite.",
            "Check V, or give a smaller rho.",
        )
    working = working_at(problem, found.at, members, got.design)
    result = _result(formula, specs, struct, got, terms, problem, found, working, method, test, level, fixed or {})
    known = [warning.split(" cannot")[0] for warning in result.warnings]
    result = replace(result, warnings=(*confounded(problem, start, held, known), *result.warnings, *said))
    if not crosscheck:
        return result
    from metareview.synthesis.crosscheck import checked_multilevel

    return checked_multilevel(result)


def _check(method: str, test: str, specs: tuple[str, ...]) -> None:
    if method not in METHODS:
        raise MetareviewError(f"There is no method {method!r}.", f"Choose one of {', '.join(METHODS)}.")
    if test not in TESTS:
        raise MetareviewError(f"There is no test {test!r}.", f"Choose one of {', '.join(TESTS)}.")
    if not specs:
        raise MetareviewError("There is no random effect.", "Give one, such as random='1 | study/effect'.")


def _data(
    formula: str,
    data: Any,
    vi: str,
    specs: tuple[str, ...],
    V: Any,
    rho: float | None,
    cluster: str | None,
    labels: Any,
) -> _Data:
    frame = table(data)
    factors = reading.named(specs)
    needed = list(dict.fromkeys([*factors, *([cluster] if cluster else [])]))
    check_columns(frame, [*needed, *([vi] if V is None and vi in frame else [])])
    if V is not None and rho is not None:
        raise MetareviewError("V and rho both tell the sampling covariance.", "Give one of them.")
    given = None if V is None else as_sparse(V, len(frame))
    frame = frame.assign(**{VI: given.diagonal() if given is not None else frame.get(vi, math.nan)})
    if given is None and vi not in frame:
        raise MetareviewError(
            f"The data have no column {vi}.", "Name the column of sampling variances in `vi`, or give V."
        )
    design, kept = complete(formula, frame, needed, row_labels(frame, labels))
    said: tuple[str, ...] = ()
    if given is not None:
        sampling = sparse.csr_array(given[design.rows][:, design.rows])
        said = check_covariance(sampling, design.effects.labels, kept[cluster or factors[0]].tolist())
    elif rho is not None:
        found, groups = pd.factorize(kept[cluster or factors[0]].astype(str))
        codes = np.asarray(found, dtype=np.intp)
        sampling = imputed(design.effects.vi, codes, rho)
        check_rho(rho, codes, list(groups))
    else:
        sampling = sparse.csr_array(sparse.diags_array(design.effects.vi))
    return _Data(design, kept, sampling, said)


def complete(formula: str, frame: pd.DataFrame, needed: list[str], names: list[str]) -> tuple[Design, pd.DataFrame]:
    """The design of the rows that have every level and moderator, and those rows; variances are in the column `VI`."""
    empty = frame[needed].isna().to_numpy()
    lost = empty.any(axis=1)
    here = np.flatnonzero(~lost)
    missing = tuple(
        (names[i], "missing " + ", ".join(n for n, e in zip(needed, empty[i], strict=True) if e))
        for i in np.flatnonzero(lost).tolist()
    )
    if len(frame) and not here.size:
        raise MetareviewError(f"No row has all of {', '.join(needed)}.", "Code them, or choose other levels.")
    found = build_design(formula, frame[~lost], VI, [names[i] for i in here.tolist()])
    design = replace(found, excluded=(*missing, *found.excluded), rows=here[found.rows])
    return design, frame.iloc[design.rows].reset_index(drop=True)


def _problem(got: _Data, terms: tuple[Term, ...], members: list[Codes], method: str) -> Problem:
    X, y = got.design.X, got.design.effects.yi
    log_det = float(np.linalg.slogdet(X.T @ X)[1])
    ceiling = RUNAWAY * (float(np.var(y)) + float(np.max(got.design.effects.vi)))
    parts = arrange(y, X, got.V, terms, members)
    return Problem(parts, terms, y.size, X.shape[1], method == "REML", log_det, ceiling)


def _start(got: _Data) -> float:
    """A first variance between effects: what their spread leaves beyond sampling, never below a tenth of the typical one."""
    y, v, X = got.design.effects.yi, got.design.effects.vi, got.design.X
    resid = y - X @ np.linalg.lstsq(X, y)[0]
    spread = float(resid @ resid) / max(1, y.size - X.shape[1])
    return max(spread - float(np.mean(v)), 0.1 * float(np.median(v)))


def _starts(problem: Problem, start: float) -> list[Floats]:
    share = start / len(problem.terms)
    return [np.concatenate([term.start(share) for term in problem.terms])]


def _held(problem: Problem, fixed: Mapping[str, float]) -> Floats:
    """The known value of each parameter, nan where it is to be estimated, shape (t,)."""
    names = [
        name
        for term in problem.terms
        for p in term.parameters
        for name in describe.renamed(term, {p.name: 0.0}, len(problem.terms))
    ]
    held = np.full(len(names), math.nan)
    for name, value in fixed.items():
        if name not in names or problem.parameters[names.index(name)].kind == "factor":
            raise MetareviewError(f"{name!r} cannot be fixed.", f"There are: {', '.join(names)}; not those of UN.")
        parameter = problem.parameters[names.index(name)]
        if not parameter.low <= value <= parameter.high:
            raise MetareviewError(
                f"{name} cannot be {value!r}.", f"It lies from {parameter.low:g} to {parameter.high:g}."
            )
        held[names.index(name)] = value
    return held


def _result(
    formula: str, specs: tuple[str, ...], struct: str | Sequence[str], got: _Data, terms: tuple[Term, ...],
    problem: Problem, found: Optimum, working: Working, method: str, test: str, level: float, fixed: Mapping[str, float],
) -> MultilevelResult:  # fmt: skip
    here, k, p = found.at, problem.k, problem.p
    used = "t" if test == "t" and k > p else "z"
    df = float(k - p) if used == "t" else math.inf
    se = np.sqrt(np.diag(here.bread))
    half = inference.critical(level, df) * se
    statistic = here.beta / se
    which = [i for i, term in enumerate(got.design.terms) if term != INTERCEPT] or [0]
    joint = inference.joint_test(here.beta, here.bread, which, k - p, "z" if used == "z" else "knha")
    parts = problem.split(here.theta)
    components: dict[str, float] = {}
    for term, theta in zip(terms, parts, strict=True):
        components |= describe.renamed(term, term.report(theta), len(terms))
    residual = describe.residual(got.design, got.V)
    edges = describe.singular(terms, parts, found, residual.typical)
    singular = tuple(name for name in edges if name not in fixed)
    typical = float(np.median(got.design.effects.vi))
    silent = describe.untold(terms, parts, problem.ceiling, found.information, typical)
    low, high = describe.prediction(terms, parts, got.design, here, inference.critical(level, df))
    return MultilevelResult(
        formula=formula,
        random=specs,
        struct=tuple(t.structure for t in terms if not isinstance(t, Intercepts)),
        terms=got.design.terms,
        estimate=here.beta,
        se=se,
        ci_low=here.beta - half,
        ci_high=here.beta + half,
        statistic=statistic,
        p_value=np.array([inference.two_sided(float(s), df) for s in statistic]),
        df=np.full(p, df),
        cov=here.bread,
        pi_low=low,
        pi_high=high,
        components=components,
        fixed=dict(fixed),
        levels=describe.levels(terms),
        I2=describe.i_squared(terms, parts, residual.typical),
        ICC=describe.icc(terms, parts),
        **joint,
        QE=residual.Q,
        QE_df=k - p,
        QE_p=inference.chi2_tail(residual.Q, k - p),
        **describe.fit_statistics(here.loglik, k, p, len(here.theta) - len(fixed), problem.restricted),
        k=k,
        p=p,
        yi=got.design.effects.yi,
        vi=got.design.effects.vi,
        labels=got.design.effects.labels,
        method=method,
        test=used,
        level=level,
        converged=found.converged and not silent,
        iterations=found.iterations,
        singular=singular,
        excluded=got.design.excluded,
        warnings=describe.warnings(terms, got.design, found, singular, silent),
        V=got.V,
        working=working,
        rows=got.design.rows,
        problem=problem,
        optimum=found,
        design=got.design,
    )
