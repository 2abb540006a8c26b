"""The whole network forward and back: layers, dropout, the head, softmax and cross-entropy."""

import numpy as np

from sequtils.engine.kernels import cells
from sequtils.engine.kernels.compiling import compiled, inlined
from sequtils.engine.kernels.functions import exp, log
from sequtils.engine.kernels.lanes import LANES, load, store, zero
from sequtils.engine.kernels.network import GRU, LSTM, RNN, head, layer, transpose_all, transposed
from sequtils.engine.kernels.products import outer_product, panels, product, row_product, sum_over_frames


@compiled
def drop(x, first, mask, T, n, out):
    """out[first + t] = x[first + t] mask[t]."""
    for t in range(T):
        for u in range(0, panels(n) * LANES, LANES):
            store(out, (first + t, u), load(x, (first + t, u)) * load(mask, (t, u)))


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
def forward(net, tape, frames, first, T):
    """Leave the logits of the T frames from `first` on in tape.z, and everything that `backward` needs."""
    L = len(net.sizes) - 1
    for k in range(L):
        W, m, n = layer(net.weights, net, k), net.sizes[k], net.sizes[k + 1]
        x, x_first = input_of(net, tape, k, frames, first)
        summed = 2 * panels(n) if net.gates == GRU else len(W)  # b_hn is part of the inner sum
        for p in range(len(W)):
            b_ih, b_hh = load(W, (p, m + n, 0)), load(W, (p, m + n + 1, 0))
            store(tape.bias, (p * LANES,), b_ih + b_hh if p < summed else b_ih)
        product(tape.bias, x, x_first, T, 1, 0, m, W, tape.a[k])  # W_ih x_t + b_ih + b_hh, of all frames
        if net.gates == RNN:
            cells.rnn_forward(W, m, n, T, tape.a[k], tape.h[k])
        elif net.gates == LSTM:
            cells.lstm_forward(W, m, n, T, tape.a[k], tape.c[k], tape.tanh_c[k], tape.h[k])
        else:
            cells.gru_forward(W, m, n, T, tape.a[k], tape.s[k], tape.h[k])
        if len(tape.masks):
            drop(tape.h[k], 1, tape.masks[k], T, n, tape.y[k])
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
def layer_backward(net, tape, k, x, x_first, T):
    """Gradient of layer k, which reads x; tape.dh, the derivatives by its outputs, become those by its inputs."""
    m, n, a, dh = net.sizes[k], net.sizes[k + 1], tape.a[k], tape.dh
    if len(tape.masks):
        drop(dh, 0, tape.masks[k], T, n, dh)
    W_hh = transposed(net, k, net.gates * n)
    s = a  # but in a GRU, the derivatives by W_hh h_{t-1} are those by W_ih x_t
    if net.gates == RNN:
        cells.rnn_backward(W_hh, n, T, tape.h[k], dh, a)
    elif net.gates == LSTM:
        cells.lstm_backward(W_hh, n, T, tape.c[k], tape.tanh_c[k], dh, tape.dc, a)
    else:
        s = tape.s[k]
        cells.gru_backward(W_hh, n, T, tape.h[k], s, dh, tape.dc, a)
    dW = layer(net.gradient, net, k)
    outer_product(x, x_first, T, m, a, dW, 0)  # sum of da_t x_t^T
    outer_product(tape.h[k], 0, T, n, s, dW, m)  # sum of ds_t h_{t-1}^T
    for p in range(len(dW)):
        store(dW, (p, m + n, 0), sum_over_frames(a, T, p * LANES))
        store(dW, (p, m + n + 1, 0), sum_over_frames(s, T, p * LANES))
    if k > 0:
        W_ih = transposed(net, len(net.sizes) - 1 + k, net.gates * n)
        product(tape.nothing, a, 0, T, net.gates, panels(n) * LANES, n, W_ih, dh)  # W_ih^T da_t


@inlined
def backward(net, tape, frames, first, T):
    """The gradient of all parameters, after `forward` and `softmax_loss`."""
    L = len(net.sizes) - 1
    transpose_all(net)
    head_backward(net, tape, T)
    for k in range(L - 1, -1, -1):
        x, x_first = input_of(net, tape, k, frames, first)
        layer_backward(net, tape, k, x, x_first, T)
