"""Ctrl-C, kill and a closed terminal: one way to stop, at any moment, which leaves nothing behind and says one line."""

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from multiprocessing import resource_tracker

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
STATUS = 130
SAYS = "\nstopped; what was finished is kept, the same command goes on from there"

leftovers = set()  # files and folders that go when the program is stopped


def listen():
    """From now on each of SIGNALS ends this process, those below it and `leftovers`. No exception is raised, which
    could come at any line, be swallowed there, or be shown."""
    for number in SIGNALS:
        signal.signal(number, _stop)


def _stop(number, frame):
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    with contextlib.suppress(Exception):  # in the middle of an import, psutil may be half of itself
        kill_descendants()
    for path in list(leftovers):
        shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else _unlink(path)
    with contextlib.suppress(OSError, ValueError):  # a closed terminal
        print(SAYS, file=sys.stderr, flush=True)
    os._exit(STATUS)


def _unlink(path):
    with contextlib.suppress(OSError):
        os.unlink(path)


def kill_descendants():
    """Kill every process below this one: workers, kernels and the kernels' own workers. Python's resource trackers are
    spared: they end by themselves, and remove the semaphores and shared memory of those that were killed."""
    import psutil  # not sooner: a command that sets the environment up does without

    killed = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "resource_tracker" not in " ".join(_command(process)):
                process.kill()
                killed.append(process)
    psutil.wait_procs(killed, timeout=3)


def _command(process):
    """The command of a process; of one that is just starting, and still looks like its parent, what it becomes."""
    deadline, parent = time.monotonic() + 0.5, process.parent()
    while parent and process.cmdline() == parent.cmdline() and time.monotonic() < deadline:
        time.sleep(0.01)
    return process.cmdline()


def end_with(parent):
    """Called in a process: it ends when its parent has, however that came. parent: the process's number, as it knew it
    itself; a process that is just starting may have lost it before it could ask."""
    import psutil

    def watch():
        while os.getppid() == parent and psutil.pid_exists(parent):
            time.sleep(0.5)
        kill_descendants()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def deaf_children():
    """Processes started within it never hear Ctrl-C, not even while they start; this one answers it for all."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # begun later, by the first process, it would open this one's ears again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
