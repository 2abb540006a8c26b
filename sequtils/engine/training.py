"""Training of one model: plain SGD, one sequence at a time, early stopping on the training loss; or Adam, in batches.

Two engines do the same mathematics. "compiled" (`kernels`) is the fast one, on the CPU; "torch" is the reference, on
every device, and the judge of the other.
"""

import ast
import functools
import hashlib
import importlib
import inspect
import math
import pkgutil
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from sequtils.data import features
from sequtils.engine import kernels
from sequtils.models import recurrent

ENGINES = ("compiled", "torch")
OPTIMISERS = ("sgd", "adam")


@dataclass
class History:
    """What one training recorded: a value an epoch in each list, the stop epoch (counted from 1) and its reason.

    loss and accuracy are means over the training sequences, each measured just before its own update, as Keras reports
    them; test_loss and test_accuracy are those of the weights at the end of the epoch. reason: "converged" (for
    `patience` epochs the training loss did not fall by min_delta), "max_epochs" or "diverged" (a loss not finite).
    """

    loss: list = field(default_factory=list)
    accuracy: list = field(default_factory=list)
    test_loss: list = field(default_factory=list)
    test_accuracy: list = field(default_factory=list)
    stop_epoch: int = 0
    reason: str = ""

    def add(self, loss, accuracy, test_loss, test_accuracy):
        self.loss.append(loss)
        self.accuracy.append(accuracy)
        self.test_loss.append(test_loss)
        self.test_accuracy.append(test_accuracy)
        self.stop_epoch += 1


def fit(model, train, test, *, learning_rate=0.01, max_epochs=120, patience=25, min_delta=1e-4, clip=0.0, seed=0,
        engine=None, optimiser="sgd", batch=1, decay=False, augment=(), watch=None):
    """Train a SequenceClassifier in place on `train` (x: list of float32 (T, D), y: int64 (N,)); return its History.

    Each epoch visits every sequence once, in a new order drawn from `seed`. clip: upper bound of the gradient's norm,
    0 for none. engine: one of ENGINES; None takes the compiled one on the CPU. optimiser: one of OPTIMISERS.
    batch: sequences for each update. decay: the learning rate falls linearly, from learning_rate to 0 after max_epochs.
    augment: random steps (`features.augment`) that each epoch draws anew. `test` is measured after each epoch and
    decides nothing. watch: called with the engine after each epoch. The model keeps the weights of the epoch at which
    training stopped.
    """
    engine = make_engine(model, engine, optimiser, batch)
    order, masks, changes = (np.random.default_rng([seed, stream]) for stream in (1, 2, 3))
    history, best, waited = History(), math.inf, 0
    while not history.reason:
        part = replace(train, x=features.augment(train.x, augment, changes)) if augment else train
        rate = learning_rate * (1 - history.stop_epoch / max_epochs if decay else 1)
        loss, accuracy = engine.epoch(part, order.permutation(len(part.y)), rate, clip, masks)
        history.add(loss, accuracy, *engine.evaluate(test))
        if watch:
            watch(engine)
        improved = loss < best - min_delta
        best, waited = (loss, 0) if improved else (best, waited + 1)
        history.reason = _stop_reason(loss, waited >= patience, history.stop_epoch >= max_epochs)
    engine.finish()
    return history


def _stop_reason(loss, out_of_patience, at_cap):
    if not math.isfinite(loss):
        return "diverged"
    return "converged" if out_of_patience else "max_epochs" if at_cap else ""


def make_engine(model, name=None, optimiser="sgd", batch=1):
    """The engine called `name` for a model; None takes "compiled" for a model on the CPU and "torch" elsewhere.

    Raises ValueError for an unknown engine or optimiser, and for the compiled engine anywhere but on the CPU.
    """
    device = next(model.parameters()).device.type
    name = name or ("compiled" if device == "cpu" else "torch")
    if name not in ENGINES:
        raise ValueError(f"engine {name!r} is not one of {', '.join(ENGINES)}")
    if name == "compiled" and device != "cpu":
        raise ValueError(f"the compiled engine trains on the CPU, and the model is on {device!r}")
    if optimiser not in OPTIMISERS:
        raise ValueError(f"optimiser {optimiser!r} is not one of {', '.join(OPTIMISERS)}")
    return (CompiledEngine if name == "compiled" else TorchEngine)(model, optimiser, batch)


