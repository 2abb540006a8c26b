"""What the rest of the package calls.

The compiled code checks no index, so that these functions check every argument, once a call.
"""

import numpy as np

from sequtils.engine.kernels.descent import run_cross_entropy, run_epoch, run_gradient, run_logits
from sequtils.engine.kernels.network import CELLS, GATES, POOLINGS, aligned_zeros, in_panels, new_network, new_tape
from sequtils.engine.kernels.states import run_states, run_states_backward


class Adam:
    """What Adam keeps from step to step for weights theta (P,): see `adapt`."""

    def __init__(self, theta):
        self.moments = np.zeros((2, len(theta)), theta.dtype)
        self.decayed = np.ones(2)


def train_epoch(theta, frames, offsets, labels, order, hidden, classes, cell, dropout, learning_rate, clip, rng, *,
                pooling="last", batch=1, adam=None):
    """One epoch; changes theta in place and returns (mean loss, accuracy), each sequence measured just before the
    update that it takes part in.

    theta: (P,) float32 (or float64), in the order of parameters_to_vector(SequenceClassifier(...).parameters()).
    frames: (sum T, D), all sequences one after the other; offsets: (N + 1,), where each begins and ends; labels: (N,);
    order: the sequences to visit. dropout: fraction of each layer's outputs that is dropped, drawn from the
    numpy.random.Generator rng as by `dropout_masks`. clip: upper bound of the gradient's norm, 0 for none. pooling: the
    head reads the "last" frame's output or the "mean" of all. batch: an update follows the mean gradient of so many
    sequences (the last batch may be smaller); none is padded. adam: an `Adam`, kept from epoch to epoch; None is SGD.
    Raises ValueError for a cell that is not in CELLS, and for arguments that do not fit together.
    """
    theta_, frames, net = _network(theta, frames, hidden, classes, cell, pooling)
    if theta_ is not theta:
        raise ValueError("theta is changed in place: it must be contiguous and writable")
    offsets, longest = _offsets(offsets, frames)
    labels = _integers("labels", labels, classes, len(offsets) - 1)
    order = _integers("order", order, len(labels))
    if not (0 <= dropout < 1 and clip >= 0 and batch >= 1):
        raise ValueError(f"dropout {dropout!r} must be in [0, 1), clip {clip!r} not negative, batch {batch!r} positive")
    if adam and (adam.moments.shape, adam.moments.dtype) != ((2, len(theta)), theta.dtype):
        raise ValueError(f"Adam's moments are {adam.moments.shape}, expected (2, {len(theta)}) of {theta.dtype}")
    tape = new_tape(longest, hidden, classes, cell, dropout > 0, theta.dtype)
    numbers = float(dropout), float(learning_rate), float(clip)
    moments, decayed = (adam.moments, adam.decayed) if adam else (np.empty((0, 0), theta.dtype), np.empty(0))
    return run_epoch(theta, net, tape, frames, offsets, labels, order, batch, moments, decayed, *numbers, rng)


def logits(theta, frames, offsets, hidden, classes, cell, pooling="last"):
    """Logits (N, C) of all sequences, without dropout; arguments and errors as of `train_epoch`."""
    theta, frames, net = _network(theta, frames, hidden, classes, cell, pooling)
    offsets, longest = _offsets(offsets, frames)
    out = np.empty((len(offsets) - 1, classes), theta.dtype)
    run_logits(theta, net, new_tape(longest, hidden, classes, cell, False, theta.dtype), frames, offsets, out)
    return out


def gradient(theta, frames, label, hidden, classes, cell, masks=None, pooling="last"):
    """Cross-entropy of one sequence (T, D) and its gradient (P,); masks: for each layer a (T, n), or None."""
    theta, frames, net = _network(theta, frames, hidden, classes, cell, pooling)
    _offsets([0, len(frames)], frames)
    (label,) = _integers("label", [label], classes)
    tape = new_tape(len(frames), hidden, classes, cell, masks is not None, theta.dtype)
    if masks is not None:
        expected = [(len(frames), n) for n in hidden]
        if [np.shape(mask) for mask in masks] != expected:
            raise ValueError(f"masks of shapes {[np.shape(mask) for mask in masks]}, expected {expected}")
        for mine, mask in zip(tape.masks, masks):
            mine[:, : mask.shape[1]] = mask
    result = np.empty_like(theta)
    return run_gradient(theta, net, tape, frames, label, result), result


def states(theta, x, lengths, n, cell):
    """States (B, T, n) of a layer of n units over padded sequences x (B, T, D), 0 behind the valid frames of each.

    theta: (P,), weight_ih, weight_hh, bias_ih and bias_hh of a layer of nn.RNN, nn.LSTM or nn.GRU. lengths: (B,), how
    many frames are valid. Errors as of `train_epoch`.
    """
    network, lengths = _layer(theta, x, lengths, n, cell)
    out = np.zeros((*x.shape[:2], n), theta.dtype)
    run_states(*network, lengths, out)
    return out


