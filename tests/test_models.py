"""SequenceClassifier and its initial weights."""

import numpy as np
import pytest
import torch

from sequtils.models import CELLS, POOLINGS, SequenceClassifier, orthogonal


def model(cell="rnn", **kwargs):
    return SequenceClassifier(3, (6, 5), 4, cell, **kwargs).eval()


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_padding_never_changes_a_logit(cell, pooling):
    net, lengths = model(cell, pooling=pooling), torch.tensor([1, 4, 9])
    x = torch.randn(3, 9, 3, generator=torch.Generator().manual_seed(0))
    alone = torch.cat([net(x[i : i + 1, :T]) for i, T in enumerate(lengths)])
    for padding in (0.0, 1e6, float("nan")):
        padded = x.clone()
        for i, T in enumerate(lengths):
            padded[i, T:] = padding
        torch.testing.assert_close(net(padded, lengths), alone, atol=1e-6, rtol=0)


@pytest.mark.parametrize("cell", CELLS)
def test_state_dict_goes_round(cell, tmp_path):
    first, second = model(cell, seed=1), model(cell, seed=2)
    torch.save(first.state_dict(), tmp_path / "weights.pt")
    second.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    x = torch.ones(1, 5, 3)
    assert torch.equal(first(x), second(x))


@pytest.mark.parametrize("cell", CELLS)
def test_keras_weights(cell):
    net = model(cell)
    for layer, n in zip(net.layers, (6, 5)):
        W = layer.weight_hh_l0.detach().double()
        torch.testing.assert_close(W.T @ W, torch.eye(n).double(), atol=1e-6, rtol=0)
        limit = (6 / (layer.weight_ih_l0.shape[0] + layer.weight_ih_l0.shape[1])) ** 0.5
        assert 0.8 * limit < layer.weight_ih_l0.abs().max() <= limit
        biases = layer.bias_ih_l0 + layer.bias_hh_l0
        assert biases.tolist() == ([0] * n + [1] * n + [0] * 2 * n if cell == "lstm" else [0] * len(biases))


@pytest.mark.parametrize("cell", CELLS)
def test_torch_weights_lie_within_the_bound_and_fill_it(cell):
    net = model(cell, init="torch")
    for layer, n in zip(net.layers, (6, 5)):
        values = torch.cat([p.flatten() for p in layer.parameters()]).abs()
        assert 0.9 / n**0.5 < values.max() <= 1 / n**0.5
    assert net.head.weight.abs().max() <= 1 / 5**0.5


def test_seed_decides_the_weights():
    weights = [torch.nn.utils.parameters_to_vector(model(seed=s).parameters()) for s in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_orthogonal_of_a_wide_layer():
    Q = orthogonal((512, 128), np.random.default_rng(0))
    assert np.abs(Q.T @ Q - np.eye(128)).max() < 1e-13


def test_dropout_follows_each_layer():
    net, x = model(dropout=0.5), torch.ones(1, 4, 3)
    none = [torch.ones(4, 6), torch.ones(4, 5)]
    assert torch.equal(net(x, masks=none), net(x))
    dead = [torch.ones(4, 6), torch.zeros(4, 5)]
    assert torch.equal(net(x, masks=dead)[0], net.head.bias)
    assert not torch.equal(net(x, masks=[torch.zeros(4, 6), torch.ones(4, 5)]), net(x))
    net.train()
    torch.manual_seed(0)
    assert not torch.equal(net(x), net(x))


@pytest.mark.parametrize(("kwargs", "says"), [
    ({"cell": "elman"}, "'elman' is not one of"), ({"hidden": ()}, "at least one layer"),
    ({"hidden": (4, 0)}, "at least one unit"), ({"dropout": 1.0}, "not in"), ({"init": "he"}, "'he' is not one of")])
def test_bad_arguments(kwargs, says):
    with pytest.raises(ValueError, match=says):
        SequenceClassifier(**{"inputs": 3, "hidden": (4,), "classes": 2, **kwargs})
