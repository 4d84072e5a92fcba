"""RTET: tetrachoric correlation, that of the two normal scores behind a 2x2 table.

Both attributes are taken for scores cut in two: event or not, treated or not. The correlation of the scores is the one
that puts ai of the n people into their cell, the cuts h and k following from the margins. It is the maximum-likelihood
estimate and has no closed form; here it is solved to machine precision, so metafor's own value may differ in the fifth
digit (its optimiser stops early, and then its variance is off as well).

- **Only where both attributes are continuous by nature.** A treatment given or not is no cut score: use `PBIT` or
  `OR2DN` there. For two yes-or-no attributes that are just that, use `PHI` or `OR`.
- Unlike `PHI` it does not shrink with lopsided margins, so it may be pooled with correlations (`COR`) of the uncut scores.
- The normal distribution is an assumption that a 2x2 table cannot test, so results say "estimated".

The variance is the delta method's for people sampled without fixing a margin. A, B and density in the formula are the
derivatives of the bivariate normal probability to the two margins and to the correlation.

**Zeros.** None is corrected (`none` is the rule of this measure, as in metafor). With a zero cell the most likely
correlation is -1 or 1 and has no variance: the row is refused (metafor prints -1 or 1 with a meaningless variance).
`to="only0"` adds 0.5 to its cells, and the result then hangs on that 0.5. A table without any event, or with nothing
but events, is refused.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from metareview.effects import tetrachoric, two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source, texts


def compute(columns: Columns) -> Computed:
    """Tetrachoric correlation and its delta-method variance, nan with a zero cell; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    n = a + b + c + d
    h, k = special.ndtri((a + b) / n), special.ndtri((a + c) / n)
    rho = np.where(a * b * c * d > 0, tetrachoric.correlation(h, k, a / n), np.nan)
    s = np.sqrt((1 - rho) * (1 + rho))
    by_h, by_k = special.ndtr((k - rho * h) / s), special.ndtr((h - rho * k) / s)
    both = 1 - by_h - by_k
    mean = (both * a - by_h * b - by_k * c) / n
    spread = (both**2 * a + by_h**2 * b + by_k**2 * c) / n - mean**2
    vi = spread / (n * tetrachoric.density(h, k, rho) ** 2)
    return Computed(rho, vi, texts(len(vi), "estimated"))


def _solved(h: float, k: float, p: float) -> float:
    return float(tetrachoric.correlation(np.array([h]), np.array([k]), np.array([p]))[0])


MEASURE = Measure(
    name="RTET",
    title="Tetrachoric correlation",
    family="two by two",
    formula_id="RTET.v1",
    formula="n = ai + bi + ci + di; h = z((ai + bi)/n); k = z((ai + ci)/n); yi = tetrachoric(h, k, ai/n); "
    "s = sqrt(1 - yi^2); A = Phi((k - yi*h)/s); B = Phi((h - yi*k)/s); "
    "density = phi_density(h)*phi_density((k - yi*h)/s)/s; mean = ((1 - A - B)*ai - A*bi - B*ci)/n; "
    "vi = (((1 - A - B)^2*ai + A^2*bi + B^2*ci)/n - mean^2) / (n*density^2)",
    functions={"tetrachoric": _solved},
    inputs=two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0 (down to -1): the event is less common in the treated group.",
    source=Source(
        "Pearson (1900), Mathematical contributions to the theory of evolution. VII. On the correlation of characters not "
        "quantitatively measurable, Philosophical Transactions of the Royal Society A 195, pages 1-47; Hamdan (1970), The "
        "equivalence of tetrachoric and maximum likelihood estimates of rho in 2x2 tables, Biometrika 57, pages 212-215",
        "tetrachoric correlation and its large-sample variance",
    ),
    compute=compute,
    **two_by_two.TABLE,
    margins=(("ai", "ci"), ("bi", "di")),
    zero_rule="none",
)
