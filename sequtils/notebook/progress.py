"""How far a notebook's trials are: told to the batch run that started it, or shown below the cell."""

import os
import time
from collections import Counter

from IPython import get_ipython
from IPython.display import display

from sequtils.files import read_json, write_json

STATUS = "SEQUTILS_STATUS"  # names the file in which a notebook in a batch run tells how far it is


class Progress:
    """To be given to `trials.run` as `progress`, a new one for each call."""

    def __init__(self):
        self.shown, self.last = None, 0.0
        self.status = os.environ.get(STATUS)
        self.before = read_json(self.status, {}) if self.status else {}  # what the notebook's earlier calls told

    def __call__(self, done, total, seconds_left, counts):
        """done of total trials are there; seconds_left is an estimate, None while there is none yet."""
        if self.status:
            self._tell(done, total, counts)
        elif get_ipython():
            self._show(done, total, seconds_left, counts)

    def _tell(self, done, total, counts):
        """Write how far all calls of this notebook are, together."""
        summed = Counter(self.before.get("counts", {})) + Counter(counts)
        write_json(self.status, {"done": self.before.get("done", 0) + done,
                                 "total": self.before.get("total", 0) + total, "counts": summed})

    def _show(self, done, total, seconds_left, counts):
        """Below the cell, in place. When all is done the same line stands there as at the start, whatever was cached:
        the outputs of a notebook must not depend on what has been run before it."""
        final = {"text/plain": f"{total} trials"}
        if self.shown is None:
            self.shown = display(final, raw=True, display_id=True)
        if done == total:
            self.shown.update(final, raw=True)
        elif time.monotonic() - self.last > 0.2:
            self.last = time.monotonic()
            self.shown.update({"text/plain": line(done, total, seconds_left, counts)}, raw=True)


def line(done, total, seconds_left, counts):
    """One line of text, such as "12 of 40 trials (10 cached, 30 new), about 2 min left"."""
    states = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
    return f"{done} of {total} trials ({states})" + (f", {duration(seconds_left)} left" if seconds_left else "")


def duration(seconds):
    """A rough length of time: about 40 s, about 12 min, about 1.5 h."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
