"""Synthetic pen strokes of seven Kannada/Telugu letters: the generator behind handwriting.npz.

    python -m tools.sample.handwriting            remakes handwriting.npz and its entry in provenance.json
    python -m tools.sample.handwriting --check    compares a fresh making with the committed arrays; exit status
                                                     1 where they differ

A letter is drawn in four steps: two hand-drawn skeletons are blended into one curve (Catmull-Rom splines), the curve is
bent and sheared as hands do, a pen runs along it at the speed of the two-thirds power law, and a digitiser with 151
steps a unit takes its position at equal times. Lengths, sizes and places spread as those of tablet strokes do.

Only elementwise numpy is used, no BLAS, and the result is rounded to the grid: a last digit that differs between
two machines is rounded away, so every machine makes the same bytes from the same numpy version.
"""

import sys

import numpy as np

from sequtils.data import sample
from tools.sample import making

CLASSES = ("a", "ai", "bA", "chA", "dA", "lA", "tA")
COUNTS = {"train": 69, "test": 20}
SEED = 2022
GRID = 151  # digitiser steps a tablet unit
ORIGIN = (0, 64)  # grid steps that stand for x = 0 and y = 0: strokes that reach below y = 0 still fit a byte

# Skeletons: points "x,y" in hundredths, x to the right, y up, in the order of writing. Two ways of writing each letter.
SKELETONS = {
    "a": (
        "16,66 25,66 32,74 32,87 25,96 13,97 4,86 1,64 7,36 24,12 50,1 76,9 94,30 99,54 93,76 80,84 70,76 "
        "65,59 62,43 51,35 36,30 20,27",
        "8,72 16,65 26,68 31,80 24,93 13,95 4,83 1,61 5,36 21,13 49,1 77,8 96,31 99,60 91,82 78,88 68,78 "
        "65,59 65,45 53,36 38,31 25,29",
    ),
    "ai": (
        "11,51 9,64 15,81 29,95 44,97 52,87 55,71 57,70 62,84 73,96 87,97 97,83 99,61 96,43 84,27 69,15 50,5 "
        "31,3 17,11 16,27 29,38 46,36 57,27 60,13 63,6",
        "5,56 11,71 21,87 34,96 45,92 51,77 54,73 63,85 78,97 92,91 99,71 95,51 84,37 70,25 61,21 53,33 38,41 "
        "21,40 9,27 10,11 25,3 43,5 56,15 62,27",
    ),
    "bA": (
        "14,61 6,63 2,74 6,87 14,91 20,82 19,66 16,47 15,27 18,9 26,3 33,17 37,40 41,20 50,7 58,10 62,25 "
        "59,46 53,66 48,85 47,93",
        "15,60 9,66 3,71 4,84 12,92 20,83 20,62 16,34 18,10 26,3 34,18 39,42 43,20 52,6 60,14 61,38 55,63 50,85 49,94",
    ),
    "chA": (
        "0,71 11,72 22,73 27,69 22,55 17,37 18,17 25,6 34,13 39,35 43,15 51,5 60,11 63,35 60,61 55,81 54,89",
        "0,67 9,71 20,77 27,79 24,63 19,41 19,15 27,4 36,19 40,37 44,19 52,4 62,15 63,43 58,73 51,92",
    ),
    "dA": (
        "38,79 28,75 19,61 14,42 16,19 24,6 36,7 41,21 43,34 47,19 55,8 64,9 70,25 70,47 61,69 46,82 27,87 "
        "11,89 6,91 17,93 36,93",
        "32,77 21,69 13,51 11,25 19,7 30,5 39,15 44,29 47,13 57,5 66,17 68,41 60,67 43,85 23,93 5,97 11,99 30,98",
    ),
    "lA": (
        "10,53 19,54 23,66 18,79 9,79 3,64 3,40 13,13 29,3 44,11 50,33 50,57 50,79 53,92",
        "14,53 22,58 23,71 15,81 6,72 3,48 9,19 26,3 45,9 55,31 54,57 49,79 48,91",
    ),
    "tA": (
        "10,38 19,37 25,49 20,63 9,63 2,51 2,33 10,12 28,2 47,6 57,21 57,39 48,52 36,51 29,40 35,29 47,31 "
        "53,46 52,64 47,82 43,92",
        "7,41 16,36 24,46 21,61 11,65 2,54 3,36 11,14 28,3 45,5 55,18 55,38 42,50 30,43 30,31 42,25 52,36 "
        "54,53 50,71 45,85 42,92",
    ),
}
# The vowel sign that ends five of the letters, from the point where it leaves the letter: a bar, then a hanging loop.
VOWEL_SIGN = "11,1 23,2 31,-2 36,-14 36,-32 31,-42 25,-37 23,-22 27,-10 32,-5"
# Where the sign begins (hundredths), its width and its height, for each of the two ways of writing a letter.
SIGN_AT = {
    "bA": ((50, 94, 1.27, 1.0), (51, 95, 1.30, 1.0)),
    "chA": ((56, 89, 1.20, 1.0), (53, 93, 1.33, 1.1)),
    "dA": ((44, 94, 1.33, 0.8), (41, 98, 1.45, 0.8)),
    "lA": ((53, 94, 1.30, 1.15), (51, 92, 1.37, 1.1)),
    "tA": ((45, 94, 1.50, 0.9), (43, 94, 1.55, 0.9)),
}
ASPECT = {"a": 1.38, "ai": 1.00, "bA": 1.83, "chA": 2.60, "dA": 1.78, "lA": 2.05, "tA": 1.54}  # width over height
MEDIAN_POINTS = {"a": 72, "ai": 84, "bA": 72, "chA": 72, "dA": 72, "lA": 61, "tA": 82}
POINTS_RANGE = (19, 178)

