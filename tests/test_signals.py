"""A report that is stopped, killed, started twice or misused: nothing stays, nothing is mixed, one line says what."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from sequtils.__main__ import main
from sequtils.files import RefusedError, write_json
from sequtils.report import folder, freshness, render, runner
from tests.checkout import litter, make_checkout, published, report, start
from tests.conftest import segment, stroke, write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and process groups")

# A notebook that trains side by side, and tells when it does.
SLOW = """
import joblib, numpy
from sequtils.trials.run import _side_by_side
open(os.environ["BEGUN"], "w").close()
list(_side_by_side(2, 4, None)(joblib.delayed(lambda x: (time.sleep(60), x.sum()))(numpy.zeros(10**6)) for _ in "1234"))
"""
KILL_ITS_RUNNER = """
if not os.path.exists(os.environ["BEGUN"]):
    open(os.environ["BEGUN"], "w").close()
    os.kill(os.getppid(), 9)
    time.sleep(60)
"""
KILL_ITS_RUNNER_ALWAYS = "os.kill(os.getppid(), 9); time.sleep(60)"


def mine(checkout):
    """Processes of a checkout that are alive, its resource trackers too: each inherits the path."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PYTHONPATH") == str(checkout) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def kept_by(processes):
    """Semaphores and folders in shared memory that bear the number of one of these processes."""
    numbers = {str(process.pid) for process in processes}
    names = os.listdir("/dev/shm") if os.path.isdir("/dev/shm") else []
    return [name for name in names if numbers & set(re.split("[-_]", name))]


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    return make_checkout(tmp_path_factory.mktemp("slow"), SLOW)


