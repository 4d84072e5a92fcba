"""Makes RTET.json with 40 digits and without the code it checks: python make_rtet.py   (needs mpmath)

metafor is no oracle for the tetrachoric correlation to 1e-10: its optimiser stops in the fifth digit. Here the correlation
is the root of an integrated bivariate normal, and its variance the sum of n_i (d rho / d n_i)^2 over the four cells, with
derivatives by differences.
"""

from __future__ import annotations

import json
from pathlib import Path

import mpmath
from mpmath import mpf

mpmath.mp.dps = 40
TABLES = [
    *((3, 7, 2, 5), (13, 10, 3, 17), (5, 15, 8, 12), (100, 20, 30, 4), (30, 20, 20, 30), (10, 10, 10, 10)),
    *(
        (40, 1, 1, 60),
        (1, 999, 3, 997),
        (5, 1, 60, 30),
        (1, 20, 30, 1000),
        (25, 25, 1, 49),
        (11786, 41000, 12001, 40321),
    ),
]
ZEROS = [(0, 10, 3, 9), (5, 40, 0, 35), (12, 0, 6, 8)]


def quantile(p: mpf) -> mpf:
    """The standard normal quantile."""
    return mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1)


def probability(h: mpf, k: mpf, angle: mpf) -> mpf:
    """P(X < h, Y < k) with correlation sin(angle), by Plackett's integral."""

    def along(t: mpf) -> mpf:
        return mpmath.exp(-(h * h + k * k - 2 * h * k * mpmath.sin(t)) / (2 * mpmath.cos(t) ** 2))

    cuts = [angle * (1 - mpf(2) ** -j) for j in range(12)] + [angle]
    return mpmath.ncdf(h) * mpmath.ncdf(k) + mpmath.quad(along, cuts) / (2 * mpmath.pi)


def rho(a: mpf, b: mpf, c: mpf, d: mpf) -> mpf:
    """The correlation behind a table."""
    n = a + b + c + d
    h, k = quantile((a + b) / n), quantile((a + c) / n)
    ends = (mpf("1e-8") - mpmath.pi / 2, mpmath.pi / 2 - mpf("1e-8"))
    return mpmath.sin(
        mpmath.findroot(lambda t: probability(h, k, t) - a / n, ends, solver="anderson", tol=mpf("1e-56"))
    )


def case(table: tuple[float, ...], add: float = 0.0) -> dict[str, float]:
    """A table with its correlation and variance."""
    cells = [mpf(x) + mpf(add) for x in table]
    vi = mpf(0)
    for i, x in enumerate(cells):
        step = x * mpf("1e-10")
        up, down = ([y + (j == i) * sign * step for j, y in enumerate(cells)] for sign in (1, -1))
        vi += x * ((rho(*up) - rho(*down)) / (2 * step)) ** 2
    return dict(zip(("ai", "bi", "ci", "di"), table, strict=True)) | {"yi": float(rho(*cells)), "vi": float(vi)}


def main() -> None:
    """Write RTET.json beside this file."""
    said = {"measure": "RTET", "source": "root and derivatives with mpmath, make_rtet.py"}
    said |= {"version": f"mpmath {mpmath.__version__}"}
    blocks = [
        said | {"options": {}, "cases": [case(t) for t in TABLES]},
        said | {"options": {"to": "only0", "add": 0.5}, "cases": [case(t, 0.5) for t in ZEROS]},
    ]
    Path(__file__).with_name("RTET.json").write_text(json.dumps(blocks, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
