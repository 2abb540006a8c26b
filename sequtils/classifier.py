"""A scikit-learn estimator over lists of sequences: the package's face for interactive use.

    model = RecurrentClassifier("lstm", hidden=(4, 5), features=("minmax",), seed=0).fit(train.x, train.y)
    model.score(test.x, test.y)

It trains through `trials.trained`, as a Trial does: the same settings on the same sequences give the same weights.
"""

import warnings
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sequtils import trials
from sequtils.data import Part, features
from sequtils.engine import training
from sequtils.models import SequenceClassifier

LOWEST = {"max_epochs": 1, "patience": 1, "batch": 1, "seed": 0, "learning_rate": 0.0, "clip": 0.0, "dropout": 0.0,
          "min_delta": 0.0}
SHAPED = ("cell", "hidden", "features", "pooling")  # the parameters that decide what weights mean


class RecurrentClassifier(ClassifierMixin, BaseEstimator):
    """A recurrent classifier of sequences. X is a list of arrays (T, D) of any lengths T, computed with in float32.

    features: a recipe, see `features.prepare`; what it learns, it learns from the sequences given to `fit`. engine: see
    `training.fit`. The other parameters are those of `trials.Trial`, with its defaults. They are checked by `fit`,
    which raises ValueError.

    After `fit`: classes_ (C,), the labels, sorted; n_features_in_, the D of X; model_, the `SequenceClassifier`;
    recipe_, the features it was fitted with; statistics_, mean and deviation (D',) for each "standardise" among them;
    history_, the `training.History`.
    """

    def __init__(self, cell="rnn", hidden=(16, 5), features=(), dropout=0.0, learning_rate=0.01, init="keras",
                 max_epochs=120, patience=25, min_delta=1e-4, clip=0.0, optimiser="sgd", batch=1, decay=False,
                 augment=(), pooling="last", seed=0, engine=None):
        self.cell, self.hidden, self.features, self.dropout = cell, hidden, features, dropout
        self.learning_rate, self.init, self.max_epochs, self.patience = learning_rate, init, max_epochs, patience
        self.min_delta, self.clip, self.optimiser, self.batch = min_delta, clip, optimiser, batch
        self.decay, self.augment, self.pooling, self.seed, self.engine = decay, augment, pooling, seed, engine

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # a list of arrays
        return tags

    def fit(self, X, y, validation=None):
        """Train anew on X, a list of N arrays (T, D), and labels y (N,), strings or integers; return self.

        validation: (X, y), measured after each epoch, deciding nothing; test_loss and test_accuracy of history_ are
        its values, or without it those of the training data. Raises ValueError for a parameter, a sequence or a label
        that cannot be trained on. Warns with ConvergenceWarning where training diverged.
        """
        self._check_parameters()
        x = _sequences(X)
        classes, labels = np.unique(_labels(y, len(x)), return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y: one class, {classes.tolist()[0]!r}, expected two or more")
        recipe, width = tuple(self.features), x[0].shape[1]
        prepared, statistics = features.put_through(recipe, x)
        train = test = Part(prepared, labels.astype(np.int64), (), ())
        if validation is not None:
            held_out = _sequences(validation[0], width)
            numbers = _numbers(_labels(validation[1], len(held_out)), classes)
            test = Part(features.put_through(recipe, held_out, statistics)[0], numbers, (), ())
        self.model_, self.history_ = trials.trained(self, train, test, len(classes), self.engine)
        self.classes_, self.n_features_in_, self.recipe_, self.statistics_ = classes, width, recipe, statistics
        if self.history_.reason == "diverged":
            text = f"training diverged in epoch {self.history_.stop_epoch}: lower learning_rate, or set clip"
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        return self

    def predict(self, X):
        """The likeliest label of each sequence, (N,). Raises NotFittedError, and ValueError for other than sequences
        of n_features_in_ columns."""
        logits = self._logits(X)
        return self.classes_[logits.argmax(axis=1)]

    def predict_proba(self, X):
        """Probabilities (N, C), float64, columns as in classes_: the softmax of the logits. Errors as of `predict`."""
        return _softmax(self._logits(X))

    def staged_predict_proba(self, X):
        """While each sequence is read: probabilities (T', C) after each of its frames, as the features left them.
        Errors as of `predict`."""
        whole = self._prepared(X)
        engine = training.make_engine(self.model_, self.engine)
        return [_softmax(engine.logits([x[: t + 1] for t in range(len(x))])) for x in whole]

    def decision_function(self, X):
        """Logits (N, C), float32; of two classes, as scikit-learn has it, the second's less the first's, (N,). Errors
        as of `predict`."""
        z = self._logits(X)
        return z[:, 1] - z[:, 0] if len(self.classes_) == 2 else z

    def state_dict(self):
        """All that prediction needs, for `torch.save`: tensors, and Python's lists, strings and numbers, so that
        `torch.load` reads it with weights_only=True. Raises NotFittedError."""
        check_is_fitted(self, "model_")
        model = self.model_  # the parameters may have been set anew since
        return {"cell": model.cell, "hidden": [int(n) for n in model.hidden], "features": list(self.recipe_),
                "pooling": model.pooling, "n_features_in": self.n_features_in_, "classes": self.classes_.tolist(),
                "classes_dtype": self.classes_.dtype.str,
                "statistics": [[torch.tensor(v) for v in pair] for pair in self.statistics_],
                "weights": {name: w.detach().clone() for name, w in model.state_dict().items()}}

    def load_state_dict(self, state):
        """Become the fitted classifier that a `state_dict` describes, but for its history_; return self.

        Raises ValueError where cell, hidden, features or pooling are other ones here, or a shape does not fit.
        """
        self._check_parameters()
        keys = {*SHAPED, "n_features_in", "classes", "classes_dtype", "statistics", "weights"}
        if set(state) != keys:
            raise ValueError(f"state has the keys {sorted(state)}, expected {sorted(keys)}")
        for name in SHAPED:
            expected = list(v) if isinstance(v := getattr(self, name), tuple) else v
            if state[name] != expected:
                raise ValueError(f"state: {name} is {state[name]!r}, expected {expected!r}, as in this classifier")
        recipe, width = tuple(state["features"]), state["n_features_in"]
        statistics = [tuple(v.cpu().numpy() for v in pair) for pair in state["statistics"]]
        # A sequence of zeros shows how many features the recipe makes of `width`.
        inputs = features.put_through(recipe, [np.zeros((1, width), np.float32)], statistics)[0][0].shape[1]
        classes = np.array(state["classes"], state["classes_dtype"])
        model = SequenceClassifier(inputs, self.hidden, len(classes), self.cell, self.dropout, self.init, self.seed,
                                   self.pooling)
        found, expected = ({k: tuple(w.shape) for k, w in s.items()} for s in (state["weights"], model.state_dict()))
        for name in {**expected, **found}:
            if found.get(name) != expected.get(name):
                raise ValueError(f"state: weight {name} is {found.get(name)}, expected {expected.get(name)}")
        model.load_state_dict(state["weights"])
        vars(self).pop("history_", None)
        self.model_, self.classes_, self.n_features_in_ = model, classes, width
        self.recipe_, self.statistics_ = recipe, statistics
        return self

    def _logits(self, X):
        x = self._prepared(X)
        return training.make_engine(self.model_, self.engine).logits(x)

    def _prepared(self, X):
        check_is_fitted(self, "model_")
        return features.put_through(self.recipe_, _sequences(X, self.n_features_in_), self.statistics_)[0]

    def _check_parameters(self):
        """What the network and the engines do not check themselves."""
        for name, low in LOWEST.items():
            value, kind = getattr(self, name), Integral if isinstance(low, int) else Real
            if not isinstance(value, kind) or not low <= value < np.inf:
                raise ValueError(f"{name} is {value!r}, expected {'an integer' if kind is Integral else 'a number'} "
                                 f"of at least {low}")
        for name, kind, what in (("hidden", Integral, "integers"), ("features", str, "names of steps"),
                                 ("augment", str, "names of steps")):
            value = getattr(self, name)
            if not isinstance(value, (tuple, list)) or not all(isinstance(v, kind) for v in value):
                raise ValueError(f"{name} is {value!r}, expected a tuple of {what}")


def _sequences(X, width=None):
    """X as a list of finite float32 arrays (T, width); None takes the first one's width. Raises ValueError."""
    if isinstance(X, (str, bytes)) or not hasattr(X, "__len__"):
        raise ValueError(f"X is {type(X).__name__}, expected a list of arrays (T, D)")
    if len(X) == 0:
        raise ValueError("X holds 0 sequences, expected at least one")
    out = []
    for i, s in enumerate(X):
        out.append(_sequence(f"sequence {i}", s, width))
        width = out[0].shape[1]
    return out


def _sequence(name, s, width):
    try:
        s = np.asarray(s)
    except ValueError:
        raise ValueError(f"{name}: rows of different lengths, expected an array (T, D)") from None
    if s.dtype.kind not in "fiub":
        raise ValueError(f"{name}: dtype {s.dtype}, expected numbers")
    if s.ndim != 2 or 0 in s.shape:
        raise ValueError(f"{name}: shape {s.shape}, expected (T, D) with at least one frame and one feature")
    if width is not None and s.shape[1] != width:
        raise ValueError(f"{name}: {s.shape[1]} features, expected {width}")
    with np.errstate(over="ignore"):  # what overflows is named below
        rounded = s.astype(np.float32)
    if not np.isfinite(rounded).all():
        t, d = np.argwhere(~np.isfinite(rounded))[0]
        raise ValueError(f"{name}: {s[t, d]} in frame {t}, feature {d}, expected a finite float32")
    return rounded


def _labels(y, count):
    """y as an array (count,) of labels. Raises ValueError."""
    y = np.asarray(y)
    if y.shape != (count,):
        raise ValueError(f"y has shape {y.shape}, expected ({count},): one label a sequence of X")
    check_classification_targets(y)
    return y


def _numbers(y, classes):
    """The class numbers (N,), int64, of labels. Raises ValueError for a label that is none of `classes`."""
    place = {c: k for k, c in enumerate(classes.tolist())}
    for i, label in enumerate(y.tolist()):
        if label not in place:
            raise ValueError(f"validation: label {i} is {label!r}, expected one of {', '.join(map(repr, place))}")
    return np.array([place[label] for label in y.tolist()], np.int64)


def _softmax(z):
    """Probabilities (N, C), float64, of logits (N, C)."""
    z = z.astype(np.float64)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
