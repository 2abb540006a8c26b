"""What is no regular file is named and not opened; what is damaged is named and not believed."""

import json
import os
import socket

import numpy as np
import pytest

from sequtils import data, files, paths
from sequtils.__main__ import main
from sequtils.data import cache
from sequtils.data.check import check
from sequtils.text import printable
from tests.conftest import write

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes, sockets and devices in folders")


def put_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        os.chdir(path.parent)  # a socket's path is short
        one.bind(path.name)


IRREGULAR = {"a pipe": os.mkfifo if hasattr(os, "mkfifo") else None, "a socket": put_socket,
             "a device": lambda path: path.symlink_to("/dev/zero"), "a folder": os.mkdir,
             "a link to nothing": lambda path: path.symlink_to("nowhere"),
             "symbolic links": lambda path: path.symlink_to(path.name)}


@posix
@pytest.mark.parametrize("says", IRREGULAR)
def test_what_is_no_regular_file_is_named_by_every_reader(tmp_path, monkeypatch, says):
    monkeypatch.chdir(tmp_path)
    IRREGULAR[says](tmp_path / "x.json")
    for read in (files.read_bytes, files.read_json):
        with pytest.raises(files.ReadError, match=rf"x\.json: .*{says}"):
            read(tmp_path / "x.json")
    for read in (data.read_stroke, data.read_segment):
        with pytest.raises(data.DataError, match=says):
            read(tmp_path / "x.json")


@posix
def test_all_that_is_wrong_in_a_folder_is_named_in_one_go(course, monkeypatch, capsys):
    monkeypatch.chdir(course)
    folder = course / "Handwriting_Data" / "a" / "train"
    for number, make in enumerate(IRREGULAR.values()):
        make(folder / f"9{number}.txt")
    write(folder / "1.txt", "bad")
    (course / "Handwriting_Data" / "loop").symlink_to("loop")
    (course / "Handwriting_Data" / "tA" / "old").symlink_to("/nowhere")  # not in a split: nobody reads it
    os.rename(course / "CV_Data" / "ka" / "Train", course / "CV_Data" / "ka" / "away")
    (course / "CV_Data" / "ka" / "Train").symlink_to("Train")
    assert main(["check-data", str(course)]) == 2
    told = capsys.readouterr().err
    assert all(says in told for says in IRREGULAR) and "1.txt, line 1, number 1" in told
    assert "loop: cannot be read" in told and "Train: cannot be read" in told
    assert len(told.splitlines()) == len(IRREGULAR) + 3
    assert main(["report", "--data-root", str(course), "--build", str(course / "build")]) == 2


def test_a_folder_that_cannot_be_listed_is_a_problem_like_others(course, monkeypatch):
    locked, listed = course / "CV_Data" / "sa" / "Test", data.layouts.entries

    def entries(folder):
        if folder == locked:
            raise files.ReadError(folder, "cannot be read (Permission denied)")
        return listed(folder)

    monkeypatch.setattr(data.layouts, "entries", entries)
    write(course / "CV_Data" / "ka" / "Test" / "bad.mfcc", "x")
    problems = check(course)[1]
    assert len(problems) == 2 and any("Permission denied" in line for line in problems)


@pytest.mark.skipif(os.name == "nt", reason="Windows knows only Unicode names")
def test_a_class_or_a_file_may_have_any_name(course):
    folder = os.fsencode(course / "Handwriting_Data")
    os.rename(os.path.join(folder, b"a"), os.path.join(folder, b"\xff\x1b[1m\n$x$"))
    split = os.path.join(folder, b"tA", b"train")
    for old, new in (("1", "1²3"), ("2", "٣"), ("3", "9" * 200)):
        os.rename(os.path.join(split, f"{old}.txt".encode()), os.path.join(split, f"{new}.txt".encode()))
    os.rename(os.path.join(split, b"4.txt"), os.path.join(split, b"\xfe\x07.txt"))
    first = data.load("handwriting", course)
    assert first.classes == ("tA", r"\udcff\x1b[1m\n$x$") and len(first.train) == 22
    assert data.load("handwriting", course, first.classes).fingerprint == first.fingerprint  # from the cache, by name
    json.dumps(first.classes).encode()
    root = os.path.join(os.fsencode(course.parent), b"\xe9")
    os.rename(os.fsencode(course), root)
    assert data.load("handwriting", os.fsdecode(root)).fingerprint == first.fingerprint
    lines, problems = check(os.fsdecode(root))
    assert not problems and "\n".join(lines).isascii()


