"""The Jacobians and gates against autograd, PyTorch's own layers and known answers."""

import numpy as np
import pytest
import torch

from sequtils import models, statistics, trials
from sequtils.measures import gradient_flow, jacobians, length, slopes
from sequtils.notebook import plots
from sequtils.notebook.figures import dependency as figures

CELLS = ("rnn", "lstm")


def network(cell, n=5, inputs=2, seed=3, classes=3):
    return models.SequenceClassifier(inputs, (n,), classes, cell, seed=seed)


def path(T=9, D=2, seed=0):
    return np.random.default_rng(seed).normal(size=(T, D))


@pytest.mark.parametrize("cell", CELLS)
def test_states_are_those_of_pytorch(cell):
    model, x = network(cell).double(), path()
    h, _ = model.layers[0](torch.from_numpy(x)[None])
    np.testing.assert_allclose(jacobians.states(jacobians.weights(model), x)["h"], h[0].detach(), atol=1e-14)


@pytest.mark.parametrize("cell", CELLS)
def test_the_product_of_the_steps_is_the_jacobian_of_autograd(cell):
    """ds_T/ds_t, by differentiating PyTorch's layer from frame t on by its initial state."""
    model, x, t = network(cell).double(), torch.from_numpy(path()), 3
    n = model.hidden[0]

    def last(s):
        start = (s[None, None, :n], s[None, None, n:]) if cell == "lstm" else s[None, None]
        _, end = model.layers[0](x[None, t:], start)
        return torch.cat([e.flatten() for e in end]) if cell == "lstm" else end.flatten()

    seen = jacobians.states(jacobians.weights(model), x.numpy())
    s_t = np.concatenate([seen[name][t - 1] for name in ("hc" if cell == "lstm" else "h")])
    judged = torch.autograd.functional.jacobian(last, torch.from_numpy(s_t)).numpy()
    steps = jacobians.jacobians(jacobians.weights(model), x.numpy())
    np.testing.assert_allclose(np.linalg.multi_dot(steps[t:][::-1]), judged, atol=1e-13)
    found = jacobians.log_norms(steps)
    assert found[len(x) - t] == pytest.approx(np.log(np.linalg.norm(judged, 2)))
    assert found[0] == 0 and len(found) == len(x)


def test_a_linear_network_decays_at_the_rate_of_its_weights():
    """Without input, at h = 0, tanh has slope 1: the product is U^k, and its rate ln 0.5 for U = 0.5 Q."""
    w = jacobians.Weights("rnn", np.zeros((4, 2)), 0.5 * np.linalg.qr(path(4, 4))[0], np.zeros(4))
    logs = jacobians.log_norms(jacobians.jacobians(w, np.zeros((12, 2))))
    assert jacobians.rate(logs) == pytest.approx(np.log(0.5))
    assert gradient_flow.half(jacobians.rate(logs)) == pytest.approx(1)
    assert gradient_flow.half(0.1) is None and gradient_flow.half(0.0) is None


def test_a_shut_lstm_remembers_as_long_as_its_forget_gate():
    """Without recurrent weights and with the output gate shut only c is handed on, each step times f."""
    n, f = 3, 0.9
    b = np.concatenate([np.zeros(n), np.full(n, np.log(f / (1 - f))), np.zeros(n), np.full(n, -40.0)])
    w = jacobians.Weights("lstm", np.zeros((4 * n, 2)), np.zeros((4 * n, n)), b)
    assert jacobians.rate(jacobians.log_norms(jacobians.jacobians(w, path(20)))) == pytest.approx(np.log(f))
    assert gradient_flow.time_constant(f) == pytest.approx(-1 / np.log(f))


def test_no_rate_is_above_the_bound_of_pascanu():
    w = jacobians.weights(network("rnn", n=8))
    w = w._replace(U=1.7 * w.U)
    logs = jacobians.log_norms(jacobians.jacobians(w, path(30)))
    assert (logs <= np.arange(30) * np.log(np.linalg.norm(w.U, 2)) + 1e-12).all()


def test_a_saturated_network_has_a_norm_and_not_zero():
    """1 - tanh(50)^2 is 0 in float64, the true slope is not; nor does a product of a thousand underflow."""
    w = jacobians.Weights("rnn", 50 * np.ones((2, 1)), np.eye(2), np.zeros(2))
    logs = jacobians.log_norms(jacobians.jacobians(w, np.ones((1000, 1))))
    assert np.isfinite(logs).all() and jacobians.rate(logs) == pytest.approx(np.log(4) - 2 * 51, rel=1e-3)


def test_one_frame_has_no_rate():
    assert jacobians.rate(jacobians.log_norms(jacobians.jacobians(jacobians.weights(network("rnn")), path(1)))) == 0


