"""Named values of phi for counts without a series: each from a source, with what it was a value of."""

from __future__ import annotations

import difflib

import pandas as pd

from metareview.errors import MetareviewError

_LOTS = (
    "Pearson X2 / df given each place's total, from public counts around greened and other vacant lots in Philadelphia; "
    "computed once by the project, the counts are not part of it"
)
_DEFAULTS = (
    ("poisson", 1.0, "any counts", "the least that counts can have: events one by one and independent"),
    ("twice_poisson", 2.0, "before-after counts of offences of persons", (
        "twice the Poisson variance, as in the judicial supervision review of Trood and colleagues (public data of the "
        "review, column var_x2)"
    )),
    ("violent_100m", 1.890, "violent crimes within 100 m of a lot", _LOTS),
    ("nonviolent_100m", 1.885, "other crimes within 100 m of a lot", _LOTS),
    ("violent_200m", 2.249, "violent crimes within 200 m of a lot", _LOTS),
    ("nonviolent_200m", 2.750, "other crimes within 200 m of a lot", _LOTS),
)  # fmt: skip


def find_default(name: str) -> tuple[float, str]:
    """The phi of a named default, and of what counts it was one.

    Raises MetareviewError for a name that is not there, with close ones.
    """
    known = {key: (phi, counts) for key, phi, counts, _ in _DEFAULTS}
    if name not in known:
        close = difflib.get_close_matches(name, known, n=2)
        hint = f"Did you mean {' or '.join(close)}?" if close else f"Use a number, or one of {', '.join(known)}."
        raise MetareviewError(f"There is no overdispersion {name!r}.", hint)
    return known[name]


def phi_defaults() -> pd.DataFrame:
    """Documented values of phi, indexed by name: phi, counts (of what), source.

    They are for effects whose paper gives no series: use one with `phi_source="assumed"`, and show the result at 1, 2 and 4
    beside it (`phi_table`). The values at 100 and 200 m say that phi grows with the size of the area: whole neighbourhoods or
    cities may be well above 2.
    """
    return pd.DataFrame(_DEFAULTS, columns=["name", "phi", "counts", "source"]).set_index("name")
