"""What is said against the LSTM, as measurements: memory, seconds against length, and the variants of a training."""

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import torch

from sequtils import statistics, trials
from sequtils.engine import minibatch
from sequtils.models import modern

NAMES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "bilstm": "bidirectional LSTM", "attention": "LSTM with attention",
         "mingru": "minGRU", "transformer": "transformer"}
NUMBERS = {"rnn": 1, "lstm": 7}  # what a frame and unit leave for the backward pass: h; i, f, g, o, c, tanh c and h
AFTER = {"rnn": {"model": "rnn"}, "lstm": {}, "gru": {"model": "gru"}, "bilstm": {"model": "bilstm"},
         "attention": {"pooling": "attention"}, "mingru": {"model": "mingru", "pooling": "mean"},
         "transformer": {"model": "transformer", "pooling": "mean"}}
REGULARISED = {"none": {}, "layernorm": {"norm": "layer"}, "batchnorm": {"norm": "batch"},
               **{f"dropout-{kind}": {"dropout": kind} for kind in modern.DROPOUTS[1:]}}
TITLES = {"layernorm": "layer norm", "batchnorm": "batch norm", "dropout-input": "dropout, frames",
          "dropout-output": "dropout, states", "dropout-recurrent": "dropout, recurrence"}


# ---- Variants of a training, and the choice among them ---------------------------------------------------------------


def variants(base, changes, **fields):
    """label -> the BatchTrial `base` with the fields of that label changed, and `fields` for all."""
    return {label: replace(base, **{**fields, **change}) for label, change in changes.items()}


def bottleneck(base, widths):
    """(pooling, width) -> a BatchTrial for every pooling of every width."""
    return {(p, n): replace(base, pooling=p, width=n) for p in modern.POOLINGS for n in widths}


def gradients(base, bound):
    """(cell, forget bias, bound of the gradient's norm, 0 for none) -> a BatchTrial; the RNN has no forget gate."""
    cases = [("lstm", 1.0, 0.0), ("lstm", 1.0, bound), ("lstm", 0.0, 0.0), ("lstm", 0.0, bound), ("rnn", None, 0.0),
             ("rnn", None, bound)]
    return {case: replace(base, model=case[0], forget_bias=case[1] or 0.0, clip=case[2]) for case in cases}


def fold_trials(bases, rates, folds, held_out):
    """(label, learning rate, k) -> the BatchTrial of a label without the k-th of `folds` parts of the training data,
    for the first `held_out` parts."""
    return {(label, rate, k): replace(base, learning_rate=rate, fold=k, folds=folds)
            for label, base in bases.items() for rate in rates for k in range(held_out)}


def choose(results):
    """label -> (learning rate, accuracy) that the held-out folds choose, from the results of `fold_trials`."""
    scores = {}
    for (label, rate, _), [result] in results.items():
        scores.setdefault(label, {}).setdefault(rate, []).append(result)
    means = {label: {rate: statistics.cross_validated(runs)[0] for rate, runs in by_rate.items()}
             for label, by_rate in scores.items()}
    return {label: (statistics.best(by_rate), max(by_rate.values())) for label, by_rate in means.items()}


# ---- Numbers of stored results ---------------------------------------------------------------------------------------


def spread(values):
    """Estimate of one number a seed: the mean; its interval is their least and greatest."""
    return statistics.Estimate(float(np.mean(values)), 0.0, float(np.min(values)), float(np.max(values)))


def attention(results, name, less=0.0):
    """Estimate of a number of `batch_trial.attention` less a constant; a bootstrap over seeds and test sequences."""
    values = np.array([r["attention"][name] for r in results]) - less  # (S, N)
    return statistics.Estimate(float(values.mean()), 0.0, *statistics.bootstrap(values))


def gradient_ratio(results):
    """Estimate over seeds of the greatest norm of a gradient in training by the median of the epochs' medians."""
    def ratio(history):
        largest, medians = ([v for v in history[k] if v is not None] for k in ("gradient_max", "gradient_median"))
        return max(largest) / float(np.median(medians))

    return spread([ratio(r["history"]) for r in results])


def seconds(results):
    """Mean of the seconds that the trainings took."""
    return float(np.mean([r["seconds"] for r in results]))


def tally(gains):
    """How many of some differences in test accuracy are higher, how many lower, and how many they are."""
    words = [statistics.verdict(gain) for gain in gains]
    return {"higher": words.count("higher than"), "lower": words.count("lower than"), "compared": len(words)}


