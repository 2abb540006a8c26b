"""Encoders: batches of padded sequences x (B, T, D), of which the first `lengths` (B,) frames are valid -> a state for
each frame, (B, T, n). Where PyTorch has the network, it is PyTorch's."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from sequtils.models.recurrent import CELLS

MODELS = (*CELLS, "bilstm", "bigru", "mingru", "transformer")
NORMS = ("none", "layer", "batch", "batch-shared")


def build(model, inputs, width, states=None):
    """The encoder of MODELS called `model`, without norms or dropout in it.

    states: function of (layer, x, lengths) that computes a recurrent layer of PyTorch, None: the layer itself.
    """
    if model == "mingru":
        return MinGRU(inputs, width)
    if model == "transformer":
        return Transformer(inputs, width)
    return Recurrent(inputs, width, model.removeprefix("bi"), model.startswith("bi"), states)


def initialise(model, forget_bias=1.0):
    """Draw the weights of every recurrent layer as Keras does: input weights uniform after Glorot and Bengio (2010),
    recurrent ones orthogonal after Saxe et al. (2014), biases 0 but an LSTM's forget gate's (Jozefowicz et al. 2015).
    Other layers keep PyTorch's own draw."""
    for layer in model.modules():
        if isinstance(layer, nn.RNNBase | StepLSTM):
            for name, p in layer.named_parameters(recurse=False):
                draw = nn.init.orthogonal_ if "_hh" in name else nn.init.xavier_uniform_
                nn.init.zeros_(p) if "bias" in name else draw(p)
                if "bias_ih" in name and isinstance(layer, nn.LSTM | StepLSTM):
                    nn.init.constant_(p[layer.hidden_size : 2 * layer.hidden_size], forget_bias)  # order i, f, g, o


def valid(lengths, frames):
    """Which of `frames` frames are valid, bool (B, frames)."""
    return torch.arange(frames, device=lengths.device) < lengths[:, None]


class Recurrent(nn.Module):
    """One layer of PyTorch's RNN, LSTM or GRU, or two, of which one reads each sequence from its last valid frame to
    its first (Schuster and Paliwal 1997). On a CPU this is faster than the same by nn.LSTM(bidirectional=True) and
    packed sequences."""

    def __init__(self, inputs, width, cell, bidirectional=False, states=None):
        super().__init__()
        self.layers = nn.ModuleList(CELLS[cell](inputs, width, batch_first=True) for _ in range(1 + bidirectional))
        self.states = states or (lambda layer, x, lengths: layer(x)[0])

    def forward(self, x, lengths):
        """No state looks ahead of the frames that its layer has read, so none meets padding."""
        h = [self.states(layer, turned(x, lengths) if k else x, lengths) for k, layer in enumerate(self.layers)]
        return torch.cat([h[0], *(turned(h_back, lengths) for h_back in h[1:])], 2)  # (B, T, n or 2 n)


def turned(x, lengths):
    """Each sequence of x (B, T, D) with its valid frames in reverse order."""
    t = torch.arange(x.shape[1], device=x.device)
    at = torch.where(valid(lengths, x.shape[1]), lengths[:, None] - 1 - t, t)  # (B, T)
    return x.gather(1, at[..., None].expand_as(x))


class StepLSTM(nn.Module):
    """An LSTM frame by frame, with what PyTorch's cannot have inside its recurrence.

    norm: "layer" normalises both sums of the gates and the cell state over the units of each sequence (Ba et al. 2016);
    "batch" over the sequences of the batch, with running statistics of its own for each of the first `frames` frames
    (Cooijmans et al. 2017); "batch-shared" with one running statistic for all frames. dropout: share of h_{t-1} that is
    set to zero, the same units for all frames of a sequence. Parameters as in nn.LSTM.
    """

    def __init__(self, inputs, width, norm="none", dropout=0.0, frames=1):
        super().__init__()
        self.hidden_size, self.dropout = width, dropout
        self.weight_ih, self.weight_hh = (nn.Parameter(torch.empty(4 * width, m)) for m in (inputs, width))
        self.bias_ih = nn.Parameter(torch.empty(4 * width))
        norms = [_norm(norm, n, frames, shift) for n, shift in ((4 * width, False), (4 * width, False), (width, True))]
        self.norm_x, self.norm_h, self.norm_c = norms

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        sums = (packed.data @ self.weight_ih.T).split(packed.batch_sizes.tolist())  # T arrays (k, 4 n), k <= B
        h = c = x.new_zeros(len(x), self.hidden_size)
        keep = F.dropout(torch.ones_like(h), self.dropout, self.training)
        out = []
        for t, a in enumerate(sums):  # the longest sequences come first: those that have a frame t are the first k
            h, c = self.step(t, a, h[: len(a)] * keep[: len(a)] if self.dropout else h[: len(a)], c[: len(a)])
            out.append(h)
        states = PackedSequence(torch.cat(out), packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
        return pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])[0]

    def step(self, t, a, h, c):
        """(h_t, c_t) from the input's sums a (k, 4 n) and the states (k, n) of frame t - 1."""
        z = self.norm_x(a, t) + self.norm_h(h @ self.weight_hh.T, t) + self.bias_ih
        i, f, g, o = z.chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(self.norm_c(c, t)), c


