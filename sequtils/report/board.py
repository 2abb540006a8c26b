"""What the user sees of a batch run: a line for each finished notebook, and one that says how far the others are."""

import time

from sequtils.files import read_json
from sequtils.notebook import duration
from sequtils.terminal import StatusLine


class Board:
    """runs: those that it tells of. build: the folder in whose `status` they tell how far they are."""

    def __init__(self, runs, build):
        self.left, self.folder, self.started = [run.name for run in runs], build / "status", time.monotonic()
        self.total, self.line = len(runs), StatusLine()

    def finished(self, run, outcome):
        self.left.remove(run.name)
        status = read_json(self.folder / f"{run.name}.json", {})
        counts = ", ".join(f"{n} {state}" for state, n in sorted(status.get("counts", {}).items()))
        told = f"FAILED in {outcome['error']}" if outcome["error"] else f"done, {outcome['seconds']:.0f} s"
        self.line.say(f"{run.name}: {told}" + (f" (trials: {counts})" if counts else ""))

    def show(self):
        """How far all are, how long it takes still, and what runs now."""
        status = {name: read_json(self.folder / f"{name}.json") for name in self.left}  # None: has not begun
        share = {name: told["done"] / told["total"] if (told or {}).get("total") else 0.0
                 for name, told in status.items()}
        if not self.left:
            return
        done = (self.total - len(self.left) + sum(share.values())) / self.total
        spent = time.monotonic() - self.started
        left = f", {duration(spent * (1 - done) / done)} left" if done else ""
        bar = "#" * round(30 * done) + "." * (30 - round(30 * done))
        running = " ".join(f"{name} {share[name]:.0%}" for name, told in status.items() if told is not None)
        self.line.show(f"[{bar}] {done:.0%}{left}: {running}")
