"""`python -m tests.same_bytes`: the report is the same bytes wherever it is made.

Two quick reports on the sample, one by the machine as it is, one by code for any processor, each with trainings and
compiled code of its own; then every file is compared that holds a result. It takes as long as two first quick reports.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sequtils import paths

RESULTS = ("report.pdf", "values.json", "manifest.json", "claims.json", "live.json", "figures/*", "tables/*")
PLACES = {  # what PyTorch, numba, NumPy and OpenBLAS choose their code by
    "as it is": {},
    "any processor": {"ATEN_CPU_CAPABILITY": "default", "NUMBA_CPU_NAME": "generic", "OPENBLAS_CORETYPE": "Prescott",
                      "NPY_DISABLE_CPU_FEATURES": "AVX2"},
}


def results(build):
    """Name -> bytes of every file of a report that holds a result, and no time."""
    return {file.relative_to(build).as_posix(): file.read_bytes()
            for pattern in RESULTS for file in sorted(build.glob(pattern))}


def different(one, other):
    """Names of the results that two reports do not have alike, or that one of them lacks."""
    a, b = results(one), results(other)
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def main():
    with tempfile.TemporaryDirectory() as folder:
        builds = []
        for place, settings in PLACES.items():
            builds.append(Path(folder, place, "build"))
            subprocess.run([sys.executable, "-m", "sequtils", "report", "--profile", "quick", "--build", builds[-1]],
                           cwd=paths.ROOT, check=True,
                           env={**os.environ, "SEQUTILS_CACHE": str(builds[-1].with_name("cache")), **settings})
        found = different(*builds)
        print(*found, f"{len(results(builds[0]))} files compared, {len(found)} differ", sep="\n")
        return bool(found)


if __name__ == "__main__":
    sys.exit(main())
