"""What a notebook takes from papermill: every profile, and a line that says what may stand there for anything else."""

import re

import nbformat
import papermill
import pytest
import yaml

from sequtils import paths
from sequtils.notebook import parameters
from sequtils.report.runner import RUNS

NOTEBOOKS = sorted({notebook for notebook, _ in RUNS})


def defaults(notebook):
    cells = nbformat.read(paths.NOTEBOOKS / f"{notebook}.ipynb", 4).cells
    return parameters._assigned(next(c.source for c in cells if "parameters" in c.metadata.get("tags", ())))


@pytest.mark.parametrize("notebook", NOTEBOOKS)
@pytest.mark.parametrize("profile", sorted(path.stem for path in paths.PROFILES.glob("*.yaml")))
def test_every_profile_is_taken_by_every_notebook(notebook, profile):
    given = yaml.safe_load((paths.PROFILES / f"{profile}.yaml").read_text(encoding="utf-8"))
    known = defaults(notebook)
    cells = ("rnn", "lstm") if "cell" in known else (None,)
    for cell in cells:
        own = {**known, **given, **({"cell": cell} if cell else {}), "data_root": "x", "build": "y", "jobs": 3}
        parameters.verify(notebook, known, {name: value for name, value in own.items() if name in known})


@pytest.mark.parametrize(("notebook", "name", "value", "says"), [
    ("03_layers", "seedz", 3, "not known, there are cell, depths"),
    ("03_layers", "seeds", 0, "0, expected a whole number of at least 1"),
    ("03_layers", "seeds", "three", "'three', expected a whole number"),
    ("03_layers", "seeds", 2.5, "whole number"), ("03_layers", "seeds", None, "whole number"),
    ("03_layers", "cell", "gru", 'expected "rnn" or "lstm"'), ("03_layers", "max_epochs", 0, "at least 1"),
    ("03_layers", "depths", {"handwriting": [], "cv": []}, "for each of handwriting, cv a list, not empty"),
    ("03_layers", "depths", {"handwriting": [1], "cv": [1, 3]}, r"expected \[2\] in it"),
    ("03_layers", "depths", {"cv": [2]}, "for each of handwriting, cv"), ("03_layers", "depths", [2], "for each of"),
    ("04_nodes", "widths", [], "not empty"), ("04_nodes", "widths", [4, 8], "4, 8, 16, 32] in it"),
    ("04_nodes", "widths", [4, 8, 16, 32, 32], "different"), ("05_dropout", "fractions", [0.1, 0.5], "with 0 in it"),
    ("05_dropout", "fractions", [0, 1], "below 1"), ("06_best_architecture", "folds", 1, "at least 2"),
    ("06_best_architecture", "jobs", 0, "or -1"), ("06_best_architecture", "cv_classes", ["a"], "two or more"),
    ("08_limits_of_lstm", "limits_step", 0, "above 0"), ("02_feedback_networks", "data_root", "", "not empty")])
def test_anything_else_is_refused_in_one_line(notebook, name, value, says):
    with pytest.raises(ValueError, match=rf"^parameter {name}: .*{says}[^\n]*$"):
        parameters.verify(notebook, defaults(notebook), {name: value})


def test_the_notebook_itself_refuses_before_it_withdraws_or_trains(tmp_path):
    (tmp_path / "build").mkdir()
    with pytest.raises(papermill.PapermillExecutionError) as error:
        papermill.execute_notebook(str(paths.NOTEBOOKS / "03_layers.ipynb"), str(tmp_path / "out.ipynb"),
                                   {"seeds": 0, "build": str(tmp_path / "build")}, progress_bar=False)
    assert re.fullmatch("parameter seeds: 0, expected a whole number of at least 1, or pairs .*", error.value.evalue)
    assert not list((tmp_path / "build").iterdir())
