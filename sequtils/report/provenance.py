"""What a report was made from: the data, the settings of every run, the code, the machine."""

import ast
import importlib
import itertools
import os
import pkgutil
import platform
import subprocess
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil

import sequtils
from sequtils import data, fonts, paths
from sequtils.data import sample
from sequtils.files import read_json

VERSIONS = ("torch", "numpy", "numba", "scipy", "scikit-learn", "matplotlib", "papermill", "typst")
WHERE = ("data_root", "build", "cluster", "jobs")  # parameters that say where and how fast, and not what


def describe_data(root, chosen=None, most=None):
    """Fingerprint, counts, date and origin of each data set that is there, or that is chosen; most: see `Study`. Raises
    DataError with the problems of all."""
    described, problems = {}, []
    for name in chosen or data.names(root):
        try:
            d = data.load(name, root, most=(most or {}).get(name))
        except data.DataError as error:
            problems += error.problems
            continue
        described[name] = {"title": d.title, "fingerprint": d.fingerprint, "sample": d.sample, "told": d.told,
                           "date": _date(d, root),
                           "classes": list(d.whole_names), "scripts": fonts.missing("".join(d.classes)),
                           "train": len(d.train), "test": len(d.test),
                           "frames": sum(len(x) for part in (d.train, d.test) for x in part.x)}
    if problems:
        raise data.DataError(*problems)
    return described


def remarks(described):
    """Sentences on what was done to the data, of what `describe_data` gives, and on what is left out."""
    titles = {name: layout.title for name, layout in data.LAYOUTS.items()}
    told = [f"This report is about {titles[name]} alone; {titles[other]}, and all that needs them, are left out."
            for name, other in itertools.permutations(titles, 2) if [*described] == [name]]
    told += [d["told"] for d in described.values() if d["told"]]
    scripts = sorted({script for d in described.values() for script in d["scripts"]})
    letters = f"No font here has the letters of {', '.join(scripts)}: they are transliterated."
    return [*told, *([letters] if scripts else [])]


def _date(dataset, root):
    """Day (UTC) of the newest file of a data set; of the sample, the day on which it was made."""
    if dataset.sample:
        return read_json(sample.FOLDER / "provenance.json")[f"{dataset.name}.npz"]["date"]
    where = data.data_folder(dataset.name, root)
    files = [where] if where.is_file() else [where / file for p in (dataset.train, dataset.test) for file in p.files]
    newest = max(file.stat().st_mtime for file in files)
    return datetime.fromtimestamp(newest, UTC).date().isoformat()


def parameters(notebook):
    """Name -> value, as Python writes it, of the parameters with which a notebook (a path) was executed."""
    chosen = {}
    for cell in read_json(notebook)["cells"]:  # the defaults come first, then what was given instead
        if {"parameters", "injected-parameters"} & set(cell["metadata"].get("tags", ())):
            for line in ast.parse("".join(cell["source"])).body:
                if isinstance(line, ast.Assign):
                    chosen[line.targets[0].id] = ast.unparse(line.value)
    return {name: value for name, value in chosen.items() if name not in WHERE}


def experiments():
    """Kind -> field -> default, as Python writes it, of every kind of experiment; None where there is no default."""
    for module in pkgutil.walk_packages(sequtils.__path__, "sequtils."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    from sequtils.trials import Experiment  # costs the seconds of PyTorch

    return {kind.__name__: {f.name: None if f.default is MISSING else repr(f.default) for f in fields(kind)}
            for kind in _below(Experiment) if kind.__module__.startswith("sequtils.")}


def _below(kind):
    return [k for child in kind.__subclasses__() for k in (child, *_below(child))]


def versions():
    """Versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in VERSIONS}}


def machine():
    """Processor, cores, memory in GiB and system of this machine."""
    return {"cpu": _processor(), "cores": os.cpu_count(), "memory": round(psutil.virtual_memory().total / 2**30, 1),
            "platform": platform.platform(terse=True)}


def _processor():
    """The processor's name, as Linux tells it, or as Python does elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit():
    """The commit of the checkout, with "-dirty" after it where files differ from it, or "unknown" without git."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=40"]
    try:
        return subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
