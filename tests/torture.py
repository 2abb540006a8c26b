"""Damage, kills and full disks, at random: python -m tests.torture --minutes 10 [--seed 1]

Each trial harms something in a folder of its own and looks whether that ends well: a line that names what is wrong,
nothing lost, nothing half-written, the same result as ever. One that does not is told with its seed and number, by
which it comes again: --seed 1 --only 1234.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np

from sequtils import data, paths, trials
from sequtils.data import cache
from sequtils.data.check import check
from sequtils.engine.kernels import compiling
from sequtils.files import ReadError, RefusedError, WriteError, read_json, write_json
from sequtils.report import folder, freshness
from tests.conftest import make_course, make_toy

SEED = 20_221_130
WORDS = (b"nan", b"inf", b"1e999", b"1_0", b"\0", b"\xff", b"9" * 5000, b"-", b".", b"\n\n", b"1 2 3", b" ",
         b"[" * 5000, b"null", b"{}", b'"', b"NaN", b"1e5", b"\x1b[2J", "२".encode())


class Trial:
    """What the trials share: a generator of its own, a folder of its own."""

    def __init__(self, seed, number, where):
        self.rng, self.where = np.random.default_rng([seed, number]), Path(where)
        self.course = self.where / "course"

    def pick(self, things):
        return things[self.rng.integers(len(things))]

    def harm(self, path):
        """Change a file in one of many ways."""
        content = path.read_bytes()
        at, end = sorted(self.rng.integers(0, len(content) + 1, 2))
        word = self.pick(WORDS)
        flipped = bytearray(content or b"\0")
        flipped[min(at, len(flipped) - 1)] ^= 1 << self.rng.integers(8)
        noise = self.rng.bytes(int(self.rng.integers(1, 200)))
        new = self.pick([
            content[:at], content[:at] + content[end:], bytes(flipped), content[:at] + word + content[at:], word, noise,
            b"", b"\0" * len(content), content * 2, content[:at] + noise + content[end:]])
        path.write_bytes(new)

    def replace(self, path):
        """Put something that is no file in a file's place."""
        path.unlink()
        make = self.pick([os.mkdir, lambda p: p.symlink_to(p.name), lambda p: p.symlink_to("nowhere"),
                          getattr(os, "mkfifo", os.mkdir), lambda p: p.symlink_to("/dev/zero")])
        make(path)


def damaged_file(t):
    """A file of the data: it is read as before, read as other numbers, or named."""
    files = sorted(p for p in t.course.rglob("*") if p.suffix in (".txt", ".mfcc") and not {"_old", "Mapping"} & {
        p.parts[-3], p.name[:7]})
    chosen = {t.pick(files) for _ in range(t.rng.integers(1, 4))}
    for path in chosen:
        t.harm(path) if t.rng.random() < 0.8 else t.replace(path)
    bad = []
    for path in chosen:
        try:
            x = (data.read_stroke if path.suffix == ".txt" else data.read_segment)(path)
            assert np.isfinite(x).all() and x.dtype == np.float32 and len(x)
        except data.DataError:
            bad.append(path)
    problems = check(t.course)[1]
    named = {path for path in chosen if any(line.startswith(str(path)) for line in problems)}
    assert named == set(bad), (named, bad)
    assert all("\x1b" not in line and "\n" not in line for line in problems)


def odd_name(t):
    """A file or a folder of the data under any name that the system takes."""
    things = sorted(p for p in t.course.rglob("*") if p.name not in ("Handwriting_Data", "CV_Data"))
    path = t.pick(things)
    name = bytes(b for b in t.rng.bytes(int(t.rng.integers(1, 200))) if b not in b"/\0") or b"x"
    os.rename(os.fsencode(path), os.path.join(os.fsencode(path.parent), name))
    lines, problems = check(t.course)
    for text in (*lines, *problems):
        text.encode()
        assert "\x1b" not in text and "\n" not in text


def damaged_cache(t):
    """A cached entry of parsed data: never believed, made anew, the data as before."""
    before = data.load("cv", t.course).fingerprint
    entry = t.pick(sorted(paths.DATA_CACHE.glob("*.parsed")))
    whole = entry.read_bytes()
    t.harm(entry) if t.rng.random() < 0.9 else t.replace(entry)
    assert data.load("cv", t.course).fingerprint == before and entry.read_bytes() == whole
    assert cache.kind(entry) == "file"


def damaged_result(t):
    """A stored result: counted as damaged or as it was, trained again, the same."""
    toy, record = make_toy(6), trials.Trial("handwriting", "rnn", (2,), max_epochs=1)
    (before,) = trials.run([record], toy)
    path = next(paths.TRIALS.glob("*.json"))
    whole = path.read_bytes()
    t.harm(path) if t.rng.random() < 0.9 else t.replace(path)
    same, told = path.is_file() and path.read_bytes() == whole, []
    (after,) = trials.run([record], toy, progress=lambda *a: told.append(a[3]))
    assert {**before, "seconds": 0} == {**after, "seconds": 0}
    assert same or any(state.startswith("damaged ") for state in told[-1]) or json.loads(whole) == read_json(path)


