"""RecurrentClassifier: scikit-learn's rules on lists of sequences, the bytes of a Trial, weights out and in."""

import hashlib
import io
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import estimator_checks

from sequtils import data
from sequtils.classifier import RecurrentClassifier
from sequtils.data import features
from sequtils.models import CELLS
from sequtils.trials import Trial

SHORT = {"hidden": (3,), "features": ("minmax",), "max_epochs": 3, "learning_rate": 0.05}


@pytest.fixture
def named(toy):
    """The toy's training sequences with their classes as strings."""
    return toy.train.x, [toy.classes[k] for k in toy.train.y]


def short(cell="rnn", **kwargs):
    return RecurrentClassifier(cell, **{**SHORT, **kwargs})


def sha(model):
    return hashlib.sha256(torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()).hexdigest()


def few(name, count=3):
    """A Dataset of the first sequences of each class of the embedded sample."""
    whole = data.load(name)

    def part(p):
        rows = np.concatenate([np.flatnonzero(p.y == k)[:count] for k in range(len(whole.classes))])
        return data.Part([p.x[r] for r in rows], p.y[rows], tuple(p.files[r] for r in rows), (None,) * len(rows))

    return replace(whole, train=part(whole.train), test=part(whole.test))


def assert_same_as_trial(trial, dataset):
    fields = {k: v for k, v in trial.record.items() if k not in ("kind", "dataset", "fold", "folds")}
    assert set(fields) == set(RecurrentClassifier().get_params()) - {"engine"}
    model = RecurrentClassifier(**fields)
    model.fit(dataset.train.x, dataset.train.y, validation=(dataset.test.x, dataset.test.y))
    measured = trial.measure(dataset)
    assert sha(model.model_) == measured["weights"]
    assert model.history_.loss == measured["history"]["loss"]
    assert model.history_.test_loss == measured["history"]["test_loss"]
    assert model.predict(dataset.test.x).tolist() == measured["predictions"]
    assert model.score(dataset.test.x, dataset.test.y) == measured["test_accuracy"]
    assert sha(model.fit(dataset.train.x, dataset.train.y).model_) == measured["weights"]  # and without validation


@pytest.mark.parametrize("cell", CELLS)
def test_the_bytes_are_those_of_a_trial(toy, cell):
    assert_same_as_trial(Trial("handwriting", cell, (4, 3), max_epochs=3, seed=2), toy)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kwargs", [
    {"optimiser": "adam", "batch": 5, "decay": True, "augment": ("noise:10", "warp:20"), "clip": 1.0},
    {"features": ("standardise", "deltas:1", "standardise"), "dropout": 0.2, "pooling": "mean", "init": "torch"}])
def test_the_bytes_are_those_of_a_trial_with_other_settings(toy, cell, kwargs):
    assert_same_as_trial(Trial("handwriting", cell, (4,), max_epochs=2, **kwargs), toy)


@pytest.mark.parametrize("name", ["handwriting", "cv"])
@pytest.mark.parametrize("cell", CELLS)
def test_the_bytes_are_those_of_a_trial_on_the_sample(name, cell):
    assert_same_as_trial(Trial(name, cell, (4, 5), max_epochs=2), few(name))


def test_the_defaults_are_those_of_a_trial():
    trial = Trial("cv", "rnn", (16, 5), features=("raw",))
    ours = RecurrentClassifier().get_params()
    for name in set(ours) - {"features", "engine"}:
        assert ours[name] == getattr(trial, name), name


def test_parameters_out_and_in_and_cloned(named):
    model = short("lstm", seed=3)
    assert RecurrentClassifier(**model.get_params()).get_params() == model.get_params()
    assert model.set_params(hidden=(2, 2), cell="gru") is model and model.hidden == (2, 2)
    model.set_params(cell="rnn").fit(*named)
    twin = clone(model)
    assert twin.get_params() == model.get_params() and not hasattr(twin, "model_")
    assert repr(twin).startswith("RecurrentClassifier(")


def test_nothing_is_checked_before_fit(named):
    strange = RecurrentClassifier(cell="brain", hidden="many", max_epochs=-1, features=None)
    assert strange.hidden == "many" and set(vars(strange)) == set(strange.get_params())
    with pytest.raises(ValueError):
        strange.fit(*named)


