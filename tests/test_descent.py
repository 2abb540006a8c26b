"""Training in PyTorch: it finds the minimum, it repeats, and it leaves nothing changed."""

import numpy as np
import pytest
import torch
from torch import nn

from sequtils import data
from sequtils.engine import minibatch

X = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
W = torch.tensor([[1.0, -2.0, 0.5]])


def line(seed, epochs=150):
    """A linear layer trained on the values of another one."""
    with minibatch.alone(seed):
        model = nn.Linear(3, 1, bias=False)
        minibatch.fit(model, lambda rows: (model(X[rows]) - X[rows] @ W.T).square().mean(), 20, epochs, 8, 0.1, seed)
    return model.weight.detach()


def test_fit_finds_the_minimum():
    torch.testing.assert_close(line(0), W, atol=1e-3, rtol=0)


def test_fit_repeats_and_depends_on_the_seed():
    assert torch.equal(line(1, 2), line(1, 2))
    assert not torch.equal(line(1, 2), line(2, 2))


def test_every_epoch_takes_every_sequence_once():
    taken, model = [], nn.Linear(1, 1)
    minibatch.fit(model, lambda rows: taken.append(rows) or model.weight.sum(), 10, 3, 4, 0.1, 0)
    assert max(map(len, taken)) <= 4
    for epoch in np.array_split(np.concatenate(taken), 3):
        assert sorted(epoch) == list(range(10))


def test_alone_puts_threads_and_random_numbers_back():
    before = torch.get_num_threads(), torch.random.get_rng_state()
    with pytest.raises(KeyError), minibatch.alone(3):
        assert torch.get_num_threads() == 1
        torch.rand(2)
        raise KeyError
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.random.get_rng_state(), before[1])


def test_outcome_counts_both_parts(toy):
    right = lambda sequences: np.stack([np.array([x[-1, 0] > 0, x[-1, 0] <= 0], float) for x in sequences])
    assert minibatch.outcome(right, toy)["test_accuracy"] == minibatch.outcome(right, toy)["train_accuracy"] == 1
    never = data.Dataset(toy.name, toy.classes, toy.train, data.Part(toy.test.x, 1 - toy.test.y, (), ()), "", True)
    assert minibatch.outcome(right, never)["test_accuracy"] == 0
