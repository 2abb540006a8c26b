"""The batch run: all notebooks with papermill, side by side, then the report.

As many processes as notebooks run at once execute one after another, each in a kernel of its own; a notebook that fails
is named, with its cell and error, and the others go on.
"""

import asyncio
import contextlib
import functools
import itertools
import multiprocessing
import operator
import os
import sys
import time
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path

import joblib
import psutil
import yaml

from sequtils import data, paths, stopping, text
from sequtils.files import ReadError, RefusedError, read_json, write_atomic, write_json
from sequtils.notebook import STATUS, Publisher, duration
from sequtils.report import folder, pages, provenance, render
from sequtils.statistics import LEVEL
from sequtils.terminal import StatusLine

# The longest first, and 06 after 04, whose trials it shares; 01, which trains nothing, while 04 compiles for all. A
# notebook with a cell is run for each.
RUNS = (("04_nodes", "lstm"), ("01_datasets", None), ("03_layers", "lstm"), ("07_long_term_dependency", None),
        ("06_best_architecture", "lstm"), ("08_limits_of_lstm", None), ("09_lstm_vs_rnn", None), ("04_nodes", "rnn"),
        ("03_layers", "rnn"), ("05_dropout", "lstm"), ("02_feedback_networks", None), ("10_draw", None),
        ("06_best_architecture", "rnn"), ("05_dropout", "rnn"))

# Said first in each kernel. Looking for garbage in the million objects of imported packages takes a tenth of its time.
SPARING = "import atexit, gc; gc.set_threshold(50_000); atexit.register(gc.freeze)"
BASES = {"full": ("standard",)}  # profiles that say only what they change of others
GIB = 2**30  # bytes, of memory that a notebook with its workers needs


@dataclass(frozen=True)
class Run:
    """One notebook with one set of parameters."""

    notebook: str
    cell: str | None

    @property
    def name(self):
        """Such as 03_layers-rnn: the name of its executed notebook and of its artefacts."""
        return "-".join(filter(None, (self.notebook, self.cell)))


def report(profile, data_root=None, jobs=None, only=(), build=None, cluster=None, aside=None, datasets=None):
    """Run the notebooks whose number is in `only` (all where it is empty) into `aside`, a folder beside the build
    folder (by default into that itself); return the names of the runs that failed. datasets: names of those that are
    wanted; None: all that are there.

    What an earlier run with the same inputs left in the build folder is kept for the notebooks that are not run.
    Raises data.DataError and files.RefusedError before anything starts where data or cluster cannot be used.
    """
    build, started = folder.place(build), time.monotonic()
    aside, jobs = aside or build, bearable(jobs)
    runs = [Run(*r) for r in RUNS if not only or r[0].split("_")[0] in only]
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
    outcomes = _run_all(runs, settings, jobs, aside, build)
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


