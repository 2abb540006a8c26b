"""The canvases of notebook 10 without a browser: what the kernel has of them, and what it tells the browser."""

import numpy as np
import pytest

from sequtils import RecurrentClassifier, data
from sequtils.data import features
from sequtils.live import widget
from sequtils.live.export import recipe_steps
from tests.test_live_page import logits, numbers

STROKE = np.random.default_rng(0).random((9, 2)).astype(np.float32)
RECIPE = ("resample:8", "standardise")


@pytest.fixture(scope="module")
def strokes():
    return data.load("handwriting")


@pytest.fixture(scope="module")
def models(strokes):
    return {cell: RecurrentClassifier(cell, (4,), RECIPE, max_epochs=1).fit(strokes.train.x, strokes.train.y)
            for cell in ("rnn", "lstm", "gru")}


def test_a_recorded_stroke_lies_there_until_one_is_drawn(strokes, models):
    pad = widget.Pad(strokes, models)
    np.testing.assert_array_equal(pad.stroke, strokes.test.x[0])
    pad.stroke = STROKE.astype(float)
    np.testing.assert_array_equal(pad.stroke, STROKE)
    pad.set_state({"points": memoryview((2 * STROKE).tobytes())})  # as the browser does
    np.testing.assert_array_equal(pad.stroke, 2 * STROKE)
    assert pad.stroke.dtype == np.float32 and pad.stroke.flags.writeable
    pad.points = b""
    assert pad.stroke.shape == (0, 2)
    with pytest.raises(ValueError, match=r"\(18,\), expected \(T, 2\)"):
        pad.stroke = STROKE.ravel()


def test_the_browser_is_given_the_kernel_s_networks(strokes, models):
    given = widget.Pad(strokes, models).given
    assert [network["cell"] for network in given["networks"]] == list(models)
    for network, model in zip(given["networks"], models.values()):
        assert network["recipe"] == recipe_steps(RECIPE, model.statistics_)
        [x] = features.put_through(RECIPE, [strokes.test.x[0]], model.statistics_)[0]
        np.testing.assert_allclose(logits(network, x), model.decision_function([strokes.test.x[0]]), rtol=1e-5)
    assert len(numbers(given["handwriting"]["test"]["frames"])) == sum(x.size for x in strokes.test.x)


def test_models_that_cannot_be_shown_are_refused(strokes, models):
    other = RecurrentClassifier("rnn", (4,), ("minmax",), max_epochs=1).fit(strokes.train.x, strokes.train.y)
    with pytest.raises(ValueError, match="different features"):
        widget.Pad(strokes, {**models, "rnn": other})
    few = RecurrentClassifier("rnn", (4,), RECIPE, max_epochs=1).fit(strokes.train.x, strokes.train.y % 2)
    with pytest.raises(ValueError, match="2 classes"):
        widget.Pad(strokes, {"rnn": few})


def test_a_collector_keeps_what_the_browser_sends_and_answers(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(widget.Collector, "send", lambda self, content: said.append(content))
    collector = widget.Collector(tmp_path / "mine")
    assert collector.counts == [] and not (tmp_path / "mine").exists()
    collector._handle_custom_msg({"name": "a"}, [memoryview(STROKE.tobytes())])
    assert collector.counts == [["a", 1, 0]]
    assert said[0]["kept"] and said[0]["said"].endswith("1.txt.")
    for name, points, why in (("a/b", STROKE, "holds one of"), ("a", STROKE[:1], "or a dot")):
        collector._handle_custom_msg({"name": name}, [memoryview(points.tobytes())])
        assert not said[-1]["kept"] and why in said[-1]["said"]
    (tmp_path / "mine" / "Handwriting_Data" / "b").write_text("a file in the way")
    collector._handle_custom_msg({"name": "b"}, [memoryview(STROKE.tobytes())])
    assert not said[-1]["kept"]
    assert collector.counts == [["a", 1, 0]]
