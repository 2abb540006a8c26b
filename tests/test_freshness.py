"""A finished report that still stands is not made again: what counts, and what does not."""

import shutil

import pytest

from sequtils import paths
from sequtils.files import write_json
from sequtils.report import freshness


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A project of one notebook, one module and one chapter."""
    root = tmp_path / "house"
    for name in ("notebooks/01_a.ipynb", "sequtils/a.py", "report/chapters/a.typ", "report/profiles/quick.yaml",
                 "requirements.lock", "report/values.json", "README.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    for name, value in {"ROOT": root, "REPORT": root / "report", "BUILD": root / "report" / "build"}.items():
        monkeypatch.setattr(paths, name, value)
    return root


@pytest.mark.parametrize("name", ["notebooks/01_a.ipynb", "sequtils/a.py", "sequtils/new/b.py", "report/chapters/a.typ",
                                  "report/profiles/quick.yaml", "requirements.lock"])
def test_a_change_of_anything_that_the_report_is_made_from_counts(house, name):
    before = freshness.inputs("quick")
    assert before == freshness.inputs("quick") != freshness.inputs("full")
    (house / name).parent.mkdir(exist_ok=True)
    (house / name).write_text("other")
    assert before != freshness.inputs("quick")


@pytest.mark.parametrize("name", ["report/build/report.pdf", "report/values.json", "sequtils/__pycache__/a.pyc",
                                  "README.md"])
def test_what_the_run_itself_writes_does_not_count(house, name):
    before = freshness.inputs("quick")
    (house / name).parent.mkdir(exist_ok=True)
    (house / name).write_text("other")
    assert before == freshness.inputs("quick")


def test_a_changed_a_new_and_a_missing_file_of_the_data_count(course):
    file = course / "CV_Data" / "ka" / "Train" / "01_ka_7_0.mfcc"
    seen = {freshness.inputs("quick", course)}
    file.write_bytes(file.read_bytes())  # the same content at another time
    seen.add(freshness.inputs("quick", course))
    shutil.copy(file, file.with_name("05_ka_7_9.mfcc"))
    seen.add(freshness.inputs("quick", course))
    file.unlink()
    seen.add(freshness.inputs("quick", course))
    assert len(seen | {freshness.inputs("quick")}) == 5


def test_a_report_stands_only_while_it_is_whole(tmp_path):
    for name in ("report.pdf", "figures/1.svg", "status/x.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("as it was left")
    assert not freshness.stands(tmp_path, "these")
    write_json(tmp_path / "made-from.json", freshness.note(tmp_path, "these"))
    (tmp_path / "status" / "x.json").unlink()  # no part of the report
    assert freshness.stands(tmp_path, "these") and not freshness.stands(tmp_path, "others")
    (tmp_path / "figures" / "1.svg").write_text("damaged")
    assert not freshness.stands(tmp_path, "these")
    (tmp_path / "figures" / "1.svg").write_text("as it was left")
    (tmp_path / "made-from.json").write_text("{")
    assert not freshness.stands(tmp_path, "these")