class TorchEngine:
    """The reference: nn.Module, autograd, torch.optim, one sequence at a time."""

    def __init__(self, model, optimiser="sgd", batch=1):
        self.model, self.batch = model, batch
        self.device = next(model.parameters()).device
        self.optimiser = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimiser](model.parameters())

    def epoch(self, train, order, learning_rate, clip, rng):
        """One pass in the given order; mean loss and accuracy of the sequences, each just before its update."""
        self.optimiser.param_groups[0]["lr"] = learning_rate
        losses, hits = 0.0, 0
        for rows in np.split(order, range(self.batch, len(order), self.batch)):
            self.optimiser.zero_grad()
            for i in rows:
                z = self._logits(train.x[i], self._masks(len(train.x[i]), rng))  # (1, C)
                loss = F.cross_entropy(z, self._tensor(train.y[i : i + 1]))
                (loss / len(rows)).backward()
                losses += loss.item()
                hits += int(z.argmax() == train.y[i])
            if clip:
                nn.utils.clip_grad_norm_(self.model.parameters(), clip)
            self.optimiser.step()
        return losses / len(order), hits / len(order)

    @torch.no_grad()
    def logits(self, x):
        """Logits (N, C) of a list of sequences, without dropout."""
        ones = [1.0] * len(self.model.hidden) if self.model.dropout else None
        return torch.cat([self._logits(s, ones) for s in x]).cpu().numpy()

    def evaluate(self, part):
        """Mean cross-entropy and accuracy on a part (x, y) of a data set."""
        z, y = torch.from_numpy(self.logits(part.x)), torch.from_numpy(part.y)
        return F.cross_entropy(z, y).item(), float((z.argmax(1) == y).double().mean())

    def finish(self):
        """Nothing to do: the model was trained in place."""

    def _logits(self, x, masks):
        return self.model(self._tensor(x)[None], masks=masks)

    def _masks(self, frames, rng):
        if not self.model.dropout:
            return None
        masks = kernels.dropout_masks(rng, frames, self.model.hidden, self.model.dropout, np.float32)
        return [self._tensor(m) for m in masks]

    def _tensor(self, array):
        return torch.from_numpy(np.asarray(array)).to(self.device)


class CompiledEngine:
    """The same SGD through `kernels`: the model's weights as one flat vector, written back by `finish`."""

    def __init__(self, model, optimiser="sgd", batch=1):
        self.model, self.batch = model, batch
        self.theta = nn.utils.parameters_to_vector(model.parameters()).detach().numpy().copy()
        self.shape = (model.hidden, model.classes, model.cell)
        self.adam = kernels.Adam(self.theta) if optimiser == "adam" else None
        self.packed = {}

    def epoch(self, train, order, learning_rate, clip, rng):
        """One pass in the given order; mean loss and accuracy of the sequences, each just before its update."""
        frames, offsets = self._pack(train.x)
        return kernels.train_epoch(self.theta, frames, offsets, train.y, order, *self.shape, self.model.dropout,
                                   learning_rate, clip, rng, pooling=self.model.pooling, batch=self.batch,
                                   adam=self.adam)

    def logits(self, x):
        """Logits (N, C) of a list of sequences, without dropout."""
        return kernels.logits(self.theta, *self._pack(x), *self.shape, self.model.pooling)

    def evaluate(self, part):
        """Mean cross-entropy and accuracy on a part (x, y) of a data set."""
        z = self.logits(part.x)
        return kernels.cross_entropy(z, part.y), float((z.argmax(axis=1) == part.y).mean())

    def finish(self):
        """Write the trained weights into the model."""
        nn.utils.vector_to_parameters(torch.from_numpy(self.theta), self.model.parameters())

    def _pack(self, x):
        if id(x) not in self.packed:  # the list is kept beside its arrays, so that its id stays its own
            if len(self.packed) == 4:  # augmented lists come and go
                self.packed.pop(next(iter(self.packed)))
            self.packed[id(x)] = (x, *pack(x))
        return self.packed[id(x)][1:]


def pack(x):
    """All sequences (T, D) of a list one after the other, (sum T, D), and where each begins and ends, (N + 1,)."""
    return np.concatenate(x), np.concatenate([[0], np.cumsum([len(s) for s in x])]).astype(np.int64)


def version(*more):
    """The compiled engine, and a hash of all code that decides its results."""
    return f"compiled-{code_hash(features, recurrent, kernels, inspect.getmodule(version), *more)}"


@functools.cache
def code_hash(*modules):
    """Hash of the code of modules and of all modules of packages; comments, docstrings and layout do not count."""
    texts = (inspect.getsource(part) for module in modules for part in (module, *_inner(module)))
    return hashlib.sha256("".join(map(_bare, texts)).encode()).hexdigest()[:16]


def _inner(module):
    """The modules in a package, in the order of their names; none for a module."""
    names = sorted(inner.name for inner in pkgutil.iter_modules(getattr(module, "__path__", []), module.__name__ + "."))
    return map(importlib.import_module, names)


def _bare(text):
    """Python source as a syntax tree without docstrings, written out."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
