"""How fast the compiled engine trains, beside the PyTorch loop, on one core: `make bench [DATA=dir]`.

Prints a table and writes {"rows": [...], ...} to report/build/bench.json; packed batches, which are another algorithm,
stand apart under "another_algorithm". A row's seconds_per_epoch is the processor
time of one epoch over all training sequences, the least of several repeats, after a warm-up; wall_seconds likewise.
The PyTorch loop is timed on `torch_sequences` sequences that stand for all lengths, and scaled by the number of frames.
Both are timed in turns, so that a busy machine slows both.
"""

import os

THREADS = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}
os.environ.update(THREADS)  # before NumPy and PyTorch read them

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from types import SimpleNamespace  # noqa: E402

import numba  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from joblib import Parallel, delayed  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.nn.utils import rnn  # noqa: E402

from sequtils import arithmetic, data, files, paths, trials  # noqa: E402
from sequtils.data import features  # noqa: E402
from sequtils.engine import kernels, training  # noqa: E402
from sequtils.models import SequenceClassifier  # noqa: E402

for setting in arithmetic.SETTINGS:
    del os.environ[setting]  # here PyTorch is to be as fast as it can; it has not computed yet

ROUNDS = 7  # each times PyTorch once and the compiled engine REPEATS times
REPEATS = 5
DEEP = 128
PACKED = 64  # sequences in a packed batch


def flops(part, hidden, cell):
    """Floating-point operations of one epoch: the matrix products forward, backward and for the weights' gradient."""
    frames, sizes = sum(map(len, part.x)), (part.x[0].shape[1], *hidden)
    total = 0
    for layer, (m, n) in enumerate(zip(sizes, hidden)):
        weights = kernels.GATES[cell] * n * (m + n)
        unused = kernels.GATES[cell] * n * m if layer == 0 else 0  # nothing asks for derivatives by the frames
        total += frames * 2 * (3 * weights - unused)
    return total


def sgemm_peak():
    """Floating-point operations a second that this core reaches in a matrix product (BLAS, fused multiply-add)."""
    a, b = torch.rand(768, 768), torch.rand(768, 768)
    return 2 * 768**3 / best(lambda: torch.mm(a, b), 20)[0]


def best(work, repeats):
    """Least processor time and least wall time of a piece of work."""
    process, wall = [], []
    for _ in range(repeats):
        p, w = time.process_time(), time.perf_counter()
        work()
        process.append(time.process_time() - p)
        wall.append(time.perf_counter() - w)
    return min(process), min(wall)


def epoch_of(engine, part, hidden, cell, order):
    """One epoch from fresh weights, as a function to be timed: making the weights is not."""
    trainer = training.make_engine(SequenceClassifier(part.x[0].shape[1], hidden, part.classes, cell), engine)
    return lambda: trainer.epoch(part, order, 0.01, 0.0, np.random.default_rng(0))


def spread(part, count):
    """`count` sequences whose lengths are spread like those of all."""
    ranked = np.argsort([len(x) for x in part.x], kind="stable")
    return np.random.default_rng(0).permutation(ranked[np.linspace(0, len(ranked) - 1, count).astype(int)])


