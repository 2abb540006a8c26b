"""The README's results are those of the committed report, and nothing is written by halves."""

import json

import pytest

from sequtils import paths
from sequtils.__main__ import main
from sequtils.report import release

README = (paths.ROOT / "README.md").read_text(encoding="utf-8")


def committed(name):
    return json.loads((paths.REPORT / name).read_text(encoding="utf-8"))


def test_the_readme_shows_the_committed_results():
    section = release.section(committed("values.json"), committed("provenance.json"))
    assert release.replaced(README, section) == README


def test_the_committed_report_is_of_real_data_and_of_all_notebooks():
    provenance = committed("provenance.json")
    assert provenance["profile"] == "standard"
    assert not any(d["sample"] for d in provenance["datasets"].values())
    assert {run.split("-")[0] for run in provenance["runs"]} == {path.stem for path in paths.NOTEBOOKS.glob("*.ipynb")}
    assert all(run["error"] is None for run in provenance["runs"].values())
    assert (paths.REPORT / "report.pdf").read_bytes().startswith(b"%PDF")


def test_other_values_give_another_table():
    values, provenance = committed("values.json"), committed("provenance.json")
    values["comparison-ladder"]["rows"]["cv/rnn/chosen"]["test"] |= {"text": "0.123", "range": "[0.100, 0.150]"}
    assert "| 0.123 [0.100, 0.150] |" in release.section(values, provenance)
    assert release.replaced(README, release.section(values, provenance)) != README


def test_a_missing_value_or_file_or_mark_is_named(tmp_path, capsys):
    values, provenance = committed("values.json"), committed("provenance.json")
    del values["comparison-cells"]["rows"]["cv/lstm"]["test"]
    with pytest.raises(ValueError, match="no value comparison-cells/cv/lstm/test"):
        release.section(values, provenance)
    with pytest.raises(ValueError, match="lacks the lines"):
        release.replaced("no marks", "table")
    assert main(["hand-in", "--build", str(tmp_path)]) == 1
    assert "run the whole report first" in capsys.readouterr().err
