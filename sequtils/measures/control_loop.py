"""Feedback in a control loop: what it does to a disturbance, and when it is too much."""

import numpy as np


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
