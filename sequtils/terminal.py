"""One line that says what goes on: rewritten in place on a terminal, printed now and then where there is none."""

import shutil
import sys
import time


class StatusLine:
    """every: seconds after which a line is due where nothing is rewritten, as in a log file or in public CI."""

    def __init__(self, every=30):
        self.every, self.printed, self.terminal = every, time.monotonic(), sys.stderr.isatty()

    def show(self, text):
        """Say what goes on now."""
        if self.terminal:
            print("\r\x1b[K" + text[:shutil.get_terminal_size().columns - 1], end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self.printed >= self.every:
            self.say(text)

    def say(self, text):
        """Print a line that stays."""
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        print(text, flush=True)
        self.printed = time.monotonic()


def elapsed(seconds):
    """A length of time as a person says it: 40 s, 12 min 5 s, 1 h 3 min."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
