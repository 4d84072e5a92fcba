"""Events over person-time in two groups: the inputs behind IRR, IRD and IRSD."""

from __future__ import annotations

from metareview.effects.measure import Input

INPUTS = (
    Input("x1", "count", True, "treated", "events"),
    Input("t1", "exposure", True, "exposure of the treated", "time, people or places"),
    Input("x2", "count", True, "control", "events"),
    Input("t2", "exposure", True, "exposure of the control", "time, people or places"),
    Input("phi", "phi", False, "overdispersion: variance over the Poisson variance", "", default=1.0),
)
NAMES = ("x1", "t1", "x2", "t2")
CELLS = ("x1", "x2")
SWAP = (("x1", "x2"), ("t1", "t2"))
