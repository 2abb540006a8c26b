"""The project's own environment, .venv: the packages of requirements.lock, each of the hash that stands there, and
PyTorch, for any suitable Python.

It runs before anything is installed, so it imports the standard library alone, and `sequtils.__main__` imports it
first. Whatever Python calls `python -m sequtils`, the command then runs where the packages are.
"""

import collections
import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time

from sequtils import paths
from sequtils.terminal import StatusLine, elapsed

WINDOWS = os.name == "nt"
FOLDER = paths.ROOT / ".venv"  # where it is a link, it is someone else's
PYTHON = FOLDER / ("Scripts/python.exe" if WINDOWS else "bin/python")
READY = FOLDER / ".ready"  # holds the stamp of what was installed, and is written last
LOCK, TORCH = paths.ROOT / "requirements.lock", paths.ROOT / "requirements-torch.lock"
PROJECT = paths.ROOT / "pyproject.toml"
NEEDED = "numba", "papermill", "typst"  # where these are found, the environment is taken for a whole one


class SetUpError(Exception):
    """The environment cannot be made; the message says why and what to do."""


def enter(arguments):
    """Return where the packages of this project are there for the Python that runs; else set up .venv and run the same
    command in it, never to return. Raises SetUpError."""
    if is_ready() if os.path.realpath(sys.prefix) == str(FOLDER) else _has_packages():
        return
    setup()
    become([str(PYTHON), "-m", "sequtils", *arguments])


def setup():
    """Make .venv, or bring it up to date; do nothing where it is. Raises SetUpError."""
    if is_ready():
        return
    _check_python()
    line, started = StatusLine(every=10), time.monotonic()
    version = "{}.{}.{}".format(*sys.version_info)
    line.say(f"setting up {FOLDER} with Python {version}, once; it takes a few minutes")
    if FOLDER.is_symlink() or _stamp_there()[:1] != _stamp()[:1]:  # none, half of one, or one of another Python
        _make_anew()
    READY.unlink(missing_ok=True)
    count = sum(row[0] not in "# " for row in LOCK.read_text(encoding="utf-8").splitlines())
    _install(line, f"up to {count} packages", "--require-hashes", "--no-deps", "-r", str(LOCK))
    _install(line, "PyTorch", "-r", str(TORCH))
    _install(line, "the project itself", "--no-deps", "--no-build-isolation", "-e", str(paths.ROOT))
    READY.write_text("\n".join(_stamp()), encoding="utf-8")
    line.say(f"set up in {elapsed(time.monotonic() - started)}")


def is_ready():
    """Whether .venv holds what the lock says, for the Python that runs."""
    return PYTHON.exists() and _stamp_there() == _stamp()


def become(command):
    """Run a command in place of this process, which ends with the command's status."""
    sys.stdout.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:  # Windows cannot replace a process; Ctrl-C reaches both, and is the other one's to answer
        with contextlib.suppress(KeyboardInterrupt):
            sys.exit(process.wait())


def supported():
    """The minor versions of Python 3 that pyproject.toml admits, such as range(11, 15)."""
    found = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', PROJECT.read_text(encoding="utf-8"))
    return range(int(found.group(1)), int(found.group(2)))


def _check_python():
    """Raise SetUpError where this Python is too old or too new, or comes without venv and pip."""
    minors, version = supported(), "{}.{}.{}".format(*sys.version_info)
    if sys.version_info[0] != 3 or sys.version_info[1] not in minors:
        raise SetUpError(
            f"Python 3.{minors[0]} to 3.{minors[-1]} is needed, and {sys.executable} is {version}. Install one and call"
            " it (make PYTHON=path/to/python), or install uv, which brings one by itself (make then finds uv).")
    if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        raise SetUpError(f"{sys.executable} has no venv or no pip. On Debian and Ubuntu: "
                         f"apt install python3.{sys.version_info[1]}-venv. Or call another Python.")


def _has_packages():
    return all(map(importlib.util.find_spec, NEEDED))


def _stamp():
    """What .venv depends on: Python's version, and a hash of the locks, the project's metadata and the place."""
    content = LOCK.read_bytes() + TORCH.read_bytes() + PROJECT.read_bytes() + str(paths.ROOT).encode()
    return ["{}.{}".format(*sys.version_info), hashlib.sha256(content).hexdigest()]


def _stamp_there():
    return READY.read_text(encoding="utf-8").split("\n") if READY.exists() else []


def _make_anew():
    if FOLDER.is_symlink():
        FOLDER.unlink()
    shutil.rmtree(FOLDER, ignore_errors=True)
    base = sys._base_executable  # sys.executable may be the one that has just been removed
    if subprocess.call([base, "-m", "venv", str(FOLDER)]):
        raise SetUpError(f"{base} -m venv {FOLDER} failed")


def _install(line, what, *arguments):
    """Run `pip install` in .venv; meanwhile the line says what pip does. Raises SetUpError with pip's last words."""
    line.say(f"installing {what}")
    started = time.monotonic()
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                               errors="replace")
    said = collections.deque(maxlen=30)
    listener = threading.Thread(target=lambda: said.extend(filter(str.strip, process.stdout)), daemon=True)
    listener.start()
    while listener.is_alive():
        listener.join(0.5)
        doing = [text for text in said.copy() if not text.startswith("WARNING")] or ["pip begins"]
        line.show(f"{elapsed(time.monotonic() - started)}: {doing[-1].strip()[:100]}")
    if process.wait():
        raise SetUpError("".join(said) + "pip could not install; the same command tries again")