def _run_all(runs, parameters, jobs, build, final):
    """Execute runs side by side; name -> {"seconds", "error", "parameters", "trials"}; meanwhile a line on the terminal
    says how far all are. A run whose process was killed, or whose kernel did not start, is tried once more.

    Together the notebooks' own workers are twice as many as the cores: so the last notebook still uses them all. A
    profile may say how many a notebook has, as `quick` does, whose trainings are over before a worker has started.
    """
    side = min(jobs, len(runs))
    parameters = {"jobs": max(1, 2 * jobs // side), **parameters}
    _prepare(build, runs)
    outcomes, board, left, running, tried, idle = {}, Board(runs, build), list(runs), {}, set(), []
    try:
        while left or running:
            while left and len(running) < side:
                run = left.pop(0)
                running[run] = _handed(run, idle.pop() if idle else _start(parameters, build, final))
            connection.wait([here for _, here in running.values()], timeout=0.5)
            for run, (process, here) in list(running.items()):
                outcome = _outcome(process, here)
                if outcome is None:
                    continue
                del running[run]
                if process.is_alive():
                    idle.append((process, here))
                if outcome.pop("again", False) and run not in tried:
                    tried.add(run)
                    left.insert(0, run)
                    board.line.say(f"{run.name}: {outcome['error']}; it is tried once more")
                    continue
                outcomes[run.name] = {**outcome, "trials": _counted(run, build)}
                board.finished(run, outcomes[run.name])
            board.show()
    except BaseException:
        stopping.kill_descendants()
        raise
    for process, here in idle:
        here.close()  # the word to end
        process.join()
    return outcomes


def _prepare(build, runs):
    """The folders of the runs, and what their processes are to know from their environment."""
    temporary = build / folder.TEMPORARY
    for path in (build / "status", temporary):
        path.mkdir(parents=True, exist_ok=True)
    for run in runs:
        (build / "status" / f"{run.name}.json").unlink(missing_ok=True)  # what an earlier run told
    ignored = filter(None, (os.environ.get("PYTHONWARNINGS"), "ignore:resource_tracker"))  # it tells what it cleans up
    os.environ |= {"SEQUTILS_CACHE": str(paths.CACHE), "PYTHONWARNINGS": ",".join(ignored),
                   "JUPYTER_RUNTIME_DIR": str(temporary), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}


def _start(parameters, build, final):
    """A process that executes runs, and the end of the pipe through which it gets them and tells their outcomes."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_in_process, args=(os.getpid(), there, parameters, build, final))
    with stopping.deaf_children():
        process.start()
    there.close()
    return process, here


def _handed(run, process_and_pipe):
    """A process and its pipe, which has been given a run; one that has been killed in the meantime is met as one that
    is killed while it executes."""
    with contextlib.suppress(OSError):
        process_and_pipe[1].send(run)
    return process_and_pipe


def _in_process(parent, pipe, *arguments):
    """In each process: execute what comes, tell, and end with all of one's own kernels when the parent has closed the
    pipe, or is killed."""
    stopping.end_with(parent)
    with contextlib.suppress(EOFError):
        while True:
            pipe.send(execute(pipe.recv(), *arguments))


def _outcome(process, here):
    """What a process has told, None while it has told nothing."""
    if not here.poll():
        return None
    try:
        return here.recv()
    except (EOFError, OSError):
        process.join()
        return {"seconds": 0.0, "error": "its process was killed", "parameters": {}, "again": True}


def _counted(run, build):
    """How many experiments a run computed anew, and how many it took from the store."""
    counts = read_json(build / "status" / f"{run.name}.json", {}).get("counts", {})
    stored = counts.get("cached", 0)
    return {"new": sum(counts.values()) - stored, "stored": stored}


def execute(run, parameters, build, final):
    """Execute one notebook into executed/NAME.ipynb and set it as a page; {"seconds", "error", "parameters"}, the error
    None where all went well, and "again" where another try may do. `final`: the folder whose place the build folder is
    to take."""
    import papermill  # costs a second, and only the processes that execute notebooks need it

    os.environ[STATUS] = status = str(build / "status" / f"{run.name}.json")
    write_json(status, {})  # it has begun
    source, target = paths.NOTEBOOKS / f"{run.notebook}.ipynb", build / "executed" / f"{run.name}.ipynb"
    known = papermill.inspect_notebook(str(source))
    given = {**parameters, **({"cell": run.cell} if run.cell else {})}
    target.parent.mkdir(parents=True, exist_ok=True)
    started, error, again = time.monotonic(), None, {}
    try:
        papermill.execute_notebook(str(source), str(target), {k: v for k, v in given.items() if k in known},
                                   kernel_name="python3", progress_bar=False, cwd=str(paths.NOTEBOOKS),
                                   store_widget_state=False,  # nobody draws here
                                   extra_arguments=["--log-level=50",  # no word about its sockets on the terminal
                                                    f"--IPKernelApp.exec_lines={SPARING}"])
    except papermill.PapermillExecutionError as failure:
        error = f"cell {failure.exec_count}: {failure.ename}: {failure.evalue}"
    except Exception as failure:  # a kernel that died, a file that cannot be written: told, and the others go on
        error = f"{type(failure).__name__}: {failure}"
        if "died before replying" in error:  # another program took a port that was chosen for the kernel
            again = {"again": True}
    outcome = {"seconds": round(time.monotonic() - started, 1), "error": error, "parameters": {}, **again}
    try:
        text = target.read_text(encoding="utf-8")
        write_atomic(target, text.replace(build.name, final.name))  # the reader's path, the same in every run
        pages.write(target, build / "notebooks" / f"{run.name}.html")
        return {**outcome, "parameters": provenance.parameters(target)}
    except Exception as failure:
        return {**outcome, "error": error or f"{type(failure).__name__}: {failure}"}


class Board:
    """What the user sees: a line for each finished notebook, and one that says how far the others are."""

    def __init__(self, runs, build):
        self.left, self.folder, self.started = [run.name for run in runs], build / "status", time.monotonic()
        self.total, self.line = len(runs), StatusLine()

    def finished(self, run, outcome):
        self.left.remove(run.name)
        status = read_json(self.folder / f"{run.name}.json", {})
        counts = ", ".join(f"{n} {state}" for state, n in sorted(status.get("counts", {}).items()))
        told = f"FAILED in {outcome['error']}" if outcome["error"] else f"done, {outcome['seconds']:.0f} s"
        self.line.say(f"{run.name}: {told}" + (f" (trials: {counts})" if counts else ""))

    def show(self):
        """How far all are, how long it takes still, and what runs now."""
        status = {name: read_json(self.folder / f"{name}.json") for name in self.left}  # None: has not begun
        share = {name: told["done"] / told["total"] if (told or {}).get("total") else 0.0
                 for name, told in status.items()}
        if not self.left:
            return
        done = (self.total - len(self.left) + sum(share.values())) / self.total
        spent = time.monotonic() - self.started
        left = f", {duration(spent * (1 - done) / done)} left" if done else ""
        bar = "#" * round(30 * done) + "." * (30 - round(30 * done))
        running = " ".join(f"{name} {share[name]:.0%}" for name, told in status.items() if told is not None)
        self.line.show(f"[{bar}] {done:.0%}{left}: {running}")