@pytest.mark.parametrize("check", [
    "check_parameters_default_constructible", "check_get_params_invariance", "check_set_params",
    "check_no_attributes_set_in_init", "check_estimator_cloneable", "check_estimator_repr", "check_valid_tag_types",
    "check_estimator_tags_renamed", "check_mixin_order",
    "check_do_not_raise_errors_in_init_or_set_params"])
def test_checks_of_scikit_learn_that_need_no_table(check):
    getattr(estimator_checks, check)("RecurrentClassifier", RecurrentClassifier())


def test_labels_may_be_strings_and_predictions_agree(named, toy):
    X, y = named
    model = short(features=("standardise",), max_epochs=20)
    assert model.fit(X, y) is model
    assert model.classes_.tolist() == ["left", "right"] and model.n_features_in_ == 2
    p = model.predict_proba(toy.test.x)
    assert p.shape == (10, 2) and p.dtype == np.float64
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-15)
    predicted = model.predict(toy.test.x)
    np.testing.assert_array_equal(predicted, model.classes_[p.argmax(axis=1)])
    margin = model.decision_function(toy.test.x)
    np.testing.assert_array_equal(predicted, model.classes_[(margin > 0).astype(int)])
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-margin.astype(float))), rtol=1e-6)
    assert model.score(X, y) == np.mean(model.predict(X) == y) > 0.8
    np.testing.assert_array_equal(model.predict_proba(toy.test.x[3:4]), p[3:4])  # each sequence by itself


def test_three_classes_have_three_logits(toy):
    y = np.arange(len(toy.train)) % 3 * 10
    model = short().fit(toy.train.x, y)
    assert model.classes_.tolist() == [0, 10, 20]
    z, p = model.decision_function(toy.test.x), model.predict_proba(toy.test.x)
    np.testing.assert_allclose(p, torch.softmax(torch.tensor(z).double(), 1).numpy(), rtol=1e-14)


def test_history_has_the_validation_or_the_training_data(named, toy):
    model = short().fit(*named)
    assert model.history_.stop_epoch == 3 and model.history_.reason == "max_epochs"
    assert model.history_.test_accuracy[-1] == model.score(*named)
    held_out = toy.test.x, [toy.classes[k] for k in toy.test.y]
    other = short().fit(*named, validation=held_out)
    assert sha(other.model_) == sha(model.model_)
    assert other.history_.test_accuracy[-1] == other.score(*held_out)
    assert other.history_.test_loss != model.history_.test_loss


def test_fit_forgets_and_copes_with_lists_and_float64(named):
    X, y = named
    model = short().fit(X, y)
    once = sha(model.model_)
    assert sha(model.fit([x.astype(np.float64) for x in X], np.array(y)).model_) == once
    assert sha(model.fit([x.tolist() for x in X], y).model_) == once
    assert sha(model.set_params(seed=1).fit(X, y).model_) != once


@pytest.mark.parametrize("cell", CELLS)
def test_engines_agree(named, cell):
    ours, reference = (short(cell, engine=e).fit(*named).predict_proba(named[0]) for e in (None, "torch"))
    np.testing.assert_allclose(ours, reference, atol=1e-5)


def test_cross_validation_and_grid_search_on_a_list(named):
    scores = cross_val_score(short(), *named, cv=3, error_score="raise")
    assert scores.shape == (3,) and np.isfinite(scores).all()
    areas = cross_val_score(short(), *named, cv=3, scoring="roc_auc", error_score="raise")
    assert np.isfinite(areas).all()
    search = GridSearchCV(short(), {"hidden": [(2,), (3, 2)], "features": [(), ("standardise",)]}, cv=2,
                          error_score="raise").fit(*named)
    assert len(search.cv_results_["params"]) == 4
    assert set(search.predict(named[0])) <= {"left", "right"}


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_not_fitted(named, method):
    with pytest.raises(NotFittedError):
        getattr(short(), method)(named[0])
    with pytest.raises(NotFittedError):
        short().score(*named)
    with pytest.raises(NotFittedError):
        short().state_dict()


