"""The compiled engine: equal to PyTorch, judged by finite differences too, and the same bytes everywhere.

`python -m tests.test_kernels` prints the digests of the weights after a short training; digests.json holds those that
every machine must give.
"""

import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from numba import njit
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from sequtils import data
from sequtils.data import features
from sequtils.engine import kernels, training
from sequtils.engine.kernels import functions, lanes, network
from sequtils.models import SequenceClassifier

ROOT = Path(__file__).resolve().parent.parent
DIGESTS = Path(__file__).with_name("digests.json")
HIDDEN = [(5,), (16, 5), (33, 4, 17), (3, 16, 20, 7)]
torch.set_num_threads(1)  # its threads would wait for those of the tests that run beside these
RECIPES = {"handwriting": ("minmax",), "cv": ("standardise",)}


def vector(model):
    return parameters_to_vector(model.parameters()).detach().numpy().copy()


def part(*sequences, labels=None):
    return SimpleNamespace(x=list(sequences), y=np.array([0] * len(sequences) if labels is None else labels))


def run_epoch(model, sequences, order=None, learning_rate=0.01, clip=0.0, seed=5, engine="compiled", epochs=1,
              **kwargs):
    """Weights, and loss and accuracy of the last epoch."""
    engine = training.make_engine(model, engine, **kwargs)
    order = np.arange(len(sequences.y)) if order is None else order
    for epoch in range(epochs):
        measured = engine.epoch(sequences, order, learning_rate, clip, np.random.default_rng(seed + epoch))
    engine.finish()
    return vector(model), *measured


def torch_gradient(model, x, label, masks=None):
    """Loss and gradient (P,) by autograd."""
    ones = [1.0] * len(model.hidden)
    logits = model(torch.from_numpy(x)[None], masks=ones if masks is None else [torch.from_numpy(m) for m in masks])
    loss = F.cross_entropy(logits, torch.tensor([label]))
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return loss.item(), torch.cat([g.reshape(-1) for g in gradients]).numpy()