@pytest.mark.slow
@pytest.mark.parametrize("to", ["group", "one"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_report_leaves_nothing(slow, tmp_path, number, to):
    begun, temporary = tmp_path / "begun", tmp_path / "tmp"
    temporary.mkdir()
    process = start(slow, "report", "--profile", "quick", "--only", "01", BEGUN=str(begun), TMPDIR=str(temporary))
    wait_for(begun.exists)
    time.sleep(1)  # the workers begin
    running = mine(slow)
    assert kept_by(running)
    (os.killpg if to == "group" else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.strip().startswith("stopped; what was finished is kept") and len(err.strip().splitlines()) == 1, err
    wait_for(lambda: not mine(slow), 10)
    assert not kept_by(running) and not list(temporary.iterdir())
    assert litter(slow / "report") == [] and not (slow / "report" / "build").exists()


DEAF = """
import multiprocessing, signal, sys
from sequtils import stopping
def tell(pipe):
    pipe.send(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with stopping.deaf_children():
        process = context.Process(target=tell, args=(there,))
        process.start()
    assert here.recv() and signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
"""


def test_a_started_process_never_hears_ctrl_c_and_this_one_does(tmp_path):
    """In a process of its own: here the tracker, which changes what is heard, may run already."""
    (tmp_path / "deaf.py").write_text(DEAF)
    subprocess.run([sys.executable, tmp_path / "deaf.py"], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.3, 0.8, 1.3, 1.8, 2.5, 3.3])
def test_ctrl_c_at_any_moment_shows_no_traceback(slow, tmp_path, after):
    process = start(slow, "report", "--profile", "quick", "--only", "01", BEGUN=str(tmp_path / "begun"))
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in out + err, err
    wait_for(lambda: not mine(slow), 10)


@pytest.mark.slow
def test_a_report_killed_with_all_its_group_leaves_no_process_and_the_next_one_cleans_up(slow, tmp_path):
    begun = tmp_path / "begun"
    process = start(slow, "report", "--profile", "quick", "--only", "01", BEGUN=str(begun))
    wait_for(begun.exists)
    time.sleep(1)
    running = mine(slow)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(lambda: not mine(slow), 15)  # the kernel sees it within a second, its workers after it
    assert not kept_by(running)
    assert len(litter(slow / "report")) == 1
    assert report(slow, "--jobs", "x")[0] == 2 and len(litter(slow / "report")) == 1
    process = start(slow, "report", "--profile", "quick", "--only", "01", BEGUN=str(tmp_path / "again"))
    wait_for((tmp_path / "again").exists)
    assert len(litter(slow / "report")) == 1  # its own
    second, said = report(slow)
    assert second == 2 and "another run is writing there" in said
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    assert litter(slow / "report") == []


@pytest.mark.slow
def test_one_lost_runner_costs_nothing_and_two_cost_their_own_notebook(tmp_path):
    once = make_checkout(tmp_path / "once", KILL_ITS_RUNNER)
    status, said = report(once, BEGUN=str(tmp_path / "begun"))
    assert status == 0 and "it is tried once more" in said, said
    always = make_checkout(tmp_path / "always", KILL_ITS_RUNNER_ALWAYS)
    status, said = report(always)
    assert status == 1 and "failed: 01_datasets" in said and "Traceback" not in said
    provenance, manifest = published(always / "report" / "build")
    assert provenance["runs"]["01_datasets"]["error"] == "its process was killed" and not manifest.get("figures")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    checkout = make_checkout(tmp_path_factory.mktemp("quick"))
    status, said = report(checkout)
    assert status == 0, said
    return checkout


@pytest.mark.slow
def test_relative_paths_are_the_callers(quick, tmp_path):
    notebooks = set((quick / "notebooks").rglob("*"))
    status, said = report(quick, "--build", "out", cwd=tmp_path, SEQUTILS_CACHE="cache")
    assert status == 0, said
    assert (tmp_path / "out" / "report.pdf").exists() and set((quick / "notebooks").rglob("*")) == notebooks
    page = (tmp_path / "out" / "executed" / "01_datasets.ipynb").read_text()
    assert str(tmp_path / "out") in page and ".part" not in page


@pytest.mark.parametrize("content", ["", "null", "[]", '{"runs": 3}', "[" * 10**5])
@pytest.mark.parametrize("name", ["provenance.json", "values.json", "manifest.json"])
def test_damaged_json_in_a_report_is_named_and_the_report_made_anew(tmp_path, name, content, capsys, monkeypatch):
    build = tmp_path / "build"
    with folder.owned(build), folder.aside(build) as new:
        for file in render.PUBLISHED:
            write_json(new / file, {})
        folder.take_place(new, build, freshness.note(new, None))
    (build / name).write_text(content)
    monkeypatch.setattr(render, "SOURCES", ())  # it ends before it needs any
    status, earlier = main(["render", "--build", str(build)]), runner._earlier(build, {})
    told = capsys.readouterr()
    assert status == 1 and earlier == {} and told.err.count(f"{name}: damaged (") == 2


@pytest.mark.slow
def test_a_whole_report_does_not_ask_what_a_damaged_one_says(quick):
    for name in ("provenance.json", "values.json", "manifest.json"):
        (quick / "report" / "build" / name).write_text("{")
    status, said = report(quick)
    assert status == 0 and "damaged" in said and "Traceback" not in said
    assert published(quick / "report" / "build")[0]["runs"]["01_datasets"]["error"] is None


@pytest.mark.slow
def test_data_of_two_runs_are_never_mixed(quick, course, tmp_path):
    """The second is refused while the first one runs; after it, nothing of the first is kept."""
    build = tmp_path / "build"
    assert report(quick, "--data-root", str(course), "--build", str(build))[0] == 0
    first, _ = published(build)
    write(course / "Handwriting_Data" / "a" / "train" / "1.txt", stroke([[1, 2], [3, 4]]))
    write(course / "CV_Data" / "ka" / "Train" / "new.mfcc", segment([[1.0] * 39] * 3))
    assert report(quick, "--data-root", str(course), "--build", str(build))[0] == 0
    second, manifest = published(build)
    assert {d["fingerprint"] for d in first["datasets"].values()}.isdisjoint(
        d["fingerprint"] for d in second["datasets"].values())
    assert list(manifest["figures"]) == ["1.1"]


@pytest.mark.parametrize("arguments", [
    ["--jobs", "0"], ["--jobs", "abc"], ["--jobs", "²"], ["--jobs", "-1"], ["--jobs", "9" * 5000], ["--data-root", ""],
    ["--build", " "], ["--profile", "huge"], ["--only", "99"]])
def test_wrong_arguments_are_told_in_one_line(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["report", *arguments])
    assert stop.value.code == 2
    told = capsys.readouterr().err.splitlines()
    assert "error: argument" in told[-1] and ("expected" in told[-1] or "choose from" in told[-1])


def test_jobs_are_capped_by_cores_and_memory_with_a_word(monkeypatch, capsys):
    monkeypatch.setattr(runner.joblib, "cpu_count", lambda: 8)
    for free, asked, given in ((100, 1000, 8), (3.5, 1000, 3), (0.2, 2, 1), (100, 2, 2), (100, None, 8), (2, None, 2)):
        memory = type("Memory", (), {"available": free * 2**30})
        monkeypatch.setattr(runner.psutil, "virtual_memory", lambda memory=memory: memory)
        assert runner.bearable(asked) == given
        assert ("at once, for this machine has 8 cores" in capsys.readouterr().out) == bool(asked and asked > given)


def test_an_address_without_a_scheduler_is_refused_before_anything_is_made(tmp_path, capsys):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]  # bound, and it does not listen
        for address in ("nonsense", f"tcp://127.0.0.1:{port}", "tcp://[", "http://x", "tcp://127.0.0.1:99999"):
            with pytest.raises(RefusedError, match="no Dask scheduler answers there, expected an address such as"):
                runner.try_cluster(address)
    arguments = ["report", "--profile", "quick", "--build", str(tmp_path / "build"), "--cluster", "nonsense"]
    assert main(arguments) == 2 and not (tmp_path / "build").exists()
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_process_that_lost_its_parent_before_it_began_ends_too():
    lost = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])  # stands for a parent of another
    code = f"import time; from sequtils import stopping; stopping.end_with({lost.pid}); time.sleep(60)"
    try:
        assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 1
    finally:
        lost.kill()
        lost.wait()