def packed_epoch(part, hidden, cell):
    """One epoch of PyTorch's layers on packed batches, one step a batch: another algorithm than batch size 1."""
    model = SequenceClassifier(part.x[0].shape[1], hidden, part.classes, cell)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    order = np.random.default_rng(0).permutation(len(part.y))
    x, y = [torch.from_numpy(s) for s in part.x], torch.from_numpy(part.y)

    def epoch():
        for batch in np.array_split(order, -(-len(order) // PACKED)):
            inputs = rnn.pack_sequence([x[i] for i in batch], enforce_sorted=False)
            for layer in model.layers:
                inputs, _ = layer(inputs)
            outputs, lengths = rnn.pad_packed_sequence(inputs, batch_first=True)  # (B, T, n)
            loss = F.cross_entropy(model.head(outputs[torch.arange(len(batch)), lengths - 1]), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return epoch


def rows_of(name, part, hidden, cell, peak, torch_sequences, rounds=ROUNDS):
    """The rows of one network: the compiled engine, the PyTorch loop and, for few layers, packed batches."""
    frames, some = sum(map(len, part.x)), spread(part, torch_sequences)
    scale = frames / sum(len(part.x[i]) for i in some)
    epochs = {
        "compiled": lambda: epoch_of("compiled", part, hidden, cell, np.random.default_rng(1).permutation(len(part.y))),
        "torch": lambda: epoch_of("torch", part, hidden, cell, some),
        f"torch packed {PACKED}": lambda: packed_epoch(part, hidden, cell),
    }
    times = in_turns(epochs if len(hidden) <= 2 else dict(list(epochs.items())[:2]), rounds)
    times["torch"] = [scale * seconds for seconds in times["torch"]]
    limit = flops(part, hidden, cell) / peak
    for engine, (process, wall) in times.items():
        row = {"engine": engine, "cell": cell, "dataset": name, "hidden": list(hidden), "frames": frames}
        row |= {"seconds_per_epoch": process, "wall_seconds": wall, "ratio_to_torch": times["torch"][0] / process}
        row |= {"times_arithmetic_limit": process / limit, "arithmetic_limit_seconds": limit, "rounds": rounds}
        row |= {"torch_sequences": torch_sequences, "scaled_by": scale} if engine == "torch" else {}
        yield row


def in_turns(epochs, rounds):
    """Least processor and wall time of each engine's epoch. In each round all have their turn, and fresh weights."""
    times = {engine: [] for engine in epochs}
    for _ in range(rounds):
        for engine, make in epochs.items():
            make()()  # warm-up
            times[engine].append(best(make(), REPEATS if engine == "compiled" else 1))
    return {engine: [min(t[k] for t in measured) for k in range(2)] for engine, measured in times.items()}


def one_training(part, hidden, cell, epochs):
    """A trial's worth of work for the measurement of two workers."""
    torch.set_num_threads(1)
    epoch = epoch_of("compiled", part, hidden, cell, np.arange(len(part.y)))
    for _ in range(epochs):
        epoch()


def two_workers(part, cell="lstm", hidden=(16, 5), epochs=60, trials=8):
    """Wall time of equal trainings by one worker and by two, after both have started, and its ratio."""
    seconds = {}
    for workers in (1, 2):
        with Parallel(n_jobs=workers, backend="loky") as pool:
            pool(delayed(one_training)(part, hidden, cell, 1) for _ in range(2 * workers))
            jobs = [delayed(one_training)(part, hidden, cell, epochs) for _ in range(trials)]
            seconds[workers] = best(lambda: pool(jobs), 3)[1]  # noqa: B023, called before the loop goes on
    return {"one_worker_seconds": seconds[1], "two_workers_seconds": seconds[2], "speed_up": seconds[1] / seconds[2]}


FRESH = """
import json, psutil, sys, time
start = time.perf_counter()
import numpy as np
from sequtils.engine import kernels
imported = time.perf_counter()
hidden, cell, frames = (16,) * int(sys.argv[1]), sys.argv[2], np.zeros((178, 39), np.float32)
size = sum(kernels.GATES[cell] * n * (m + n + 2) for m, n in zip((39, *hidden), hidden)) + 17 * 5
rng = np.random.default_rng(0)
kernels.train_epoch(np.zeros(size, np.float32), frames, [0, 178], [0], [0], hidden, 5, cell, 0.2, 0.1, 1.0, rng)
done = time.perf_counter()
from sequtils.engine import training
memory = psutil.Process().memory_info().rss
times = {"import_seconds": imported - start, "first_epoch_seconds": done - imported}
print(json.dumps({**times, "worker_megabytes": memory / 2**20}))
"""


def fresh_process(layers, cell):
    """A new process: seconds to import the engine and from there to the end of a first epoch with the code from the
    cache on disk, and the memory that it then holds, PyTorch included as in a worker."""
    command = [sys.executable, "-c", FRESH, str(layers), cell]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


ORDER = """
import contextlib, os, sys, time
import torch
from sequtils import arithmetic, data, trials
from sequtils.engine import minibatch
if sys.argv[1] == "any":
    torch.set_num_threads(1)
    minibatch.one_order = contextlib.nullcontext
    for setting in arithmetic.SETTINGS:
        del os.environ[setting]
trial, dataset, times = trials.BatchTrial("handwriting", sys.argv[2], max_epochs=2), data.load("handwriting"), []
for _ in range(4):
    start = time.process_time()
    trial.measure(dataset)
    times.append(time.process_time() - start)
print(min(times[1:]))
"""


def cost_of_one_order(model):
    """How many times as long a training on mini-batches takes where PyTorch adds in one order on every machine."""
    command = [sys.executable, "-c", ORDER]
    seconds = {order: float(subprocess.run([*command, order, model], capture_output=True, text=True, check=True).stdout)
               for order in ("one", "any")}
    return seconds["one"] / seconds["any"]


def measure(data_root):
    """Everything, as it is written to bench.json; the rows are printed as they come."""
    torch.set_num_threads(1)
    peak, rows = sgemm_peak(), []
    for name, recipe in trials.RECIPES.items():
        dataset = data.load(name, data_root)
        train = features.prepare(dataset, recipe).train
        part = SimpleNamespace(x=train.x, y=train.y, classes=len(dataset.classes))
        networks = [((16, 5), 60, ROUNDS), ((128,), 30, ROUNDS)]
        if name == "handwriting":
            strokes = part
            networks += [((16,) * layers, 2, 1) for layers in (DEEP // 4, DEEP)]
        for hidden, torch_sequences, rounds in networks:
            for cell in kernels.CELLS:
                rows += show(rows_of(name, part, hidden, cell, peak, torch_sequences, rounds))
    starts = [fresh_process(2, "rnn") for _ in range(3)]
    return {
        "rows": [row for row in rows if row["engine"] in training.ENGINES],
        "another_algorithm": [row for row in rows if row["engine"] not in training.ENGINES],
        "sample": dataset.sample,
        "sgemm_gflops": peak / 1e9,
        "workers": two_workers(strokes),
        "one_order": {model: cost_of_one_order(model) for model in ("rnn", "lstm", "gru", "transformer")},
        "start": min(starts, key=lambda start: start["first_epoch_seconds"]),
        "worker_megabytes": {f"{DEEP} x 16 {c}": fresh_process(DEEP, c)["worker_megabytes"] for c in kernels.CELLS},
        "threads": THREADS,
        "load_average": os.getloadavg()[0],
        "versions": {"torch": torch.__version__, "numba": numba.__version__, "machine": platform.machine()},
    }


def show(rows):
    """Print rows as they come, and return them."""
    rows = list(rows)
    for row in rows:
        count, n = len(row["hidden"]), row["hidden"][0]
        numbers = "{seconds_per_epoch:9.4f} {wall_seconds:9.4f} {ratio_to_torch:8.1f} {times_arithmetic_limit:8.1f}"
        hidden = f"{count} x {n}" if count > 2 else " ".join(map(str, row["hidden"]))
        print(f"{row['dataset']:12} {row['cell']:5} {hidden:9} {row['engine']:16}", numbers.format(**row), flush=True)
    return rows


def told_costs(costs):
    return ", ".join(f"{cost:.1f} ({model})" for model, cost in costs.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-root", help="folder of the course's data; without it the embedded sample")
    parser.add_argument("--out", default=paths.BUILD / "bench.json", help="where the rows are written")
    arguments = parser.parse_args()
    print("data set     cell  hidden    engine             s/epoch    wall s    ratio  x limit")
    result = measure(arguments.data_root)
    start, workers = result["start"], result["workers"]
    print(f"""
ratio: how many times faster than the PyTorch loop with batch size 1, whose time is that of a few sequences, scaled.
x limit: times the arithmetic alone would take at this core's sgemm peak, {result["sgemm_gflops"]:.0f} GFLOP/s.
Packed batches are another algorithm, with one step for {PACKED} sequences. All on one thread.
Two workers: {workers["speed_up"]:.2f} times as fast as one.
The same sums on every machine: mini-batches by PyTorch take {told_costs(result["one_order"])} times as long.
A new process: {start["import_seconds"]:.2f} s to import the engine, {start["first_epoch_seconds"]:.2f} s to an epoch.
Memory of a worker, PyTorch included: {", ".join(f"{k} {m:.0f} MB" for k, m in result["worker_megabytes"].items())}.
Data: {"the embedded sample" if result["sample"] else arguments.data_root}.""")
    files.write_json(arguments.out, result)
    print(f"Written: {arguments.out}")


if __name__ == "__main__":
    main()
