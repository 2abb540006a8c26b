"""The Jacobian of a recurrent layer's last state by its earlier ones.

The state s_t is h_t (n,) for the RNN, and h_t and c_t together (2n,) for the LSTM: all that a cell hands on. By the
chain rule ds_T/ds_t is the product of the Jacobians of single steps (Bengio et al. 1994, Pascanu et al. 2013), here
in float64, from the weights of a SequenceClassifier of one layer.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from sequtils.measures import slopes

STEEPEST = 300.0  # activations are cut here: cosh does not overflow, and 1 / cosh(a)^2 is still above 0


class Weights(NamedTuple):
    """One recurrent layer in float64: W (G n, D) by the input, U (G n, n) by the state before, b (G n,)."""

    cell: str
    W: np.ndarray
    U: np.ndarray
    b: np.ndarray


def weights(model):
    """The Weights of the only layer of a SequenceClassifier. Raises ValueError where there are more."""
    if len(model.layers) != 1 or model.cell not in ("rnn", "lstm"):
        raise ValueError(f"{len(model.layers)} layers of {model.cell!r}: one layer of rnn or lstm is needed")
    W, U, b, b_state = (p.detach().double().numpy() for p in model.layers[0].parameters())
    return Weights(model.cell, W, U, b + b_state)


def states(w, x):
    """What a layer computes over one sequence x (T, D), name -> (T, n).

    RNN: the sums a and the states h. LSTM: the gates i, f, o, the candidate g, the cell state c and the state h, in
    the notation of Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000).
    """
    step = {"rnn": _rnn_step, "lstm": _lstm_step}[w.cell]
    n, rows = w.U.shape[1], []
    h, c = np.zeros(n), np.zeros(n)
    for x_t in x.astype(np.float64):
        rows.append(step(w.W @ x_t + w.U @ h + w.b, c))
        h, c = rows[-1]["h"], rows[-1].get("c")
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _rnn_step(a, _):
    return {"a": a, "h": np.tanh(a)}


def _lstm_step(a, c):
    i, f, g, o = np.split(a, 4)
    i, f, g, o = expit(i), expit(f), np.tanh(g), expit(o)
    c = f * c + i * g
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": o * np.tanh(c)}


def jacobians(w, x):
    """ds_t/ds_{t-1} of every frame of x (T, D): (T, n, n) of the RNN, (T, 2n, 2n) of the LSTM, h before c."""
    seen = states(w, x)
    if w.cell == "rnn":
        return _slope(seen["a"])[:, :, None] * w.U  # diag(1 - h_t^2) U
    i, f, g, o, c = (seen[name] for name in "ifgoc")
    U_i, U_f, U_g, U_o = np.split(w.U, 4)  # (n, n)
    before = np.concatenate([np.zeros_like(c[:1]), c[:-1]])  # c_{t-1}
    by = lambda slope, U: slope[:, :, None] * U  # diag(slope_t) U
    c_by_h = by(i * (1 - i) * g, U_i) + by(f * (1 - f) * before, U_f) + by(i * (1 - g**2), U_g)
    c_by_c = by(f, np.eye(f.shape[1]))
    open_ = (o * _slope(c))[:, :, None]
    h_by_h = by(o * (1 - o) * np.tanh(c), U_o) + open_ * c_by_h
    return np.block([[h_by_h, open_ * c_by_c], [c_by_h, c_by_c]])


def _slope(a):
    """The derivative of tanh at a, to full precision where 1 - tanh(a)^2 would be 0."""
    return 1 / np.cosh(np.clip(a, -STEEPEST, STEEPEST)) ** 2


def log_norms(steps):
    """ln |ds_T/ds_t| in the spectral norm, for the lags T - t = 0, 1, ..., T - 1, from `jacobians` (T, m, m).

    The product is scaled to norm 1 after each factor, so that it never underflows.
    """
    product, total, found = np.eye(steps.shape[1]), 0.0, [0.0]
    for J in steps[:0:-1]:  # the factors of the frames T, T - 1, ..., 2
        product = product @ J
        norm = np.linalg.norm(product, 2)
        product, total = product / norm, total + np.log(norm)
        found.append(total)
    return np.array(found)


def rate(logs):
    """Slope of ln |ds_T/ds_t| against T - t, by least squares: the exponential rate of growth per frame."""
    return slopes.slope(np.arange(len(logs)), logs) or 0.0
