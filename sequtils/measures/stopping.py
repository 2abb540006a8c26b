"""Which epoch's network is the result: that at which training stopped, that of the least training loss, or the last."""

import numpy as np

from sequtils import statistics
from sequtils.measures import TITLES
from sequtils.results import Result

EPOCHS = ("stopped", "least loss", "last")


def stopped(loss, patience, min_delta):
    """The epoch, counted from 1, at which a training with early stopping would have stopped: after `patience` epochs
    that did not bring the loss below the least so far by more than min_delta. As `training.fit` stops."""
    best, waited = np.inf, 0
    for epoch, x in enumerate(loss, 1):
        best, waited = (x, 0) if x < best - min_delta else (best, waited + 1)
        if waited >= patience:
            return epoch
    return len(loss)


def epochs(runs, datasets, patience=25, min_delta=1e-4):
    """Result of the test accuracy at each of EPOCHS, of trainings that went on to the last epoch; a row a data set and
    epoch.

    runs: data set -> results of Trials whose patience is their max_epochs. beyond_stopped: by how much the mean is
    higher than at the epoch at which early stopping would have stopped. The intervals are over seeds alone. A training
    that diverged counts with its last finite epoch.
    """
    rows = {}
    for name, results in runs.items():
        losses = [[x for x in r["history"]["loss"] if x is not None] for r in results]
        at = {"stopped": [stopped(loss, patience, min_delta) for loss in losses],
              "least loss": [int(np.argmin(loss)) + 1 for loss in losses], "last": [len(loss) for loss in losses]}
        tests = {when: np.array([r["history"]["test_accuracy"][epoch - 1] for r, epoch in zip(results, chosen)])
                 for when, chosen in at.items()}
        for when in EPOCHS:
            gain = statistics.spread(tests[when] - tests["stopped"])
            rows[name, when] = {"seeds": len(results), "epoch": float(np.median(at[when])),
                                "test": statistics.over_seeds(tests[when]), "beyond_stopped": gain}
    heads = {"at": "The network of the epoch", "beyond_stopped": "More than as it stopped"}
    return Result(("dataset", "at"), rows, {"epoch": "g", "beyond_stopped": "+.3f"}, heads,
                  TITLES)