def damaged_report(t):
    """A file of a finished report: JSON is named or valid, and the report never passes for an untouched one."""
    build = finished(t.where / "build")
    path = t.pick(sorted(p for p in build.rglob("*") if p.is_file()))
    whole = path.read_bytes()
    t.harm(path)
    same = path.read_bytes() == whole
    try:
        if path.suffix == ".json":
            assert isinstance(read_json(path), dict)
    except ReadError as error:
        assert str(path) in str(error)
    assert freshness.stands(build, "these") <= (same or path.name == folder.NOTE)


def full_disk(t):
    """The disk is full at some write: the old report stays as it is, and nothing is left beside it."""
    build = finished(t.where / "build")
    before, calls, real, full_at = tree(build), [], os.replace, t.rng.integers(0, 6)

    def full(*args):
        calls.append(args)
        if len(calls) > full_at:
            raise OSError(28, "No space left on device")
        real(*args)

    with mock.patch.object(os, "replace", full), contextlib.suppress(WriteError):
        finished(build, "new")
    assert tree(build) == before or read_json(build / "values.json")["x"]["run"] == "new"
    assert not [path for path in t.where.iterdir() if path.name.startswith(".") and path.suffix != ".lock"]
    assert not list(t.where.rglob("*.part"))


def killed_while_taking_place(t):
    """Killed with no warning at some moment: afterwards the old report or the new one is whole, and no other."""
    build = finished(t.where / "build")
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            finished(build, "new")
        os._exit(0)
    time.sleep(float(t.rng.random() * 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with folder.owned(build):
        found = read_json(build / "values.json")["x"]["run"]
    assert found in ("old", "new") and freshness.stands(build, "these")
    assert {path.read_text() for path in build.rglob("*.svg")} == {found}
    assert not [path for path in t.where.iterdir() if path.name.startswith(".") and path.suffix != ".lock"]


def foreign_file(t):
    """Somebody's file in the build folder: refused, every byte still there."""
    build = finished(t.where / "build") if t.rng.random() < 0.5 else t.where / "build"
    path = build / t.pick(["figures", "tables/x", ".", "document", ".git"]) / t.pick(["mine.svg", "99.svg", "x", ".y"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    before = tree(build)
    try:
        finished(build, "new")
        raise AssertionError("taken")
    except RefusedError as error:
        assert str(build) in str(error)
    assert tree(build) == before


def damaged_code(t):
    """Compiled code: never run when damaged, compiled anew."""
    files = compiling.Files("torture")
    files.save("key", {"code": b"x" * 500})
    path = files.path("key")
    whole = path.read_bytes()
    t.harm(path) if t.rng.random() < 0.9 else t.replace(path)
    same = path.is_file() and path.read_bytes() == whole
    assert files.load("key") == ({"code": b"x" * 500} if same else None)


def finished(build, text="old"):
    """A small finished report."""
    with folder.owned(build), folder.aside(build) as new:
        for number in range(20):
            path = new / "figures" / f"{number}.svg"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        write_json(new / "values.json", {"x": {"run": text, "rows": {}}})
        folder.take_place(new, build, freshness.note(new, "these"))
    return build


def tree(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


KINDS = [damaged_file, damaged_file, odd_name, damaged_cache, damaged_result, damaged_report, full_disk, foreign_file,
         damaged_code, *([killed_while_taking_place] if hasattr(os, "fork") else [])]


def run(seconds, seed=SEED, only=None, count=None):
    """Trials for so long, or so many; (how many of each kind, what failed)."""
    done, failed, end, number = Counter(), [], time.monotonic() + seconds, only or 0
    with tempfile.TemporaryDirectory() as place:
        pristine = make_course(Path(place) / "pristine")
        while only is not None or (number < count if count else time.monotonic() < end):
            kind = KINDS[number % len(KINDS)]
            error = attempt(kind, Trial(seed, number, Path(place) / str(number)), pristine)
            done[kind.__name__] += 1
            if error is not None:
                failed.append(f"{kind.__name__} --seed {seed} --only {number}: {type(error).__name__}: {error}")
            if only is not None:
                break
            number += 1
    return done, failed


def attempt(kind, trial, pristine):
    """Make one trial in its own folder and caches; what went wrong, or None."""
    shutil.copytree(pristine, trial.course)
    own = {"DATA_CACHE": "data", "TRIALS": "trials", "COMPILED": "compiled"}
    if kind is damaged_result:
        del own["COMPILED"]  # the kernels are compiled once
    try:
        with contextlib.ExitStack() as stack:
            for name, value in own.items():
                stack.enter_context(mock.patch.object(paths, name, trial.where / "cache" / value))
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            kind(trial)
    except Exception as error:
        return error
    finally:
        shutil.rmtree(trial.where, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one trial again")
    options = parser.parse_args()
    done, failed = run(60 * options.minutes, options.seed, options.only)
    for kind in dict.fromkeys(KINDS):
        print(f"{done[kind.__name__]:7d}  {kind.__name__}: {kind.__doc__.splitlines()[0]}")
    print(f"{done.total():7d}  trials with the seed {options.seed}, {len(failed)} of which ended badly")
    print(*failed, sep="\n", end="\n" if failed else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
