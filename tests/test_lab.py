"""JupyterLab as a reader has it, in a real browser: every notebook runs, a changed parameter changes the result, and
what is drawn in notebook 10 is in the kernel and on disk. Slow: `make test-browser`."""

import json

import nbformat
import numpy as np
import pytest

from sequtils import data, paths
from tests.lab import Lab, until

pytestmark = pytest.mark.browser
NAMES = sorted(path.name for path in paths.NOTEBOOKS.glob("*.ipynb"))
PAD, COLLECTOR = (f".jp-OutputArea-output .live:has({has})" for has in (".network", ".counts"))
ZIGZAG = [(0.2, 0.2), (0.5, 0.4), (0.3, 0.6), (0.4, 0.8)]  # shares of a canvas, downwards


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_notebook_runs_without_an_error(lab, name):
    lab.open(name)
    cells = lab.run_all()
    lab.close_notebook()
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))


def test_a_changed_parameter_changes_the_result(lab):
    lab.open("10_draw.ipynb")
    before = said(lab.run_all())
    lab.replace("cell-02", "draw_points = 32", "draw_points = 8")
    after = said(lab.run_all())
    lab.close_notebook()
    assert "strokes of 32 points" in before and "strokes of 8 points" in after
    assert before.replace("of 32", "of 8") != after  # the numbers, too


def said(cells):
    return "".join(o["text"] for cell in cells for o in cell["outputs"] if o.get("name") == "stdout")


@pytest.fixture(scope="module")
def drawing(lab, tmp_path_factory):
    """Notebook 10, run, with a folder for its characters that is not the project's."""
    mine, file = tmp_path_factory.mktemp("data") / "mine", lab.folder / "10_drawing.ipynb"
    notebook = nbformat.read(paths.NOTEBOOKS / "10_draw.ipynb", 4)
    for cell in notebook.cells:
        cell.source = cell.source.replace('my_data = "my-data"', f"my_data = {str(mine)!r}")
    nbformat.write(notebook, file)
    lab.open(file.name)
    lab.run_all()
    yield mine
    lab.close_notebook()


def on(lab, canvas):
    """The zigzag in pixels of the screen."""
    x, y, size, _ = lab.box(canvas)
    return [(x + a * size, y + b * size) for a, b in ZIGZAG]


def test_a_drawn_stroke_is_in_the_kernel_and_read_alike(lab, drawing):
    lab.show("cell-14")
    drawn = lambda: np.array(json.loads(lab.printed("print(pad.stroke.tolist())"))).reshape(-1, 2)
    start, end = ([a, 1 - b] for a, b in (ZIGZAG[0], ZIGZAG[-1]))
    whole = lambda stroke: len(stroke) > 0 and np.allclose(stroke[-1], end, atol=0.01)
    lab.browser.drag(on(lab, f"{PAD} .pad"))  # what is drawn so far is sent on the way, too: at first no point
    until(lambda: whole(drawn()), "the whole stroke is in the kernel")
    stroke = drawn()
    assert len(stroke) == int(np.median([len(x) for x in data.load("handwriting").train.x]))
    np.testing.assert_allclose(stroke[[0, -1]], [start, end], atol=0.01)
    for cell in ("rnn", "lstm"):
        shown = lab.run(f"document.querySelector({json.dumps(f'{PAD} .{cell} .verdict')}).textContent")
        told = lab.printed(f"[p] = models['{cell}'].predict_proba([pad.stroke])\n"
                           "print(f'{strokes.classes[p.argmax()]} {p.max():.2f}, after 32 of 32 points')")
        assert shown == told.strip()


def test_a_stroke_of_the_kernel_is_shown(lab, drawing):
    lab.show("cell-14")
    lab.printed("pad.stroke = test.x[3]")
    note = f"document.querySelector({json.dumps(f'{PAD} .note')})?.textContent"
    lab.wait(f"{note}?.startsWith(\"The kernel's stroke.\")")


def test_collected_characters_are_data(lab, drawing):
    lab.show("cell-18")
    for name in ("O", "आ"):
        lab.click(f"{COLLECTOR} input")
        lab.run(f"document.querySelector({json.dumps(f'{COLLECTOR} input')}).select()")
        lab.browser.tell("Input.insertText", text=name)
        for number in range(5):
            draw = lab.browser.swipe if number % 2 else lab.browser.drag
            draw(on(lab, f"{COLLECTOR} .pad"))
            lab.click(f"{COLLECTOR} button")  # Keep
            lab.wait(f"document.querySelector({json.dumps(f'{COLLECTOR} .note')}).textContent"
                     f".endsWith('{number + 1}.txt.')")
    found = data.load("handwriting", drawing)
    assert found.classes == ("O", "आ")
    assert (len(found.train), len(found.test)) == (8, 2)
    for x in (*found.train.x, *found.test.x):
        np.testing.assert_allclose(x[[0, -1]], [[a, 1 - b] for a, b in (ZIGZAG[0], ZIGZAG[-1])], atol=0.01)
    listed = lab.run(f"[...document.querySelectorAll({json.dumps(f'{COLLECTOR} li')})].map((li) => li.textContent)")
    assert listed == ["O: 5, of which 1 to test with", "आ: 5, of which 1 to test with"]
