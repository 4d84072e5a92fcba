"""effects, other tables: at other overdispersions, from a file, what depends on what, and phi from a count series."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..protocol.crosschecks import MEASURE
from ..tabular import read_table, write_table
from .effects import inputs_of, only, run, zero_rule
from .selection import INCLUDED

if TYPE_CHECKING:
    import pandas as pd

    from ..effects.dependence.result import SamplingCovariance
    from ..effects.overdispersion import Dispersion, SeriesDiagnostics

Roles = Mapping[str, str | None]
AT_PHI = ("effect_id", "phi", "yi", "se", "ci_low", "ci_high", "in_use")


def phi_table(folder: ReviewFolder, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return every effect from before-after counts at overdispersion phi 1, 2 and 4, whatever was assumed.

    Columns: effect_id, phi, yi, se, ci_low, ci_high (95%, log scale), in_use (the phi of the analysis).
    """
    import pandas as pd

    frame = run(folder) if frame is None else frame
    counts = frame[frame["phi"].notna()] if MEASURE in frame else frame.head(0)
    found = [
        _at_phi(folder, str(measure), part, phi)
        for measure, part in (counts.groupby(MEASURE, sort=False) if len(counts) else ())
        for phi in (1.0, 2.0, 4.0)
    ]
    if not found:
        return pd.DataFrame(columns=list(AT_PHI))
    return pd.concat(found).sort_values(["effect_id", "phi"], kind="stable").reset_index(drop=True)


def _at_phi(folder: ReviewFolder, measure: str, part: pd.DataFrame, phi: float) -> pd.DataFrame:
    import pandas as pd
    from scipy import stats

    from ..effects.compute import effect_size

    again = effect_size(measure, inputs_of(part), phi=phi, **zero_rule(measure, folder.protocol))
    yi, half = again["yi"] * part["sense_applied"], stats.norm.ppf(0.975) * again["sei"]
    columns = (part["effect_id"], phi, yi, again["sei"], yi - half, yi + half, part["phi"] == phi)
    return pd.DataFrame(dict(zip(AT_PHI, columns, strict=True)))


def of_table(path: Path, measure: str) -> pd.DataFrame:
    """Compute a measure for each row of a table whose columns are called as its inputs, beside the table's columns.

    Raises:
        MetareviewError: the table is not readable, or naming the row and column that no effect can come from.
    """
    import pandas as pd

    from ..effects.compute import effect_size
    from ..effects.registry import find_measure

    found = find_measure(measure)
    table = _frame(path)
    named = next((c for c in table.columns if c not in found.input_names), None)
    labels = [f"{row[named]} (row {n})" if named else f"row {n}" for n, row in table.iterrows()]
    try:
        frame = effect_size(found, table, labels=labels)
    except MetareviewError as error:
        inputs = ", ".join(i.name if i.required else f"[{i.name}]" for i in found.inputs)
        hint = (
            f"Mend {path.name}. Its columns are called as the inputs of {found.name}: {inputs} ([...] may be absent)."
        )
        raise MetareviewError(error.message, hint) from None
    inputs_given = [entry.name for entry in found.inputs if not entry.choices and entry.name in table]
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in inputs_given})


def save(frame: pd.DataFrame, path: Path) -> Path:
    """Write a table of effects as CSV or XLSX, at full precision, formulas made harmless.

    Raises:
        MetareviewError: the suffix is another one.
    """
    rows = ([None if cell != cell else cell for cell in row] for row in frame.itertuples(index=False))
    return write_table(path, [str(c) for c in frame.columns], rows)


def estimate_phi(path: Path, method: str = "quasi_poisson") -> tuple[Dispersion, SeriesDiagnostics]:
    """Estimate overdispersion from a count series in a table, and tell whether one phi is enough.

    Arguments:
        path: a table with columns place, after, treated, count and maybe exposure and period (which orders the rows).
        method: "quasi_poisson" or "negative_binomial".

    Raises:
        MetareviewError: the table is not readable, lacks a column, or cannot give an estimate.
    """
    import pandas as pd

    from ..effects.overdispersion import diagnose_series
    from ..effects.overdispersion import estimate_phi as estimate

    counts = _frame(path).replace("", None)
    period = "period" if "period" in counts else None
    if period and (numbers := pd.to_numeric(counts[period], errors="coerce")).notna().all():
        counts[period] = numbers
    exposure = "exposure" if "exposure" in counts else None
    found = estimate(counts, exposure=exposure, method=method)  # type: ignore[arg-type]
    try:
        return found, diagnose_series(counts, exposure=exposure, period=period)
    except MetareviewError as error:
        raise MetareviewError(error.message, f"Mend {path.name}; without a column period, order is left out.") from None


def dependence(folder: ReviewFolder, roles: Roles | None = None) -> pd.DataFrame:
    """Return what the coded effects of included studies say about the dependence between them, one row a role.

    Arguments:
        roles: the column of a role (or of the study), or None not to use it, as in `sampling_covariance`.
    """
    from ..effects.dependence.coding import dependence_coded

    return dependence_coded(_of_included(folder, None), **_known(roles))


def covariance(
    folder: ReviewFolder, measure: str | None = None, roles: Roles | None = None, **assumed: Any
) -> SamplingCovariance:
    """Return the sampling covariances of the effects of included studies, of all or of one measure.

    Arguments:
        roles: as for `dependence`. **assumed: what else `sampling_covariance` takes.

    Raises:
        MetareviewError: nothing is coded, or a correlation is needed and not given, naming the effects.
    """
    from ..effects.dependence.covariance import sampling_covariance

    return sampling_covariance(_of_included(folder, measure), **_known(roles), **assumed)


def _known(roles: Roles | None) -> dict[str, Any]:
    from ..effects.dependence.coding import NAMES

    unknown = [name for name in roles or {} if name not in ("study", *NAMES)]
    if unknown:
        raise MetareviewError(f"there is no role `{unknown[0]}`", f"Roles: study, {', '.join(NAMES)}.")
    return dict(roles or {})


def _of_included(folder: ReviewFolder, measure: str | None) -> pd.DataFrame:
    frame = run(folder)
    frame = only(frame, measure) if measure else frame
    frame = frame[frame[INCLUDED]] if len(frame) else frame
    if frame.empty:
        what = f"no effect of an included study is coded{f' as {measure}' if measure else ''}"
        raise MetareviewError(what, "`metareview effects` lists what is coded.", 1)
    return frame.reset_index(drop=True)


def _frame(path: Path) -> pd.DataFrame:
    """A table as read, its index the row numbers in the file."""
    import pandas as pd

    table = read_table(path)
    return pd.DataFrame(
        [row for _, row in table.rows], columns=list(table.columns), index=[number for number, _ in table.rows]
    )
