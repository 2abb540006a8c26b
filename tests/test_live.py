"""The engine in JavaScript: in a real browser and in node it gives the compiled engine's numbers, bit for bit."""

import hashlib
import math
from dataclasses import replace

import numpy as np
import pytest
from torch.nn.utils import parameters_to_vector

from sequtils import data
from sequtils.data import features
from sequtils.engine import kernels, training
from sequtils.live import export, ziggurat
from sequtils.models import GATES, SequenceClassifier
from sequtils.trials import RECIPES
from tests.conftest import make_toy
from tests.javascript import Chromium, Node, packed
from tests.test_kernels import activations

TRAIN = """
const x = sequences(data.train), net = new Network(data.cell, data.sizes, floats(data.weights), data.pooling);
const measured = data.orders.map((order) => net.epoch(x, data.train.labels, order, data.rate));
return {losses: measured.map((m) => m.loss), accuracies: measured.map((m) => m.accuracy),
        digest: await digest(net.weights), weights: [...net.weights]};
"""
LOGITS = """
const net = new Network(data.cell, data.sizes, floats(data.weights), data.pooling);
return sequences(data.test).map((x) => [...net.forward(x)]);
"""
FIT = """
const [train, test] = [data.train, data.test].map((part) => ({x: sequences(part), y: part.labels}));
const net = new Network(data.cell, data.sizes, floats(data.weights)), orders = data.orders.values();
const epochs = [...fit(net, train, test, () => orders.next().value, data.options)];
return {epochs, digest: await digest(net.weights)};
"""


@pytest.fixture(scope="module", params=[Chromium, Node])
def javascript(request, tmp_path_factory):
    runs = request.param(tmp_path_factory.mktemp("javascript"))
    yield runs
    runs.close()


@pytest.fixture(scope="module")
def sample():
    return {name: features.prepare(data.load(name), recipe) for name, recipe in RECIPES.items()}


def part(part):
    """A Part as the page gets it."""
    return {"frames": packed(np.concatenate(part.x)), "lengths": [len(x) for x in part.x],
            "features": part.x[0].shape[1], "labels": part.y.tolist()}


def network(model):
    """A SequenceClassifier as the page gets it."""
    return {"cell": model.cell, "sizes": [model.inputs, *model.hidden, model.classes], "pooling": model.pooling,
            "weights": packed(vector(model))}


def vector(model):
    return parameters_to_vector(model.parameters()).detach().numpy().copy()


def same(found, expected):
    """Equal bit for bit but for the kind of NaN, which is null in JSON."""
    found = np.array(found, float)
    np.testing.assert_array_equal(found, np.asarray(expected, float))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))


def epochs(model, train, orders, rate):
    """What TRAIN gives, by the compiled engine; the model keeps the weights."""
    engine = training.CompiledEngine(model)
    measured = [engine.epoch(train, np.array(order), rate, 0.0, np.random.default_rng(0)) for order in orders]
    losses, accuracies = zip(*measured)
    return losses, accuracies, engine.theta


def orders(train, count):
    rng = np.random.default_rng([0, 1])
    return [rng.permutation(len(train)).tolist() for _ in range(count)]


@pytest.mark.parametrize("hidden", [(16, 5), (4, 5)])
@pytest.mark.parametrize("cell", kernels.CELLS)
@pytest.mark.parametrize("name", RECIPES)
def test_training_leaves_the_weights_of_the_compiled_engine(javascript, sample, name, cell, hidden):
    train, test = sample[name].train, sample[name].test
    model = SequenceClassifier(train.x[0].shape[1], hidden, 5, cell)
    given = {**network(model), "train": part(train), "orders": orders(train, 2), "rate": 0.01}
    found = javascript(TRAIN, **given)
    losses, accuracies, theta = epochs(model, train, given["orders"], 0.01)
    assert (found["losses"], found["accuracies"]) == (list(losses), list(accuracies))
    assert found["digest"] == hashlib.sha256(theta.tobytes()).hexdigest()
    trained = {**network(model), "weights": packed(theta), "test": part(test)}
    same(javascript(LOGITS, **trained), kernels.logits(theta, *training.pack(test.x), hidden, 5, cell))


