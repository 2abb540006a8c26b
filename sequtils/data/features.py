"""Normalisation and features of sequences. Pure functions of arrays (T, D); every sum has one fixed order.

A recipe is a tuple of step names, such as ("resample:32", "minmax"), applied by `prepare` from left to right.
"""

from dataclasses import replace

import numpy as np


def minmax(x):
    """Scale each column of one sequence (T, D) to [0, 1], as the source report does; a constant column becomes 0."""
    low, extent = x.min(axis=0), np.ptp(x, axis=0)
    return (x - low) / np.where(extent > 0, extent, 1)


def moments(x):
    """Mean and deviation (D,) of every feature over all frames of sequences, float64."""
    frames = np.concatenate(x).astype(np.float64)  # (sum T, D)
    mean = frames.sum(axis=0) / len(frames)
    return mean, np.sqrt(((frames - mean) ** 2).sum(axis=0) / len(frames))


def standardise(x, mean, std):
    """Frames (T, D) in units of the deviation from the mean; a feature that never changes is left at 0."""
    return (x - mean) / np.where(std > 0, std, 1.0)


def resample(x, n):
    """`n` points (n, D) at equal distances along the polyline through the points x (T, D); its ends stay.

    A line without length gives n copies of its first point. Raises ValueError for n < 2.
    """
    if n < 2:
        raise ValueError(f"resampling to {n} points: at least 2 are needed")
    x = x.astype(np.float64)
    s = np.concatenate([[0.0], np.cumsum(np.sqrt((np.diff(x, axis=0) ** 2).sum(axis=1)))])  # (T,) arc length
    at = s[-1] * np.arange(n) / (n - 1)
    k = np.clip(np.searchsorted(s, at, side="right") - 1, 0, max(len(x) - 2, 0))  # the piece each new point lies on
    after = np.minimum(k + 1, len(x) - 1)
    length = s[after] - s[k]
    part = np.clip((at - s[k]) / np.where(length > 0, length, 1), 0, 1)[:, None]
    return x[k] * (1 - part) + x[after] * part


def stretch(x, n):
    """`n` frames (n, D) at equal distances in time, each by straight lines between its neighbours in x (T, D).

    Raises ValueError for n < 2.
    """
    if n < 2:
        raise ValueError(f"stretching to {n} frames: at least 2 are needed")
    return _at(x, np.arange(n) * ((len(x) - 1) / (n - 1)))


def _at(x, times):
    """x (T, D) at times in 0 to T - 1, by straight lines between frames."""
    x, k = x.astype(np.float64), np.minimum(times.astype(np.int64), max(len(x) - 2, 0))
    part = (times - k)[:, None]
    return x[k] * (1 - part) + x[np.minimum(k + 1, len(x) - 1)] * part


def direction(x):
    """Unit vectors (T, D) of the pen's movement from each point of x (T, D) to the next; the last repeats the one
    before it. Where the pen does not move, the direction is 0."""
    move = np.diff(x.astype(np.float64), axis=0, append=x[-1:])
    if len(x) > 1:
        move[-1] = move[-2]
    length = np.sqrt((move**2).sum(axis=1, keepdims=True))
    return move / np.where(length > 0, length, 1)


def deltas(x, width=2):
    """Regression deltas (T, D) over +-width frames, edge frames repeated (HTK book 3.4, section 5.9)."""
    x = x.astype(np.float64)
    padded = np.concatenate([np.repeat(x[:1], width, axis=0), x, np.repeat(x[-1:], width, axis=0)])
    slope = np.zeros_like(x)
    for k in range(1, width + 1):
        slope += k * (padded[width + k : width + k + len(x)] - padded[width - k : width - k + len(x)])
    return slope / (2 * sum(k * k for k in range(1, width + 1)))


def duration(x):
    """x (T, D) with the logarithm of T as one more column: what `stretch` takes away."""
    return np.hstack([x, np.full((len(x), 1), np.log(len(x)))])


STEPS = {
    "raw": lambda x: x,
    "minmax": minmax,
    "resample": resample,
    "stretch": stretch,
    "duration": duration,
    "direction": lambda x: np.hstack([x, direction(x)]),
    "deltas": lambda x, width=2: np.hstack([x, deltas(x, width)]),
}


