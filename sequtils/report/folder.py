"""The build folder. One run at a time owns it, makes the report aside, and puts it there when it is whole.

The note made-from.json in it names every file of the report. A file that is not named there is somebody else's, and a
folder with such a file is left alone. Beside the folder NAME, and gone when the run is: .NAME.XXXX.part, in which the
report is made, and for a moment .NAME.old. The one step is a rename; a run that was killed just then is put right by
the next one.
"""

import contextlib
import glob
import json
import os
import secrets
import shutil
from pathlib import Path

from sequtils import paths, stopping
from sequtils.files import ReadError, RefusedError, WriteError, kind, read_bytes, write_json

NOTE = "made-from.json"
SYSTEM = {".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints"}  # that others put everywhere
TEMPORARY = ".tmp"  # in the folder aside: for temporary files of all processes of a run


def place(build=None):
    """The build folder as an absolute path, links resolved. Raises RefusedError where no folder can be there."""
    try:
        build = Path(build or paths.BUILD).resolve()
        there = next(path for path in (build, *build.parents) if kind(path))
        if kind(there) != "folder":
            raise RefusedError(f"{there}: a {kind(there)}, expected a folder for the report")
    except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, a loop of links
        raise RefusedError(f"{str(build)[:200]}: no folder can be there ({getattr(error, 'reason', error)})") from None
    return build


@contextlib.contextmanager
def owned(build):
    """Own a build folder (see `place`) within. Raises RefusedError where another run does, or where the folder has
    foreign files."""
    from filelock import FileLock, Timeout

    refuse_foreign(build)
    try:
        build.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(build.parent / f".{build.name}.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise RefusedError(f"{build}: another run is writing there; wait for it, or choose another one with --build"
                           ) from None
    except OSError as error:
        raise WriteError(f"{build}: cannot be written ({error.strerror or error})") from None
    try:
        _put_right(build)
        refuse_foreign(build)
        yield
    finally:
        lock.release()


def refuse_foreign(build):
    """Raise RefusedError where a folder holds files that no report wrote."""
    ours = _note(build)
    foreign = sorted(name for name in names(build) if name != NOTE and name not in ours.get("files", ()))
    if foreign:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise RefusedError(f"{build}: has files that no report wrote ({', '.join(foreign[:3])}{more}); "
                           "choose another folder with --build, or remove them yourself")


def names(build):
    """Relative names of all that is in a folder and no folder itself; links are none, wherever they lead."""
    found = []
    for where, folders, files in os.walk(build):
        folders[:] = [name for name in folders if name not in SYSTEM]
        links = [name for name in folders if os.path.islink(os.path.join(where, name))]
        found += [(Path(where) / name).relative_to(build).as_posix() for name in (*files, *links) if name not in SYSTEM]
    return found


def remove(build):
    """Remove a report. Raises RefusedError where other files are with it."""
    refuse_foreign(build)
    _discard(build)


@contextlib.contextmanager
def aside(build, copied=False):
    """An empty folder beside a build folder, or a copy of it, gone afterwards, unless it has taken its place."""
    new = _beside(build, f"{secrets.token_hex(4)}.part")
    stopping.leftovers.add(new)
    try:
        new.mkdir()
        write_json(new / NOTE, {"inputs": None, "files": {}})  # so the folder is known for one of ours
        if copied:
            copy(build, new)
        yield new
    except FileExistsError:
        raise WriteError(f"{new}: is there already") from None
    except OSError as error:
        raise error if isinstance(error, (WriteError, ReadError)) else WriteError(f"{build}: {error}") from error
    finally:
        _discard(new)
        stopping.leftovers.discard(new)


def copy(build, new):
    """Copy a report; contents alone, for files of a read-only checkout would be read-only."""
    shutil.copytree(build, new, copy_function=shutil.copyfile, dirs_exist_ok=True)


def take_place(new, build, note):
    """Put the finished folder aside in the place of the build folder, with its note (see `freshness`)."""
    shutil.rmtree(new / TEMPORARY, ignore_errors=True)
    write_json(new / NOTE, note)
    refuse_foreign(build)
    old = _beside(build, "old")
    if build.exists():
        os.rename(build, old)
    os.rename(new, build)
    _discard(old)


def _beside(build, ending):
    return build.parent / f".{build.name}.{ending}"


def _put_right(build):
    """Finish or undo what a killed run left beside the folder."""
    old = _beside(build, "old")
    if old.is_dir() and not build.exists() and _note(old):
        os.rename(old, build)
    for left in (old, *build.parent.glob(f".{glob.escape(build.name)}.????????.part")):
        begun = [name for name in names(left) if not (name.startswith(".") and name.endswith(".part"))]  # the note's
        if _note(left) or not begun:
            _discard(left)


def _discard(path):
    """Remove a folder of ours, and its note last: by it the rest is known for ours, should this be cut short."""
    if path.is_dir():
        for name in os.listdir(path):
            if name != NOTE:
                part = path / name
                shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)


def _note(build):
    """The note of a folder, {} where there is none that can be believed: then no file is ours."""
    try:
        note = json.loads(read_bytes(build / NOTE))
        return note if isinstance(note["files"], dict) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