@pytest.mark.parametrize("hidden", [(1,), (33, 4, 17), (3, 16, 20, 7)])
@pytest.mark.parametrize("pooling", kernels.POOLINGS)
@pytest.mark.parametrize("cell", kernels.CELLS)
def test_any_shape_and_length(javascript, cell, pooling, hidden):
    rng = np.random.default_rng(1)
    x = [rng.standard_normal((t, 3)).astype(np.float32) for t in (1, 2, 3, 4, 5, 9, 40)]
    train = data.Part(x, np.arange(7) % 6, (), ())
    model = SequenceClassifier(3, hidden, 6, cell, init="torch", pooling=pooling)
    found = javascript(TRAIN, **network(model), train=part(train), orders=orders(train, 2), rate=0.1)
    losses, _, theta = epochs(model, train, orders(train, 2), 0.1)
    assert found["losses"] == list(losses)
    assert found["digest"] == hashlib.sha256(theta.tobytes()).hexdigest()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e30])
@pytest.mark.parametrize("cell", kernels.CELLS)
def test_nan_and_infinity(javascript, cell, bad):
    toy = make_toy(6)
    toy.train.x[3][2, 1] = bad
    model = SequenceClassifier(2, (5, 4), 2, cell, init="torch")
    found = javascript(TRAIN, **network(model), train=part(toy.train), orders=[[0, 3, 1], [2, 3]], rate=0.1)
    losses, accuracies, theta = epochs(model, toy.train, [[0, 3, 1], [2, 3]], 0.1)
    same(found["losses"], losses)
    same(found["accuracies"], accuracies)
    same(found["weights"], theta)


@pytest.mark.parametrize("options, reason", [
    ({"rate": 0.01, "maxEpochs": 3, "patience": 9, "minDelta": 1e-4}, "max_epochs"),
    ({"rate": 0.01, "maxEpochs": 9, "patience": 2, "minDelta": 1.0}, "converged"),
    ({"rate": 1e39, "maxEpochs": 9, "patience": 9, "minDelta": 1e-4}, "diverged"),
])  # fmt: skip
@pytest.mark.parametrize("cell", kernels.CELLS)
def test_training_stops_as_in_python(javascript, cell, options, reason):
    toy = make_toy()
    model = SequenceClassifier(2, (4,), 2, cell)
    given = {**network(model), "train": part(toy.train), "test": part(toy.test), "orders": orders(toy.train, 9)}
    found = javascript(FIT, **given, options=options)
    history = training.fit(model, toy.train, toy.test, learning_rate=options["rate"], max_epochs=options["maxEpochs"],
                           patience=options["patience"], min_delta=options["minDelta"])
    assert history.reason == found["epochs"][-1]["reason"] == reason
    for ours, theirs in (("loss", history.loss), ("accuracy", history.accuracy), ("testLoss", history.test_loss),
                         ("testAccuracy", history.test_accuracy)):
        same([epoch[ours] for epoch in found["epochs"]], theirs)
    if reason != "diverged":
        assert found["digest"] == hashlib.sha256(vector(model).tobytes()).hexdigest()


def test_a_wrong_number_of_weights_is_refused(javascript):
    told = javascript("try { new Network('rnn', [2, 4, 3], new Float32Array(46)); } catch (e) { return e.message; }")
    assert told == "46 weights, expected 47"


@pytest.mark.parametrize("name, low, high", [("exp", -95, 0), ("tanh", -12, 12), ("sigmoid", -95, 95)])
def test_exponential_functions_are_the_engine_s(javascript, name, low, high):
    edges = [0.0, -0.0, 1e-45, -1e-45, *np.zeros(12)]
    x = np.concatenate([edges, np.linspace(low, high, 20000)]).astype(np.float32)
    results = dict(zip(("exp", "tanh", "sigmoid"), (np.empty_like(x) for _ in range(3))))
    activations(x, *results.values())  # its exp is that of -|x|
    argument = "-Math.abs(x)" if name == "exp" else "x"
    found = javascript(f"return digest(floats(data.x).map((x) => {name}({argument})))", x=packed(x))
    assert found == hashlib.sha256(results[name].tobytes()).hexdigest()


