"""Poolings: the states h (B, T, n) of the frames -> one vector (B, n), of which only valid frames decide."""

import math

import torch
from torch import nn

from sequtils.models.encoders import valid

POOLINGS = ("last", "mean", "max", "attention")


def last(h, lengths):
    """The state of the last valid frame."""
    return h[torch.arange(len(h)), lengths - 1]


def ends(h, lengths):
    """Of two layers, whose states are the halves of h, that of the last valid frame of the one that reads forwards, and
    that of the first frame of the one that reads backwards: each has then read them all."""
    forwards, backwards = h.chunk(2, 2)
    return torch.cat([last(forwards, lengths), backwards[:, 0]], 1)


def mean(h, lengths):
    """The mean of the states of valid frames."""
    return (h * valid(lengths, h.shape[1])[..., None]).sum(1) / lengths[:, None]


def maximum(h, lengths):
    """The greatest value of each unit over the valid frames."""
    return h.masked_fill(~valid(lengths, h.shape[1])[..., None], -math.inf).amax(1)


POOLS = {"last": last, "mean": mean, "max": maximum}


class AttentionPool(nn.Module):
    """A weighted mean, c = sum_t alpha_t h_t with alpha = softmax_t(v . tanh(W h_t + b)): the additive attention of
    Bahdanau et al. (2015), whose query is here one learnt vector."""

    def __init__(self, n):
        super().__init__()
        self.W, self.v = nn.Linear(n, n), nn.Linear(n, 1, bias=False)

    def weights(self, h, lengths):
        """alpha (B, T)."""
        scores = self.v(torch.tanh(self.W(h))).squeeze(2)  # (B, T)
        return scores.masked_fill(~valid(lengths, h.shape[1]), -math.inf).softmax(1)

    def forward(self, h, lengths):
        alpha = self.weights(h, lengths)
        return (alpha[:, None] @ h.masked_fill(~valid(lengths, h.shape[1])[..., None], 0.0)).squeeze(1)  # (B, n)
