"""The probe of the state: a delay line, scikit-learn's ridge regression, a trial."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from sequtils.measures import memory
from sequtils.models import SequenceClassifier
from sequtils.trials import Trial
from tests.conftest import make_toy

RECIPE = ("resample:8", "minmax", "standardise")
SMALL = Trial("handwriting", "lstm", (6,), features=RECIPE, optimiser="adam", batch=4, learning_rate=0.02,
              max_epochs=20, patience=20)


def delayed(rng, shift, count=30, frames=40):
    """White noise of two features, and states that hold the noise `shift` frames ago and nothing else."""
    x = [rng.normal(size=(frames, 2)).astype(np.float32) for _ in range(count)]
    return [np.concatenate([np.zeros((shift, 2), np.float32), s[: len(s) - shift]]) for s in x], x


def test_recall_finds_the_lag_at_which_a_delay_line_remembers():
    rng = np.random.default_rng(0)
    h, x = delayed(rng, 3)
    g, y = delayed(rng, 3)
    curve = memory.probe(h, x, g, y, (0, 2, 3, 4, 99))
    assert curve[2] == pytest.approx(1, abs=1e-3)
    assert max(abs(curve[k]) for k in (0, 1, 3)) < 0.05
    assert curve[4] is None


def test_what_is_remembered_is_told_at_the_near_and_the_far_lag(toy):
    """Without the lag 0, and without one for which no sequence is long enough."""
    lags, frame = (0, 2, 3, 99), [1.0, 0.2, 0.1, None]
    results = [{"trial": {"trial": {"hidden": [6]}}, "frame": frame, "untrained": [1.0, *near_and_far, None],
                "trained": [1.0, 0.1, 0.0, None]} for near_and_far in ((0.8, 0.5), (0.9, 0.7))]
    found = {"cv": {"rnn": results, "lstm": results}}
    result = memory.recall(found, {"cv": toy}, lags, 0.5)
    row = result.row("cv", "rnn", "untrained")
    assert (row["near_lag"], row["far_lag"], row["reach"]) == (2, 3, 3)
    assert row["near"].mean == pytest.approx(0.85) and row["far"].interval == (0.5, 0.7)
    assert result["cv", "lstm", "trained", "reach"] == 0
    assert result["cv", "frame", "alone", "far"].mean == pytest.approx(0.1)
    assert (result["cv", "frame", "alone", "width"], result["cv", "lstm", "trained", "width"]) == (2, 6)
    high = memory.recall(found, {"cv": toy}, lags, 1.0)
    assert high["cv", "rnn", "trained", "reach"] == "none"
    assert "for a readout of the frame alone 0." in memory.sentences(result)[0]


def test_where_nothing_varies_no_lag_is_known(toy):
    still = replace(toy, **{part: replace(getattr(toy, part), x=[0 * x for x in getattr(toy, part).x])
                            for part in ("train", "test")})
    result = memory.Memory(replace(SMALL, max_epochs=1), (0, 1)).measure(still)
    assert result["trained"] == [None, None]
    told = memory.recall({"handwriting": {"rnn": [result | {"trial": {"trial": {"hidden": (6,)}}}]}},
                         {"handwriting": still}, (0, 1), 0.5)
    assert told["handwriting", "rnn", "trained", "near"] is None
    assert told["handwriting", "frame", "alone", "reach"] == "none"


def test_recall_is_the_ridge_regression_of_scikit_learn():
    rng = np.random.default_rng(1)
    h, x, g, y = ([rng.normal(size=(9, n)).astype(np.float32) for _ in range(12)] for n in (4, 3, 4, 3))
    (H, X), (G, Y) = ([np.concatenate(part).astype(np.float64) for part in pair] for pair in ((h, x), (g, y)))
    scale = H.std(axis=0)
    judge = r2_score(Y, Ridge(1.0).fit(H / scale, X).predict(G / scale), multioutput="variance_weighted")
    assert memory.probe(h, x, g, y, (0,))[0] == pytest.approx(judge, abs=1e-12)


def test_states_are_those_of_each_sequence_alone():
    model, x = SequenceClassifier(2, (5,), 2, "lstm"), make_toy().train.x[:4]
    for h, s in zip(memory.states(model, x), x):
        alone, _ = model.layers[0](torch.from_numpy(s)[None])
        np.testing.assert_allclose(h, alone[0].detach().numpy(), atol=1e-6)


def test_memory_reports_the_trial_and_the_probe(toy):
    lags = (0, 1, 7, 8)
    result = memory.Memory(SMALL, lags, seed=1).measure(toy)
    judge = replace(SMALL, seed=1).measure(toy)
    assert result["predictions"] == judge["predictions"]
    assert result["train_accuracy"] == judge["train_accuracy"]
    assert result["frame"][0] == pytest.approx(1, abs=1e-3)
    assert result["trained"][3] is None
    assert result["trained"] != result["untrained"]
    assert np.shape(result["example"]) == (8, 6)
    json.dumps(result, allow_nan=False)
