"""The control loop: known answers."""

import pytest

from sequtils.measures import control_loop


def test_steady_error_of_the_loop():
    for gain, d in ((0, 0.5), (4, 0.5), (4, -1.0), (9, 0.25)):
        y = control_loop.control_loop(gain, 0.9, d, 500, 0)
        assert 1 - y[-1] == pytest.approx(-d / (1 + gain))


def test_the_loop_is_stable_up_to_the_critical_gain():
    critical = control_loop.critical_gain(0.8)
    assert control_loop.closed_loop_pole(critical, 0.8) == pytest.approx(-1)
    settled = [abs(1 - control_loop.control_loop(critical * share, 0.8, 0, 400, 0)[-1]) for share in (0.9, 1.1)]
    assert settled[0] < 1e-6 < 1e6 < settled[1]
