"""The build folder: what is not the report's own is never touched, one run owns it, and the old report is there until
the new one is whole."""

import os
import shutil

import pytest

from sequtils.__main__ import main
from sequtils.files import RefusedError, write_json
from sequtils.report import folder, freshness
from tests.checkout import litter
from tests.conftest import write


def tree(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def make_report(build, text="old"):
    """A finished report of three files, as a run leaves it."""
    with folder.owned(build), folder.aside(build) as new:
        for name in ("report.pdf", "figures/1.svg", "provenance.json"):
            write(new / name, text)
        folder.take_place(new, build, freshness.note(new, "these"))
    return build


@pytest.mark.parametrize("command", [["report", "--profile", "quick", "--only", "01"], ["render"]])
@pytest.mark.parametrize("name", ["figures/mine.svg", "notebooks/01_datasets.ipynb", "values.json", ".git/config", "x"])
def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path, capsys, command, name):
    write(tmp_path / "mine" / name, "mine")
    write(tmp_path / "mine" / "document" / "thesis.typ", "mine")
    before = tree(tmp_path)
    assert main([*command, "--build", str(tmp_path / "mine")]) == 2
    assert "has files that no report wrote" in capsys.readouterr().err
    assert tree(tmp_path) == before


def test_a_file_put_into_a_report_makes_it_a_folder_with_other_files(tmp_path):
    build = make_report(tmp_path / "build")
    for name in ("figures/mine.svg", "mine.txt"):
        write(build / name, "mine")
        with pytest.raises(RefusedError, match=name), folder.owned(build):
            pass
        (build / name).unlink()
    (build / "link").symlink_to(tmp_path)
    with pytest.raises(RefusedError, match="link"):
        folder.remove(build)
    (build / "link").unlink()
    folder.remove(build)
    assert not build.exists()


@pytest.mark.parametrize("note", ["", "null", "[]", '{"files": 3}', "[" * 10**5, '{"inputs": "x"}'])
def test_without_a_note_that_can_be_believed_nothing_is_the_reports_own(tmp_path, note):
    build = make_report(tmp_path / "build")
    (build / folder.NOTE).write_text(note)
    before = tree(tmp_path)
    with pytest.raises(RefusedError, match="remove them yourself"), folder.owned(build):
        pass
    assert tree(tmp_path) == before


def test_one_run_owns_a_folder(tmp_path, capsys):
    build = tmp_path / "build"
    with folder.owned(build):
        assert main(["report", "--build", str(build)]) == 2
        assert "another run is writing there" in capsys.readouterr().err
        with folder.owned(tmp_path / "other"):
            pass
    with folder.owned(build):
        pass


def test_the_old_report_is_there_until_the_new_one_is_whole(tmp_path):
    build = make_report(tmp_path / "build")
    before = tree(build)
    with pytest.raises(KeyError), folder.owned(build), folder.aside(build) as new:
        write(new / "report.pdf", "new")
        assert tree(build) == before
        raise KeyError
    assert tree(build) == before and litter(tmp_path) == []
    make_report(build, "new")
    assert tree(build)["report.pdf"] == b"new" and litter(tmp_path) == []
    assert freshness.stands(build, "these")


@pytest.mark.parametrize("killed_at", [0, 1, 2])
def test_a_run_killed_while_it_takes_its_place_is_put_right_by_the_next_one(tmp_path, monkeypatch, killed_at):
    build, rename, done = make_report(tmp_path / "build"), os.rename, []

    def kill_then(*args):
        if len(done) == killed_at:
            raise SystemExit
        done.append(rename(*args))

    with monkeypatch.context() as patch:
        patch.setattr(folder.os, "rename", kill_then)
        patch.setattr(folder.shutil, "rmtree", lambda *_, **__: None)
        if killed_at < 2:
            with pytest.raises(SystemExit):
                make_report(build, "new")
        else:
            make_report(build, "new")
    with folder.owned(build):
        assert tree(build)["report.pdf"] == (b"new" if killed_at == 2 else b"old")
        assert litter(tmp_path) == []


def test_what_only_looks_like_the_litter_of_a_run_stays(tmp_path):
    for name in (".build.12345678.part", ".build.old"):
        write(tmp_path / name / "mine.txt", "mine")
    with folder.owned(tmp_path / "build"):
        assert len(litter(tmp_path)) == 2


def test_a_full_disk_while_a_report_is_made_leaves_the_old_one(tmp_path, monkeypatch):
    build = make_report(tmp_path / "build")
    before = tree(build)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        make_report(build, "new")
    assert tree(build) == before and litter(tmp_path) == []


@pytest.mark.parametrize("where", ["file", "file/below", "x" * 5000, "loop", "a\0b"])
def test_a_place_where_no_folder_can_be_is_wrong_usage(tmp_path, capsys, where):
    write(tmp_path / "file", "mine")
    (tmp_path / "loop").symlink_to("loop")
    assert main(["report", "--build", str(tmp_path / where)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "mine"


def test_copies_of_a_read_only_report_can_be_written(tmp_path):
    build = make_report(tmp_path / "build")
    (build / "report.pdf").chmod(0o444)
    with folder.aside(build, copied=True) as new:
        assert os.stat(new / "report.pdf").st_mode & 0o200
        write_json(new / "values.json", {})
    assert shutil.rmtree(build) is None
