"""Straight lines by least squares, and what they say where they run through the logarithm of a gradient's norm."""

from dataclasses import dataclass

import numpy as np

from sequtils.statistics import Difference

FATES = {1: "explodes", -1: "vanishes", 0: "is not told to vanish or explode"}


def slope(x, y):
    """Slope of the straight line through points (x, y), arrays (N,), by least squares; None for fewer than two."""
    if len(x) < 2:
        return None
    x = x - np.mean(x)
    return float(x @ y / (x @ x))


@dataclass(frozen=True)
class Growth(Difference):
    """The slope of a gradient's log norm for each frame that it goes back: below zero it vanishes."""

    @property
    def verdict(self):
        """What the gradient does, by the same rule as every Difference: the 95 % interval decides."""
        return FATES[self.side]
