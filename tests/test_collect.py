"""Strokes of one's own on disk: in the course's layout, one file each, none lost, and readable as they were drawn."""

import multiprocessing

import numpy as np
import pytest

from sequtils import data
from sequtils.live import collect
from tests.test_folder import tree

STROKE = np.random.default_rng(0).random((9, 2)).astype(np.float32)


def test_ten_strokes_of_two_characters_are_a_data_set(tmp_path):
    drawn = {name: [STROKE[k:] + k for k in range(7)] + [STROKE * k for k in (2, 3, 4)] for name in ("a", "आ")}
    for name, strokes in drawn.items():
        for stroke in strokes:
            collect.keep(tmp_path / "mine", name, stroke)
    found = data.load("handwriting", tmp_path / "mine")
    assert found.classes == tuple(drawn) and not found.sample
    for c, strokes in enumerate(drawn.values()):
        train, test = ({x.tobytes() for x, y in zip(part.x, part.y) if y == c} for part in (found.train, found.test))
        assert (len(train), len(test)) == (8, 2)
        assert train | test == {stroke.tobytes() for stroke in strokes}
    assert collect.counts(tmp_path / "mine") == [["a", 8, 2], ["आ", 8, 2]]
    assert collect.counts(tmp_path / "nowhere") == []


def test_nothing_is_ever_written_over(tmp_path):
    paths = [collect.keep(tmp_path, "a", STROKE) for _ in range(4)]
    paths[1].unlink()  # the number of files is that of one that is there
    (paths[0].parent / "4.png").write_text("mine")
    (paths[0].parent.parent / "dev").mkdir()
    (paths[0].parent.parent / "dev" / "5.txt").write_text("mine, too")
    before = tree(tmp_path)
    path = collect.keep(tmp_path, "a", STROKE)
    after = tree(tmp_path)
    assert after.pop(str(path.relative_to(tmp_path))) and after == before


def _keep_many(root):
    for _ in range(20):
        collect.keep(root, "a", STROKE)


def test_two_notebooks_lose_nothing(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(_keep_many, [tmp_path, tmp_path])
    assert collect.counts(tmp_path) == [["a", 32, 8]]


@pytest.mark.parametrize("points, told", [
    (STROKE[:, :1], "shape"), (STROKE[:0], "nothing is drawn"), (STROKE[[3, 3, 3]], "or a dot"),
    (STROKE * [1, np.nan], "not a number"), (STROKE * [np.inf, 1], "not a number")])  # fmt: skip
def test_what_is_no_stroke_is_refused(tmp_path, points, told):
    with pytest.raises(ValueError, match=told):
        collect.keep(tmp_path, "a", points)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("name", ["", "  ", ".a", "_a", "a.", "a/b", "..", "a\\b", "a:b", "a\nb", "a\x00b", "\u202ea",
                                  "CON", "nul.x", "ā" * 150, "\ud800"])  # fmt: skip
def test_a_name_that_no_class_can_have_is_refused(tmp_path, name):
    with pytest.raises(ValueError):
        collect.keep(tmp_path, name, STROKE)
    assert tree(tmp_path) == {}


def test_one_name_in_two_spellings_is_one_class(tmp_path):
    for name in (" a\u0304 ", "ā"):
        collect.keep(tmp_path, name, STROKE)
    assert collect.counts(tmp_path) == [["ā", 2, 0]]
