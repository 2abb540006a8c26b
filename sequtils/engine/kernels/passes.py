"""The whole network forward and back: layers, dropout, the head, softmax and cross-entropy."""

import numpy as np

from sequtils.engine.kernels import layers
from sequtils.engine.kernels.compiling import inlined
from sequtils.engine.kernels.functions import exp, log
from sequtils.engine.kernels.lanes import LANES, load, store, zero
from sequtils.engine.kernels.network import GRU, RNN, block, head, layer_of, transposed
from sequtils.engine.kernels.products import drop, outer_product, panels, product, row_product, sum_over_frames


@inlined
def input_of(net, tape, k, frames, first):
    """What layer k reads, and the row at which its first frame stands."""
    if k == 0:
        return frames, first
    return (tape.y if len(tape.masks) else tape.h)[k - 1], 1


@inlined
def outputs(tape):
    """The last layer's outputs, the first frame's in row 1."""
    return (tape.y if len(tape.masks) else tape.h)[-1]


@inlined
def input_of_head(net, tape, T):
    """What the head reads, and the row at which it stands."""
    return (tape.mean, 0) if net.averaged else (outputs(tape), T)


@inlined
def average(tape, T):
    """Mean of the last layer's outputs over the frames."""
    h = outputs(tape)
    for u in range(0, h.shape[1], LANES):
        store(tape.mean, (0, u), sum_over_frames(h[1:], T, u) / T)


@inlined
def add_biases(net, tape):
    """b_ih + b_hh of every layer; but b_hn of a GRU is part of its inner sum."""
    for k in range(len(net.sizes) - 1):
        W, m, n = block(net.weights, net, k), net.sizes[k], net.sizes[k + 1]
        summed = 2 * panels(n) if net.gates == GRU else len(W)
        for p in range(len(W)):
            b_ih, b_hh = load(W, (p, m + n, 0)), load(W, (p, m + n + 1, 0))
            store(tape.bias, (k, p * LANES), b_ih + b_hh if p < summed else b_ih)


@inlined
def forward(net, tape, frames, first, T):
    """Leave the logits of the T frames from `first` on in tape.z, and everything that `layers_backward` needs."""
    L = len(net.sizes) - 1
    add_biases(net, tape)
    k = 0
    while k < L:
        two = k + 1 < L and net.gates != GRU
        layer, upper = layer_of(net, tape, k), layer_of(net, tape, k + two)
        x, x_first = input_of(net, tape, k, frames, first)
        product(layer.bias, x, x_first, T, 1, 0, layer.m, layer.W, layer.a)  # W_ih x_t + b_ih + b_hh, of all frames
        if net.gates == GRU:
            layers.gru_forward(layer, T)
        elif net.gates == RNN and two:
            layers.rnn_forward_two(layer, upper, T)
        elif net.gates == RNN:
            layers.rnn_forward(layer, T)
        elif two:
            layers.lstm_forward_two(layer, upper, T)
        else:
            layers.lstm_forward(layer, T)
        if upper.dropped:
            drop(upper.h, 1, upper.mask, T, upper.n, upper.y)
        k += 1 + two
    if net.averaged:
        average(tape, T)
    x, x_last = input_of_head(net, tape, T)
    W, n = head(net.weights, net), net.sizes[L]
    for p in range(len(W)):
        store(tape.z, (0, p * LANES), row_product(load(W, (p, n, 0)), x, x_last, 0, n, W, p, 0))


@inlined
def argmax(z, classes):
    """Place of the largest of the first numbers of z[0]; NaN counts as the largest, as in NumPy and PyTorch."""
    best = 0
    for j in range(1, classes):
        if z[0, j] > z[0, best] or (z[0, j] != z[0, j] and z[0, best] == z[0, best]):
            best = j
    return best


@inlined
def softmax_loss(z, classes, label, dz):
    """Cross-entropy of the logits z[0], float64, and its derivatives dz[0] = softmax(z) - onehot(label)."""
    highest = z[0, argmax(z, classes)]
    for u in range(0, panels(classes) * LANES, LANES):
        store(dz, (0, u), exp(load(z, (0, u)) - highest))
    total = dz[0, 0]
    for j in range(1, classes):
        total += dz[0, j]
    for j in range(dz.shape[1]):
        dz[0, j] = dz[0, j] / total if j < classes else 0.0
    dz[0, label] -= 1
    return log(np.float64(total)) - (np.float64(z[0, label]) - np.float64(highest))


@inlined
def head_backward(net, tape, T):
    """Gradient of the head, and dh of the last layer: 0 but for the last frame, or an equal share for each."""
    dW, n, V = head(net.gradient, net), net.sizes[-1], transposed(net, 2 * (len(net.sizes) - 1), net.classes)
    x, x_last = input_of_head(net, tape, T)
    outer_product(x, x_last, 1, n, tape.dz, dW, 0)
    for p in range(len(dW)):
        store(dW, (p, n, 0), load(tape.dz, (0, p * LANES)))
    tape.dh[:T] = 0
    for q in range(len(V)):
        dx = row_product(zero(V), tape.dz, 0, 0, net.classes, V, q, 0)
        if net.averaged:
            dx = dx / T
            for t in range(T - 1):
                store(tape.dh, (t, q * LANES), dx)
        store(tape.dh, (T - 1, q * LANES), dx)


@inlined
def layer_gradient(net, tape, k, frames, first, T):
    """Gradient of layer k, from the derivatives by its sums."""
    layer, dW = layer_of(net, tape, k), block(net.gradient, net, k)
    x, x_first = input_of(net, tape, k, frames, first)
    s = layer.s if net.gates == GRU else layer.a  # a GRU's derivatives by W_hh h_{t-1} are not those by W_ih x_t
    outer_product(x, x_first, T, layer.m, layer.a, dW, 0)  # sum of da_t x_t^T
    outer_product(layer.h, 0, T, layer.n, s, dW, layer.m)  # sum of ds_t h_{t-1}^T
    for p in range(len(dW)):
        store(dW, (p, layer.m + layer.n, 0), sum_over_frames(layer.a, T, p * LANES))
        store(dW, (p, layer.m + layer.n + 1, 0), sum_over_frames(s, T, p * LANES))


@inlined
def layers_backward(net, tape, frames, first, T):
    """Gradient of all layers, after `forward` and `transpose_all` with the same weights. tape.dh, the derivatives by
    the last one's outputs, become those by each one's inputs."""
    k = len(net.sizes) - 2
    dh, dc = tape.dh, tape.dc
    while k >= 0:
        two = k > 0 and net.gates != GRU
        layer, lower = layer_of(net, tape, k), layer_of(net, tape, k - two)
        if layer.dropped:
            drop(dh, 0, layer.mask, T, layer.n, dh)
        dc[:] = 0
        if net.gates == GRU:
            layers.gru_backward(layer, T, dh, dc)
        elif net.gates == RNN and two:
            layers.rnn_backward_two(layer, lower, T, dh, tape.nothing)
        elif net.gates == RNN:
            layers.rnn_backward(layer, T, dh)
        elif two:
            layers.lstm_backward_two(layer, lower, T, dh, dc, tape.nothing)
        else:
            layers.lstm_backward(layer, T, dh, dc)
        for j in range(k - two, k + 1):
            layer_gradient(net, tape, j, frames, first, T)
        k -= 1 + two
        if k >= 0:  # nothing asks for derivatives by the frames
            product(tape.nothing, lower.a, 0, T, net.gates, lower.width, lower.n, lower.W_ih, dh)  # W_ih^T da_t
