"""Where a network's weights lie in memory, and what the way forward leaves for the way back."""

from typing import NamedTuple

import numpy as np

from sequtils.engine.kernels.compiling import compiled, inlined
from sequtils.engine.kernels.lanes import LANES

# Sums a unit: an LSTM's are its gates i, f, g, o (input, forget, cell, output), a GRU's r, z, n (reset, update, new).
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
CELLS = tuple(GATES)
RNN, LSTM, GRU = GATES.values()  # a Network's number of gates tells its cell
POOLINGS = ("last", "mean")  # what the head reads of the last layer's outputs


class Network(NamedTuple):
    """Sizes and weights. The weights of a layer with m inputs and n units are W (panels, m + n + 2, LANES): in each
    panel of sixteen sums the weights of all inputs, those of all units a frame ago, and two biases. Each gate's sums
    begin `width` places after those of the gate before: see `gate_width`. The head's are (panels(C), n + 1, LANES).
    Places that only fill a panel up hold 0, and no sum reads them."""

    sizes: np.ndarray  # (L + 1,) features of a frame, then the hidden sizes
    widths: np.ndarray  # (L,) places of a gate of each layer
    gates: int
    classes: int
    averaged: bool  # the head reads the mean of all frames' outputs, not the last one
    starts: np.ndarray  # (L + 2,) where each layer and the head begin in `weights` and `gradient`
    weights: np.ndarray
    gradient: np.ndarray
    transposed_starts: np.ndarray  # (2 L + 2,)
    transposed: np.ndarray  # the weights with inputs side by side, for the way back: see `transpose`


class Tape(NamedTuple):
    """What the forward pass leaves for the backward pass, for the longest sequence; N is the widest layer in panels,
    and A takes its gates."""

    masks: np.ndarray  # (L, T, N) dropout; (0, T, N) where there is none
    h: np.ndarray  # (L, T + 1, N) hidden states, beginning with 0
    y: np.ndarray  # (L, T + 1, N) the same after dropout
    a: np.ndarray  # (L, T, A) the sums, which become the gates, which become the loss's derivatives by the sums
    c: np.ndarray  # (L, T + 1, N) cell states, beginning with 0
    tanh_c: np.ndarray  # (L, T, N)
    s: np.ndarray  # (L, T, A) a GRU's inner sum, in its n; then the derivatives by all that W_hh and b_hh add
    dh: np.ndarray  # (T, N) derivatives by the outputs of a layer
    dc: np.ndarray  # (2, N) derivatives by a frame's cell states, of two layers; a GRU's by its states, along z
    bias: np.ndarray  # (L, A) b_ih + b_hh
    nothing: np.ndarray  # (N,) zeros
    mean: np.ndarray  # (1, N) of the last layer's outputs, where the head reads that
    z: np.ndarray  # (1, C in panels) logits
    dz: np.ndarray  # (1, C in panels)


class Layer(NamedTuple):
    """One layer's share of a Network and of a Tape."""

    m: int  # inputs
    n: int  # units
    width: int  # places of a gate
    W: np.ndarray
    W_hh: np.ndarray  # transposed: the weights of the units in the sums of all gates
    W_ih: np.ndarray  # transposed: those of the inputs
    bias: np.ndarray
    a: np.ndarray
    c: np.ndarray
    tanh_c: np.ndarray
    s: np.ndarray
    h: np.ndarray
    dropped: bool  # whether the layer above reads y = h mask, and not h
    mask: np.ndarray
    y: np.ndarray


