"""One layer over a batch of padded sequences: its states, and the way back from whatever is made of them."""

import numpy as np

from sequtils.engine.kernels.compiling import called
from sequtils.engine.kernels.descent import gather
from sequtils.engine.kernels.lanes import uncounted
from sequtils.engine.kernels.network import copy_parameters, transpose_all
from sequtils.engine.kernels.passes import forward, layers_backward


@called
def run_states(theta, net, tape, frames, lengths, states):
    net, tape = uncounted(net), uncounted(tape)
    copy_parameters(theta, net.weights, net, False)
    longest, n = states.shape[1], net.sizes[1]
    for i in range(len(lengths)):
        forward(net, tape, frames, i * longest, lengths[i])
        for t in range(lengths[i]):
            for j in range(n):
                states[i, t, j] = tape.h[0, t + 1, j]


@called
def run_states_backward(theta, net, tape, frames, lengths, by_states, gradient):
    """Goes forward once more: what a pass leaves for the way back need not be kept for the whole batch."""
    net, tape = uncounted(net), uncounted(tape)
    copy_parameters(theta, net.weights, net, False)
    transpose_all(net)
    total, longest, n = np.zeros_like(net.gradient), by_states.shape[1], net.sizes[1]
    for i in range(len(lengths)):
        first, T = i * longest, lengths[i]
        forward(net, tape, frames, first, T)
        for t in range(T):
            for j in range(n):
                tape.dh[t, j] = by_states[i, t, j]
        layers_backward(net, tape, frames, first, T)
        gather(total, net.gradient, i == 0, theta.dtype.type(1.0))
    copy_parameters(gradient, total, net, True)