def stance(gains, claimed):
    """What differences in test accuracy do to a claim, "higher than" or "lower than": the verb that says it."""
    words = {statistics.verdict(gain) for gain in gains} - {"no different from"}
    if len(words) == 2:
        return "partly bear out and partly contradict"
    return "neither bear out nor contradict" if not words else "bear out" if claimed in words else "contradict"


# ---- Memory ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeptBytes(trials.Experiment):
    """Bytes that PyTorch keeps of one forward pass for the backward pass, without weights and the input.

    cell: "rnn" or "lstm". frames, widths: every T is measured with every n. inputs: D. batch: B sequences.
    """

    CODE = (modern,)
    cell: str
    frames: tuple
    widths: tuple
    inputs: int = 2
    batch: int = 8

    def measure(self, dataset):
        """Lists of a list a width: what was `measured`, and what the `formula` 4 B T (k n + D) says."""
        with minibatch.one_thread():
            return {"measured": [[self._bytes(T, n) for T in self.frames] for n in self.widths],
                    "formula": [[self.expected(T, n) for T in self.frames] for n in self.widths]}

    def expected(self, T, n):
        """4 bytes for each of the k numbers of a unit (NUMBERS) and for each feature of every frame."""
        return 4 * self.batch * T * (NUMBERS[self.cell] * n + self.inputs)

    def _bytes(self, T, n):
        encoder = modern.StepLSTM(self.inputs, n) if self.cell == "lstm" else modern.encoder(self.cell, self.inputs, n)
        modern.initialise(encoder)
        x, lengths = torch.ones(self.batch, T, self.inputs), torch.full((self.batch,), T)
        return kept_bytes(lambda: encoder(x, lengths), [x, *encoder.parameters()])


def kept_bytes(call, own=()):
    """Bytes of all storages but those of the tensors `own` that autograd keeps while `call` runs, each counted once."""
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # the tensor too: so no other gets its place
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        call()
    ours = {tensor.untyped_storage().data_ptr() for tensor in own}
    return sum(size for place, (size, _) in kept.items() if place not in ours)


def per_frame_and_unit(result):
    """Bytes that one more frame of one sequence adds, by unit, at the greatest width of a result of KeptBytes."""
    trial, row = result["trial"], result["measured"][-1]
    T, n = trial["frames"], trial["widths"][-1]
    return (row[-1] - row[0]) / (T[-1] - T[0]) / trial["batch"] / n


def largest_deviation(results):
    """The measured bytes by the formula's, where that is furthest from 1."""
    ratios = np.concatenate([np.ravel(r["measured"]) / np.ravel(r["formula"]) for r in results])
    return float(ratios[np.abs(ratios - 1).argmax()])


# ---- Seconds against length ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recurrence(trials.Experiment):
    """Seconds of one forward and backward pass of an encoder against the number of frames; a timing, so no two runs
    agree. model: of modern.MODELS. frames: the lengths T. device: "cpu" (one thread, time of the process) or "cuda"."""

    CODE = (modern,)
    model: str
    frames: tuple
    width: int = 32
    batch: int = 8
    inputs: int = 2
    repeats: int = 5
    device: str = "cpu"

    def measure(self, dataset):
        """The least of the repeats' `times` in seconds, for each length."""
        with minibatch.one_thread(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            encoder = modern.encoder(self.model, self.inputs, self.width).to(self.device)
            passes = [self._pass(encoder, T) for T in self.frames]
            times = [[self._seconds(run) for run in passes] for _ in range(self.repeats + 1)]
        return {"times": np.min(times[1:], axis=0).tolist()}  # the first round warms up

    def _pass(self, encoder, T):
        x = torch.randn(self.batch, T, self.inputs).to(self.device)
        lengths = torch.full((self.batch,), T, device=self.device)
        return lambda: encoder(x, lengths).sum().backward()

    def _seconds(self, run):
        clock = time.process_time if self.device == "cpu" else time.perf_counter  # what else the CPU does counts not
        self._wait()
        started = clock()
        run()
        self._wait()
        return clock() - started

    def _wait(self):
        if self.device != "cpu":
            torch.cuda.synchronize()


def devices():
    """The devices on which this machine can measure, with the names that PyTorch has for them."""
    return {"cpu": "CPU", **({"cuda": torch.cuda.get_device_name()} if torch.cuda.is_available() else {})}


def slope(frames, seconds):
    """p of the power law seconds ~ T^p that fits best in logarithms."""
    return float(np.polyfit(np.log(frames), np.log(seconds), 1)[0])


def depth(model, T):
    """Steps of T frames that have to wait for one another: T of a recurrence, of the scan ceil(log2 T), of attention
    one."""
    return {"mingru": math.ceil(math.log2(T)), "transformer": 1}.get(model, T)
