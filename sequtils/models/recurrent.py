"""Stacked recurrent sequence classifiers and their initial weights.

The equations are those of `torch.nn.RNN`, `torch.nn.LSTM` and `torch.nn.GRU`; the initial weights are Keras's or
PyTorch's, drawn from one seeded numpy generator so that they are the same on every machine.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
INITS = ("keras", "torch")
POOLINGS = ("last", "mean")


class SequenceClassifier(nn.Module):
    """Recurrent layers of any sizes, dropout after each, and a dense layer on the last valid frame or the mean of all.

    inputs: features of a frame, D. hidden: one hidden size a layer, such as (16, 5). classes: number of classes, C.
    cell: "rnn" (tanh), "lstm" or "gru". dropout: fraction of each layer's outputs set to zero while training.
    init: "keras" or "torch", see `initial_weights`. seed: decides the initial weights and nothing else. pooling: the
    dense layer reads the "last" valid frame's output, or the "mean" of all valid ones.
    """

    def __init__(self, inputs, hidden, classes, cell="rnn", dropout=0.0, init="keras", seed=0, pooling="last"):
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"cell {cell!r} is not one of {', '.join(CELLS)}")
        if not hidden or min(hidden) < 1:
            raise ValueError(f"hidden sizes {tuple(hidden)!r}: at least one layer of at least one unit is needed")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout {dropout!r} is not in [0, 1)")
        if pooling not in POOLINGS:
            raise ValueError(f"pooling {pooling!r} is not one of {', '.join(POOLINGS)}")
        self.inputs, self.hidden, self.classes = inputs, tuple(hidden), classes
        self.cell, self.dropout, self.pooling = cell, dropout, pooling
        sizes = (inputs, *hidden)
        self.layers = nn.ModuleList(CELLS[cell](i, n, batch_first=True) for i, n in zip(sizes, hidden))
        self.head = nn.Linear(hidden[-1], classes)
        initial_weights(self, init, np.random.default_rng([seed, 0]))

    def forward(self, x, lengths=None, masks=None):
        """Logits (B, C) of a batch x (B, T, D) of sequences, of which the first `lengths` (B,) frames are valid.

        masks: for each layer a tensor (T, n) or (B, T, n) that multiplies its output, in place of the random dropout
        that is drawn in training mode. Frames behind the last valid one change no logit: no layer looks ahead.
        """
        for k, layer in enumerate(self.layers):
            x, _ = layer(x)  # (B, T, n)
            if masks is not None:
                x = x * masks[k]
            elif self.dropout:
                x = F.dropout(x, self.dropout, self.training)
        lengths = torch.full((len(x),), x.shape[1], device=x.device) if lengths is None else lengths
        if self.pooling == "last":
            return self.head(x[torch.arange(len(x)), lengths - 1])
        valid = torch.arange(x.shape[1], device=x.device) < lengths[:, None]  # (B, T)
        return self.head(torch.where(valid[:, :, None], x, 0).sum(dim=1) / lengths[:, None])


def initial_weights(model, init, rng):
    """Set every parameter of a SequenceClassifier, computed in float64 and then rounded.

    "keras": input and dense weights uniform after Glorot and Bengio (2010), recurrent weights orthogonal after Saxe
    et al. (2014), biases 0 but for the LSTM's forget gate, which begins at 1 (Jozefowicz et al. 2015).
    "torch": everything uniform within 1 / sqrt(n), n the hidden size (for the dense layer, its number of inputs).
    Raises ValueError for another name.
    """
    if init not in INITS:
        raise ValueError(f"init {init!r} is not one of {', '.join(INITS)}")
    draw = _keras if init == "keras" else _torch
    with torch.no_grad():
        for name, p in model.named_parameters():
            owner = model.hidden[int(name.split(".")[1])] if name.startswith("layers") else model.hidden[-1]
            p.copy_(torch.from_numpy(draw(name, tuple(p.shape), owner, model.cell, rng)))


def _keras(name, shape, n, cell, rng):
    if "bias" in name:
        b = np.zeros(shape)
        if cell == "lstm" and "bias_ih" in name:
            b[n : 2 * n] = 1.0  # gates in the order i, f, g, o
        return b
    if "weight_hh" in name:
        return orthogonal(shape, rng)
    limit = math.sqrt(6.0 / (shape[0] + shape[1]))
    return rng.uniform(-limit, limit, shape)


def _torch(name, shape, n, cell, rng):
    return rng.uniform(-1 / math.sqrt(n), 1 / math.sqrt(n), shape)


def orthogonal(shape, rng):
    """A random matrix (G, n), G >= n, whose columns are orthonormal, uniformly distributed (Saxe et al. 2014).

    Gram-Schmidt, each vector twice (Giraud et al. 2005), on normal variates. Not `numpy.linalg.qr`: LAPACK's last
    digits differ from one CPU to the next, these sums have one order everywhere.
    """
    Q = rng.standard_normal((shape[1], shape[0]))  # (n, G): one column of the result a row
    for j in range(len(Q)):
        for _ in range(2):
            along = (Q[:j] * Q[j]).sum(axis=1)  # (j,)
            Q[j] -= (along[:, None] * Q[:j]).sum(axis=0)
        Q[j] /= math.sqrt((Q[j] * Q[j]).sum())
    return np.ascontiguousarray(Q.T)