def bad_X():
    a, nan = np.ones((4, 2)), np.array([[0, 0], [0, np.nan]])
    return {
        "sequence 1: shape (4,), expected (T, D)": [a, np.ones(4)],
        "sequence 1: shape (0, 2), expected (T, D) with at least one frame": [a, np.ones((0, 2))],
        "sequence 0: shape (4, 0), expected (T, D)": [np.ones((4, 0)), a],
        "sequence 1: 3 features, expected 2": [a, np.ones((4, 3))],
        "sequence 1: nan in frame 1, feature 1, expected a finite float32": [a, nan],
        "sequence 1: inf in frame 0, feature 0": [a, a * np.inf],
        "sequence 1: 1e+300 in frame 0, feature 0": [a, a * 1e300],
        "sequence 1: dtype <U1, expected numbers": [a, np.array([["a", "b"]])],
        "sequence 1: rows of different lengths": [a, [[1, 2], [3]]],
        "X holds 0 sequences": [],
        "X is NoneType, expected a list of arrays (T, D)": None,
        "X is str, expected a list": "ab",
    }


@pytest.mark.parametrize("message", bad_X())
def test_sequences_that_are_refused(named, message):
    X, model = bad_X()[message], short(max_epochs=1).fit(*named)
    for call in (lambda: short().fit(X, [0, 1]), lambda: model.predict(X),
                 lambda: short().fit(*named, validation=(X, ["left", "right"]))):
        with pytest.raises(ValueError, match=re.escape(message)), warnings.catch_warnings(action="error"):
            call()


def test_prediction_and_validation_need_the_features_of_fit(named):
    wide = [np.ones((4, 3))]
    with pytest.raises(ValueError, match="sequence 0: 3 features, expected 2"):
        short(max_epochs=1).fit(*named).predict(wide)
    with pytest.raises(ValueError, match="sequence 0: 3 features, expected 2"):
        short().fit(*named, validation=(wide, ["left"]))


@pytest.mark.parametrize("y, message", [
    ([0], "y has shape (1,), expected (2,)"), ([[0], [1]], "y has shape (2, 1), expected (2,)"),
    (None, "y has shape (), expected (2,)"), ([5, 5], "y: one class, 5, expected two or more"),
    ([0.5, 1.5], "Unknown label type")])
