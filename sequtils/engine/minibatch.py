"""Training of any PyTorch network by Adam, repeatable, for what the compiled engine has no code for."""

import contextlib
import math

import numpy as np
import torch
from torch import nn


@contextlib.contextmanager
def one_order():
    """Within it PyTorch adds in one order: on one thread, whatever the number of cores, and without oneDNN, whose code
    depends on the processor. `sequtils.arithmetic` does the rest, once for a process."""
    threads, one_dnn = torch.get_num_threads(), torch.backends.mkldnn.enabled
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.mkldnn.enabled = one_dnn


@contextlib.contextmanager
def alone(seed):
    """PyTorch in `one_order`, and with random numbers of its own from `seed`."""
    with one_order(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def fit(model, loss, count, epochs, batch, learning_rate, seed):
    """Adam (Kingma and Ba 2015) on mini-batches of `count` sequences: loss(rows) is that of some of them.

    The learning rate falls linearly to 0; the norm of the gradient is cut at 1 (Pascanu et al. 2013).
    """
    optimiser = torch.optim.Adam(model.parameters(), learning_rate)
    steps = epochs * math.ceil(count / batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    rng = np.random.default_rng([seed, 1])
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(count), math.ceil(count / batch)):
            update(model, optimiser, loss(rows), 1.0)
            schedule.step()


def update(model, optimiser, loss, clip):
    """One step downhill from a loss (a tensor of one number), the norm of the gradient cut at `clip`, or not where that
    is 0. Returns the loss and the norm, both as they were before it."""
    optimiser.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip or math.inf)
    optimiser.step()
    return loss.item(), norm.item()


def outcome(logits, prepared):
    """True and predicted classes of the test set and both accuracies; logits: function of a list of sequences."""
    train, test = (logits(part.x).argmax(axis=1) for part in (prepared.train, prepared.test))
    return {"labels": prepared.test.y.tolist(), "predictions": test.tolist(),
            "test_accuracy": float((test == prepared.test.y).mean()),
            "train_accuracy": float((train == prepared.train.y).mean())}