PARAMETERS = {
    "jitter": 0.024,  # of a skeleton point, in units of the letter's box
    "bend": 0.034,  # amplitude of the slow bends along the curve, same unit
    "sign_width": 0.18,  # spread of the logarithm of the right half's width
    "aspect": 0.20,  # spread of the logarithm of width over height
    "slant": 0.16,  # shear of x by y
    "turn": 0.07,  # rotation, radians
    "height": 0.19,  # median height, tablet units
    "height_spread": 0.20,  # of its logarithm
    "cut": 0.025,  # part of the curve lost where the pen touches late or lifts early
    "power": (0.35, 0.55),  # of curvature, by which the pen slows down in bends; 1/3 is the law, hands differ
    "straight": 0.1,  # part of the median curvature below which a line counts as straight
    "pace": 0.15,  # spread of the logarithm of the slow changes of speed
    "hurry": 0.4,  # mean logarithm of the speed gained from the beginning to the end
    "points": 0.36,  # spread of the logarithm of the number of points, training
    "points_test": 0.16,  # the same for test strokes, which are milder in the course's data too
    "care_test": 0.75,  # factor on jitter and bend of test strokes, for the same reason
    "sloppy": 0.04,  # share of training strokes that are drawn with twice the jitter and bend
    "centre": (0.53, 0.22),  # of the box on the tablet
    "centre_spread": (0.06, 0.065),
}


def points(text):
    """Array (P, 2) of the points of a skeleton's text, in units of its box."""
    return np.array([pair.split(",") for pair in text.split()], dtype=np.float64) / 100


def skeletons(letter):
    """The two control polygons [(P, 2), (P', 2)] of a letter, with the vowel sign where it has one."""
    bodies = [points(text) for text in SKELETONS[letter]]
    if letter not in SIGN_AT:
        return bodies
    signs = [np.array([x, y]) / 100 + points(VOWEL_SIGN) * [w, h] for x, y, w, h in SIGN_AT[letter]]
    return [np.concatenate([body, sign]) for body, sign in zip(bodies, signs)]


