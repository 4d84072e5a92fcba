"""What may be coded about the dependence between effects, and which columns of a frame say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metareview.effects.measure import Floats, Mask, Texts
from metareview.errors import MetareviewError

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Role:
    """One thing that may be coded: its name, the columns it is looked for in (first found wins), what it does."""

    name: str
    columns: tuple[str, ...]
    meaning: str


ROLES = (
    Role("sample", ("sample_id",), "effects of one study on different samples have no person in common: independent"),
    Role(
        "treated",
        ("treated_id", "treatment_id", "area_id", "area_role"),
        "the treated group or area; the same name is the same people or events",
    ),
    Role("control", ("control_id",), "the control group or area; a name used twice is a shared control"),
    Role("outcome", ("outcome", "outcome_domain"), "the outcome; two outcomes of one group correlate by rho"),
    Role(
        "instrument",
        ("instrument", "outcome_measure", "outcome_label"),
        "how the outcome was measured; two instruments for one outcome correlate by rho_within",
    ),
    Role(
        "time",
        ("time", "follow_up_months", "followup_months_after_start"),
        "when measured, a number; times one unit apart correlate by rho_time",
    ),
    Role("time_control", ("time_control",), "when the control was measured, where that differs from the treated"),
    Role("overlap", ("overlap_id",), "the place (or list of people) that different treated areas have in common"),
    Role("overlap_share", ("overlap_share",), "the share, 0 to 1, of the effect's treated events that fall in it"),
    Role("control_overlap", ("control_overlap_id",), "the place that different control areas have in common"),
    Role("control_overlap_share", ("control_overlap_share",), "the share, 0 to 1, of the control's events in it"),
    Role("size_treated", ("w1", "n1i"), "size of the treated group, where a measure's own inputs are not at hand"),
    Role("size_control", ("w2", "n2i"), "size of the control group, likewise"),
    Role("size_sd", ("n_sd",), "people behind the standardiser of an SMD, where that is more than its two groups"),
)
NAMES = tuple(role.name for role in ROLES)


@dataclass(frozen=True, eq=False)
class Coding:
    """What is coded about n effects, as codes (equal codes: the same thing) and numbers.

    Attributes:
        cluster: shape (n,), numbered from 0; effects of different clusters are independent.
        clusters: the name of each cluster, for messages.
        group: the treated (row 0) and control (row 1) group, shape (2, n), unlike across clusters. named: whether it has a
            name, shape (2, n).
        overlap: the place shared with other groups, shape (2, n), -1 for none. share: of the events in it, shape (2, n).
        outcome, instrument: shape (n,). outcomes: the names behind the codes of `outcome` (or of `instrument`).
        time: when each group was measured, shape (2, n); nan where only other effects of the cluster tell.
        size: of the two groups, nan where unknown, shape (2, n). size_sd: shape (n,).
        found: the column of each role that was found.
        warnings: what a reader should doubt.
    """

    cluster: Ints
    clusters: Texts
    group: Ints
    named: Mask
    overlap: Ints
    share: Floats
    outcome: Ints
    instrument: Ints
    outcomes: Texts
    instruments: Texts
    time: Floats
    size: Floats
    size_sd: Floats
    found: Mapping[str, str]
    warnings: tuple[str, ...]


def dependence_coded(effects: pd.DataFrame, *, study: str = "study_id", **roles: str | None) -> pd.DataFrame:
    """What a frame of effects says about the dependence between them.

    Arguments:
        effects, study, **roles: as in `sampling_covariance`.

    Returns one row a role: `role`, `column` (empty when there is none), `looked_for`, `filled` (rows with a value),
    `values` (different values), `meaning`.

    Raises MetareviewError for an unknown role, or a column that is not there.
    """
    found = {"study": column_of(effects, "study", study)} | find_columns(effects, roles)
    told = (Role("study", (study,), "effects of different studies are independent"), *ROLES)
    rows = []
    for role in told:
        column = found.get(role.name, "")
        values = effects[column] if column else pd.Series(dtype=object)
        rows.append(
            (role.name, column, ", ".join(role.columns), int(values.notna().sum()), values.nunique(), role.meaning)
        )
    return pd.DataFrame(rows, columns=["role", "column", "looked_for", "filled", "values", "meaning"])


def shared_place(coding: Coding, i: Ints, j: Ints, side_i: int, side_j: int) -> Mask:
    """Pairs of effects whose groups (by side: 0 treated, 1 control) name the same place that they overlap in."""
    place = coding.overlap[side_i, i]
    return np.asarray((place >= 0) & (place == coding.overlap[side_j, j]))


def column_of(effects: pd.DataFrame, role: str, column: Any) -> str:
    """The column that a user named for a role. Raises MetareviewError when it is not there."""
    if isinstance(column, str) and column in effects.columns:
        return column
    raise MetareviewError(
        f"{role}={column!r}: the effects have no such column.", f"Columns: {', '.join(map(str, effects.columns))}."
    )


def find_columns(effects: pd.DataFrame, roles: Mapping[str, Any]) -> dict[str, str]:
    """The column of each role: the one named, else the first that is looked for and has a value; None: none.

    Raises MetareviewError for an unknown role or a column that is not there.
    """
    unknown = [name for name in roles if name not in NAMES]
    if unknown:
        raise MetareviewError(f"{unknown[0]!r} is nothing that can be coded.", f"Use {', '.join(NAMES)}.")
    found = {}
    for role in ROLES:
        if roles.get(role.name) is not None:
            found[role.name] = column_of(effects, role.name, roles[role.name])
        elif role.name not in roles:
            there = [name for name in role.columns if name in effects.columns and effects[name].notna().any()]
            if there:
                found[role.name] = there[0]
    return found
