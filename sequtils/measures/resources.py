"""What a recurrent network costs: bytes for the backward pass, steps that wait for one another, and seconds."""

import math
import time
from dataclasses import dataclass

import numpy as np
import torch

from sequtils import trials
from sequtils.engine import minibatch
from sequtils.measures import slopes
from sequtils.measures.limits import NAMES, SETS
from sequtils.models import encoders
from sequtils.results import Result

NUMBERS = {"rnn": 1, "lstm": 7}  # what a frame and unit leave for the backward pass: h; i, f, g, o, c, tanh c and h

# ---- Memory ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeptBytes(trials.Experiment):
    """Bytes that PyTorch keeps of one forward pass for the backward pass, without weights and the input.

    cell: "rnn" or "lstm". frames, widths: every T is measured with every n. inputs: D. batch: B sequences.
    """

    CODE = (encoders,)
    cell: str
    frames: tuple
    widths: tuple
    inputs: int = 2
    batch: int = 8

    def measure(self, dataset):
        """Lists of a list a width: what was `measured`, and what the `formula` 4 B T (k n + D) says."""
        with minibatch.one_order():
            return {"measured": [[self._bytes(T, n) for T in self.frames] for n in self.widths],
                    "formula": [[self.expected(T, n) for T in self.frames] for n in self.widths]}

    def expected(self, T, n):
        """4 bytes for each of the k numbers of a unit (NUMBERS) and for each feature of every frame."""
        return 4 * self.batch * T * (NUMBERS[self.cell] * n + self.inputs)

    def _bytes(self, T, n):
        stepwise = self.cell == "lstm"
        encoder = encoders.StepLSTM(self.inputs, n) if stepwise else encoders.build(self.cell, self.inputs, n)
        encoders.initialise(encoder)
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


def memory(kept):
    """Result of what is kept, a row a cell: "bytes" that one more frame of one sequence adds, by unit, at the greatest
    width; how many "times" those of the RNN; the "share" of the formula that is measured, where it is furthest from 1.
    "furthest" names the cell of which it is furthest. kept: cell -> [result of KeptBytes]."""
    added = {cell: per_frame_and_unit(result) for cell, [result] in kept.items()}
    rows = {cell: {"bytes": added[cell], "times": added[cell] / added["rnn"], "share": deviation(result)}
            for cell, [result] in kept.items()}
    heads = {"bytes": "Bytes a frame and unit", "times": "Times the RNN's", "share": "Measured by formula"}
    found = Result("cell", rows, {"bytes": ".1f", "times": ".1f"}, heads, NAMES)
    found.alias("furthest", (max(rows, key=lambda cell: abs(rows[cell]["share"] - 1)),))
    return found


def per_frame_and_unit(result):
    """Bytes that one more frame of one sequence adds, by unit, at the greatest width of a result of KeptBytes."""
    trial, row = result["trial"], result["measured"][-1]
    T, n = trial["frames"], trial["widths"][-1]
    return (row[-1] - row[0]) / (T[-1] - T[0]) / trial["batch"] / n


def deviation(result):
    """The measured bytes by the formula's, where that is furthest from 1."""
    ratios = np.ravel(result["measured"]) / np.ravel(result["formula"])
    return float(ratios[np.abs(ratios - 1).argmax()])


# ---- Seconds, and steps, against length ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recurrence(trials.Experiment):
    """Seconds of one forward and backward pass of an encoder against the number of frames; a timing, so no two runs
    agree. model: of `encoders.MODELS`. frames: the lengths T. device: "cpu" (one thread, time of the process) or
    "cuda"."""

    CODE = (encoders,)
    model: str
    frames: tuple
    width: int = 32
    batch: int = 8
    inputs: int = 2
    repeats: int = 5
    device: str = "cpu"

    def measure(self, dataset):
        """The least of the repeats' `times` in seconds, for each length."""
        with minibatch.one_order(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            encoder = encoders.build(self.model, self.inputs, self.width).to(self.device)
            passes = [self._pass(encoder, T) for T in self.frames]
            times = [[self._seconds(run) for run in passes] for _ in range(self.repeats + 1)]
        return {"times": np.min(times[1:], axis=0).tolist()}  # the first round warms up

    def _pass(self, encoder, T):
        x = torch.randn(self.batch, T, self.inputs).to(self.device)
        lengths = torch.full((self.batch,), T, device=self.device)
        return lambda: encoder(x, lengths).sum().backward()

    def _seconds(self, run):
        clock = time.process_time if self.device == "cpu" else time.perf_counter  # without what else the CPU does
        self._wait()
        started = clock()
        run()
        self._wait()
        return clock() - started

    def _wait(self):
        if self.device != "cpu":
            torch.cuda.synchronize()


def recurrences(models, frames, devices):
    """(device, model) -> a Recurrence of each model on each device."""
    return {(device, model): Recurrence(model, tuple(frames), device=device) for device in devices for model in models}


def devices():
    """The devices on which this machine can measure, with the names that PyTorch has for them."""
    return {"cpu": "CPU", **({"cuda": torch.cuda.get_device_name()} if torch.cuda.is_available() else {})}


def times(results, devices):
    """Result of a pass, a row a (device, model): the name of the device it was "on", the "power" of the length with
    which its time grows, and its "milliseconds" at the greatest length. results: (device, model) -> [result of
    Recurrence]."""
    rows = {}
    for (device, model), [result] in results.items():
        rows[device, model] = {"on": devices[device], "power": slope(result["trial"]["frames"], result["times"]),
                               "milliseconds": 1e3 * result["times"][-1]}
    return Result(("device", "model"), rows, {"power": ".2f", "milliseconds": ".1f"}, titles=NAMES)


def steps(models, T):
    """Result of how many steps of T frames wait for one another, a row a model."""
    rows = {model: {"frames": T, "steps": depth(model, T)} for model in models}
    return Result("model", rows, titles=NAMES)


def slope(frames, seconds):
    """p of the power law seconds ~ T^p that fits best in logarithms."""
    return slopes.slope(np.log(frames), np.log(seconds))


def depth(model, T):
    """Steps of T frames that have to wait for one another: T of a recurrence, of the scan ceil(log2 T), of attention
    one."""
    return {"mingru": math.ceil(math.log2(T)), "transformer": 1}.get(model, T)


def seconds(runs):
    """Result of the mean seconds of a training, a row a network, a column a data set. runs: (data set, network) ->
    results."""
    rows = {}
    for (name, label), results in runs.items():
        rows.setdefault(label, {})[name] = float(np.mean([r["seconds"] for r in results]))
    return Result("network", rows, dict.fromkeys(SETS, ".1f"), SETS, NAMES)
