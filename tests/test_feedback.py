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
    outputs = [control_loop.control_loop(critical * share, 0.8, 0.5, 400, 0) for share in (0.9, 1.1)]
    swings = [abs(y[-1] - y[-2]) for y in outputs]
    assert swings[0] < 1e-6 < 1e6 < swings[1]


def test_a_plant_that_is_not_stable_is_steadied_by_enough_gain_and_not_too_much():
    critical = control_loop.critical_gain(1.1)
    assert control_loop.closed_loop_pole(critical, 1.1) == pytest.approx(-1)
    assert control_loop.closed_loop_pole(1, 1.1) == pytest.approx(1)  # the least that it takes
    left = [abs(1 - control_loop.control_loop(gain, 1.1, 0.5 * (gain == 0), 400, 0)[-1]) for gain in (0, 4)]
    assert left[0] > 1e6 and left[1] < 1e-6
    settled = 1 - control_loop.control_loop(4, 1.1, 0.5, 400, 0)[-1]
    assert settled == pytest.approx(-0.5 / 3)  # b d / (1 - pole), to the side of the disturbance


def test_loops_are_compared_by_their_gains():
    result = control_loop.compare({"without": (0.9, 0), "with": (0.9, 4), "excess": (0.9, 20), "unstable": (1.1, 0),
                                   "steadied": (1.1, 4)}, 0.5)
    assert [result[name, "error"] for name in ("without", "with")] == pytest.approx([0.5, 0.1])
    assert result["excess", "error"] is None
    assert [result[name, "deviation"] for name in ("with", "excess")] == ["dies out", "grows"]
    assert result["with", "critical"] == pytest.approx(19) and result["excess", "pole"] == pytest.approx(-1.1)
    assert [result[name, "pole"] for name in ("unstable", "steadied")] == pytest.approx([1.1, 0.7])
    assert control_loop.sentences(result) == [
        "In a loop, feedback brings the steady error from 0.500 to 0.100; with gain 20 a deviation grows.",
        "In a plant that is not stable a deviation grows by itself and dies out with feedback."]
