"""The kinds of network: each learns what can be learnt, and sees only what it may see."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import r2_score

from sequtils import data, statistics
from sequtils.measures import input_output
from sequtils.models import SequenceClassifier
from sequtils.notebook.figures import feedback as figures
from sequtils.trials import Trial
from tests.conftest import make_toy

RECIPE = ("resample:8", "minmax", "standardise")
SMALL = Trial("handwriting", "lstm", (6,), features=RECIPE, optimiser="adam", batch=4, learning_rate=0.02,
              max_epochs=20, patience=20)


def test_one_frame_sees_the_middle_frame_only(toy):
    other = replace(toy, test=replace(toy.test, x=[x.copy() for x in toy.test.x]))
    for x in other.test.x:
        x[: len(x) // 2], x[len(x) // 2 + 1 :] = 7, -7
    raw = input_output.OneFrame(replace(SMALL, features=("raw",)))
    assert raw.measure(toy)["predictions"] == raw.measure(other)["predictions"]


def test_sectors_go_round_in_steps_of_45_degrees():
    angles = np.deg2rad(45 * np.arange(-8, 9) + 20)
    moves = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert input_output.sectors(moves).tolist() == [*range(8), *range(8), 0]
    assert input_output.sectors(moves, 4).tolist() == [(k + 1) // 2 % 4 for k in range(17)]


def square(frames, start):
    """A pen that turns at every point: four directions in a circle, from any of them."""
    moves = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32)
    return np.cumsum(moves[(start + np.arange(frames)) % 4], axis=0, dtype=np.float32)


def test_a_network_learns_what_comes_next_where_repeating_fails():
    part = lambda n: data.Part([square(10, k) for k in range(n)], np.arange(n) % 2, ("",) * n, (None,) * n)
    turns = data.Dataset("handwriting", ("a", "b"), part(16), part(6), "squares", True)
    result = input_output.EachFrame("handwriting", "direction", ("raw",), hidden=16, epochs=30, batch=4).measure(turns)
    assert len(result["scores"]) == 6
    assert np.mean(result["baseline"]) < 0.2 < 0.85 < np.mean(result["scores"])
    result = input_output.EachFrame("handwriting", "frame", ("raw",), hidden=16, epochs=30, batch=4).measure(turns)
    assert np.mean(result["baseline"]) < 0.2 < 0.85 < np.mean(result["scores"])


def test_where_nothing_varies_nothing_is_explained():
    assert input_output._scores([np.zeros((4, 2))] * 3, [np.ones((4, 2))] * 3) == [0, 0, 0]


def test_of_a_single_frame_nothing_comes_next():
    part = data.Part([square(10, 0), square(10, 1)[:1]], np.arange(2), ("",) * 2, (None,) * 2)
    short = replace(part, x=[x[:1] for x in part.x])
    ask = input_output.EachFrame("handwriting", "frame", ("raw",), hidden=2, epochs=1)
    assert len(ask.measure(data.Dataset("handwriting", ("a", "b"), part, part, "one", True))["scores"]) == 1
    with pytest.raises(ValueError, match="no sequence of two frames"):
        ask.measure(data.Dataset("handwriting", ("a", "b"), part, short, "none", True))


def test_the_scores_of_frames_average_to_r2():
    rng = np.random.default_rng(2)
    y = [rng.normal(size=(n, 3)) for n in (4, 9, 5)]
    said = [s + 0.3 * rng.normal(size=s.shape) for s in y]
    judge = r2_score(np.concatenate(y), np.concatenate(said), multioutput="variance_weighted")
    assert np.mean(input_output._scores(said, y)) == pytest.approx(judge)
    assert np.mean(input_output._scores(y, y)) == 1


def test_padding_changes_no_output_of_a_frame():
    model, x = SequenceClassifier(2, (5,), 3, "lstm"), make_toy().train.x[:3]
    for z, s in zip(input_output.at_each_frame(model, x), x):
        np.testing.assert_allclose(z.detach(), input_output.at_each_frame(model, [s])[0].detach(), atol=1e-6)


def test_drawing_is_read_and_repeats(toy):
    draw = input_output.Drawing(SMALL, each=3, hidden=16, epochs=40, learning_rate=0.02)
    result = draw.measure(toy)
    assert result["labels"] == [0, 0, 0, 1, 1, 1]
    assert np.mean(statistics.hits([result])) > 0.8  # to the right and to the left are told apart
    assert np.shape(result["drawings"]) == np.shape(result["means"]) == (2, 8, 2)
    assert draw.measure(toy) == result
    assert replace(draw, seed=1).measure(toy)["drawings"] != result["drawings"]


def test_each_kind_stands_beside_its_baseline(toy):
    right = lambda n: [{"labels": [0] * 10, "predictions": [0] * n + [1] * (10 - n)}] * 5
    each = [{"trial": {"target": "direction"}, "scores": [0.6] * 10, "baseline": [0.7] * 10}] * 5
    found = {"one to one": right(5), "many to one": right(9), "many to many": each, "one to many": right(5)}
    result = input_output.kinds({"handwriting": found}, {"handwriting": toy})
    row = lambda kind: result.row("handwriting", kind)
    assert row("many to one")["gain"].mean == pytest.approx(0.4)
    assert [row(kind)["verdict"] for kind in ("one to one", "many to one", "many to many", "one to many")] == [
        "not told apart", "higher", "lower", "not told apart"]
    assert [row(kind)["baseline_value"] for kind in ("one to one", "many to one", "many to many", "one to many")] == (
        pytest.approx([statistics.majority_rate(toy.test), 0.5, 0.7, 0.5]))
    [sentence] = input_output.sentences(result)
    assert "an accuracy higher than that from the middle frame alone (+0.400" in sentence


def test_the_drawings_name_all_classes(toy):
    fig = figures.drawings([input_output.Drawing(SMALL, each=2, epochs=1).measure(toy) | {"trial": {"seed": 0}}], toy)
    assert {ax.get_title("center") for ax in fig.axes} - {""} == set(toy.classes)
    assert toy.label in fig.get_suptitle()