def test_labels_that_are_refused(y, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        short().fit([np.ones((4, 2))] * 2, y)


def test_a_label_of_the_validation_that_is_no_class_is_named(named):
    with pytest.raises(ValueError, match="validation: label 1 is 'up', expected one of 'left', 'right'"):
        short().fit(*named, validation=(named[0][:2], ["left", "up"]))


@pytest.mark.parametrize("name, value, message", [
    ("cell", "brain", "cell 'brain' is not one of rnn, lstm, gru"), ("hidden", 4, "hidden is 4, expected a tuple of"),
    ("hidden", (), "hidden sizes ()"), ("hidden", (3, 0), "hidden sizes (3, 0)"), ("hidden", (2.5,), "hidden is"),
    ("features", ("sparkle",), "feature step 'sparkle'"), ("features", "minmax", "features is 'minmax', expected"),
    ("augment", ("sparkle:1",), "augmentation 'sparkle:1'"), ("dropout", 1.0, "dropout 1.0 is not in [0, 1)"),
    ("dropout", -0.1, "dropout is -0.1"), ("learning_rate", "fast", "learning_rate is 'fast', expected a number"),
    ("learning_rate", np.nan, "learning_rate is nan"), ("max_epochs", 0, "max_epochs is 0, expected an integer of at"),
    ("patience", 2.5, "patience is 2.5"), ("batch", 0, "batch is 0"), ("seed", None, "seed is None"),
    ("min_delta", None, "min_delta is None"), ("clip", -1, "clip is -1"), ("init", "zen", "init 'zen' is not one of"),
    ("pooling", "max", "pooling 'max' is not one of"), ("engine", "steam", "engine 'steam' is not one of"),
    ("optimiser", "luck", "optimiser 'luck' is not one of")])
def test_parameters_that_fit_refuses(named, name, value, message):
    model = short(**{name: value})
    assert getattr(model, name) is value
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(*named)
    assert not hasattr(model, "classes_")


def test_divergence_is_told(named):
    with pytest.warns(ConvergenceWarning, match="training diverged in epoch"), np.errstate(all="ignore"):
        model = short(learning_rate=1e38, features=()).fit(*named)
    assert model.history_.reason == "diverged"


def saved(model):
    """Its state, through a file as torch reads it without pickle's freedoms."""
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kwargs", [{}, {"features": ("standardise", "deltas", "standardise")}, {"pooling": "mean"}])
def test_state_through_a_file_predicts_the_same_bits(named, toy, cell, kwargs):
    model = short(cell, **kwargs).fit(*named)
    other = clone(model).set_params(seed=9)
    assert other.load_state_dict(saved(model)) is other
    assert other.predict_proba(toy.test.x).tobytes() == model.predict_proba(toy.test.x).tobytes()
    np.testing.assert_array_equal(other.predict(toy.test.x), model.predict(toy.test.x))
    assert other.classes_.dtype == model.classes_.dtype and other.n_features_in_ == 2
    assert saved(other).keys() == saved(model).keys()


def test_state_is_that_of_the_fitted_model(named):
    model = short().fit(*named)
    state = model.state_dict()
    before = saved(model)["weights"]["head.bias"].clone()
    model.set_params(hidden=(9,), cell="lstm", features=())
    assert model.state_dict()["hidden"] == [3] and model.state_dict()["features"] == ["minmax"]
    model.set_params(**SHORT, cell="rnn", seed=5).fit(*named)
    assert torch.equal(state["weights"]["head.bias"], before)
    assert not hasattr(model.load_state_dict(state), "history_")


@pytest.mark.parametrize("change, message", [
    ({"cell": "lstm"}, "cell is 'rnn', expected 'lstm'"), ({"hidden": (4,)}, "hidden is [3], expected [4]"),
    ({"features": ()}, "features is ['standardise'], expected []"),
    ({"pooling": "mean"}, "pooling is 'last', expected 'mean'")])
def test_state_of_another_network_is_refused(named, change, message):
    state = short(features=("standardise",)).fit(*named).state_dict()
    with pytest.raises(ValueError, match=re.escape(message)):
        short(**{"features": ("standardise",), **change}).load_state_dict(state)


@pytest.mark.parametrize("change, message", [
    ({"classes": ["a", "b", "c"]}, "weight head.weight is (2, 3), expected (3, 3)"),
    ({"n_features_in": 3}, "statistics 0 have the shapes [(2,), (2,)], expected [(3,), (3,)]"),
    ({"statistics": []}, "statistics 0 have the shapes None"),
    ({"weights": {}}, "weight layers.0.weight_ih_l0 is None, expected (3, 2)")])
def test_state_of_wrong_shapes_is_refused(named, change, message):
    state = short(features=("standardise",)).fit(*named).state_dict()
    model = short(features=("standardise",))
    with pytest.raises(ValueError, match=re.escape(message)):
        model.load_state_dict({**state, **change})
    with pytest.raises(NotFittedError):
        model.predict(named[0])
    with pytest.raises(ValueError, match="state has the keys"):
        model.load_state_dict(state["weights"])


def test_standardised_as_prepare_does(toy):
    model = short(features=("standardise",)).fit(toy.train.x, toy.train.y)
    wanted = features.prepare(toy, ("standardise",)).test.x
    raw = short(features=()).fit(toy.train.x, toy.train.y)
    raw.model_.load_state_dict(model.model_.state_dict())
    np.testing.assert_array_equal(model.predict_proba(toy.test.x), raw.predict_proba(wanted))


@pytest.mark.parametrize("recipe", [("minmax",), ("resample:6", "standardise")])
def test_what_it_thinks_while_it_reads(toy, recipe):
    """The last stage is the whole prediction, and a stage is that of a sequence which ends there."""
    model = RecurrentClassifier("lstm", (3,), recipe, max_epochs=2).fit(toy.train.x, toy.train.y)
    stages = model.staged_predict_proba(toy.test.x)
    np.testing.assert_array_equal([p[-1] for p in stages], model.predict_proba(toy.test.x))
    whole = features.put_through(recipe, toy.test.x, model.statistics_)[0]
    assert [p.shape for p in stages] == [(len(x), 2) for x in whole]
    plain = RecurrentClassifier("lstm", (3,), (), max_epochs=2).fit(toy.train.x, toy.train.y)
    [p] = plain.staged_predict_proba([toy.test.x[0]])
    np.testing.assert_array_equal(p[2], plain.predict_proba([toy.test.x[0][:3]])[0])
    with pytest.raises(NotFittedError):
        RecurrentClassifier().staged_predict_proba(toy.test.x)
