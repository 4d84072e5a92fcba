"""What there is to choose from: estimators of tau2, its intervals, tests and covariance structures, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def estimators() -> pd.DataFrame:
    """Return the estimators that `tau2=` takes: id, title, aliases, source."""
    import pandas as pd

    from metareview.synthesis.tau2 import estimators as found

    rows = [(e.id, e.title, ", ".join(e.aliases), e.source) for e in found().values()]
    return pd.DataFrame(rows, columns=["id", "title", "aliases", "source"])


def intervals() -> pd.DataFrame:
    """Return the intervals of tau2 that `tau2_ci=` takes: id, title, source."""
    import pandas as pd

    from metareview.synthesis.intervals import intervals as found

    return pd.DataFrame([(i.id, i.title, i.source) for i in found().values()], columns=["id", "title", "source"])


def tests() -> pd.DataFrame:
    """Return the tests that `test=` of `pool` and `regress` takes: id, title, aliases, source."""
    import pandas as pd

    from metareview.synthesis.inference import ALIASES, TESTS

    rows = [
        (name, title, ", ".join(alias for alias, of in ALIASES.items() if of == name), source)
        for name, (title, source) in TESTS.items()
    ]
    return pd.DataFrame(rows, columns=["id", "title", "aliases", "source"])


def structures() -> pd.DataFrame:
    """Return the covariance structures that `struct=` of `multilevel` takes: id, title."""
    import pandas as pd

    from metareview.synthesis.multilevel.structures import STRUCTURES, TITLES

    return pd.DataFrame([(name, TITLES[name]) for name in STRUCTURES], columns=["id", "title"])