@pytest.mark.skipif(os.name == "nt", reason="Windows does not allow the name")
def test_two_folders_never_become_one_class(course):
    for name in ("x\x07", r"x\x07"):
        write(course / "Handwriting_Data" / name / "train" / "1.txt", "1 0 0")
    assert any("a second folder of that name" in line for line in check(course)[1])


def test_printable_leaves_scripts_alone():
    for name in ("ka", "ka\u0304", "का", "ಕ್\u200cಷ", "క్ష", "a b"):
        assert printable(name) == name
    assert printable("a\x1b\u202e\u2028\udcff") == r"a\x1b\u202e\u2028\udcff"


@pytest.mark.parametrize("root", ["a\0b", "x" * 5000])
def test_a_path_that_no_system_takes_is_a_problem(root):
    with pytest.raises(data.DataError, match="cannot be read"):
        data.load("cv", root)


BAD_JSON = [b"", b"{", b"null", b"[]", b"3", b'{"a": NaN}', b"[" * 100_000, b"\xff", b'{"a": ' * 9_999, b"\0" * 64]


@pytest.mark.parametrize("content", BAD_JSON, ids=range(len(BAD_JSON)))
def test_bad_json_is_named_and_never_more(tmp_path, content):
    for name in ("values.json", "manifest.json", "provenance.json", "made-from.json", "status.json"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(files.ReadError, match=rf"{name}: damaged \("):
            files.read_json(tmp_path / name)


@pytest.mark.parametrize(("name", "value"), [
    ("values.json", {"x": {"rows": {}}}), ("values.json", {"x": {"run": "01", "rows": {"cv": {"train": None}}}}),
    ("manifest.json", {"figures": []}), ("manifest.json", {"figures": {"1.1": {"file": 3}}}),
    ("provenance.json", {"runs": {"01": {"error": None}}}), ("provenance.json", {"datasets": {"cv": {"sample": 1}}}),
    ("made-from.json", {"inputs": "x"})])
def test_json_of_another_form_is_named(tmp_path, name, value):
    files.write_json(tmp_path / name, value)
    with pytest.raises(files.ReadError, match="data"):
        files.read_json(tmp_path / name)


def test_any_change_of_a_cached_byte_is_named_set_aside_and_read_anew(course, capsys):
    first = data.load("handwriting", course)
    entry = sorted(paths.DATA_CACHE.glob("*.parsed"))[0]
    whole, random = entry.read_bytes(), np.random.default_rng(0)
    for at in [0, 31, 32, len(whole) - 1, *random.integers(0, len(whole), 30)]:
        changed = bytearray(whole)
        changed[at] ^= 1 << random.integers(8)
        entry.write_bytes(changed)
        assert data.load("handwriting", course).fingerprint == first.fingerprint
        assert f"{entry}: set aside" in capsys.readouterr().err
        assert entry.with_name(f"{entry.name}.damaged").read_bytes() == changed
        assert entry.read_bytes() == whole


def test_a_forged_entry_with_the_right_hash_is_not_believed(course, capsys):
    first = data.load("handwriting", course)
    entry = sorted(paths.DATA_CACHE.glob("*.parsed"))[0]
    head, numbers = files.unseal(entry.read_bytes()).split(b"\n", 1)
    told = json.loads(head)
    infinite = np.frombuffer(numbers, "<f4") * np.float32(np.nan)
    for forged in (head + b"\n" + infinite.tobytes(), json.dumps({**told, "width": "x"}).encode() + b"\n" + numbers,
                   json.dumps({**told, "lengths": told["lengths"][1:]}).encode() + b"\n" + numbers, b"[1]\n", b"",
                   b"[" * 10**5):
        entry.write_bytes(files.seal(forged))
        assert data.load("handwriting", course).fingerprint == first.fingerprint
        assert "set aside" in capsys.readouterr().err


@posix
def test_a_cache_entry_that_is_a_pipe_is_not_opened(course):
    first = data.load("handwriting", course)
    entry = sorted(paths.DATA_CACHE.glob("*.parsed"))[0]
    entry.unlink()
    os.mkfifo(entry)
    assert data.load("handwriting", course).fingerprint == first.fingerprint
    assert cache.kind(entry) == "file"