def _norm(kind, n, frames, shift):
    if kind == "none":
        return _Unchanged()
    return _LayerNorm(n, shift) if kind == "layer" else _FrameNorm(n, 1 if kind == "batch-shared" else frames, shift)


class _Unchanged(nn.Module):
    def forward(self, x, t):
        return x


class _LayerNorm(nn.LayerNorm):
    def __init__(self, n, shift):
        super().__init__(n, bias=shift)

    def forward(self, x, t):
        return super().forward(x)


class _FrameNorm(nn.Module):
    """Batch normalisation (Ioffe and Szegedy 2015) with running statistics (frames, n), a row for each frame; frames
    behind the last take its row. The scale begins at 0.1, after Cooijmans et al. (2017). A batch that has one sequence
    left at a frame has no variance: it takes the running statistics."""

    def __init__(self, n, frames, shift):
        super().__init__()
        self.weight = nn.Parameter(torch.full((n,), 0.1))
        self.bias = nn.Parameter(torch.zeros(n)) if shift else None
        self.register_buffer("mean", torch.zeros(frames, n))
        self.register_buffer("var", torch.ones(frames, n))

    def forward(self, x, t):
        t = min(t, len(self.mean) - 1)
        measured = self.training and len(x) > 1
        mean, var = self.mean[t], self.var[t]  # changed in place while training
        return F.batch_norm(x, mean, var, self.weight, self.bias, training=measured, momentum=0.1)


class MinGRU(nn.Module):
    """The GRU without a look at h_{t-1} in its gates (Feng et al. 2024): h_t = (1 - z_t) h_{t-1} + z_t h~_t with
    z = sigmoid(W_z x), h~ = W_h x and h_0 = 0. Linear in h, so that all frames are computed at once by `scan`."""

    def __init__(self, inputs, width):
        super().__init__()
        self.z, self.h = nn.Linear(inputs, width), nn.Linear(inputs, width)

    def forward(self, x, lengths):
        z = torch.sigmoid(self.z(x))  # (B, T, n)
        return scan(1 - z, z * self.h(x))


def scan(a, b):
    """All h_t = a_t h_{t-1} + b_t, h_0 = 0, of a and b (B, T, n), in ceil(log2 T) steps after Hillis and Steele (1986):
    with each, every frame knows the sum of twice as many frames."""
    d = 1
    while d < a.shape[1]:
        b = torch.cat([b[:, :d], b[:, d:] + a[:, d:] * b[:, :-d]], 1)
        a = torch.cat([a[:, :d], a[:, d:] * a[:, :-d]], 1)
        d *= 2
    return b


class Transformer(nn.Module):
    """One layer of PyTorch's transformer encoder with four heads (Vaswani et al. 2017), normalised first, behind a
    dense layer and the sinusoids that tell the frames' places."""

    def __init__(self, inputs, width, heads=4):
        super().__init__()
        self.embed = nn.Linear(inputs, width)
        self.layer = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout=0.0, batch_first=True, norm_first=True)

    def forward(self, x, lengths):
        e = self.embed(x) + positions(x.shape[1], self.embed.out_features).to(x)
        return self.layer(e, src_key_padding_mask=~valid(lengths, x.shape[1]))


def positions(frames, n):
    """Sinusoids (frames, n), n even, of wavelengths from 2 pi to 20000 pi frames (Vaswani et al. 2017)."""
    angle = torch.arange(frames)[:, None] / 10000 ** (torch.arange(0, n, 2) / n)
    return torch.stack([angle.sin(), angle.cos()], 2).reshape(frames, n)
