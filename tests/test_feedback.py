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


def test_loops_are_compared_by_their_gains():
    result = control_loop.compare({"without": 0, "with": 4, "excess": 20}, 0.9, 0.5)
    assert [result[name, "error"] for name in ("without", "with")] == pytest.approx([0.5, 0.1])
    assert result["excess", "error"] is None
    assert [result[name, "deviation"] for name in ("with", "excess")] == ["dies out", "grows"]
    assert result["with", "critical"] == pytest.approx(19) and result["excess", "pole"] == pytest.approx(-1.1)
    assert control_loop.sentence(result) == (
        "In a loop, feedback brings the steady error from 0.500 to 0.100; with gain 20 a deviation grows.")
