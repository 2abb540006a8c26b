"""A recurrent layer by the compiled engine: PyTorch judges its states and their derivatives."""

import pytest
import torch
from torch import nn

from sequtils.engine import recurrence
from sequtils.models import encoders, modern

LENGTHS = torch.tensor([9, 1, 5, 7])


@pytest.fixture(params=[nn.RNN, nn.LSTM, nn.GRU], ids=["rnn", "lstm", "gru"])
def layer(request):
    torch.manual_seed(0)
    return request.param(3, 17, batch_first=True).double()  # more units than the engine takes side by side


def sequences():
    return torch.randn(4, 9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def valid(h):
    return h * encoders.valid(LENGTHS, h.shape[1])[..., None]


def gradients(layer, h):
    """Of a loss that is no sum of the states: each weighs something else."""
    weights = torch.randn(h.shape, dtype=h.dtype, generator=torch.Generator().manual_seed(2))
    return torch.autograd.grad((h * weights).sum(), layer.parameters())


def test_states_and_gradients_are_pytorchs(layer):
    x = sequences()
    h, reference = recurrence.states(layer, x, LENGTHS), valid(layer(x)[0])
    torch.testing.assert_close(h, reference, rtol=0, atol=1e-14)
    torch.testing.assert_close(gradients(layer, h), gradients(layer, reference), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(recurrence.states(layer, x), layer(x)[0], rtol=0, atol=1e-14)


def test_padding_changes_no_bit(layer):
    x, other = sequences(), sequences()
    other[~encoders.valid(LENGTHS, 9)] = 1e30
    h, padded = (recurrence.states(layer, each, LENGTHS) for each in (x, other))
    assert torch.equal(h, padded)
    assert all(map(torch.equal, gradients(layer, h), gradients(layer, padded)))
    alone = recurrence.states(layer, x[2:3, :5])
    assert torch.equal(alone[0], h[2, :5])


def test_a_network_of_both_directions_is_the_same_by_either():
    torch.manual_seed(0)
    ours, theirs = (modern.Classifier(3, 4, 2, "bigru", pooling="attention", states=s).double()
                    for s in (recurrence.states, None))
    theirs.load_state_dict(ours.state_dict())
    z = [model(sequences(), LENGTHS) for model in (ours, theirs)]
    torch.testing.assert_close(*z, rtol=0, atol=1e-13)
    torch.testing.assert_close(*(torch.autograd.grad(zs.square().sum(), model.parameters())
                                 for zs, model in zip(z, (ours, theirs))), rtol=1e-10, atol=1e-12)


def test_what_the_engine_cannot_do_is_refused(layer):
    with pytest.raises(ValueError, match="no derivatives by the frames"):
        recurrence.states(layer, sequences().requires_grad_())
    for lengths in ([9, 0, 5, 7], [9, 1, 5, 10], [9, 1, 5]):
        with pytest.raises(ValueError, match=r"lengths|a frame"):
            recurrence.states(layer, sequences(), torch.tensor(lengths))
    with pytest.raises(ValueError, match="expected float32"):
        recurrence.states(layer, sequences().float())