def test_only_one_layer_can_be_looked_at():
    with pytest.raises(ValueError, match="2 layers"):
        jacobians.weights(models.SequenceClassifier(2, (3, 3), 2))
    with pytest.raises(ValueError, match="gru"):
        jacobians.weights(models.SequenceClassifier(2, (3,), 2, "gru"))


@pytest.fixture(scope="module")
def measured():
    from tests.conftest import make_toy

    toy = make_toy()
    short = {"sequences": 4, "max_epochs": 8}
    look = lambda cell, seed: gradient_flow.GradientFlow("handwriting", cell, (6,), seed=seed, **short)
    return toy, {c: [trials.train(look(c, s), toy) for s in (0, 1)] for c in CELLS}


def test_memory_sees_the_network_before_and_after(measured):
    toy, results = measured
    rnn, lstm = (results[cell][0] for cell in CELLS)
    assert rnn["before"]["singular"] == pytest.approx(1) and rnn["before"]["radius"] == pytest.approx(1)
    assert rnn["after"]["log_norms"] != rnn["before"]["log_norms"]
    assert [len(v) for v in rnn["after"]["log_norms"]] == [len(toy.test.x[k]) for k in (0, 3, 6, 9)]
    trial = trials.Trial("handwriting", "lstm", (6,), max_epochs=8)
    assert lstm["predictions"] == trials.train(trial, toy)["predictions"]  # looking changes no training
    assert np.shape(lstm["after"]["forget"]) == (4, 6)
    for example in lstm["examples"]:
        assert toy.test.y[example["sequence"]] == example["label"]
        assert np.shape(example["f"]) == (len(toy.test.x[example["sequence"]]), 6)


def test_memory_is_another_experiment_than_its_trial():
    memory, trial = (kind("cv", "rnn", (4,)) for kind in (gradient_flow.GradientFlow, trials.Trial))
    assert memory.key != trial.key and memory.version != trial.version


def test_rates_and_gates_follow_the_results(measured):
    _, results = measured
    rates = gradient_flow.rates({"handwriting": results})
    row = rates.row("handwriting", "rnn", "before")
    assert row["rate"].mean == pytest.approx(np.mean([r["before"]["rates"] for r in results["rnn"]]))
    assert row["rate"].low <= row["rate"].mean <= row["rate"].high
    assert row["gradient"] == slopes.FATES[row["rate"].side] and row["half"] == gradient_flow.half(row["rate"].mean)
    left = np.mean([[logs[-1] for logs in r["before"]["log_norms"]] for r in results["rnn"]])
    assert row["across"].mean == pytest.approx(left) and left < row["rate"].mean  # many frames beside one
    assert row["log_radius"] == pytest.approx(0, abs=1e-6) and row["test"] is None
    assert rates["handwriting", "lstm", "after", "test"] == statistics.test_accuracy(results["lstm"])
    assert len(rates.table(("singular", "radius", "test")).columns) == 9
    assert [s.split(",")[0] for s in gradient_flow.sentences(rates)] == [
        f"Handwriting: the gradient of the trained {cell.upper()} {rates['handwriting', cell, 'after', 'gradient']}"
        for cell in CELLS]
    gates = gradient_flow.gates({"handwriting": results["lstm"]})
    mean, slowest = (gates["handwriting", "after", unit, "forget"] for unit in ("mean", "slowest"))
    assert 0 < mean.low <= mean.mean <= mean.high < slowest.low <= slowest.mean <= slowest.high < 1
    frames = gates["handwriting", "after", "slowest", "frames"]
    assert frames.interval == pytest.approx((-1 / np.log(slowest.low), -1 / np.log(slowest.high)))


def test_the_liveliest_unit_is_the_one_that_moves():
    f = np.full((7, 3), 0.5)
    f[:, 1] = np.linspace(0, 1, 7)
    assert gradient_flow.liveliest([{"f": f.tolist()}]) == 1


def test_figures_say_what_data_they_show(measured):
    toy, results = measured
    examples, lengths = results["lstm"][0]["examples"], {c: {4: r, 8: r, length.WRITTEN: r} for c, r in results.items()}
    drawings = [lambda: figures.gradient(results, toy), lambda: figures.length(lengths, toy),
                lambda: figures.gates_on_strokes(examples, 0, toy), lambda: figures.gates_over_frames(examples, 0, toy)]
    for draw in drawings:
        assert toy.label in draw().get_suptitle().replace("\n", " ")
    assert plots.render(drawings[0](), "svg") == plots.render(drawings[0](), "svg")
    numbers = {c: {n: [{"error": 0.1, "test_accuracy": 0.9}] * 2 for n in (4, 8)} for c in CELLS}
    assert "no data set" in figures.problems({"adding": numbers, "words": numbers}).get_suptitle()
