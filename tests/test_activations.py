"""The activation functions: PyTorch's own layers, gradients by differences, slopes and their words."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sequtils import data, trials
from sequtils.measures import activations, slopes
from sequtils.models import SequenceClassifier

RECIPE = ("resample:8", "minmax", "standardise")


def test_the_step_by_step_network_is_torchs_own():
    x = torch.randn(3, 7, 2, generator=torch.Generator().manual_seed(0))
    model = SequenceClassifier(2, (5,), 2, "rnn")
    relu = nn.RNN(2, 5, nonlinearity="relu", batch_first=True)
    relu.load_state_dict(model.layers[0].state_dict())
    for activation, judge in (("tanh", model.layers[0]), ("relu", relu)):
        h = activations.unroll(model, x, activations.ACTIVATIONS[activation])
        torch.testing.assert_close(torch.stack(h, dim=1), judge(x)[0])


@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_gradients_by_the_states_are_the_quotients_of_differences(activation, toy):
    f, x = activations.ACTIVATIONS[activation], toy.test.x[0]
    model = SequenceClassifier(2, (4,), 2, "rnn").double()
    cell, part = model.layers[0], data.Part([x], toy.test.y[:1], ("",), (None,))

    def loss(t, push):  # of the state after frame t, pushed, and the frames after it
        h = torch.zeros(1, 4, dtype=torch.float64)
        for s, frame in enumerate(torch.from_numpy(x).double()):
            h = f(cell.weight_ih_l0 @ frame + cell.bias_ih_l0 + cell.bias_hh_l0 + h @ cell.weight_hh_l0.T)
            h = h + push if s == t else h
        return F.cross_entropy(model.head(h), torch.from_numpy(part.y)).item()

    gradients = activations.flow(model, f, part)["gradients"]
    for t in (0, len(x) - 3, len(x) - 1):
        judge = [(loss(t, e) - loss(t, -e)) / 2e-6 for e in 1e-6 * torch.eye(4, dtype=torch.float64)]
        assert gradients[len(x) - 1 - t] == pytest.approx(np.linalg.norm(judge), rel=1e-4, abs=1e-9)


def test_padding_changes_no_slope(toy):
    model, f = SequenceClassifier(2, (4,), 2, "rnn"), torch.tanh
    alone = [activations.flow(model, f, data.Part([x], y[None], ("",), (None,)))["slopes"][0]
             for x, y in zip(toy.test.x, toy.test.y)]
    assert activations.flow(model, f, toy.test)["slopes"] == pytest.approx(alone, rel=1e-6)


def test_slopes_are_those_of_least_squares():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 30))
    assert slopes.slope(x, y) == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-12)
    assert slopes.slope([3], [2.0]) is None
    assert activations.log_slope(3 * np.exp(-0.5 * np.arange(9))) == pytest.approx(-0.5)
    assert activations.log_slope(np.array([1.0, 0.1, 0.0, 0.0])) == pytest.approx(np.log(0.1))
    assert activations.log_slope(np.array([1.0, 0.0])) is None


def test_the_interval_of_a_slope_says_what_the_gradient_does():
    rng = np.random.default_rng(0)
    for mean, word in ((-1, "vanishes"), (1, "explodes"), (0, "is not told to vanish or explode")):
        runs = [{"trained": {"slopes": [None, *(mean + rng.choice([-0.3, 0.3], 40))]}} for _ in range(6)]
        assert activations.growth(runs, "trained").verdict == word
    assert activations.growth([{"trained": {"slopes": [None]}}], "trained") == activations.NONE


def test_a_gradient_is_steeper_whether_up_or_down():
    runs = lambda *slopes: [{"trained": {"slopes": list(slopes)}}] * 5
    found = activations.steeper(runs(0.6, -0.5, None), runs(-0.2, -0.1, 0.1))  # of the third none is known
    assert found.mean == pytest.approx(0.4) and found.verdict == "higher than"
    assert activations.steeper(runs(None), runs(0.1)) == activations.NONE


def test_activation_repeats_and_learns(toy):
    experiment = activations.Activation("handwriting", "tanh", RECIPE, hidden=8, batch=4, epochs=20)
    before = torch.get_num_threads(), torch.random.get_rng_state()
    result = trials.train(experiment, toy)
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.random.get_rng_state(), before[1])
    assert result["train_accuracy"] > 0.9
    assert {k: v for k, v in result.items() if k != "seconds"} == {
        k: v for k, v in trials.train(experiment, toy).items() if k != "seconds"}
    json.dumps(result, allow_nan=False)


def test_a_dead_network_has_no_slope(toy):
    model = SequenceClassifier(2, (4,), 2, "rnn")
    with torch.no_grad():
        model.layers[0].bias_ih_l0.fill_(-1e3)
    flow = activations.flow(model, torch.relu, toy.test)
    assert flow["slopes"] == [None] * 10
    assert flow["lost"] == 1
    assert flow["states"][0] is None


def outcome(activation, slope, right, seed):
    return {"trial": {"activation": activation, "epochs": 3, "seed": seed}, "labels": [0] * 20,
            "predictions": [0] * right + [1] * (20 - right), "untrained": {"slopes": [None] * 20},
            "trained": {"slopes": [slope] * 20, "states": [1.0 + seed]}}


def test_functions_are_compared_with_tanh_and_what_is_missing_is_said():
    found = {"cv": {f: [outcome(f, slope, right, seed) for seed in range(5)]
                    for f, slope, right in (("tanh", -0.5, 18), ("relu", None, 4))}}
    result = activations.compare(found)
    assert result["cv", "tanh", "slope"].interval == pytest.approx((-0.5, -0.5))
    assert result["cv", "tanh", "gradient"] == "vanishes" and result["cv", "tanh", "gain"] is None
    assert result["cv", "relu", "slope"] == activations.NONE and result["cv", "relu", "gradient"] == "is lost"
    assert result["cv", "relu", "gain"].verdict == "lower than"
    assert result["cv", "relu", "steeper"] == activations.NONE and result["cv", "tanh", "steeper"] is None
    assert result["cv", "relu", "gain"].mean == pytest.approx(-0.7)
    assert result["cv", "relu", "state"].interval == (1, 5) and result["cv", "relu", "epochs"] == 3
    first, second = activations.sentences(result)
    assert first == "CV segments: with tanh the gradient vanishes (−0.500\u00a0[−0.500,\u00a0−0.500])."
    assert "relu the gradient is lost (no gradient); the test accuracy is lower than" in second


def test_a_network_whose_states_die_has_no_size_of_them():
    runs = [outcome("relu", None, 4, seed) for seed in range(2)]
    runs[1]["trained"]["states"] = [None]
    found = {"cv": {"tanh": [outcome("tanh", -0.5, 18, seed) for seed in range(2)], "relu": runs}}
    assert activations.compare(found)["cv", "relu", "state"] is None
