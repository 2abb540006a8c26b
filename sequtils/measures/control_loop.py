"""Feedback in a control loop: whether a deviation dies out, what is left of a disturbance, and when it is too much."""

import numpy as np

from sequtils.results import Result
from sequtils.text import number

SETTLED = 400  # steps after which the error of a stable loop no longer changes


def control_loop(gain, pole, disturbance, steps, at):
    """Output y (steps,) of a first-order plant that is to stay at the set point r = 1, and is disturbed from step `at`.

    y[t+1] = pole y[t] + b (u[t] + d[t]), b = |1 - pole|, with proportional feedback u[t] = u_r + gain (r - y[t]), where
    u_r is the input that alone would hold y at r (Astrom and Murray 2008). Gain 0 is open loop; a plant with a pole
    above 1 is not stable by itself.
    """
    b, y = abs(1 - pole), np.ones(steps)
    for t in range(steps - 1):
        u, d = np.sign(1 - pole) + gain * (1 - y[t]), disturbance * (t >= at)
        y[t + 1] = pole * y[t] + b * (u + d)
    return y


def closed_loop_pole(gain, pole):
    """What a deviation is multiplied by at each step: the loop is stable where it lies between -1 and 1."""
    return pole - abs(1 - pole) * gain


def critical_gain(pole):
    """The gain at which the loop stops being stable: its pole reaches -1."""
    return (1 + pole) / abs(1 - pole)


def compare(loops, disturbance):
    """Result of loops that are disturbed all the time, a row for each of loops, name -> (pole of the plant, gain).

    plant, pole: of the plant and of the closed loop; error: what is left at last, None where the loop is not stable;
    deviation: what becomes of one.
    """
    rows = {}
    for name, (plant, gain) in loops.items():
        closed = closed_loop_pole(gain, plant)
        stable = abs(closed) < 1
        error = abs(1 - control_loop(gain, plant, disturbance, SETTLED, 0)[-1]) if stable else None
        rows[name] = {"plant": plant, "gain": gain, "critical": critical_gain(plant), "pole": closed, "error": error,
                      "deviation": "dies out" if stable else "grows"}
    forms = {"plant": "g", "gain": "g", "critical": ".3g", "pole": ".2f"}
    heads = {"plant": "Pole of the plant", "gain": "Gain", "critical": "Critical gain", "error": "Steady error"}
    return Result("feedback", rows, forms, heads)


def sentences(result):
    """What the loops say, from the rows "without", "with", "excess", "unstable" and "steadied" of `compare`."""
    without, with_, excess, unstable, steadied = (
        result.row(name) for name in ("without", "with", "excess", "unstable", "steadied"))
    return [f"In a loop, feedback brings the steady error from {number(without['error'])} to {number(with_['error'])}; "
            f"with gain {excess['gain']:g} a deviation {excess['deviation']}.",
            f"In a plant that is not stable a deviation {unstable['deviation']} by itself and {steadied['deviation']} "
            "with feedback."]
