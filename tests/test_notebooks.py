"""The notebooks as files: short cells, in order, no errors, parameters where papermill looks for them."""

import ast
import json
import re
import runpy
import statistics

import nbformat
import pytest

from sequtils import paths
from sequtils.report import runner

NOTEBOOKS = sorted(paths.NOTEBOOKS.glob("*.ipynb"))


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_in_order(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert [i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", [])] == [1]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_opens_with_its_question_and_with_the_answer_that_the_run_gave(path):
    question, answer, *rest = nbformat.read(path, as_version=4).cells
    assert "**Question.**" in question.source
    head, _, *sentences = answer.outputs[0]["data"]["text/markdown"].splitlines()
    assert head == "**Answer of this run.**" and sentences
    printed = [o.text for cell in rest if cell.cell_type == "code" for o in cell.outputs if o.output_type == "stream"]
    lines = "".join(printed).splitlines()
    assert all(sentence.removeprefix("- ") in lines for sentence in sentences)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_and_functions_are_short(path):
    sources = [cell.source for cell in code_cells(path)]
    lengths = [len(source.splitlines()) for source in sources]
    assert max(lengths) <= 25
    assert statistics.median(lengths) <= 12
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ast.ClassDef)
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 10


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_path_of_a_machine_in_the_outputs(path):
    text = path.read_text(encoding="utf-8")
    assert str(paths.ROOT) not in text
    assert "papermill" not in nbformat.read(path, as_version=4).metadata


def test_the_runner_runs_every_notebook():
    assert {notebook for notebook, _ in runner.RUNS} == {path.stem for path in NOTEBOOKS}


@pytest.fixture
def comparing():
    return runpy.run_path(str(paths.NOTEBOOKS / "conftest.py"))


@pytest.mark.parametrize(("new", "same"), [
    ("0.500 [−0.100, 0.600] of 20", True), ("0.549 [−0.149, 0.551] of 21", True), ("0.551 [−0.1, 0.600] of 20", False),
    ("0.500 [−0.100, 0.600] of 22", False), ("0.500 [−0.100, 0.600] of", False), ("0.500 [0.100, 0.600] of 20", False),
    ("0.500 (−0.100, 0.600) of 20", False)])
def test_numbers_of_pytorch_are_compared_within_a_tolerance(comparing, new, same):
    old = "0.500 [−0.100, 0.600] of 20"
    assert comparing["agree"](new, old) is same
    compare = comparing["close"](lambda test, ref: test == ref)
    assert compare([{"text": new}], [{"text": old}]) is same
    assert compare([{"data": {"text/html": new}}], [{"data": {"text/html": old}}]) is same


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_cell_that_shows_a_number_is_compared(path):
    """Only the head, which a later cell fills with what it prints, and seconds may go without."""
    for cell in code_cells(path)[1:]:
        if "nbval-ignore-output" in cell.metadata.get("tags", ()):
            assert re.search("seconds", json.dumps(cell.outputs), re.IGNORECASE), cell.source
