"""The batch run: all notebooks with papermill, side by side, then the report.

Each run of a notebook is a process of its own that starts a kernel; a notebook that fails is named, with its cell and
error, and the others go on.
"""

import contextlib
import itertools
import multiprocessing
import os
import shutil
import signal
import threading
import time
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from sequtils import paths, text
from sequtils.files import read_json, write_json
from sequtils.notebook import STATUS, Publisher, duration
from sequtils.report import pages, provenance
from sequtils.statistics import LEVEL
from sequtils.terminal import StatusLine

# The longest first, and 06 after 04, whose trials it shares; a notebook with a cell is run for each.
RUNS = (("04_nodes", "lstm"), ("03_layers", "lstm"), ("07_long_term_dependency", None), ("08_limits_of_lstm", None),
        ("09_lstm_vs_rnn", None), ("04_nodes", "rnn"), ("03_layers", "rnn"), ("05_dropout", "lstm"),
        ("02_feedback_networks", None), ("10_draw", None), ("05_dropout", "rnn"), ("06_best_architecture", "lstm"),
        ("06_best_architecture", "rnn"), ("01_datasets", None))

BASES = {"full": ("standard",)}  # profiles that say only what they change of others


@dataclass(frozen=True)
class Run:
    """One notebook with one set of parameters."""

    notebook: str
    cell: str | None

    @property
    def name(self):
        """Such as 03_layers-rnn: the name of its executed notebook and of its artefacts."""
        return "-".join(filter(None, (self.notebook, self.cell)))


def report(profile, data_root=None, jobs=None, only=(), build=None, cluster=None):
    """Run the notebooks whose number is in `only` (all where it is empty) into the build folder; return the names of
    the runs that failed. Raises data.DataError before anything starts where the data cannot be used."""
    build, jobs, started = Path(build or paths.BUILD), jobs or os.cpu_count(), time.monotonic()
    runs = [Run(*r) for r in RUNS if not only or r[0].split("_")[0] in only]
    print(f"profile {profile} on {data_root or 'the embedded sample'}; runs of notebooks: {len(runs)}, "
          f"{min(jobs, len(runs))} at a time\n{about(profile)}", flush=True)
    inputs = {"profile": profile, "datasets": provenance.describe_data(data_root)}
    settings = _parameters(profile, data_root, build, cluster)
    old = read_json(build / "provenance.json", {})
    keep = bool(only) and all(old.get(k) == v for k, v in inputs.items())
    if not keep:
        _clear(build)
    outcomes = _run_all(runs, settings, jobs, build)
    for run in runs:
        if outcomes[run.name]["error"]:
            Publisher(run.notebook, build, run.cell).withdraw()
    write_json(build / "provenance.json", {
        **inputs, "runs": {**(old.get("runs", {}) if keep else {}), **outcomes},
        "seeds": text.seeds(settings.get("seeds")),
        "experiments": provenance.experiments(), "level": f"{LEVEL:.0%}",
        "versions": provenance.versions(), "commit": provenance.commit(),
        "machine": provenance.machine(), "jobs": jobs, "wall_seconds": round(time.monotonic() - started, 1)})
    new, stored = (sum(outcome["trials"][what] for outcome in outcomes.values()) for what in ("new", "stored"))
    print(f"of {new + stored} experiments {stored} were taken from the store, {paths.TRIALS}", flush=True)
    return [name for name, outcome in outcomes.items() if outcome["error"]]


def about(profile):
    """What a profile is for: the comment at the head of its file."""
    lines = (paths.PROFILES / f"{profile}.yaml").read_text(encoding="utf-8").splitlines()
    return "\n".join(line[2:] for line in itertools.takewhile(lambda line: line.startswith("# "), lines))


def _clear(build):
    """Remove what an earlier run left in the build folder, so that nothing of it can pass for this one's."""
    for name in ("figures", "tables", "executed", "notebooks", "status", "document"):
        shutil.rmtree(build / name, ignore_errors=True)
    for name in ("values.json", "manifest.json", "provenance.json", "claims.json", "live.json", "report.pdf",
                 "report.html"):
        (build / name).unlink(missing_ok=True)


