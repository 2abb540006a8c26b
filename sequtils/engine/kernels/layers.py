"""Layers through time and back: one alone, or two at once.

A step of a recurrent layer waits for the step before, and most of that time the processor has nothing to do. Two layers
fill it: the upper one is LAG frames behind the lower one, which has its inputs ready; on the way back the lower one is
behind. Each sum is the same, and in the same order, as of one layer after the other.
"""

from sequtils.engine.kernels import cells
from sequtils.engine.kernels.compiling import compiled, inlined
from sequtils.engine.kernels.network import LSTM, RNN
from sequtils.engine.kernels.products import drop, product

LAG = 4  # `product` takes so many frames at a time


@compiled
def rnn_forward(layer, T):
    for t in range(T):
        cells.rnn_step(layer, t)


@compiled
def rnn_backward(layer, T, dh):
    for t in range(T - 1, -1, -1):
        cells.rnn_step_back(layer, t, T, dh)


@compiled
def lstm_forward(layer, T):
    for t in range(T):
        cells.lstm_step(layer, t)


@compiled
def lstm_backward(layer, T, dh, dc):
    for t in range(T - 1, -1, -1):
        cells.lstm_step_back(layer, t, T, dh, dc, 0)


@compiled
def gru_forward(layer, T):
    for t in range(T):
        cells.gru_step(layer, t)


@compiled
def gru_backward(layer, T, dh, along_z):
    for t in range(T - 1, -1, -1):
        cells.gru_step_back(layer, t, T, dh, along_z, 0)


@inlined
def feed(lower, upper, t):
    """The upper layer's sums over its inputs, for the up to LAG frames that end with t, at the end of a block."""
    first = t - t % LAG
    count = t + 1 - first
    x = lower.h
    if lower.dropped:
        x = lower.y
        drop(lower.h, 1 + first, lower.mask[first:], count, lower.n, x)
    product(upper.bias, x, 1 + first, count, 1, 0, upper.m, upper.W, upper.a[first:])


@inlined
def feed_back(upper, lower, gates, t, T, dh, nothing):
    """dh of the lower layer, for the up to LAG frames from t on, the beginning of a block."""
    count = min(LAG, T - t)
    product(nothing, upper.a[t:], 0, count, gates, upper.width, upper.n, upper.W_ih, dh[t:])  # W_ih^T da_t
    if lower.dropped:
        drop(dh, t, lower.mask[t:], count, lower.n, dh)


@compiled
def rnn_forward_two(lower, upper, T):
    for t in range(T + LAG):
        if t < T:
            cells.rnn_step(lower, t)
            if t % LAG == LAG - 1 or t == T - 1:
                feed(lower, upper, t)
        if t >= LAG:
            cells.rnn_step(upper, t - LAG)


@compiled
def rnn_backward_two(upper, lower, T, dh, nothing):
    for t in range(T - 1, -1 - LAG, -1):
        if t >= 0:
            cells.rnn_step_back(upper, t, T, dh)
            if t % LAG == 0:
                feed_back(upper, lower, RNN, t, T, dh, nothing)
        if t + LAG < T:
            cells.rnn_step_back(lower, t + LAG, T, dh)


@compiled
def lstm_forward_two(lower, upper, T):
    for t in range(T + LAG):
        if t < T:
            cells.lstm_step(lower, t)
            if t % LAG == LAG - 1 or t == T - 1:
                feed(lower, upper, t)
        if t >= LAG:
            cells.lstm_step(upper, t - LAG)


@compiled
def lstm_backward_two(upper, lower, T, dh, dc, nothing):
    for t in range(T - 1, -1 - LAG, -1):
        if t >= 0:
            cells.lstm_step_back(upper, t, T, dh, dc, 0)
            if t % LAG == 0:
                feed_back(upper, lower, LSTM, t, T, dh, nothing)
        if t + LAG < T:
            cells.lstm_step_back(lower, t + LAG, T, dh, dc, 1)
