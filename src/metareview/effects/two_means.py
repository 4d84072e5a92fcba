"""The two groups of means and standard deviations behind MD, SMD and ROM."""

from __future__ import annotations

from metareview.effects.measure import Input

INPUTS = (
    Input("m1i", "number", True, "mean of the treated", "outcome's unit"),
    Input("sd1i", "sd", True, "standard deviation of the treated", "outcome's unit"),
    Input("n1i", "group", True, "number of treated", "people"),
    Input("m2i", "number", True, "mean of the control", "outcome's unit"),
    Input("sd2i", "sd", True, "standard deviation of the control", "outcome's unit"),
    Input("n2i", "group", True, "number in control", "people"),
)
SWAP = (("m1i", "m2i"), ("sd1i", "sd2i"), ("n1i", "n2i"))
NAMES = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
