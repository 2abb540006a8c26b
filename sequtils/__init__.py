"""RNN against LSTM on pen strokes and speech segments. Data walks one way through the rooms of this package:

    data -> models, engine -> trials -> statistics, measures -> original -> notebook, live -> report

Each room is a folder or a module whose docstring says what goes in and what comes out; it imports only those before it.

`RecurrentClassifier` is for one's own sequences: a scikit-learn estimator that trains as the study does.
"""

from sequtils import arithmetic  # noqa: F401 - first: PyTorch reads it once

__all__ = ["RecurrentClassifier"]


def __getattr__(name):  # lazy: the estimator costs the seconds of PyTorch and scikit-learn
    if name != "RecurrentClassifier":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sequtils.classifier import RecurrentClassifier

    return RecurrentClassifier