# ---- equal to PyTorch ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-10), ("float32", 1e-5)])
@pytest.mark.parametrize("frames", [1, 2, 7, 178])
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("cell", kernels.CELLS)
def test_gradient_is_autograds(cell, hidden, frames, dtype, tolerance):
    model = SequenceClassifier(3, hidden, 6, cell, init="torch", seed=1).to(getattr(torch, dtype))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((frames, 3)).astype(dtype)
    for masks in (None, kernels.dropout_masks(rng, frames, hidden, 0.3, dtype)):
        loss, gradient = kernels.gradient(vector(model), x, 2, hidden, 6, cell, masks)
        their_loss, theirs = torch_gradient(model, x, 2, masks)
        assert loss == pytest.approx(their_loss, abs=tolerance)
        np.testing.assert_allclose(gradient, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("frames", [1, 2, 6, 40])
@pytest.mark.parametrize("cell", kernels.CELLS)
def test_gradient_of_a_head_on_the_mean_is_autograds(cell, frames):
    model = SequenceClassifier(3, (5, 17), 6, cell, init="torch", seed=1, pooling="mean").double()
    rng = np.random.default_rng(1)
    x = rng.standard_normal((frames, 3))
    for masks in (None, kernels.dropout_masks(rng, frames, (5, 17), 0.3, np.float64)):
        loss, gradient = kernels.gradient(vector(model), x, 2, (5, 17), 6, cell, masks, "mean")
        their_loss, theirs = torch_gradient(model, x, 2, masks)
        assert loss == pytest.approx(their_loss, abs=1e-12)
        np.testing.assert_allclose(gradient, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", kernels.CELLS)
def test_gradient_is_that_of_finite_differences(cell):
    """The judge is judged: (loss(w + e) - loss(w - e)) / 2e for every weight w, by both engines."""
    hidden, rng = (4, 3), np.random.default_rng(2)
    model = SequenceClassifier(2, hidden, 3, cell, init="torch").double()
    theta, x = vector(model), rng.standard_normal((6, 2))
    slopes = np.empty_like(theta)
    for i in range(len(theta)):
        step = np.eye(1, len(theta), i)[0] * 1e-5
        ends = [kernels.gradient(theta + s, x, 1, hidden, 3, cell)[0] for s in (step, -step)]
        slopes[i] = (ends[0] - ends[1]) / 2e-5
    np.testing.assert_allclose(kernels.gradient(theta, x, 1, hidden, 3, cell)[1], slopes, atol=1e-9)
    np.testing.assert_allclose(torch_gradient(model, x, 1)[1], slopes, atol=1e-9)


@pytest.mark.parametrize("cell", kernels.CELLS)
@pytest.mark.parametrize("name", RECIPES)
def test_one_epoch_of_the_sample_leaves_pytorchs_weights(name, cell):
    """From PyTorch's own initial weights. From Keras's, the plain RNN is chaotic on the course's CV data: there PyTorch
    itself differs by 0.05 between float32 and float64 after an epoch."""
    train = features.prepare(data.load(name), RECIPES[name]).train
    order = np.random.default_rng(3).permutation(len(train))
    runs = []
    for engine in training.ENGINES:
        model = SequenceClassifier(train.x[0].shape[1], (16, 5), 5, cell, init="torch")
        runs.append(run_epoch(model, train, order, engine=engine))
    (ours, loss, accuracy), (theirs, their_loss, their_accuracy) = runs
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert loss == pytest.approx(their_loss, abs=1e-5)
    assert accuracy == pytest.approx(their_accuracy, abs=1.5 / len(train))  # a tie may be broken by the last digit


@pytest.mark.parametrize("cell", kernels.CELLS)
def test_fifty_steps_on_raw_mfcc(cell):
    """Training on raw MFCC is chaotic, so that rounding separates any two implementations later on."""
    train = data.load("cv").train
    order = np.random.default_rng(4).permutation(len(train))[:50]
    runs = [run_epoch(SequenceClassifier(39, (16, 5), 5, cell), train, order, engine=e)[0] for e in training.ENGINES]
    np.testing.assert_allclose(*runs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("cell", kernels.CELLS)
@pytest.mark.parametrize("dropout, clip", [(0.4, 0.0), (0.0, 0.3), (0.4, 0.3)])
def test_dropout_and_clipping_are_pytorchs(cell, dropout, clip):
    rng = np.random.default_rng(6)
    sequences = part(*(rng.standard_normal((t, 3)).astype(np.float32) for t in (1, 9, 30)), labels=[0, 3, 1])
    order = rng.integers(0, 3, 40)
    runs = []
    for engine in training.ENGINES:
        model = SequenceClassifier(3, (20, 5), 4, cell, dropout, init="torch")
        runs.append(run_epoch(model, sequences, order, 0.1, clip, engine=engine))
    np.testing.assert_allclose(runs[0][0], runs[1][0], rtol=0, atol=1e-5)
    assert runs[0][1:] == pytest.approx(runs[1][1:], abs=1e-5)


@pytest.mark.parametrize("cell", kernels.CELLS)
@pytest.mark.parametrize("pooling", kernels.POOLINGS)
@pytest.mark.parametrize("optimiser, batch", [("sgd", 4), ("adam", 1), ("adam", 4), ("adam", 100)])
def test_batches_and_adam_are_pytorchs(cell, pooling, optimiser, batch):
    """Three epochs of ten sequences: the last batch is smaller, and Adam's moments go from epoch to epoch. In float64,
    because Adam's first steps divide small gradients by their own size, and so their rounding too."""
    rng = np.random.default_rng(8)
    sequences = part(*(rng.standard_normal((t, 3)) for t in range(1, 11)), labels=np.arange(10) % 4)
    runs = []
    for engine in training.ENGINES:
        model = SequenceClassifier(3, (20, 5), 4, cell, 0.2, init="torch", pooling=pooling).double()
        runs.append(run_epoch(model, sequences, learning_rate=0.01, clip=0.5, engine=engine, epochs=3,
                              optimiser=optimiser, batch=batch))
    np.testing.assert_allclose(runs[0][0], runs[1][0], rtol=0, atol=1e-9)
    assert runs[0][1:] == pytest.approx(runs[1][1:], abs=1e-9)


@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_compiled_code_and_numpy_draw_the_same_numbers(dropout):
    compiled, numpy = np.random.default_rng(7), np.random.default_rng(7)
    theta, frames = np.zeros(4 * 4 * (2 + 4 + 2) + 5 * 3, np.float32), np.zeros((7, 2), np.float32)
    kernels.train_epoch(theta, frames, [0, 3, 7], [0, 2], [1, 0], (4,), 3, "lstm", dropout, 0.1, 0.0, compiled)
    for length in (4, 3):
        kernels.dropout_masks(numpy, length, (4,), dropout, np.float32)
    assert compiled.bit_generator.state == numpy.bit_generator.state


@pytest.mark.parametrize("cell", kernels.CELLS)
def test_logits_and_cross_entropy_are_pytorchs(cell):
    rng = np.random.default_rng(8)
    model = SequenceClassifier(3, (20, 5), 18, cell, init="torch").eval()
    x = [rng.standard_normal((t, 3)).astype(np.float32) for t in (1, 4, 50)]
    theirs = torch.cat([model(torch.from_numpy(s)[None]) for s in x]).detach()
    ours = kernels.logits(vector(model), *training.pack(x), (20, 5), 18, cell)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    labels = np.array([3, 17, 0])
    expected = F.cross_entropy(theirs, torch.from_numpy(labels)).item()
    assert kernels.cross_entropy(ours, labels) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("hidden", [(3, 5), (8, 9), (17, 4)])
@pytest.mark.parametrize("cell", kernels.CELLS)
def test_two_layers_at_once_are_one_after_the_other_to_the_bit(cell, hidden):
    model, rng = SequenceClassifier(2, hidden, 3, cell, init="torch", seed=4), np.random.default_rng(8)
    lower, upper = hidden
    cut = kernels.GATES[cell] * lower * (2 + lower + 2)  # in theta the upper layer and the head begin there
    for frames in range(1, 11):
        x, ends = rng.standard_normal((1, frames, 2)).astype(np.float32), [0, frames]
        h = kernels.states(vector(model)[:cut], x, [frames], lower, cell)[0]
        apart = kernels.logits(vector(model)[cut:], h, ends, (upper,), 3, cell)
        np.testing.assert_array_equal(kernels.logits(vector(model), x[0], ends, hidden, 3, cell), apart)


@pytest.mark.parametrize("row", [[0, 0, 0], [1e30, 0, 0], [-1e30, 5, 5], [math.inf, 0, 0], [-math.inf, 0, 1],
                                 [math.nan, 0, 0], [0, math.nan, math.inf]])  # fmt: skip
def test_cross_entropy_at_the_edges(row):
    logits = np.array([row], np.float32)
    expected = F.cross_entropy(torch.from_numpy(logits), torch.tensor([0])).item()
    np.testing.assert_allclose(kernels.cross_entropy(logits, np.array([0])), expected, rtol=1e-6)


@pytest.mark.parametrize("cell", kernels.CELLS)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e30])
def test_nan_and_infinity_behave_as_in_pytorch(cell, bad):
    model = SequenceClassifier(3, (5, 4), 3, cell, init="torch", seed=2)
    x = np.random.default_rng(9).standard_normal((6, 3)).astype(np.float32)
    x[2, 1] = bad
    loss, gradient = kernels.gradient(vector(model), x, 1, (5, 4), 3, cell)
    their_loss, theirs = torch_gradient(model, x, 1)
    np.testing.assert_allclose(loss, their_loss, rtol=1e-5)
    np.testing.assert_allclose(gradient, theirs, rtol=1e-4, atol=1e-5)  # NaN in the same places
    clipped = [run_epoch(SequenceClassifier(3, (5, 4), 3, cell, init="torch", seed=2), part(x, x), clip=1.0, engine=e)
               for e in training.ENGINES]  # fmt: skip
    np.testing.assert_array_equal(np.isnan(clipped[0][0]), np.isnan(clipped[1][0]))


def test_a_logit_that_is_nan_counts_as_the_largest():
    """As in NumPy and PyTorch: the first NaN wins."""
    frames, rng = np.zeros((1, 1), np.float32), np.random.default_rng(0)
    for bias in ([0, 1, 1], [math.nan, 9, 0], [0, math.nan, math.nan], [0, 9, math.inf]):
        theta = np.array([0, 0, 0, 0, 0, 0, 0, *bias], np.float32)  # one unit, three classes
        for label in range(3):
            arguments = (frames, [0, 1], [label], [0], (1,), 3, "rnn", 0.0, 0.0, 0.0, rng)
            assert kernels.train_epoch(theta.copy(), *arguments)[1] == (label == np.argmax(theta[-3:]))


# ---- arithmetic ------------------------------------------------------------------------------------------------------


@njit
def mixed(x, third, first):
    lanes.store(third, (0,), functions.tanh_of_third_quarter(lanes.load(x, (0,))))
    lanes.store(first, (0,), functions.tanh_of_first_half(lanes.load(x, (0,))))


def test_functions_of_gates_in_one_panel_are_those_of_panels_of_their_own():
    x = np.random.default_rng(0).standard_normal(lanes.LANES).astype(np.float32) * 4
    e, t, s, third, first = (np.empty_like(x) for _ in range(5))
    activations(x, e, t, s)
    mixed(x, third, first)
    place = np.arange(lanes.LANES)
    np.testing.assert_array_equal(third, np.where(place // 4 == 2, t, s))
    np.testing.assert_array_equal(first, np.where(place < 8, t, s))


@njit
def activations(x, e, t, s):
    for i in range(0, len(x), lanes.LANES):
        x_i = lanes.load(x, (i,))
        lanes.store(e, (i,), functions.exp(lanes.magnitude(x_i) * -1.0))
        lanes.store(t, (i,), functions.tanh(x_i))
        lanes.store(s, (i,), functions.sigmoid(x_i))


@pytest.mark.parametrize("dtype, ulp, widest", [("float32", 2.0**-23, 90), ("float64", 2.0**-52, 720)])
def test_exponential_functions(dtype, ulp, widest):
    edges = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e30, -1e30, 1e-30, *np.zeros(8)]  # whole Lanes
    x = np.concatenate([edges, np.linspace(-12, 12, 60000), np.linspace(-widest, widest, 60000)]).astype(dtype)
    e, t, s = (np.empty_like(x) for _ in range(3))
    activations(x, e, t, s)
    exact = x.astype(np.longdouble)
    with np.errstate(over="ignore"):
        expected = np.exp(-abs(exact)), np.tanh(exact), 1 / (1 + np.exp(-exact))
    for ours, theirs in zip((e, t, s), expected):
        np.testing.assert_allclose(ours, theirs.astype(float), rtol=0, atol=1.01 * ulp)
    saturated = 10 if dtype == "float32" else 20
    assert (t[x > saturated] == 1).all() and (t[x < -saturated] == -1).all()
    assert np.signbit(t[1]) and t[1] == 0
    assert s[2] == 1 and s[3] == 0


def test_logarithm():
    x = np.concatenate([[1.0], np.geomspace(1, 1000, 500)])
    np.testing.assert_allclose([functions.log(v) for v in x], np.log(x), rtol=1e-15, atol=2e-16)
    assert math.isnan(functions.log(math.nan))


# ---- the same bytes everywhere ---------------------------------------------------------------------------------------


def digest(name, cell, **kwargs):
    """SHA-256 of the weights and the loss after a short training, with dropout and clipping."""
    train = features.prepare(data.load(name), RECIPES[name]).train
    model = SequenceClassifier(train.x[0].shape[1], (16, 5), 5, cell, dropout=0.2, init="torch", seed=1)
    order = np.random.default_rng(10).permutation(len(train))[:150]
    weights, loss, accuracy = run_epoch(model, train, order, 0.05, clip=1.0, **kwargs)
    return hashlib.sha256(weights.tobytes() + np.array([loss, accuracy]).tobytes()).hexdigest()


def digests():
    plain = {f"{name} {cell}": digest(name, cell) for name in RECIPES for cell in kernels.CELLS}
    adam = {f"adam {cell}": digest("handwriting", cell, optimiser="adam", batch=16) for cell in kernels.CELLS}
    return {**plain, **adam}


def python(*arguments, cwd=ROOT, **environment):
    """What a fresh Python prints."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_digests_are_those_of_every_machine():
    assert digests() == json.loads(DIGESTS.read_text())


@pytest.mark.slow
def test_code_for_another_cpu_gives_the_same_bytes():
    """Numba's cache on disk keeps the code of each CPU apart, so that only the first run compiles."""
    assert json.loads(python("-m", "tests.test_kernels", NUMBA_CPU_NAME="generic")) == json.loads(DIGESTS.read_text())


def test_any_number_of_workers_gives_the_same_bytes():
    jobs = [delayed(digest)("handwriting", cell) for cell in kernels.CELLS]
    one, two = (Parallel(n_jobs=n)(jobs) for n in (1, 2))
    assert one == two == [digest("handwriting", cell) for cell in kernels.CELLS]


COMPILE = """
import numpy as np
from sequtils.engine import kernels
from sequtils.engine.kernels import descent
print(kernels.cross_entropy(np.eye(1, 4, dtype=np.float32), np.array([0])))
print(sum(descent.run_cross_entropy.stats.cache_misses.values()))
"""


@pytest.mark.slow
def test_processes_that_compile_at_the_same_time_do_not_harm_each_other(tmp_path):
    environment = {**os.environ, "SEQUTILS_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", COMPILE]
    both = [subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    expected = str(kernels.cross_entropy(np.eye(1, 4, dtype=np.float32), np.array([0])))
    assert [process.communicate()[0].split()[0] for process in both] == [expected] * 2
    assert python("-c", COMPILE, SEQUTILS_CACHE=str(tmp_path)).split() == [expected, "0"]  # the third compiles nothing


@pytest.mark.slow
def test_an_edit_of_any_file_compiles_anew_what_calls_it(tmp_path):
    """Numba by itself would keep the old exponential: it looks at the file of the compiled function alone."""
    copy = tmp_path / "sequtils"
    shutil.copytree(ROOT / "sequtils", copy, ignore=shutil.ignore_patterns("__pycache__"))
    run = lambda: python("-c", COMPILE, cwd=tmp_path, PYTHONPATH=str(tmp_path), SEQUTILS_CACHE=str(tmp_path)).split()
    (loss, compiled), kept = run(), run()
    file = copy / "engine" / "kernels" / "functions.py"
    file.write_text(file.read_text().replace("log2_e = 1.44", "log2_e = 1.54"))
    (other, again) = run()
    assert (compiled, *kept, again) == ("1", loss, "0", "1") and other != loss


# ---- depth and memory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", kernels.CELLS)
def test_128_layers_train_in_little_memory(cell):
    hidden = (16,) * 128
    model = SequenceClassifier(2, hidden, 5, cell, seed=3).double()
    x = np.random.default_rng(11).standard_normal((9, 2))
    loss, gradient = kernels.gradient(vector(model), x, 0, hidden, 5, cell)
    their_loss, theirs = torch_gradient(model, x, 0)
    assert loss == pytest.approx(their_loss, abs=1e-10)
    np.testing.assert_allclose(gradient, theirs, rtol=1e-6, atol=1e-10)
    net = network.new_network(39, hidden, 5, cell, "last", np.float32)
    tape = network.new_tape(178, hidden, 5, cell, True, np.float32)
    assert sum(a.nbytes for a in (*net, *tape) if isinstance(a, np.ndarray)) < 50e6


# ---- what is refused -------------------------------------------------------------------------------------------------

GOOD = {
    "theta": np.zeros(4 * (2 + 4 + 2) + 5 * 3, np.float32), "frames": np.zeros((7, 2), np.float32),
    "offsets": np.array([0, 3, 7]), "labels": np.array([0, 2]), "order": np.array([1, 0]), "hidden": (4,),
    "classes": 3, "cell": "rnn", "dropout": 0.0, "learning_rate": 0.1, "clip": 0.0, "rng": np.random.default_rng(0),
}  # fmt: skip


@pytest.mark.parametrize("name, value", [
    ("cell", "elman"), ("theta", np.zeros(46, np.float32)), ("theta", np.zeros((47, 1), np.float32)),
    ("theta", np.zeros(47)), ("theta", np.zeros(94, np.float32)[::2]), ("theta", np.zeros(47, np.int64)),
    ("frames", np.zeros(7, np.float32)), ("frames", np.zeros((7, 3), np.float32)), ("frames", np.zeros((7, 2))),
    ("frames", np.zeros((6, 2), np.float32)), ("offsets", [0, 3, 8]), ("offsets", [-1, 3, 7]), ("offsets", [0, 0, 7]),
    ("offsets", [0, 7, 3]), ("offsets", [0]), ("labels", [0, 3]), ("labels", [-1, 0]), ("labels", [0]),
    ("labels", [0.0, 1.0]), ("order", [2]), ("order", [-1]), ("order", []), ("hidden", ()), ("hidden", (4, 0)),
    ("classes", 2), ("dropout", 1.0), ("dropout", -0.1), ("dropout", math.nan), ("clip", -1.0), ("clip", math.nan),
    ("pooling", "max"), ("batch", 0), ("adam", kernels.Adam(np.zeros(46, np.float32))),
])  # fmt: skip
def test_arguments_that_do_not_fit_are_refused(name, value):
    kernels.train_epoch(**{**GOOD, "theta": GOOD["theta"].copy()})
    with pytest.raises(ValueError):
        kernels.train_epoch(**{**GOOD, name: value})


def test_theta_that_cannot_be_written_is_refused():
    theta = GOOD["theta"].copy()
    theta.flags.writeable = False
    with pytest.raises(ValueError, match="writable"):
        kernels.train_epoch(**{**GOOD, "theta": theta})


def test_masks_and_labels_of_one_sequence_are_checked():
    arguments = (GOOD["theta"], GOOD["frames"])
    with pytest.raises(ValueError, match="masks"):
        kernels.gradient(*arguments, 0, (4,), 3, "rnn", [np.ones((1, 4), np.float32)])
    for call in (lambda: kernels.gradient(*arguments, 3, (4,), 3, "rnn"),
                 lambda: kernels.cross_entropy(np.zeros((1, 3), np.float32), [3]),
                 lambda: kernels.cross_entropy(np.zeros((2, 3), np.float32), [1]),
                 lambda: kernels.cross_entropy(np.zeros((1, 3), np.int64), [1])):  # fmt: skip
        with pytest.raises(ValueError):
            call()


if __name__ == "__main__":
    print(json.dumps(digests(), indent=1))