def prepare(dataset, recipe):
    """The Dataset with every sequence put through the recipe; float32 (T', D').

    Steps: "raw" (nothing), "minmax", "resample:N", "stretch:N", "duration", "direction" and "deltas" or "deltas:WIDTH"
    (these three appended as columns), and "standardise", which is fitted on the training sequences only. Raises
    ValueError for another step.
    """
    train, learned = put_through(recipe, dataset.train.x)
    test, _ = put_through(recipe, dataset.test.x, learned)
    return replace(dataset, train=replace(dataset.train, x=train), test=replace(dataset.test, x=test))


def put_through(recipe, x, learned=None):
    """Sequences after a recipe, float32 (T', D'), and the moments of each of its "standardise" steps: those learned
    before, or for None those of x. Raises ValueError where learned moments are missing or of another width."""
    used = []
    for step in recipe:
        if step == "standardise":
            used.append(moments(x) if learned is None else _fitting(learned, len(used), x[0].shape[1]))
            x = [standardise(s, *used[-1]) for s in x]
        else:
            apply = step_named(step)
            x = [apply(s) for s in x]
    return [np.ascontiguousarray(s, np.float32) for s in x], used


def _fitting(learned, k, width):
    """The k-th pair of moments, of `width` features."""
    shapes = [np.shape(v) for v in learned[k]] if k < len(learned) else None
    if shapes != [(width,), (width,)]:
        raise ValueError(f"state: statistics {k} have the shapes {shapes}, expected {[(width,), (width,)]}")
    return learned[k]


def step_named(step):
    """The function of one sequence that a step such as "resample:32" stands for, but for "standardise"."""
    name, *arguments = step.split(":")
    if name not in STEPS or not all(a.isdigit() for a in arguments):
        known = f"{', '.join(STEPS)}, standardise (resample and stretch take :N)"
        raise ValueError(f"feature step {step!r} is not one of {known}")
    return lambda x: STEPS[name](x, *map(int, arguments))


def noise(x, rng, percent):
    """Add to each number of x (T, D) a normal one of deviation percent / 100."""
    return x + rng.standard_normal(x.shape) * (percent / 100)


def shift(x, rng, percent):
    """Add to each column of x (T, D) one normal number of deviation percent / 100, as another microphone would."""
    return x + rng.standard_normal(x.shape[1]) * (percent / 100)


def warp(x, rng, percent):
    """Let time run faster in one half of x (T, D) and slower in the other; the ends stay.

    Frame t is read at t + a sin(pi t / (T - 1)), a up to percent / 100 of (T - 1) / pi, so that time never runs back.
    """
    t = np.arange(len(x), dtype=np.float64)
    bow = np.sin(np.pi * t / max(len(x) - 1, 1)) * (len(x) - 1) / np.pi
    return _at(x, np.clip(t + rng.uniform(-1, 1) * percent / 100 * bow, 0, len(x) - 1))


def tilt(x, rng, percent):
    """Turn, shear and scale the points x (T, 2) about their mean by a matrix close to the identity, whose entries
    deviate by percent / 100. Raises ValueError for other than two columns."""
    if x.shape[1] != 2:
        raise ValueError(f"only points of 2 columns can be tilted, not {x.shape[1]}")
    (a, b), (c, d) = np.eye(2) + rng.standard_normal((2, 2)) * (percent / 100)
    centre = x.mean(axis=0, dtype=np.float64)
    u, v = (x - centre).T
    return np.stack([a * u + b * v, c * u + d * v], axis=1) + centre


CHANGES = {"noise": noise, "shift": shift, "warp": warp, "tilt": tilt}


def augment(sequences, steps, rng):
    """New sequences, each changed at random by steps such as ("warp:30", "noise:20"), from left to right; float32."""
    changed = list(sequences)
    for step in steps:
        name, _, percent = step.partition(":")
        if name not in CHANGES or not percent.isdigit():
            raise ValueError(f"augmentation {step!r} is not one of {', '.join(CHANGES)}, each with :PERCENT")
        changed = [CHANGES[name](x, rng, int(percent)) for x in changed]
    return [np.ascontiguousarray(x, np.float32) for x in changed]
