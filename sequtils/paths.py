"""Where everything lies. Nothing else in the package builds a path of the project.

The environment variable SEQUTILS_CACHE moves the caches of parsed data, compiled code and finished trials, for a
checkout that cannot be written, or for one store that several checkouts share.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
REPORT = ROOT / "report"
PROFILES = REPORT / "profiles"
SOURCE = REPORT / "source"
BUILD = REPORT / "build"
CACHE = Path(os.environ.get("SEQUTILS_CACHE") or ROOT / ".cache").absolute()
DATA_CACHE = CACHE / "data"
TRIALS = CACHE / "trials"
COMPILED = CACHE / "compiled"
