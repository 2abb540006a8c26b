"""Finding and loading data sets: layout, classes, errors, the cache, check-data."""

import os
import shutil

import numpy as np
import pytest

from sequtils import data, paths
from sequtils.__main__ import main
from sequtils.data import cache, read_stroke
from sequtils.data.check import check
from tests.conftest import stroke, write


def test_load_finds_classes_files_and_speakers(course):
    d = data.load("handwriting", course)
    assert d.classes == ("a", "tA")
    assert not d.sample
    assert d.train.files[:11] == tuple(f"a/train/{n}.txt" for n in range(1, 12))  # 9 comes before 10
    assert (len(d.train), len(d.test)) == (22, 4)
    np.testing.assert_array_equal(d.test.y, [0, 0, 1, 1])
    np.testing.assert_array_equal(d.train.x[0], read_stroke(course / "Handwriting_Data" / d.train.files[0]))
    cv = data.load("cv", course)
    assert cv.classes == ("ka", "sa", "tA")
    assert cv.train.speakers[:4] == ("01", "02", "03", "04")
    assert {x.shape[1] for x in cv.train.x} == {39}


def test_root_may_be_the_folder_of_the_classes(course):
    inside = data.load("handwriting", course / "Handwriting_Data")
    assert inside.fingerprint == data.load("handwriting", course).fingerprint


def test_line_ends_of_windows_and_a_path_beyond_ascii_change_nothing(course, tmp_path):
    there = shutil.copytree(course, tmp_path / "Daten für ಕ")
    for file in (f for f in there.rglob("*.*") if f.is_file()):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n").replace(b" ", b"\r\n", 3 * (file.suffix == ".txt")))
    assert b"\r\n" in (there / "CV_Data" / "ka" / "Train" / "01_ka_7_0.mfcc").read_bytes()
    for name in data.LAYOUTS:
        assert data.load(name, there).fingerprint == data.load(name, course).fingerprint


def test_classes_select_and_order(course):
    d = data.load("cv", course, ["tA", "ka"])
    assert d.classes == ("tA", "ka")
    assert d.train.files[0].startswith("tA/") and d.train.y[0] == 0
    assert d.fingerprint != data.load("cv", course, ["ka", "tA"]).fingerprint
    with pytest.raises(data.DataError, match="no class 'xx', there are ka, sa, tA"):
        data.load("cv", course, ["ka", "xx"])
    with pytest.raises(data.DataError, match="two or more different"):
        data.load("cv", course, ["ka", "ka"])


def test_a_bad_file_of_a_class_that_is_not_selected_does_not_matter(course):
    write(course / "CV_Data" / "sa" / "Train" / "bad.mfcc", "1 2 3")
    assert data.load("cv", course, ["ka", "tA"]).classes == ("ka", "tA")


def test_every_problem_is_named_at_once(course):
    hw = course / "Handwriting_Data"
    write(hw / "a" / "train" / "3.txt", "2 1 1")
    write(hw / "a" / "dev" / "1.txt", "")
    shutil.rmtree(hw / "tA" / "dev")
    with pytest.raises(data.DataError) as error:
        data.load("handwriting", course)
    assert len(error.value.problems) == 3
    assert "a/train/3.txt, number 1: N = 2, but 2 coordinates" in str(error.value).replace(os.sep, "/")
    assert "no such folder, expected at least one test file of class 'tA'" in str(error.value)


@pytest.mark.parametrize(("make", "says"), [
    (lambda root: None, "not there"),
    (lambda root: write(root, "x"), "not a folder"),
    (lambda root: root.mkdir(), "wrong layout for handwriting, expected Handwriting_Data/<class>/train"),
    (lambda root: (root / "Handwriting_Data").mkdir(parents=True), "no class folders"),
    (lambda root: write(root / "Handwriting_Data" / "a" / "Train" / "1.txt", "1 1 1"), "no such folder"),
])
def test_bad_root(tmp_path, make, says):
    root = tmp_path / "root"
    make(root)
    with pytest.raises(data.DataError, match=says):
        data.load("handwriting", root)


def test_unknown_data_set():
    with pytest.raises(ValueError, match="'mnist' is not one of handwriting, cv"):
        data.load("mnist")


def test_the_cache_is_used_and_rebuilt_when_a_file_changes(course, monkeypatch):
    first = data.load("handwriting", course)
    monkeypatch.setattr(cache, "_save", lambda *_: pytest.fail("read anew"))
    assert data.load("handwriting", course).fingerprint == first.fingerprint
    monkeypatch.undo()
    file = course / "Handwriting_Data" / "a" / "train" / "1.txt"
    times = os.stat(file)
    points = read_stroke(file)
    points[0, 0] = 0.5  # of the same size, and with the modification time set back
    write(file, stroke(points))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    monkeypatch.setattr(paths, "DATA_CACHE", course.parent / "cache" / "data")
    changed = data.load("handwriting", course)
    assert changed.train.x[0][0, 0] == 0.5
    assert changed.fingerprint != first.fingerprint


@pytest.mark.parametrize("damage", [b"", b"no zip", None])
def test_a_damaged_cache_is_read_anew(course, damage):
    first = data.load("handwriting", course)
    for entry in paths.DATA_CACHE.glob("*.parsed"):
        content = entry.read_bytes()
        entry.write_bytes(content[: len(content) // 2] if damage is None else damage)
    assert data.load("handwriting", course).fingerprint == first.fingerprint


def test_a_cache_that_cannot_be_written_costs_no_result(course, tmp_path, monkeypatch):
    write(tmp_path / "file", "")
    monkeypatch.setattr(paths, "DATA_CACHE", tmp_path / "file" / "data")
    assert len(data.load("handwriting", course).train) == 22


def test_check_data(course, capsys):
    assert main(["check-data", str(course)]) == 0
    out = capsys.readouterr().out
    assert "no problems" in out
    assert "a             11 ( 50.0%)" in out
    write(course / "CV_Data" / "sa" / "Test" / "bad.mfcc", "1 2 3")
    write(course / "CV_Data" / "tA" / "Test" / "worse.mfcc", "x")
    assert main(["check-data", str(course)]) == 2
    captured = capsys.readouterr()
    assert "bad.mfcc, line 1: 3 numbers, expected 39" in captured.err
    assert "worse.mfcc, line 1, number 1: found 'x'" in captured.err
    assert "a             11 ( 50.0%)" in captured.out
    assert main(["check-data", str(course / "nowhere")]) == 2


def test_check_data_accepts_one_data_set_alone(course):
    shutil.rmtree(course / "CV_Data")
    lines, problems = check(course)
    assert not problems
    assert any("not found" in line and "cv" in line and line.endswith("a report leaves it out") for line in lines)


@pytest.mark.parametrize("name, other", [("handwriting", "cv"), ("cv", "handwriting")])
def test_a_data_set_that_a_folder_lacks_is_left_out(course, name, other):
    assert data.names(course) == data.names() == tuple(data.LAYOUTS)
    shutil.rmtree(course / data.LAYOUTS[name].folder)
    assert data.names(course) == (other,) and not data.load(other, course).sample
    (course / f"{data.LAYOUTS[name].folder}s").mkdir()  # a slip of the pen is none
    assert name in data.names(course)
    with pytest.raises(data.DataError, match="wrong layout"):
        data.load(name, course)
