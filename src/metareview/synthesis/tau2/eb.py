"""Empirical Bayes: another derivation of the estimating equation of Paule and Mandel, with the same root."""

from __future__ import annotations

from metareview.synthesis.tau2.base import Estimator
from metareview.synthesis.tau2.pm import paule_mandel

ESTIMATOR = Estimator(
    id="EB",
    title="empirical Bayes",
    source="Morris (1983), JASA 78, 47-55; Berkey, Hoaglin, Mosteller & Colditz (1995), Statistics in Medicine 14, "
    "395-411; equal to PM: Viechtbauer, Lopez-Lopez, Sanchez-Meca & Marin-Martinez (2015)",
    function=paule_mandel,
)
