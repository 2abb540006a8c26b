"""Whether a finished report still stands: made from what is there now, and every file of it as it was left.

It reads bytes and asks for sizes and times, and loads no package that costs a second.
"""

import contextlib
import hashlib
import sys

from sequtils import data, paths
from sequtils.files import read_json, write_json
from sequtils.report import provenance, release

NOTE = "made-from.json"  # in the build folder, written last
NO_OUTPUT = {NOTE, "status", "document", ".lock"}  # in the build folder, and no part of the report
SOURCES = ("notebooks/*.ipynb", "sequtils/**/*.*", "report/**/*.*", "requirements.lock")


def inputs(profile, data_root=None):
    """Hash of all that a report depends on: profile, data, notebooks, code, text, versions and the commit."""
    digest = hashlib.sha256(repr([profile, provenance.commit(), sys.version, _data(data_root)]).encode())
    handed_in = {paths.REPORT / name for name in release.FILES.values()}
    for file in sorted(file for pattern in SOURCES for file in paths.ROOT.glob(pattern)):
        made = file in handed_in or paths.BUILD in file.parents or "__pycache__" in file.parts
        if file.is_file() and not made:
            digest.update(f"{file.relative_to(paths.ROOT).as_posix()} {_hash(file)}\n".encode())
    return digest.hexdigest()


def stands(build, inputs):
    """Whether the report in the build folder (a path) is finished, made from `inputs`, and whole."""
    note = read_json(build / NOTE, {})
    return note.get("inputs") == inputs and note["files"] == _files(build)


def keep(build, inputs):
    """Note that the report in the build folder is finished, and made from `inputs`."""
    write_json(build / NOTE, {"inputs": inputs, "files": _files(build)})


def forget(build):
    """Take the note away: from now on the build folder changes."""
    (build / NOTE).unlink(missing_ok=True)


def _files(build):
    """Name -> hash of every file of the report."""
    return {file.relative_to(build).as_posix(): _hash(file) for file in sorted(build.rglob("*"))
            if file.is_file() and file.relative_to(build).parts[0] not in NO_OUTPUT}


def _data(root):
    """Path, size and times of each file of the data; the change time cannot be set back, as the other can."""
    folders = set()
    for name in data.LAYOUTS if root else ():  # the sample is part of the code
        with contextlib.suppress(data.DataError):  # the run says it, and all that is wrong beside it
            folders.add(data.data_folder(name, root))
    files = sorted(file for folder in folders for file in folder.rglob("*"))
    return [(str(file), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for file in files if (stat := file.stat())]


def _hash(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()
