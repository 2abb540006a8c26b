"""A sweep outlives being killed, and a run that is stopped leaves nothing behind."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest
from distributed import LocalCluster

from sequtils import paths, trials
from sequtils.report import render
from sequtils.trials import Store
from tests.conftest import make_toy

pytestmark = pytest.mark.slow
ALONE = {"start_new_session": True,  # a shell's background jobs are deaf to Ctrl-C
         "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
SWEEP = textwrap.dedent("""
    import sys
    from sequtils import trials
    from sequtils.trials import Store
    from tests.conftest import make_toy
    records = [trials.Trial("handwriting", "rnn", (3,), max_epochs=400, patience=400, seed=s) for s in range(16)]
    trials.run(records, make_toy(), 2, store=Store(sys.argv[1]))
""")


def content(folder):
    """The results of a store without the seconds that they took."""
    results = {file.name: json.loads(file.read_text()) for file in folder.glob("*.json")}
    for result in results.values():
        del result["seconds"], result["sha256"]
    return results


def wait_for(condition, process, seconds=120):
    """Wait until something is so, or a process has ended."""
    deadline = time.monotonic() + seconds
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def start_sweep(store):
    return subprocess.Popen([sys.executable, "-c", SWEEP, str(store)])


def kill_all(process):
    """Kill a process and all below it, as when a machine goes down."""
    for each in (*below(process), process):
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def test_a_killed_sweep_goes_on_and_ends_as_an_undisturbed_one(tmp_path):
    store, times = tmp_path / "killed", {}
    for kill_at in (1, 5, 9, None):
        process = start_sweep(store)
        if kill_at:
            wait_for(lambda count=kill_at: len(list(store.glob("*.json"))) >= count, process)
            kill_all(process)
        assert (process.wait() == 0) == (kill_at is None)
        for file in store.glob("*.json"):  # what was finished is never done again
            assert times.setdefault(file.name, file.stat().st_mtime_ns) == file.stat().st_mtime_ns
    assert start_sweep(tmp_path / "whole").wait() == 0
    assert content(store) == content(tmp_path / "whole")
    assert len(times) == 16


def test_two_sweeps_at_once_on_one_store_do_no_harm(tmp_path):
    both = [start_sweep(tmp_path / "shared") for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert len(content(tmp_path / "shared")) == 16
    assert not list((tmp_path / "shared").glob(".*"))


def start_report(tmp_path, name, cache):
    """A report with a store of its own, which has the compiled code: what is to survive are the trainings."""
    if paths.COMPILED.is_dir() and not (tmp_path / cache).exists():
        shutil.copytree(paths.COMPILED, tmp_path / cache / "compiled")
    command = [sys.executable, "-m", "sequtils", "report", "--profile", "quick", "--only", "03", "--jobs", "2",
               "--build", str(tmp_path / name)]
    environment = {**os.environ, "SEQUTILS_CACHE": str(tmp_path / cache)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            **(ALONE if os.name == "posix" else {}))


def finished(cache):
    return len(list((cache / "trials").glob("*.json")))


def below(process):
    return psutil.Process(process.pid).children(recursive=True)


def alive(processes, seconds=10):
    return [p for p in psutil.wait_procs(processes, timeout=seconds)[1] if p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
def killed_report(tmp_path_factory):
    """A report that was killed twice, only its main process, and then finished; what the kills left is gone."""
    folder = tmp_path_factory.mktemp("survival")
    for kill_at in (2, 7):
        process = start_report(folder, "killed", "cache")
        wait_for(lambda count=kill_at: finished(folder / "cache") >= count, process)
        left = below(process)
        process.kill()
        process.wait()
        assert not alive(left)
    process = start_report(folder, "killed", "cache")
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert "cached" in out
    return folder


def with_the_clock_of(build, other):
    """Set a report again with what another one cost, the only things in which two runs may differ."""
    own, theirs = (json.loads((folder / "provenance.json").read_text()) for folder in (build, other))
    for name, run in own["runs"].items():
        run |= {key: theirs["runs"][name][key] for key in ("seconds", "trials")}
    own["wall_seconds"] = theirs["wall_seconds"]
    assert own == theirs
    (build / "provenance.json").write_text(json.dumps(own))
    render.render(build)


def test_a_killed_report_ends_as_the_same_bytes_but_for_the_clock(killed_report):
    process = start_report(killed_report, "whole", "other-cache")
    process.communicate()
    with_the_clock_of(killed_report / "whole", killed_report / "killed")
    for name in ("report.pdf", "report.html", "values.json", "manifest.json"):
        first, second = ((killed_report / run / name).read_bytes() for run in ("killed", "whole"))
        assert first == second, name


@pytest.mark.skipif(os.name != "posix", reason="a test cannot press Ctrl-C for another process alone")
def test_ctrl_c_stops_and_leaves_no_process_behind(tmp_path):
    process = start_report(tmp_path, "stopped", "cache")
    wait_for(lambda: finished(tmp_path / "cache") >= 1, process)
    running = below(process)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "the same command goes on from there" in err
    assert "Traceback" not in err
    assert not alive(running)


def test_a_cluster_of_two_workers_gives_the_same_results(tmp_path):
    toy = make_toy()
    records = [trials.Trial("handwriting", cell, (3,), max_epochs=3, dropout=0.2, seed=s)
               for cell in ("rnn", "lstm") for s in range(3)]
    trials.run(records, toy, store=Store(tmp_path / "here"))
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        trials.run(records, toy, cluster=cluster.scheduler_address, store=Store(tmp_path / "cluster"))
    assert len(content(tmp_path / "cluster")) == 6
    assert content(tmp_path / "cluster") == content(tmp_path / "here")