def catmull_rom(control, n):
    """`n` points (n, 2) at equal steps of the parameter on the centripetal Catmull-Rom spline through control (P, 2).

    Barry and Goldman's pyramid (1988): three rounds of linear interpolation between neighbouring knots. Centripetal
    knots (distance to the power 1/2) make neither cusps nor loops between two points (Yuksel et al. 2011).
    """
    first, last = 2 * control[0] - control[1], 2 * control[-1] - control[-2]
    p = np.concatenate([[first], control, [last]])
    gaps = np.sqrt(np.maximum(np.sqrt((np.diff(p, axis=0) ** 2).sum(axis=1)), 1e-4))
    t = np.concatenate([[0.0], np.cumsum(gaps)])
    u = np.linspace(t[1], t[-2], n)
    k = np.clip(np.searchsorted(t, u, side="right") - 1, 1, len(p) - 3)

    def between(i, j, a, b):
        """Interpolate from curve a, at knot i, to curve b, at knot j."""
        part = ((u - t[i]) / (t[j] - t[i]))[:, None]
        return (1 - part) * a + part * b

    a = [between(k + i, k + i + 1, p[k + i], p[k + i + 1]) for i in (-1, 0, 1)]
    b = [between(k + i, k + i + 2, a[i + 1], a[i + 2]) for i in (-1, 0)]
    return between(k, k + 1, b[0], b[1])


def letter_curve(letter, rng, p):
    """One hand's curve (600, 2) of a letter, in units of its box."""
    one, other = (catmull_rom(control, 260) for control in skeletons(letter))
    share = rng.beta(0.45, 0.45)  # most hands are near one of the two ways of writing
    blend = (1 - share) * one + share * other
    knots = blend[np.round(np.linspace(0, 259, rng.integers(20, 30))).astype(int)]
    curve = catmull_rom(knots + rng.normal(0, p["jitter"], knots.shape), 600)
    s = np.linspace(0, 1, 600)
    for f in (1, 2, 3):
        wave = np.sin(np.pi * f * s + rng.uniform(0, 2 * np.pi))
        curve = curve + wave[:, None] * rng.normal(0, p["bend"] / f, 2)
    right = np.exp(rng.normal(0, p["sign_width"]))
    curve[:, 0] = np.where(curve[:, 0] < 0.5, curve[:, 0], 0.5 + (curve[:, 0] - 0.5) * right)
    cut = np.abs(rng.normal(0, p["cut"], 2))
    return curve[int(600 * cut[0]) : 600 - int(600 * cut[1])]


def pose(curve, letter, rng, p):
    """The curve (n, 2) at its size in tablet units: aspect, slant and turn, centred on the origin."""
    centred = (curve - (curve.max(axis=0) + curve.min(axis=0)) / 2) / np.ptp(curve, axis=0)
    x = centred[:, 0] * ASPECT[letter] * np.exp(rng.normal(0, p["aspect"]))
    y = centred[:, 1] + rng.normal(0, 0.03) * x
    x = x + rng.normal(0, p["slant"]) * y
    angle = rng.normal(0, p["turn"])
    turned = np.stack([np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y], axis=1)
    # Wide letters are written smaller: width and height share the room between the lines of the form.
    room = np.sqrt(1.8 / ASPECT[letter])
    sized = turned * p["height"] * room * np.exp(rng.normal(0, p["height_spread"]))
    return sized * min(1.0, 0.6 / np.ptp(sized[:, 0]))


def smooth(x, width):
    """Running mean over 2 width + 1 neighbours of x (n,), edges repeated; a sum of shifted copies, in one order."""
    padded = np.concatenate([np.repeat(x[:1], width), x, np.repeat(x[-1:], width)])
    return sum(padded[k : k + len(x)] for k in range(2 * width + 1)) / (2 * width + 1)


def curvature(curve):
    """Absolute curvature (n,) of a curve (n, 2), 1 / unit of length."""
    d = np.gradient(curve, axis=0)
    dd = np.gradient(d, axis=0)
    speed = np.sqrt((d**2).sum(axis=1)) + 1e-9
    return np.abs(d[:, 0] * dd[:, 1] - d[:, 1] * dd[:, 0]) / speed**3


