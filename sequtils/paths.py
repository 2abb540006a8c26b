"""Where everything lies. Nothing else in the package builds a path of the project."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
REPORT = ROOT / "report"
PROFILES = REPORT / "profiles"
SOURCE = REPORT / "source"
BUILD = REPORT / "build"
CACHE = ROOT / ".cache"
DATA_CACHE = CACHE / "data"
TRIALS = CACHE / "trials"
