"""Fixtures: small data sets in the course's layout, and caches that belong to one test."""

import numpy as np
import pytest

from sequtils import data, environment, paths


@pytest.fixture(autouse=True)
def own_caches(tmp_path, monkeypatch):
    """No test reads or leaves anything in the project's own caches."""
    monkeypatch.setattr(paths, "DATA_CACHE", tmp_path / "cache" / "data")
    monkeypatch.setattr(paths, "TRIALS", tmp_path / "cache" / "trials")


@pytest.fixture(autouse=True)
def the_environment_is_there(monkeypatch):
    """A command called within a test stays in this process, whatever the state of .venv."""
    monkeypatch.setattr(environment, "enter", lambda arguments: None)


@pytest.fixture
def course(tmp_path):
    """A root with both data sets: see `make_course`."""
    return make_course(tmp_path / "course")


def make_course(root):
    """Two handwriting classes, three CV classes, with what has to be passed over."""
    rng = np.random.default_rng(0)
    for c in ("a", "tA"):
        for split, count in (("train", 11), ("dev", 2)):
            for number in range(1, count + 1):
                write(root / "Handwriting_Data" / c / split / f"{number}.txt", stroke(rng.random((5 + number, 2))))
    for c in ("ka", "sa", "tA"):
        for split, count in (("Train", 4), ("Test", 2)):
            for number in range(count):
                name = f"0{number + 1}_{c}_7_{number}.mfcc"
                write(root / "CV_Data" / c / split / name, segment(rng.normal(size=(6 + number, 39))))
    write(root / "Handwriting_Data" / "a" / "train" / ".DS_Store", "\0\1")
    write(root / "Handwriting_Data" / "Mapping.txt", "a = 1")
    write(root / "CV_Data" / "ka" / "Train" / "Mapping_old.txt", "none")
    write(root / "CV_Data" / "_old" / "Train" / "x.mfcc", "none")
    return root


def write(path, text):
    """Write text to a file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def stroke(points):
    """A stroke file's text."""
    return f"{len(points)} " + " ".join(f"{v:.6f}" for v in np.ravel(points)) + " "


def segment(frames):
    """A segment file's text."""
    return "".join(" ".join(f"{v:e}" for v in row) + " \n" for row in frames)


@pytest.fixture
def toy():
    """A handwriting Dataset of two classes that a small network learns: paths to the right and to the left."""
    return make_toy()


def make_toy(count=24, seed=0):
    """`count` training and 10 test paths of 5 to 12 points, of which every other walks to the left."""
    rng = np.random.default_rng(seed)

    def part(n):
        x = [(np.cumsum(rng.random((rng.integers(5, 13), 2)), axis=0) * [1 - 2 * (i % 2), 1]).astype(np.float32)
             for i in range(n)]
        return data.Part(x, np.arange(n) % 2, tuple(f"{i}.txt" for i in range(n)), (None,) * n)

    return data.Dataset("handwriting", ("right", "left"), part(count), part(10), f"toy {count} {seed}", True)
