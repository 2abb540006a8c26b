"""What the source report of 2022 published, as data; the numbers are in report/source/published.yaml."""

import functools

import yaml

from sequtils import paths


def published(section, **row):
    """The published row of a section's table whose entries equal those given, as a dict; None where there is none.

    published("1.3.1.2", dataset="cv") -> {"dataset": "cv", "train": 0.64, "test": 0.43}. Raises KeyError for a section
    that published no table.
    """
    return next((dict(r) for r in _read()["tables"][section]["rows"] if row.items() <= r.items()), None)


def column(section, x, y="test", **row):
    """Two lists, the published y against x of the rows that match: column("1.3.2", "nodes", dataset="handwriting")."""
    rows = [r for r in _read()["tables"][section]["rows"] if row.items() <= r.items()]
    return [r[x] for r in rows], [r[y] for r in rows]


def figures(block, cell):
    """The figures of a block ("layers", "nodes" or "best") for a cell, as dicts with the numbers of both figures."""
    return [dict(f) for f in _read()["figures"][block] if f["cell"] == cell]


@functools.cache
def _read():
    return yaml.safe_load((paths.SOURCE / "published.yaml").read_text(encoding="utf-8"))