def gate_width(n, cell):
    """Places of a gate of n units: whole panels; but the four gates of a small LSTM share one panel, or two."""
    small = [places for places in (LANES // 4, LANES // 2) if cell == "lstm" and n <= places]
    return min(small, default=in_panels(n))


def new_network(features, hidden, classes, cell, pooling, dtype):
    """A Network with weights 0."""
    sizes, gates, layers = (features, *hidden), GATES[cell], list(zip((features, *hidden), hidden))
    widths = [gate_width(n, cell) for n in hidden]
    blocks = [in_panels(gates * width) * (m + n + 2) for (m, n), width in zip(layers, widths)]
    blocks += [in_panels(classes) * (sizes[-1] + 1)]
    turned = [in_panels(n) * gates * n for n in hidden] + [in_panels(m) * gates * n for m, n in layers]
    turned += [in_panels(sizes[-1]) * classes]
    starts, turned_starts = (np.cumsum([0, *lengths], dtype=np.int64) for lengths in (blocks, turned))
    weights, gradient, transposed = (aligned_zeros(ends[-1], dtype) for ends in (starts, starts, turned_starts))
    averaged = pooling == "mean"
    return Network(np.array(sizes), np.array(widths), gates, classes, averaged, starts, weights, gradient,
                   turned_starts, transposed)


def new_tape(frames, hidden, classes, cell, dropped, dtype):
    """A Tape for sequences of up to `frames` frames."""
    L, T, N, C = len(hidden), frames, in_panels(max(hidden)), in_panels(classes)
    D, M, S = (L if wanted else 0 for wanted in (dropped, cell == "lstm", cell == "gru"))
    A = GATES[cell] * N + LANES  # one panel more: else all frames of a wide layer share a few sets of the CPU's cache
    shapes = [(D, T, N), (L, T + 1, N), (D, T + 1, N), (L, T, A), (M, T + 1, N), (M, T, N), (S, T, A)]
    shapes += [(T, N), (2, N), (L, A), (N,), (1, N), (1, C), (1, C)]
    return Tape(*(aligned_zeros(shape, dtype) for shape in shapes))


def in_panels(n):
    """n rounded up to whole panels."""
    return -(-n // LANES) * LANES


def aligned_zeros(shape, dtype):
    """Zeros that begin at a multiple of 64 bytes: so no sixteen numbers lie across two lines of the CPU's cache."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


@inlined
def block(flat, net, k):
    """Layer k of the weights or of the gradient, (panels, m + n + 2, LANES)."""
    return flat[net.starts[k] : net.starts[k + 1]].reshape(-1, net.sizes[k] + net.sizes[k + 1] + 2, LANES)


@inlined
def head(flat, net):
    """The head of the weights or of the gradient, (panels(C), n + 1, LANES)."""
    return flat[net.starts[-2] : net.starts[-1]].reshape(-1, net.sizes[-1] + 1, LANES)


@inlined
def transposed(net, block, rows):
    """Transposed weights (panels(inputs), rows, LANES). Blocks: W_hh of each layer, W_ih of each layer, the head."""
    return net.transposed[net.transposed_starts[block] : net.transposed_starts[block + 1]].reshape(-1, rows, LANES)


@inlined
def layer_of(net, tape, k):
    """The Layer k. What its cell does without is not there, and not to be read."""
    L, n = len(net.sizes) - 1, net.sizes[k + 1]
    W_hh, W_ih = transposed(net, k, net.gates * n), transposed(net, L + k, net.gates * n)
    return Layer(net.sizes[k], n, net.widths[k], block(net.weights, net, k), W_hh, W_ih, tape.bias[k], tape.a[k],
                 tape.c[k], tape.tanh_c[k], tape.s[k], tape.h[k], len(tape.masks) > 0, tape.masks[k], tape.y[k])


@compiled
def copy_matrix(theta, at, gates, width, n, inputs, W, row, back):
    """Copy the matrix (gates n, inputs) at theta[at] into W[:, row:], or back; return where it ends in theta."""
    for g in range(gates):
        for j in range(n):
            p, lane = (g * width + j) // LANES, (g * width + j) % LANES
            for k in range(inputs):
                if back:
                    theta[at] = W[p, row + k, lane]
                else:
                    W[p, row + k, lane] = theta[at]
                at += 1
    return at


@compiled
def copy_parameters(theta, flat, net, back):
    """Copy all parameters from theta, in PyTorch's order, into the panels of `flat`, or back."""
    at = 0
    for k in range(len(net.sizes) - 1):
        W, m, n = block(flat, net, k), net.sizes[k], net.sizes[k + 1]
        for row, inputs in ((0, m), (m, n), (m + n, 1), (m + n + 1, 1)):  # weight_ih, weight_hh, bias_ih, bias_hh
            at = copy_matrix(theta, at, net.gates, net.widths[k], n, inputs, W, row, back)
    W, n = head(flat, net), net.sizes[-1]
    at = copy_matrix(theta, at, 1, 0, net.classes, n, W, 0, back)
    copy_matrix(theta, at, 1, 0, net.classes, 1, W, n, back)


@compiled
def transpose(W, row, inputs, gates, width, n, V):
    """V[q, g n + j, i]: the weight of input 16 q + i in the sum of unit j's gate g. Input 0 is in W[:, row]."""
    for q in range(len(V)):
        for g in range(gates):
            for j in range(n):
                p, lane = (g * width + j) // LANES, (g * width + j) % LANES
                for i in range(min(LANES, inputs - q * LANES)):
                    V[q, g * n + j, i] = W[p, row + q * LANES + i, lane]


@inlined
def transpose_all(net):
    L = len(net.sizes) - 1
    for k in range(L):
        W, m, n = block(net.weights, net, k), net.sizes[k], net.sizes[k + 1]
        transpose(W, m, n, net.gates, net.widths[k], n, transposed(net, k, net.gates * n))
        if k > 0:  # nothing asks for derivatives by the frames
            transpose(W, 0, m, net.gates, net.widths[k], n, transposed(net, L + k, net.gates * n))
    transpose(head(net.weights, net), 0, net.sizes[-1], 1, 0, net.classes, transposed(net, 2 * L, net.classes))
