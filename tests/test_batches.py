"""Training on mini-batches: what is drawn, what is learnt, and what a result says."""

import numpy as np
import pytest
import torch

from sequtils import trials
from sequtils.engine import minibatch, training
from sequtils.models import SequenceClassifier, modern
from sequtils.trials import BatchTrial, Store, batch_trial, store


@pytest.fixture(autouse=True)
def alone():
    """On one thread, as in an experiment."""
    with minibatch.one_order():
        yield


def test_batches_visit_every_sequence_once_and_waste_little():
    lengths = np.random.default_rng(0).integers(5, 80, 500)
    x = [np.zeros((T, 1)) for T in lengths]
    chosen = batch_trial.batches(x, 16, np.random.default_rng(1))
    assert sorted(np.concatenate(chosen)) == list(range(500))
    assert max(map(len, chosen)) == 16
    filled = sum(len(b) * lengths[b].max() for b in chosen)
    assert filled < 1.35 * lengths.sum()  # in random order it is about 1.9
    again, other = (batch_trial.batches(x, 16, np.random.default_rng(s)) for s in (1, 2))
    assert np.array_equal(np.concatenate(again), np.concatenate(chosen))
    assert not np.array_equal(np.concatenate(other), np.concatenate(chosen))


def test_padded_sequences_end_with_zeros():
    x, lengths = batch_trial.padded([np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)])
    assert x.shape == (2, 4, 3) and lengths.tolist() == [2, 4]
    assert x.sum((1, 2)).tolist() == [6.0, 12.0] and x[0, 2:].abs().sum() == 0


def test_one_step_is_adams(toy):
    """The first step of Adam moves every weight by the learning rate, against the sign of its gradient."""
    torch.manual_seed(0)
    model = modern.Classifier(2, 3, 2, model="gru")
    before = [p.detach().clone() for p in model.parameters()]
    x, lengths = batch_trial.padded(toy.train.x)
    torch.nn.functional.cross_entropy(model(x, lengths), torch.from_numpy(toy.train.y)).backward()
    gradient = [p.grad.clone() for p in model.parameters()]
    history = batch_trial.fit(model, toy.train, learning_rate=0.01, batch=24, clip=0.0, max_epochs=1, seed=0)
    for p, old, g in zip(model.parameters(), before, gradient):
        large = g.abs() > 1e-5
        torch.testing.assert_close((p - old)[large], -0.01 * g.sign()[large], atol=1e-4, rtol=0)
    norm = torch.cat([g.flatten() for g in gradient]).norm().item()
    assert history.gradient_max == history.gradient_median == pytest.approx([norm], rel=1e-4)


def test_the_learning_rate_falls_to_zero_in_equal_steps(toy, monkeypatch):
    rates = []
    monkeypatch.setattr(batch_trial.minibatch, "update", lambda model, optimiser, *rest: (
        rates.append(optimiser.param_groups[0]["lr"]), (0.0, 0.0))[1])
    batch_trial.fit(modern.Classifier(2, 3, 2), toy.train, learning_rate=1.0, batch=12, clip=0.0, max_epochs=2, seed=0)
    assert rates == [1.0, 0.75, 0.5, 0.25]


def test_a_bound_is_kept_and_the_norm_is_told_from_before_it(toy):
    model = modern.Classifier(2, 3, 2)
    optimiser = torch.optim.Adam(model.parameters())
    loss = torch.nn.functional.cross_entropy(model(*batch_trial.padded(toy.train.x)), torch.from_numpy(toy.train.y))
    _, norm = batch_trial.minibatch.update(model, optimiser, loss, clip=1e-3)
    left = torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()
    assert norm > 2e-3 and left == pytest.approx(1e-3, rel=1e-3)


def test_a_network_learns_the_toy_and_says_all(toy):
    trial = BatchTrial("handwriting", width=6, pooling="attention", batch=8, max_epochs=15, learning_rate=0.02)
    (result,) = trials.run([trial], toy)
    assert result["test_accuracy"] == 1.0 == np.mean(np.equal(result["labels"], result["predictions"]))
    assert result["labels"] == toy.test.y.tolist() and result["history"]["stop_epoch"] == 15
    assert all(len(result["history"][k]) == 15 for k in ("loss", "gradient_median", "gradient_max"))
    assert result["history"]["loss"][-1] < 0.1 < result["history"]["loss"][0]
    assert result["parameters"] == 4 * 6 * (2 + 6 + 2) + 6 * 7 + 6 + 2 * 7
    (again,) = trials.run([trial], toy, store=store.Store(store.paths.TRIALS / "other"))
    assert {**again, "seconds": 0} == {**result, "seconds": 0}


def test_seed_fold_and_global_state(toy):
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    base = BatchTrial("handwriting", width=3, batch=8, max_epochs=1)
    a, b = (batch_trial.fitted(t, toy)[0].head.weight for t in (base, BatchTrial(**{**_fields(base), "seed": 1})))
    assert not torch.equal(a, b)
    held_out = BatchTrial(**{**_fields(base), "fold": 1, "folds": 3}).measure(toy)
    assert len(held_out["labels"]) == 8
    assert torch.equal(torch.random.get_rng_state(), state) and torch.get_num_threads() == threads


def _fields(trial):
    return {k: v for k, v in trial.record.items() if k != "kind"}


def test_predictions_come_back_in_the_order_of_the_sequences(toy):
    """The reference engine, one sequence at a time, is the judge."""
    theirs = SequenceClassifier(2, (4,), 2, "lstm", seed=3)
    ours = modern.Classifier(2, 4, 2).eval()
    ours.encoder.layers[0].load_state_dict(theirs.layers[0].state_dict())
    ours.head.load_state_dict(theirs.head.state_dict())
    expected = training.TorchEngine(theirs).logits(toy.train.x)
    logits = torch.cat([ours(*batch_trial.padded([x])) for x in toy.train.x]).detach().numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-6)
    assert np.array_equal(batch_trial.predict(ours, toy.train.x), expected.argmax(1))
    summed = batch_trial._by_length(lambda x, lengths: x.sum((1, 2)), toy.train.x, size=5)
    np.testing.assert_allclose(summed, [x.sum() for x in toy.train.x], rtol=1e-5)


def test_attention_of_equal_weights_is_uniform(toy):
    model = modern.Classifier(2, 3, 2, pooling="attention").eval()
    with torch.no_grad():
        model.pool.v.weight.zero_()
    told = batch_trial.attention(model, toy.test)
    assert told["entropy"] == pytest.approx([1.0] * 10)
    assert told["last_quarter"] == pytest.approx([(len(x) - -(-3 * len(x) // 4)) / len(x) for x in toy.test.x])
    assert list(told["examples"]) == ["0", "1"] and len(told["examples"]["1"]) == len(toy.test.x[1])


def test_what_is_not_finite_is_none(toy):
    result = BatchTrial("handwriting", width=3, batch=8, max_epochs=3, learning_rate=1e39, clip=0.0).measure(toy)
    assert None in result["history"]["loss"]


def test_a_stored_result_is_not_trained_again(toy, tmp_path):
    """Its history has gradients and no accuracies, and it is whole all the same."""
    trial, store, counts = BatchTrial("handwriting", width=3, max_epochs=1), Store(tmp_path), []
    for _ in range(2):
        trials.run([trial], toy, store=store, progress=lambda *told: counts.append(told[-1]))
    assert counts[0] == {"new": 1} and counts[-1] == {"cached": 1}
