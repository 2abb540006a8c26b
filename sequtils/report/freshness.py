"""Whether a finished report still stands: made from what is there now, and every file of it as it was left.

It reads bytes and asks for sizes and times, and loads no package that costs a second.
"""

import contextlib
import hashlib
import sys

from sequtils import data, paths
from sequtils.files import ReadError, read_bytes, read_json
from sequtils.report import folder, provenance, release

NO_OUTPUT = {"status", "document", ".lock"}  # in the build folder, and no part of the report
SOURCES = ("notebooks/*.ipynb", "sequtils/**/*.*", "report/**/*.*", "requirements*.lock")


def inputs(profile, data_root=None, datasets=None):
    """Hash of all that a report depends on: profile, data, notebooks, code, text, versions and the commit."""
    told = [profile, sorted(datasets or data.LAYOUTS), provenance.commit(), sys.version, _data(data_root)]
    digest = hashlib.sha256(repr(told).encode())
    handed_in = {paths.REPORT / name for name in release.FILES.values()}
    for file in sorted(file for pattern in SOURCES for file in paths.ROOT.glob(pattern)):
        made = file in handed_in or paths.BUILD in file.parents or "__pycache__" in file.parts
        if file.is_file() and not made:
            digest.update(f"{file.relative_to(paths.ROOT).as_posix()} {_hash(file)}\n".encode())
    return digest.hexdigest()


def stands(build, inputs):
    """Whether the report in the build folder (a path) is finished, made from `inputs`, and whole."""
    try:
        noted = read_json(build / folder.NOTE, {})
        return noted.get("inputs") == inputs and _part(noted["files"]) == _part(note(build, inputs)["files"])
    except ReadError as error:
        print(f"{error}; the report is made anew", file=sys.stderr)
        return False


def note(build, inputs):
    """What the note of a build folder says of it: the name and the hash of every file; and from which `inputs` the
    report was made, None where it is not all there."""
    return {"inputs": inputs, "files": {name: _hash(build / name) for name in sorted(folder.names(build))
                                        if name != folder.NOTE}}


def _part(files):
    return {name: digest for name, digest in files.items() if name.split("/")[0] not in NO_OUTPUT}


def _data(root):
    """Path, size and times of each file of the data; the change time cannot be set back, as the other can."""
    files = set()
    for name in data.LAYOUTS if root else ():  # the sample is part of the code
        with contextlib.suppress(data.DataError):  # the run says it, and all that is wrong beside it
            files.update(data.sources(name, root))
    return [(str(file), _stamp(file)) for file in sorted(files)]


def _stamp(file):
    with contextlib.suppress(OSError):
        stat = file.stat()
        return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _hash(file):
    return hashlib.sha256(read_bytes(file)).hexdigest()
