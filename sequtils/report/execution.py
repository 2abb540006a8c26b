"""Runs of notebooks -> executed notebooks, their pages and their outcomes.

As many processes as notebooks run at once execute one after another, each in a kernel of its own; a notebook that fails
is named, with its cell and error, and the others go on.
"""

import contextlib
import multiprocessing
import os
import time
from dataclasses import dataclass
from multiprocessing import connection

from sequtils import paths, stopping
from sequtils.files import read_json, write_atomic, write_json
from sequtils.notebook import STATUS
from sequtils.report import folder, pages, provenance
from sequtils.report.board import Board

# Said first in each kernel. Looking for garbage in the million objects of imported packages takes a tenth of its time.
SPARING = "import atexit, gc; gc.set_threshold(50_000); atexit.register(gc.freeze)"


@dataclass(frozen=True)
class Run:
    """One notebook with one set of parameters."""

    notebook: str
    cell: str | None

    @property
    def name(self):
        """Such as 03_layers-rnn: the name of its executed notebook and of its artefacts."""
        return "-".join(filter(None, (self.notebook, self.cell)))


def run_all(runs, parameters, jobs, build, final):
    """Execute runs side by side; name -> {"seconds", "error", "parameters", "trials"}; meanwhile a line on the terminal
    says how far all are. A run whose process was killed, or whose kernel did not start, is tried once more.

    Together the notebooks' own workers are twice as many as `jobs`, by default the cores: so the last notebook still
    uses them all. A profile may say how many a notebook has, as `quick` does, whose trainings are over before a worker
    has started.
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