def states_backward(theta, x, lengths, n, cell, by_states):
    """The gradient (P,) of a loss by theta, from its derivatives (B, T, n) by the `states`; those behind the end of a
    sequence do not count."""
    network, lengths = _layer(theta, x, lengths, n, cell)
    if by_states.shape != (*x.shape[:2], n) or by_states.dtype != theta.dtype:
        raise ValueError(f"derivatives {by_states.dtype} {by_states.shape}, expected {theta.dtype} {(*x.shape[:2], n)}")
    gradient = np.zeros(len(theta) + n + 1, theta.dtype)
    run_states_backward(*network, lengths, np.require(by_states, requirements="C"), gradient)
    return gradient[: len(theta)]


def _layer(theta, x, lengths, n, cell):
    """Weights, Network, Tape and frames of one layer, with a head that nothing reads; and the lengths, checked."""
    if x.ndim != 3:
        raise ValueError(f"x is {x.shape}, expected (B, T, D)")
    B, longest, D = x.shape
    lengths = _integers("lengths", lengths, longest + 1, B)
    if lengths.min() < 1:
        raise ValueError("each sequence must have a frame")
    theta = np.concatenate([theta, np.zeros(n + 1, theta.dtype)])
    theta, frames, net = _network(theta, x.reshape(B * longest, D), (n,), 1, cell, "last")
    return (theta, net, new_tape(int(lengths.max()), (n,), 1, cell, False, theta.dtype), frames), lengths


def cross_entropy(logits, labels):
    """Mean cross-entropy of logits (N, C), in the arithmetic of training: the same on every CPU."""
    logits = np.require(logits, requirements="CAW")
    if logits.ndim != 2 or logits.dtype not in (np.float32, np.float64):
        raise ValueError(f"logits are {logits.dtype} {logits.shape}, expected floats (N, C)")
    labels = _integers("labels", labels, logits.shape[1], len(logits))
    z, dz = (aligned_zeros((1, in_panels(logits.shape[1])), logits.dtype) for _ in range(2))
    return run_cross_entropy(logits, labels, z, dz)


def dropout_masks(rng, frames, hidden, dropout, dtype):
    """The masks (frames, n) of all layers for one sequence: 0 with probability `dropout`, else 1 / (1 - dropout).

    For the engine that does not draw its own. Nothing is drawn where dropout is 0.
    """
    if dropout == 0:
        return [np.ones((frames, n), dtype) for n in hidden]
    return [((rng.random((frames, n)) >= dropout) / (1 - dropout)).astype(dtype) for n in hidden]


def _network(theta, frames, hidden, classes, cell, pooling):
    """theta and frames as the compiled code reads them, and the Network that fits them."""
    for name, value, known in (("cell", cell, CELLS), ("pooling", pooling, POOLINGS)):
        if value not in known:
            raise ValueError(f"{name} {value!r} is not one of {', '.join(known)}")
    if theta.dtype not in (np.float32, np.float64) or frames.dtype != theta.dtype or frames.ndim != 2:
        found = f"theta {theta.dtype} {theta.shape}, frames {frames.dtype} {frames.shape}"
        raise ValueError(f"{found}: expected float32 (P,) and (sum T, D), or both float64")
    if not hidden or min(*hidden, classes, frames.shape[1]) < 1:
        raise ValueError(f"features {frames.shape[1]}, hidden {tuple(hidden)}, classes {classes}: at least 1 of each")
    layers = zip((frames.shape[1], *hidden), hidden)
    parameters = sum(GATES[cell] * n * (m + n + 2) for m, n in layers) + (hidden[-1] + 1) * classes
    if theta.shape != (parameters,):
        raise ValueError(f"theta is {theta.shape}, but this network has {parameters} parameters")
    net = new_network(frames.shape[1], hidden, classes, cell, pooling, theta.dtype)
    return np.require(theta, requirements="CAW"), np.require(frames, requirements="CAW"), net


def _offsets(offsets, frames):
    """Checked offsets, and the length of the longest sequence."""
    offsets = _integers("offsets", offsets, len(frames) + 1)
    lengths = np.diff(offsets)
    if len(lengths) == 0 or lengths.min() < 1:
        raise ValueError("there must be a sequence, and each must have a frame")
    return offsets, int(lengths.max())


def _integers(name, values, bound, count=None):
    """Values as int64, all of them in [0, bound)."""
    values = np.asarray(values)
    if values.ndim != 1 or len(values) == 0 or values.dtype.kind not in "iu" or count not in (None, len(values)):
        raise ValueError(f"{name}: {values.dtype} {values.shape}, expected {count or 'some'} whole numbers")
    if values.min() < 0 or values.max() >= bound:
        raise ValueError(f"{name} from {values.min()} to {values.max()}, expected 0 to {bound - 1}")
    return np.array(values, np.int64)
