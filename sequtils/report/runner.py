"""The batch run: which notebooks run, with which parameters, on which data, and what is noted of it."""

import asyncio
import functools
import itertools
import operator
import sys
import time
from pathlib import Path

import joblib
import psutil
import yaml

from sequtils import data, paths, text
from sequtils.files import ReadError, RefusedError, read_json, write_json
from sequtils.notebook import Publisher
from sequtils.report import execution, folder, provenance, render
from sequtils.statistics import LEVEL

# The longest first, and 06 after 04, whose trials it shares; 01, which trains nothing, while 04 compiles for all. A
# notebook with a cell is run for each.
RUNS = (("04_nodes", "lstm"), ("01_datasets", None), ("03_layers", "lstm"), ("07_long_term_dependency", None),
        ("06_best_architecture", "lstm"), ("08_limits_of_lstm", None), ("09_lstm_vs_rnn", None), ("04_nodes", "rnn"),
        ("03_layers", "rnn"), ("05_dropout", "lstm"), ("02_feedback_networks", None), ("10_draw", None),
        ("06_best_architecture", "rnn"), ("05_dropout", "rnn"))

BASES = {"full": ("standard",)}  # profiles that say only what they change of others
GIB = 2**30  # bytes, of memory that a notebook with its workers needs


def report(profile, data_root=None, jobs=None, only=(), build=None, cluster=None, aside=None, datasets=None):
    """Run the notebooks whose number is in `only` (all where it is empty) into `aside`, a folder beside the build
    folder (by default into that itself); return the names of the runs that failed. datasets: names of those that are
    wanted; None: all that are there.

    What an earlier run with the same inputs left in the build folder is kept for the notebooks that are not run.
    Raises data.DataError and files.RefusedError before anything starts where data or cluster cannot be used.
    """
    build, started = folder.place(build), time.monotonic()
    aside, jobs = aside or build, bearable(jobs)
    runs = [execution.Run(*r) for r in RUNS if not only or r[0].split("_")[0] in only]
    if cluster:
        try_cluster(cluster)
    print(f"profile {profile} on {data_root or 'the embedded sample'}; runs of notebooks: {len(runs)}, "
          f"{min(jobs, len(runs))} at a time\n{about(profile)}", flush=True)
    chosen = _chosen(profile)
    inputs = {"profile": profile, "datasets": provenance.describe_data(data_root, datasets, chosen.get("most"))}
    remarks = provenance.remarks(inputs["datasets"])
    print(*remarks, sep="\n", end="\n" if remarks else "", flush=True)
    settings = _parameters(chosen, data_root, aside, cluster, inputs["datasets"])
    old = _earlier(build, inputs) if only else {}
    if old and aside != build:
        folder.copy(build, aside)
    outcomes = execution.run_all(runs, settings, jobs, aside, build)
    for run in runs:
        if outcomes[run.name]["error"]:
            Publisher(run.notebook, aside, run.cell).withdraw()
    write_json(aside / "provenance.json", {
        **inputs, "remarks": remarks, "runs": {**old.get("runs", {}), **outcomes},
        "seeds": text.seeds(settings.get("seeds")),
        "experiments": provenance.experiments(), "level": f"{LEVEL:.0%}",
        "versions": provenance.versions(), "commit": provenance.commit(),
        "machine": provenance.machine(), "jobs": jobs, "wall_seconds": round(time.monotonic() - started, 1)})
    new, stored = (sum(outcome["trials"][what] for outcome in outcomes.values()) for what in ("new", "stored"))
    print(f"of {new + stored} experiments {stored} were taken from the store, {paths.TRIALS}", flush=True)
    return [name for name, outcome in outcomes.items() if outcome["error"]]


def _earlier(build, inputs):
    """The provenance of the report in the build folder, {} where it has other inputs or cannot be believed."""
    try:
        old, *_ = (read_json(build / name, {}) for name in render.PUBLISHED)
    except ReadError as error:
        print(f"{error}; the earlier report is not kept", file=sys.stderr)
        return {}
    return old if all(old.get(k) == v for k, v in inputs.items()) else {}


def bearable(jobs=None):
    """How many notebooks to run at once: as many as asked for, at most one for each core and GiB of free memory."""
    cores, free = joblib.cpu_count(), psutil.virtual_memory().available / GIB
    most = max(1, min(cores, int(free)))
    if jobs and jobs > most:
        print(f"--jobs {jobs}: {most} at once, for this machine has {cores} cores and {free:.1f} GiB free", flush=True)
    return min(jobs or most, most)


def try_cluster(address):
    """Raise RefusedError where nothing that speaks Dask's protocol answers at an address within five seconds."""
    try:
        from distributed.comm import connect  # the optional extra "cluster"
    except ImportError:
        raise RefusedError("--cluster needs one more package: pip install -e .[cluster]") from None

    async def call():
        await (await connect(address, timeout=5)).close()

    try:
        asyncio.run(call())
    except (OSError, ValueError, TypeError) as error:
        said = str(error).splitlines()
        raise RefusedError(f"--cluster {address}: no Dask scheduler answers there, expected an address such as "
                           f"tcp://host:8786 ({said[0] if said else type(error).__name__})") from None


def about(profile):
    """What a profile is for: the comment at the head of its file."""
    lines = (paths.PROFILES / f"{profile}.yaml").read_text(encoding="utf-8").splitlines()
    return "\n".join(line[2:] for line in itertools.takewhile(lambda line: line.startswith("# "), lines))


def _chosen(profile):
    """The parameters of a profile."""
    files = [paths.PROFILES / f"{name}.yaml" for name in (*BASES.get(profile, ()), profile)]
    return functools.reduce(operator.or_, (yaml.safe_load(file.read_text(encoding="utf-8")) or {} for file in files))


def _parameters(chosen, data_root, build, cluster, datasets=data.LAYOUTS):
    """Those of a profile, and of this run; a notebook gets those that it has."""
    left_out = {f"{name}_classes": [] for name in data.LAYOUTS if name not in datasets}
    data_root = str(Path(data_root).resolve()) if data_root else None
    return {**chosen, **left_out, "data_root": data_root, "build": str(build), "cluster": cluster}