def test_cross_entropy_is_the_engine_s(javascript):
    z = np.random.default_rng(2).standard_normal((300, 18)).astype(np.float32) * np.geomspace(1e-3, 1e3, 300)[:, None]
    rows = [row.astype(np.float32) for row in (*z, np.zeros(1), np.full(18, 1e30))]
    found = javascript("return data.rows.map((row) => softmaxLoss(floats(row), 0).loss)", rows=[*map(packed, rows)])
    assert found == [kernels.cross_entropy(row[None], [0]) for row in rows]


# ---- random numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entropy", [[0, 1], [7, 0], [4294967295, 3, 5, 9, 2]])
def test_numpy_s_random_numbers(javascript, entropy):
    body = """const random = new Generator(data.entropy, data.steps), many = (n, f) => Array.from({length: n}, f);
    return {orders: [1, 2, 345].map((n) => random.permutation(n)), units: many(20, () => random.unit()),
            normal: many(20000, () => random.normal()), last: random.permutation(9)};"""
    found, rng = javascript(body, entropy=entropy, steps=ziggurat.steps().tolist()), np.random.default_rng(entropy)
    assert found["orders"] == [rng.permutation(n).tolist() for n in (1, 2, 345)]
    assert found["units"] == [rng.random() for _ in range(20)]
    normal = rng.standard_normal(20000)
    np.testing.assert_allclose(found["normal"], normal, rtol=1e-15)  # in the tail log1p is the browser's
    assert (np.array(found["normal"]) != normal).sum() < 5
    assert abs(normal).max() > 3.7  # so the tail was drawn from
    assert found["last"] == rng.permutation(9).tolist()


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 31, 128, 129, 300, 1000])
def test_sums_in_numpy_s_order(javascript, n):
    x = np.random.default_rng(n).standard_normal(n)
    assert javascript("return numpySum(Float64Array.from(data.x))", x=x.tolist()) == x.sum()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_initial_weights_of_any_seed_and_width(javascript, cell):
    variants = [(hidden, seed) for hidden in ((1,), (4, 5), (16, 5), (40, 5)) for seed in (0, 1, 12)]
    models = [SequenceClassifier(2, hidden, 5, cell, seed=seed) for hidden, seed in variants]
    body = """return Promise.all(data.variants.map(([hidden, seed]) => digest(
      initialWeights(data.cell, data.gates, [2, ...hidden, 5], seed, data.steps))))"""
    found = javascript(body, cell=cell, gates=GATES[cell], variants=variants, steps=ziggurat.steps().tolist())
    assert found == [hashlib.sha256(vector(model).tobytes()).hexdigest() for model in models]


# ---- features --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, recipe", [
    ("handwriting", ("minmax",)), ("handwriting", ("resample:8",)), ("handwriting", ("resample:128", "minmax")),
    ("handwriting", ("resample:32", "minmax", "standardise")), ("handwriting", ("minmax", "resample:2")),
    ("cv", ("raw",)), ("cv", ("standardise",)), ("cv", ("duration", "stretch:12", "standardise")),
])  # fmt: skip
def test_features_are_those_of_python(javascript, name, recipe):
    dataset = data.load(name)
    dataset = replace(dataset, test=replace(dataset.test, x=[*dataset.test.x[::3], *edges(dataset)], y=None))
    expected = features.prepare(dataset, recipe).test.x
    body = """return digest(Float32Array.from(sequences(data.test).flatMap(
      (x) => [...prepare(x, data.test.features, data.recipe)])))"""
    given = part(replace(dataset.test, y=np.zeros(1)))
    found = javascript(body, test=given, recipe=export.recipe_steps(recipe, export.learned(recipe, dataset)))
    assert found == hashlib.sha256(np.concatenate(expected).tobytes()).hexdigest()


def edges(dataset):
    """A single frame, one that stays where it is, and a pen that stops on its way."""
    x = dataset.test.x[0]
    return [x[:1], np.repeat(x[:1], 5, axis=0), x[[0, 0, 1, 1, 1, 2]]]


def test_no_bound_on_adam_is_the_ladders_own():
    assert export.exhibits(adam_epochs=None) == export.exhibits()
