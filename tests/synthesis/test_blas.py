"""Results do not depend on the kernel or the number of threads of the linear-algebra library."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FITS = """
import json, sys
import numpy as np, pandas as pd
import metareview as mr

sets = json.loads(open(sys.argv[1], encoding="utf-8").read())["sets"]
out = {}
for name, random, struct in (("konstantopoulos2011", "1|district/school", "CS"), ("assink2016_che", "1|study/esid", "CS"),
                             ("berkey1998", "outcome|trial", "UN"), ("ishak2007", "time|study", "HAR")):
    one = next(s for s in sets if s["name"] == name)
    frame = pd.DataFrame(one["data"])
    formula = "yi ~ 0 + outcome" if name == "berkey1998" else "yi ~ 1"
    fit = mr.multilevel(formula, frame, V=np.array(one["V"]), random=random, struct=struct)
    out[name] = [*fit.estimate, *fit.se, *fit.components.values(), fit.loglik]
    if name == "assink2016_che":
        told = mr.robust(fit, frame["study"])
        out["robust"] = [*told.se, *told.df]
        out["regress"] = list(mr.regress("yi ~ year + deltype", frame, vi="vi").estimate)
        pooled = mr.pool(frame["yi"], frame["vi"])
        out["pool"] = [pooled.estimate, pooled.se, pooled.tau2, *pooled.tau2_ci, pooled.I2]
print(json.dumps(out))
"""
# kernels of one architecture that NumPy's OpenBLAS carries, and that any recent machine of it can run
KERNELS = {"x86_64": ("Haswell", "Sandybridge", "Nehalem"), "aarch64": ("ARMV8", "NEOVERSEN1")}


def fitted(kernel: str, threads: int) -> dict[str, list[float]]:
    sets = Path(__file__).parent / "reference" / "multilevel.json"
    env = os.environ | {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": str(threads)}
    run = subprocess.run(
        [sys.executable, "-c", FITS, str(sets)], env=env, capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(run.stdout)


def test_fits_repeat_under_another_kernel_and_thread_count() -> None:
    kernels = KERNELS.get(platform.machine())
    if kernels is None:
        pytest.fail(f"name the OpenBLAS kernels of {platform.machine()} in KERNELS")
    first = fitted(kernels[0], 1)
    for kernel, threads in [(kernel, 2) for kernel in kernels[1:]] + [(kernels[0], 2)]:
        again = fitted(kernel, threads)
        for name, values in first.items():
            np.testing.assert_allclose(again[name], values, rtol=1e-8, atol=1e-8, err_msg=f"{name} under {kernel}")
