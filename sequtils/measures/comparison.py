"""RNN beside LSTM: the same task at equal size, by groups of test sequences, and what each training needs."""

import numpy as np

from sequtils import statistics
from sequtils.measures import TITLES
from sequtils.models import GATES
from sequtils.results import Result
from sequtils.trials import Trial

SOURCE = {"rnn": (16, 5), "lstm": (4, 5)}  # units of the source's two layers


def parameters(inputs, hidden, classes, cell):
    """Number of parameters of a SequenceClassifier."""
    layers = zip((inputs, *hidden), hidden)
    return sum(GATES[cell] * n * (m + n + 2) for m, n in layers) + (hidden[-1] + 1) * classes


def equal_width(inputs, classes, last=SOURCE["rnn"][-1], like=SOURCE["lstm"]):
    """Units of a plain RNN's first layer with which it has about as many parameters as the LSTM `like`."""
    wanted = parameters(inputs, like, classes, "lstm")
    return min(range(1, 1025), key=lambda n: abs(parameters(inputs, (n, last), classes, "rnn") - wanted))


def networks(dataset):
    """Name -> fields of the Trial of the networks that are compared: both cells as in the source; an LSTM with as many
    units as that RNN, "lstm-wide"; and an RNN with about as many parameters as the source's LSTM, "equal"."""
    width = equal_width(dataset.train.x[0].shape[1], len(dataset.classes))
    return {**{cell: {"cell": cell, "hidden": hidden} for cell, hidden in SOURCE.items()},
            "lstm-wide": {"cell": "lstm", "hidden": SOURCE["rnn"]},
            "equal": {"cell": "rnn", "hidden": (width, SOURCE["rnn"][-1])}}


def restricted(results, rows):
    """Results on some of the test sequences only, such as those of one class."""
    pick = lambda values: [values[r] for r in rows]
    told = ("labels", "predictions", "speakers")
    return [{**r, **{name: pick(r[name]) for name in told if name in r}} for r in results]


def by_class(dataset):
    """(class, its test sequences) of every class."""
    return [(c, np.flatnonzero(dataset.test.y == label)) for label, c in enumerate(dataset.names)]


def by_length(dataset, parts=4):
    """(range of lengths in frames, as text, the test sequences of these lengths) of every quarter of the lengths, or of
    another part."""
    lengths = np.array([len(x) for x in dataset.test.x])
    pieces = np.array_split(np.argsort(lengths, kind="stable"), parts)
    return [(f"{lengths[rows].min()} to {lengths[rows].max()}" if len(rows) else "none", np.sort(rows))
            for rows in pieces]


SPLITS = {"length": by_length, "class": by_class}


def gains(runs, datasets, kind):
    """Result of the LSTM's gain over the RNN on parts of the test sequences, by "length" or by "class", a row a data
    set and part, which has its place as name. Parts without a sequence are left out.

    runs: (data set, cell) -> results.
    """
    result = Result(("dataset", "part"), {}, heads={"name": kind.capitalize()}, titles=TITLES)
    for name, dataset in datasets.items():
        for place, (part, chosen) in enumerate(SPLITS[kind](dataset), 1):
            if len(chosen):
                gain = statistics.difference(*(restricted(runs[name, cell], chosen) for cell in ("lstm", "rnn")))
                result.add((name, place), {"name": part, "sequences": len(chosen), "gain": gain, "verdict": gain.word})
            else:
                result.leave_out((name, place), f"there are fewer test sequences than parts by {kind}")
    return result


def resources(runs, datasets):
    """Result of what the trainings needed, a row a data set and cell: parameters, epochs (the median), how many of them
    converged before the last epoch, and multiplications in 10^9 (the median); of the LSTM, how many times as many as
    the RNN, the mean over the seeds. runs: (data set, cell) -> results."""
    rows = {}
    for name in datasets:
        each = {cell: np.array([multiplications(r, datasets[name]) for r in runs[name, cell]]) for cell in SOURCE}
        for cell in SOURCE:
            results = runs[name, cell]
            rows[name, cell] = {"parameters": results[0]["parameters"],
                                "epochs": float(np.median([r["history"]["stop_epoch"] for r in results])),
                                "converged": sum(r["history"]["reason"] == "converged" for r in results),
                                "of": len(results), "products": float(np.median(each[cell])) / 1e9}
        S = min(map(len, each.values()))  # the seeds that both have
        rows[name, "lstm"]["times"] = statistics.over_seeds(each["lstm"][:S] / each["rnn"][:S], bounds=(0, np.inf))
    heads = {"network": "Cell", "converged": "Stopped before the last epoch", "of": "Trainings",
             "products": "Multiplications, 10⁹", "times": "LSTM by RNN"}
    return Result(("dataset", "network"), rows, {"epochs": "g", "products": ".3g", "times": ".2f"}, heads, TITLES)


def multiplications(result, dataset):
    """Multiplications of the training of a result of a Trial, forwards, in the epochs that it had."""
    fields = {name: value for name, value in result["trial"].items() if name != "kind"}
    return Trial(**{**fields, "max_epochs": result["history"]["stop_epoch"]}).multiplications(dataset)


def times(runs, datasets):
    """Result of the seconds that the trainings took, a row a data set and cell: the median of a training, and of an
    epoch. runs: (data set, cell) -> results."""
    rows = {}
    for name, cell in [(name, cell) for name in datasets for cell in SOURCE]:
        seconds, epochs = (np.median(values) for values in zip(*(
            (r["seconds"], r["history"]["stop_epoch"]) for r in runs[name, cell])))
        rows[name, cell] = {"seconds": float(seconds), "seconds_an_epoch": float(seconds / epochs)}
    forms = {"seconds": ".2f", "seconds_an_epoch": ".4f"}
    return Result(("dataset", "network"), rows, forms, {"network": "Cell"}, TITLES)
