"""Training of one model: the two engines agree, early stopping, divergence, seeds."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sequtils.data import features
from sequtils.engine import kernels, training
from sequtils.models import CELLS, SequenceClassifier


def trained(toy, cell="rnn", engine=None, dropout=0.0, init="keras", **kwargs):
    model = SequenceClassifier(2, (4, 3), 2, cell, dropout, init)
    prepared = features.prepare(toy, ("minmax",))
    history = training.fit(model, prepared.train, prepared.test, engine=engine, **{"max_epochs": 5, **kwargs})
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy(), history


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kwargs", [{}, {"init": "torch"}, {"dropout": 0.4}, {"clip": 0.1},
                                    {"augment": ("noise:10", "warp:20")},
                                    {"optimiser": "adam", "batch": 5, "decay": True}])
def test_engines_agree(toy, cell, kwargs):
    (theirs, their_history), (ours, our_history) = (trained(toy, cell, e, **kwargs) for e in ("torch", "compiled"))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for name in ("loss", "accuracy", "test_loss", "test_accuracy"):
        np.testing.assert_allclose(getattr(our_history, name), getattr(their_history, name), atol=1e-5)


def test_one_epoch_of_the_reference_is_plain_sgd_written_out(toy):
    """The judge is judged: w <- w - lr * gradient, a sequence at a time, in the order of the seed."""
    weights, _ = trained(toy, "gru", "torch", max_epochs=1, seed=3, learning_rate=0.05)
    model, train = SequenceClassifier(2, (4, 3), 2, "gru"), features.prepare(toy, ("minmax",)).train
    for i in np.random.default_rng([3, 1]).permutation(len(train)):
        logits = model(torch.from_numpy(train.x[i])[None])
        model.zero_grad()
        (torch.logsumexp(logits, 1) - logits[:, train.y[i]]).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.05 * p.grad
    judged = torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()
    np.testing.assert_allclose(weights, judged, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_it_learns(toy, cell):
    _, history = trained(toy, cell, max_epochs=60, learning_rate=0.1)
    assert history.test_accuracy[-1] == 1.0
    assert history.loss[-1] < 0.1 * history.loss[0]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("engine", training.ENGINES)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(toy, engine, cell):
    first, again, other = (trained(toy, cell, engine, dropout=0.2, seed=seed)[0] for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


class Scripted:
    """An engine that returns given training losses."""

    def __init__(self, losses):
        self.losses = iter(losses)

    def epoch(self, *_):
        return next(self.losses), 0.5

    def evaluate(self, part):
        return 1.0, 0.5

    def finish(self):
        pass


@pytest.mark.parametrize(("losses", "epochs", "reason"), [
    ([3, 2, 1.95, 1.91, 9], 4, "converged"),  # two epochs in which the loss falls by less than min_delta = 0.1
    ([3, 2, 2.5, 1.8, 1.8, 1.8], 6, "converged"),  # an improvement starts the wait anew
    ([8, 7, 6, 5, 4, 3, 2, 1], 7, "max_epochs"),
    ([3, float("nan")], 2, "diverged"),
    ([3, float("inf")], 2, "diverged"),
])
def test_early_stopping(toy, monkeypatch, losses, epochs, reason):
    monkeypatch.setattr(training, "make_engine", lambda *_: Scripted(losses))
    history = training.fit(None, toy.train, toy.test, patience=2, min_delta=0.1, max_epochs=7)
    assert (history.stop_epoch, history.reason) == (epochs, reason)
    assert len(history.loss) == len(history.test_accuracy) == epochs


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("engine", training.ENGINES)
def test_divergence_is_a_result(toy, engine, cell):
    """An infinite step, because gates hold out against any finite one: they saturate, and then nothing moves."""
    _, history = trained(toy, cell, engine, learning_rate=float("inf"), max_epochs=20)
    assert history.reason == "diverged"
    assert history.stop_epoch < 20


def test_engine_choice():
    for cell in CELLS:
        assert isinstance(training.make_engine(SequenceClassifier(2, (3,), 2, cell)), training.CompiledEngine)
    here = SequenceClassifier(2, (3,), 2)
    elsewhere = SequenceClassifier(2, (3,), 2).to("meta")
    assert isinstance(training.make_engine(elsewhere), training.TorchEngine)
    with pytest.raises(ValueError, match="on the CPU, and the model is on 'meta'"):
        training.make_engine(elsewhere, "compiled")
    with pytest.raises(ValueError, match="not one of compiled, torch"):
        training.make_engine(here, "jax")


def test_version_ignores_comments_and_sees_code():
    bare = training._bare
    assert bare("def f(x):\n    '''Doc.'''\n    return x + 1  # why") == bare("def f(x):\n    return (x + 1)")
    assert bare("x = 1") != bare("x = 2")
    assert training.version() != training.version(features)


def test_version_sees_every_file_of_a_package(monkeypatch):
    seen = []
    monkeypatch.setattr(training.inspect, "getsource", lambda module: seen.append(module.__name__) or "")
    training.code_hash.__wrapped__(kernels)
    files = Path(kernels.__file__).parent.glob("*.py")
    assert sorted(name.removeprefix("sequtils.engine.") for name in seen) == sorted(
        "kernels" if file.stem == "__init__" else f"kernels.{file.stem}" for file in files)
