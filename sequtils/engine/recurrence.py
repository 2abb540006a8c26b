"""A recurrent layer of PyTorch, computed by the compiled engine: as fast, and the same bytes on every machine."""

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from sequtils.engine import kernels

CELLS = {nn.RNN: "rnn", nn.LSTM: "lstm", nn.GRU: "gru"}


def states(layer, x, lengths=None):
    """States (B, T, n) of a layer of nn.RNN, nn.LSTM or nn.GRU (one layer, one direction, batch_first) over sequences
    x (B, T, D), 0 behind the first `lengths` (B,) frames of each, None: all. On another device PyTorch computes.

    Derivatives by the layer's weights can be had, those by x cannot: ValueError where they are asked for.
    """
    if x.device.type != "cpu":
        return layer(x)[0]
    if x.requires_grad:
        raise ValueError("the compiled engine has no derivatives by the frames of a layer")
    lengths = torch.full((len(x),), x.shape[1]) if lengths is None else lengths
    return _States.apply(x, lengths, layer.hidden_size, CELLS[type(layer)], *layer.parameters())


class _States(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lengths, n, cell, *weights):
        theta = nn.utils.parameters_to_vector(weights).detach().numpy()
        ctx.given, ctx.shapes = (theta, x.numpy(), lengths.numpy(), n, cell), [w.shape for w in weights]
        return torch.from_numpy(kernels.states(*ctx.given))

    @staticmethod
    @once_differentiable
    def backward(ctx, by_states):
        gradient = torch.from_numpy(kernels.states_backward(*ctx.given, by_states.contiguous().numpy()))
        parts = gradient.split([shape.numel() for shape in ctx.shapes])
        return None, None, None, None, *(part.view(shape) for part, shape in zip(parts, ctx.shapes))
