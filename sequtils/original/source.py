"""What the source report of 2022 published, as data; the files are in report/source."""

import functools

import yaml

from sequtils import paths


@functools.cache
def read(name):
    """The content of a YAML file of report/source."""
    return yaml.safe_load((paths.SOURCE / name).read_text(encoding="utf-8"))


def section(cell, by):
    """The section whose table is about a cell, and about what was varied: "layers" or "nodes"; "two" for the table of
    two layers, "nodes_1" for that of the best architecture. None where the source has no such table."""
    tables = read("published.yaml")["tables"].items()
    return next((name for name, table in tables if table["cell"] == cell and table["about"] == by), None)


def accuracies(cell, dataset, by, value):
    """The published row with "train" and "test" of a network, as a dict; None where there is none.

    accuracies("rnn", "cv", "layers", 2) -> {"dataset": "cv", "train": 0.64, "test": 0.43}
    """
    about, wanted = ("two", {}) if (by, value) == ("layers", 2) else (by, {by: value})
    rows = [row for row in _rows(cell, about) if {"dataset": dataset, **wanted}.items() <= row.items()]
    return dict(rows[0]) if rows else None


def column(cell, dataset, by, part="test"):
    """Two lists, what was varied and the published accuracy, of the rows of a data set; of layers with the two that
    have a table of their own."""
    two = [{**row, "layers": 2} for row in _rows(cell, "two")] if by == "layers" else []
    rows = [row for row in (*two, *_rows(cell, by)) if row["dataset"] == dataset]
    return [row[by] for row in rows], [row[part] for row in rows]


def best(cell):
    """The published hyperparameters of the best architecture, as a dict."""
    return dict(_rows(cell, "nodes_1")[0])


def figures(block, cell):
    """The figures of a block ("layers", "nodes" or "best") for a cell, as dicts with the numbers of both figures."""
    return [dict(f) for f in read("published.yaml")["figures"][block] if f["cell"] == cell]


def rule_of_thumb(dataset, alpha):
    """The number of nodes that the source quotes: N_h = N_s / (alpha (N_i + N_o)), N_s training sequences, N_i features
    of a frame, N_o classes."""
    return len(dataset.train) / (alpha * (dataset.train.x[0].shape[1] + len(dataset.classes)))


def _rows(cell, about):
    name = section(cell, about)
    return read("published.yaml")["tables"][name]["rows"] if name else []
