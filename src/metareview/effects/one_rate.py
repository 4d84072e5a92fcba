"""Events of one group over an exposure, behind IR, IRLN, IRS and IRFT: the inputs."""

from __future__ import annotations

from metareview.effects.measure import Input

INPUTS = (
    Input("xi", "count", True, "events", "events"),
    Input("ti", "exposure", True, "exposure in which they happened", "time, people or places"),
    Input("phi", "phi", False, "overdispersion: variance over the Poisson variance", "", default=1.0),
)
NAMES = ("xi", "ti", "phi")
CELLS = ("xi",)