def pen_times(curve, rng, p):
    """Times (n,) from 0 to 1 at which the pen passes the points of a curve (n, 2).

    Tangential speed falls with curvature to the power 1/3 (the two-thirds power law, Lacquaniti, Terzuolo and Viviani
    1983); the exponent differs between hands, and slow changes of pace are the hand's own.
    """
    bending = smooth(curvature(curve), 6)
    speed = (p["straight"] + bending / np.median(bending)) ** -rng.uniform(*p["power"])
    s = np.linspace(0, 1, len(curve))
    for f in (1, 2, 4):
        speed = speed * np.exp(rng.normal(0, p["pace"]) * np.sin(np.pi * f * s + rng.uniform(0, 2 * np.pi)))
    speed = speed * np.exp(rng.normal(p["hurry"], 0.2) * (s - 0.5))  # a hand is faster towards the end
    steps = np.sqrt((np.diff(curve, axis=0) ** 2).sum(axis=1))
    times = np.concatenate([[0.0], np.cumsum(2 * steps / (speed[1:] + speed[:-1]))])
    return times / times[-1]


def stroke(letter, split, rng, p=PARAMETERS):
    """One stroke of a letter as grid points (T, 2), uint8: steps of 1 / GRID, plus ORIGIN."""
    care = p["care_test"] if split == "test" else 2.0 if rng.random() < p["sloppy"] else 1.0
    hand = {**p, "jitter": care * p["jitter"], "bend": care * p["bend"]}
    curve = pose(letter_curve(letter, rng, hand), letter, rng, p)
    times = pen_times(curve, rng, p)
    spread = p["points" if split == "train" else "points_test"]
    n = int(np.clip(MEDIAN_POINTS[letter] * np.exp(rng.normal(0, spread)), *POINTS_RANGE))
    ticks = np.linspace(0, 1, n)
    path = np.stack([np.interp(ticks, times, curve[:, j]) for j in (0, 1)], axis=1)
    path = path + rng.normal(p["centre"], p["centre_spread"])
    grid = np.round(path * GRID).astype(np.int64) + ORIGIN
    moved = np.any(np.diff(grid, axis=0) != 0, axis=1)
    grid = grid[np.concatenate([[True], moved])]  # a digitiser reports a place once
    inside = grid.min() >= 0 and grid.max() <= 255 and POINTS_RANGE[0] <= len(grid)
    return grid.astype(np.uint8) if inside else stroke(letter, split, rng, p)


def make(parameters=PARAMETERS):
    """The arrays of handwriting.npz: points (sum T, 2) uint8, lengths (N,) uint8; by class, then train, then test."""
    strokes = [
        stroke(letter, split, np.random.default_rng([SEED, k, split == "test", i]), parameters)
        for k, letter in enumerate(CLASSES)
        for split, count in COUNTS.items()
        for i in range(count)
    ]
    return {
        "points": np.concatenate(strokes),
        "lengths": np.array([len(s) for s in strokes], np.uint8),
        "counts": np.array([[COUNTS["train"], COUNTS["test"]]] * len(CLASSES), np.uint16),
        "classes": np.array(CLASSES),
        "grid": np.array(GRID, np.uint8),
        "origin": np.array(ORIGIN, np.uint8),
    }


def description():
    """The entry of provenance.json that says how the arrays were made."""
    return {
        "generator": "tools.sample.handwriting",
        "repeatable": "yes, with the numpy version below: python -m tools.sample.handwriting --check",
        "licence": "synthetic, drawn and made by this project; same licence as the project; no recorded strokes in it",
        "seed": SEED,
        "grid_steps_a_unit": GRID,
        "origin_steps": ORIGIN,
        "parameters": PARAMETERS,
        "median_points": MEDIAN_POINTS,
        "aspect": ASPECT,
        "counts": {c: dict(COUNTS) for c in CLASSES},
    }


def main(arguments):
    """Command line, see the module's docstring; returns the exit status."""
    arrays = make()
    if arguments == ["--check"]:
        committed = sample.arrays("handwriting")
        different = [k for k in arrays if not np.array_equal(arrays[k], committed.get(k))]
        print(f"handwriting.npz differs in {', '.join(different)}" if different else "handwriting.npz is repeatable")
        return int(bool(different))
    making.write("handwriting", arrays, description(), {})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
