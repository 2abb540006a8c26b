"""The line that says what goes on, on a terminal and in a log."""

import pytest

from sequtils import terminal


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_when_one_is_due(clock, capsys):
    line = terminal.StatusLine(every=30)
    for clock[0] in (1, 29, 31, 40, 62):
        line.show(f"at {clock[0]}")
    assert capsys.readouterr().out == "at 31\nat 62\n"


def test_a_line_that_stays_puts_the_next_one_off(clock, capsys):
    line = terminal.StatusLine(every=30)
    clock[0] = 20
    line.say("done")
    for clock[0] in (45, 51):
        line.show(f"at {clock[0]}")
    assert capsys.readouterr().out == "done\nat 51\n"


def test_a_terminal_gets_one_line_in_place(monkeypatch, capsys):
    monkeypatch.setattr(terminal.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "10")
    line = terminal.StatusLine()
    line.show("wider than ten letters")
    line.say("done")
    told = capsys.readouterr()
    assert told.err == "\r\x1b[Kwider tha\r\x1b[K"
    assert told.out == "done\n"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"),
                                               (3780, "1 h 3 min")])
def test_a_length_of_time_in_words(seconds, text):
    assert terminal.elapsed(seconds) == text