def _parameters(profile, data_root, build, cluster):
    """The profile's parameters and those of this run; a notebook gets those that it has."""
    settings = {}
    for name in (*BASES.get(profile, ()), profile):
        settings |= yaml.safe_load((paths.PROFILES / f"{name}.yaml").read_text(encoding="utf-8")) or {}
    data_root = str(Path(data_root).resolve()) if data_root else None
    return {**settings, "data_root": data_root, "build": str(build.resolve()), "cluster": cluster}


def _run_all(runs, parameters, jobs, build):
    """Execute runs side by side; name -> {"seconds", "error", "parameters", "trials"}; meanwhile a line on the terminal
    says how far all are.

    Together the notebooks' own workers are twice as many as the cores: so the last notebook still uses them all.
    """
    side = min(jobs, len(runs))
    parameters = {**parameters, "jobs": max(1, 2 * jobs // side)}
    (build / "status").mkdir(parents=True, exist_ok=True)
    for run in runs:
        (build / "status" / f"{run.name}.json").unlink(missing_ok=True)  # what an earlier run told
    outcomes, board, context = {}, Board(runs, build), multiprocessing.get_context("spawn")
    with futures.ProcessPoolExecutor(side, context, _begin_worker) as pool:
        waiting = {pool.submit(execute, run, parameters, build): run for run in runs}
        try:
            while waiting:
                done, _ = futures.wait(waiting, timeout=0.5, return_when=futures.FIRST_COMPLETED)
                for future in done:
                    run = waiting.pop(future)
                    outcomes[run.name] = {**_outcome(future), "trials": _counted(run, build)}
                    board.finished(run, outcomes[run.name])
                board.show()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_descendants()
            raise
    return outcomes


def _outcome(future):
    try:
        return future.result()
    except futures.process.BrokenProcessPool as error:
        return {"seconds": 0.0, "error": f"the process was killed ({error})", "parameters": {}}


def _counted(run, build):
    """How many experiments a run computed anew, and how many it took from the store."""
    counts = read_json(build / "status" / f"{run.name}.json", {}).get("counts", {})
    stored = counts.get("cached", 0)
    return {"new": sum(counts.values()) - stored, "stored": stored}


def _begin_worker():
    """In each worker: leave Ctrl-C to the parent, and end with all of one's own kernels when the parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch():
        multiprocessing.parent_process().join()
        kill_descendants()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def kill_descendants():
    """Kill every process below this one: workers, kernels and the kernels' own workers. Python's resource tracker,
    which ends with this process by itself, is spared: killed, it would be started again, and complain."""
    me = psutil.Process()
    for process in me.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.ppid() != me.pid or "resource_tracker" not in " ".join(process.cmdline()):
                process.kill()


def execute(run, parameters, build):
    """Execute one notebook into executed/NAME.ipynb and set it as a page; {"seconds", "error", "parameters"},
    the error None where all went well."""
    import papermill  # costs a second, and only the processes that execute notebooks need it

    os.environ[STATUS] = status = str(build / "status" / f"{run.name}.json")
    write_json(status, {})  # it has begun
    source, target = paths.NOTEBOOKS / f"{run.notebook}.ipynb", build / "executed" / f"{run.name}.ipynb"
    known = papermill.inspect_notebook(str(source))
    given = {**parameters, **({"cell": run.cell} if run.cell else {})}
    target.parent.mkdir(parents=True, exist_ok=True)
    started, error = time.monotonic(), None
    try:
        papermill.execute_notebook(str(source), str(target), {k: v for k, v in given.items() if k in known},
                                   kernel_name="python3", progress_bar=False, cwd=str(paths.NOTEBOOKS),
                                   extra_arguments=["--log-level=50"])  # no word about its sockets on the terminal
    except papermill.PapermillExecutionError as failure:
        error = f"cell {failure.exec_count}: {failure.ename}: {failure.evalue}"
    except Exception as failure:  # a kernel that died, a file that cannot be written: told, and the others go on
        error = f"{type(failure).__name__}: {failure}"
    outcome = {"seconds": round(time.monotonic() - started, 1), "error": error, "parameters": {}}
    try:
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
