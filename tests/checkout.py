"""A small checkout of this project for tests that break things: one notebook, one page, all the machinery."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import yaml

from sequtils import paths

PARAMETERS = "data_root = None\njobs = 1\nbuild = None\nhandwriting_classes = None\ncv_classes = None"
PUBLISH = """
import os, time
from matplotlib.figure import Figure
from sequtils import data
from sequtils.notebook import Publisher
publish = Publisher("01_datasets", build)
loaded = data.load("handwriting", data_root)
figure = Figure(figsize=(1, 1))
figure.add_subplot().plot([0, len(loaded.train)])
publish("1.1", figure, "What it found.", loaded)
"""
PAGE = '#let manifest = json("/manifest.json")\n#repr(manifest.figures.keys())\n'


def make_checkout(folder, code="", page=PAGE):
    """A checkout in `folder` whose notebook 01 runs `code` after it has published; return its path."""
    skipped = shutil.ignore_patterns("__pycache__", "build*", ".build*")
    shutil.copytree(paths.ROOT / "sequtils", folder / "sequtils", ignore=skipped)
    shutil.copytree(paths.REPORT, folder / "report", ignore=skipped)
    for name in ("requirements.lock", "requirements-torch.lock", "pyproject.toml", "README.md"):
        shutil.copy(paths.ROOT / name, folder / name)
    cells = [nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
             nbformat.v4.new_code_cell(PUBLISH), nbformat.v4.new_code_cell(code)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (folder / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "notebooks" / "01_datasets.ipynb")
    (folder / "report" / "report.typ").write_text(page)
    claims = folder / "report" / "source" / "claims.yaml"
    claims.write_text(yaml.safe_dump({**yaml.safe_load(claims.read_text(encoding="utf-8")), "claims": []}))
    return folder


def start(checkout, *arguments, cwd=None, **environment):
    """A command of the checkout as a process, the head of a group of its own; its pipes are text."""
    here = {k: v for k, v in os.environ.items() if k not in ("SEQUTILS_CACHE", "PYTHONWARNINGS")}
    return subprocess.Popen([sys.executable, "-m", "sequtils", *arguments], cwd=cwd or checkout, text=True,
                            env={**here, "PYTHONPATH": str(checkout), **environment}, start_new_session=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def report(checkout, *arguments, **options):
    """Make the report of the checkout; (status, what it said)."""
    process = start(checkout, "report", "--profile", "quick", "--only", "01", *arguments, **options)
    out, err = process.communicate(timeout=300)
    return process.returncode, out + err


def published(build):
    """What a report says that it was made from, and what it holds."""
    manifest, provenance = (json.loads((build / name).read_text()) for name in ("manifest.json", "provenance.json"))
    return provenance, manifest


def litter(folder):
    """Hidden files beside a build folder, but for the lock, which stays."""
    return [path.name for path in folder.glob(".*") if not path.name.endswith(".lock")]
