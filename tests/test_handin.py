"""The README's results are those of the committed report, and nothing is written by halves."""

import hashlib
import itertools
import json
import re

import pytest
import yaml

from sequtils import paths
from sequtils.__main__ import main
from sequtils.files import read_json
from sequtils.report import release
from tests.document import PANELS, make_build

README = (paths.ROOT / "README.md").read_text(encoding="utf-8")


def committed(name):
    return json.loads((paths.REPORT / name).read_text(encoding="utf-8"))


@pytest.fixture
def values():
    """All values that the table shows, in the form of values.json."""
    found = {}
    for path in filter(None, [*release.ROWS.values(), *release.GAINS.values()]):
        for cell, data in itertools.product(("rnn", "lstm"), ("handwriting", "cv")):
            name, row, column = re.fullmatch("(.*?)/(.*)/(.*)", path.format(cell=cell, data=data)).groups()
            rows = found.setdefault(name, {"rows": {}})["rows"]
            rows.setdefault(row, {})[column] = {"text": "0.500", "range": "[0.400, 0.600]"}
    return found


def test_the_readme_shows_the_committed_results():
    values = committed("values.json")
    assert release.replaced(README, release.section(values, committed("provenance.json"))) == README


def test_the_committed_report_is_of_real_data_and_of_all_notebooks():
    provenance = committed("provenance.json")
    assert provenance["profile"] == "standard"
    assert not any(d["sample"] for d in provenance["datasets"].values())
    notebooks = {path.stem for path in paths.NOTEBOOKS.glob("*.ipynb")}
    runs = {run.split("-")[0] for run in provenance["runs"]}
    assert runs <= notebooks and notebooks - runs <= {"10_draw"}  # which gives the page its networks, and no number
    assert all(run["error"] is None for run in provenance["runs"].values())
    assert (paths.REPORT / "report.pdf").read_bytes().startswith(b"%PDF")


def test_other_values_give_another_table(values):
    provenance = committed("provenance.json")
    before = release.section(values, provenance)
    values["comparison-ladder"]["rows"]["cv/rnn/chosen"]["test"] = {"text": "0.123", "range": "[0.100, 0.150]"}
    after = release.section(values, provenance)
    assert "CV segments, best model, chosen on folds | 0.123 [0.100, 0.150] | 0.500 [0.400, 0.600] |" in after
    assert before == after.replace("0.123 [0.100, 0.150]", "0.500 [0.400, 0.600]")
    assert release.replaced(README, after) != release.replaced(README, before)


def test_a_missing_value_or_file_or_mark_is_named(values, tmp_path, capsys):
    provenance = committed("provenance.json")
    del values["comparison-cells"]["rows"]["cv/lstm"]["test"]
    with pytest.raises(ValueError, match="no value comparison-cells/cv/lstm/test"):
        release.section(values, provenance)
    with pytest.raises(ValueError, match="lacks the lines"):
        release.replaced("no marks", "table")
    assert main(["hand-in", "--build", str(tmp_path)]) == 1
    assert "run the whole report first" in capsys.readouterr().err


def test_a_checker_finds_every_output_with_its_checksum(tmp_path):
    build = make_build(tmp_path)
    told = read_json(build / "provenance.json")
    listed = yaml.safe_load(release.codecheck(build, read_json(build / "manifest.json"), told))["manifest"]
    assert len(listed) == 7 + PANELS and all("embedded sample" in item["comment"] for item in listed)
    for item in listed:
        content = (build / item["file"].removeprefix("report/build/")).read_bytes()
        assert hashlib.sha256(content).hexdigest() == item["sha256"]
    assert yaml.safe_load((paths.ROOT / "codecheck.yml").read_text(encoding="utf-8"))["manifest"]
