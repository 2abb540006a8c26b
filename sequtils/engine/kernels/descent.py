"""Training: whole epochs in one call, by SGD or Adam."""

import math

import numpy as np

from sequtils.engine.kernels.compiling import called, compiled, inlined
from sequtils.engine.kernels.lanes import LANES, load, store, uncounted
from sequtils.engine.kernels.network import block, copy_parameters, head, transpose_all
from sequtils.engine.kernels.passes import argmax, forward, head_backward, layers_backward, softmax_loss


@compiled
def draw_masks(rng, dropout, masks, T, sizes):
    """Inverted dropout (Srivastava et al. 2014), from the same numbers as `dropout_masks`."""
    kept = 1.0 / (1.0 - dropout)
    for k in range(len(masks)):
        for t in range(T):
            for j in range(sizes[k + 1]):
                masks[k, t, j] = kept if rng.random() >= dropout else 0.0


@compiled
def add_squares(sums, W, gates, width, n):
    """Add the squares of W, gate by gate, to LANES sums over every sixteenth unit: the same bits in any layout."""
    for g in range(gates):
        for u in range(0, n, LANES):
            p, first = (g * width + u) // LANES, (g * width + u) % LANES
            for k in range(W.shape[1]):
                for lane in range(min(LANES, n - u)):
                    sums[lane] += W[p, k, first + lane] * W[p, k, first + lane]


@inlined
def clip_gradient(net, clip):
    """Scale the gradient down to the norm `clip` where it is larger, as torch.nn.utils.clip_grad_norm_ does."""
    gradient, sums = net.gradient, np.zeros(LANES, net.gradient.dtype)
    for k in range(len(net.sizes) - 1):
        add_squares(sums, block(gradient, net, k), net.gates, net.widths[k], net.sizes[k + 1])
    add_squares(sums, head(gradient, net), 1, 0, net.classes)
    total = sums[0]
    for i in range(1, LANES):
        total += sums[i]
    scale = clip / (math.sqrt(total) + 1e-6)
    if not scale >= 1:  # a norm that is NaN makes the whole gradient NaN
        for at in range(0, len(gradient), LANES):
            store(gradient, (at,), load(gradient, (at,)) * scale)


@compiled
def descend(weights, gradient, learning_rate):
    """Plain SGD."""
    for at in range(0, len(weights), LANES):
        store(weights, (at,), load(weights, (at,)) - load(gradient, (at,)) * learning_rate)


@compiled
def adapt(weights, gradient, m, v, decayed, learning_rate):
    """Adam (Kingma and Ba 2015, algorithm 1), with their beta_1, beta_2 and epsilon, in the order of torch.optim.Adam.

    decayed: (2,), beta_1^t and beta_2^t of the steps done before.
    """
    decayed[0] *= 0.9
    decayed[1] *= 0.999
    step, root = learning_rate / (1 - decayed[0]), math.sqrt(1 - decayed[1])
    for at in range(len(weights)):
        g = gradient[at]
        m[at] = 0.9 * m[at] + (1 - 0.9) * g
        v[at] = 0.999 * v[at] + (1 - 0.999) * g * g
        weights[at] -= step * m[at] / (math.sqrt(v[at]) / root + 1e-8)


@inlined
def gather(total, gradient, first, share):
    """Add a sequence's share to the gradient of its batch, of which it may be the first."""
    for at in range(0, len(total), LANES):
        mine = load(gradient, (at,)) * share
        store(total, (at,), mine if first else load(total, (at,)) + mine)


@called
def run_epoch(theta, net, tape, frames, offsets, labels, order, batch, moments, decayed, dropout, learning_rate, clip,
              rng):
    net, tape = uncounted(net), uncounted(tape)
    copy_parameters(theta, net.weights, net, False)
    inner = np.zeros((3, len(net.weights)), theta.dtype)  # the batch's gradient and Adam's moments, as the weights lie
    for k in range(len(moments)):
        copy_parameters(moments[k], inner[1 + k], net, False)
    loss, hits, N = 0.0, 0, len(order)
    for place in range(N):
        i = order[place]
        first, T = offsets[i], offsets[i + 1] - offsets[i]
        draw_masks(rng, dropout, tape.masks, T, net.sizes)
        forward(net, tape, frames, first, T)
        hits += argmax(tape.z, net.classes) == labels[i]
        loss += softmax_loss(tape.z, net.classes, labels[i], tape.dz)
        if place % batch == 0:
            transpose_all(net)
        head_backward(net, tape, T)
        layers_backward(net, tape, frames, first, T)
        if batch > 1:
            begun = place - place % batch
            gather(inner[0], net.gradient, place == begun, theta.dtype.type(1.0 / min(batch, N - begun)))
            if place + 1 < min(begun + batch, N):
                continue
            net.gradient[:] = inner[0]
        if clip > 0:
            clip_gradient(net, clip)
        if len(moments):
            adapt(net.weights, net.gradient, inner[1], inner[2], decayed, learning_rate)
        else:
            descend(net.weights, net.gradient, learning_rate)
    copy_parameters(theta, net.weights, net, True)
    for k in range(len(moments)):
        copy_parameters(moments[k], inner[1 + k], net, True)
    return loss / N, hits / N


@called
def run_gradient(theta, net, tape, frames, label, gradient):
    copy_parameters(theta, net.weights, net, False)
    forward(net, tape, frames, 0, len(frames))
    loss = softmax_loss(tape.z, net.classes, label, tape.dz)
    transpose_all(net)
    head_backward(net, tape, len(frames))
    layers_backward(net, tape, frames, 0, len(frames))
    copy_parameters(gradient, net.gradient, net, True)
    return loss


@called
def run_logits(theta, net, tape, frames, offsets, logits):
    net, tape = uncounted(net), uncounted(tape)
    copy_parameters(theta, net.weights, net, False)
    for i in range(len(logits)):
        forward(net, tape, frames, offsets[i], offsets[i + 1] - offsets[i])
        for j in range(net.classes):
            logits[i, j] = tape.z[0, j]


@called
def run_cross_entropy(logits, labels, z, dz):
    loss = 0.0
    for i in range(len(labels)):
        for j in range(logits.shape[1]):
            z[0, j] = logits[i, j]
        loss += softmax_loss(z, logits.shape[1], labels[i], dz)
    return loss / len(labels)
