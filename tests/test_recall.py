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
    curves = memory.recalled([{"trained": curve}] * 2, "trained")
    assert memory.reach((0, 2, 3, 4, 99), curves) == 3
    assert memory.reach((0, 2), curves[:, :2]) == "none"


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
