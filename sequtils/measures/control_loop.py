"""Feedback in a control loop: what it does to a disturbance, and when it is too much."""

import numpy as np

from sequtils.results import Result
from sequtils.text import number

SETTLED = 400  # steps after which the error of a stable loop no longer changes


def control_loop(gain, pole, disturbance, steps, at):
    """Output y (steps,) of a first-order plant that is to follow the set point r = 1, and is disturbed from step `at`.

    y[t+1] = pole y[t] + (1 - pole) (u[t] + d[t]) with proportional feedback u[t] = r + gain (r - y[t]) (Astrom and
    Murray 2008); gain 0 is open loop.
    """
    y = np.zeros(steps)
    for t in range(steps - 1):
        u, d = 1 + gain * (1 - y[t]), disturbance * (t >= at)
        y[t + 1] = pole * y[t] + (1 - pole) * (u + d)
    return y


def closed_loop_pole(gain, pole):
    """What the error is multiplied by at each step: the loop is stable where it lies between -1 and 1."""
    return pole - (1 - pole) * gain


def critical_gain(pole):
    """The gain at which the loop stops being stable: its pole reaches -1."""
    return (1 + pole) / (1 - pole)


def compare(gains, pole, disturbance):
    """Result of loops that are disturbed all the time, a row for each of gains, name -> gain.

    error: what is left of it at last, None where the loop is not stable; deviation: what becomes of one.
    """
    rows = {}
    for name, gain in gains.items():
        closed = closed_loop_pole(gain, pole)
        stable = abs(closed) < 1
        error = abs(1 - control_loop(gain, pole, disturbance, SETTLED, 0)[-1]) if stable else None
        rows[name] = {"gain": gain, "critical": critical_gain(pole), "pole": closed, "error": error,
                      "deviation": "dies out" if stable else "grows"}
    forms = {"gain": "g", "critical": "g", "pole": ".2f"}
    return Result("feedback", rows, forms, {"gain": "Gain", "critical": "Critical gain", "error": "Steady error"})


def sentence(result):
    """What the loops say, from the rows "without", "with" and "excess" of `compare`."""
    without, with_, excess = (result.row(name) for name in ("without", "with", "excess"))
    return (f"In a loop, feedback brings the steady error from {number(without['error'])} to {number(with_['error'])}; "
            f"with gain {excess['gain']:g} a deviation {excess['deviation']}.")
