"""Every published accuracy beside ours, and what others report on the same assignment, as tables of the report.

What was published is in report/source: published.yaml is the source report, reference.yaml the others.
"""

import csv
import functools
from pathlib import Path

import yaml

from sequtils import paths
from sequtils.files import read_json

NBSP = "\u00a0"  # keeps a number and its interval on one line
NOT_RUN = "not run in this profile"
CELLS, DATASETS = ("rnn", "lstm", "gru"), ("handwriting", "cv")


def read(name):
    """The content of a YAML file of report/source."""
    return _parse(paths.SOURCE / name)


@functools.cache
def _parse(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def source_rows():
    """(section, cell, network, row) of every published pair of accuracies; network is "layers-3", "nodes-16", or "two"
    for the two layers of 16 and 5 units, or of 4 and 5."""
    return [(section, table["cell"], _network(row), row) for section, table in read("published.yaml")["tables"].items()
            for row in table["rows"] if "test" in row]


def _network(row):
    return next((f"{key}-{row[key]}" for key in ("layers", "nodes") if key in row), "two")


def values():
    """The source's accuracies as entries of values.json, such as published.rnn.handwriting.nodes-16.test, and both of a
    row, as printed, such as published.rnn.handwriting.nodes-16.row."""
    found = {}
    for _, cell, network, row in source_rows():
        name, printed = f"published.{cell}.{row['dataset']}.{network}", {p: _printed(row[p]) for p in ("train", "test")}
        found |= {f"{name}.{part}": _entry(row[part], text) for part, text in printed.items()}
        found[f"{name}.row"] = _entry(*[", ".join(printed.values())] * 2)
    return found


def _entry(value, text):
    return {"value": value, "low": None, "high": None, "text": text, "range": ""}


def _printed(x):
    """An accuracy with two decimals, or with three where it has them."""
    return f"{x:.2f}" if round(x, 2) == x else f"{x:.3f}"


def published(build, titles):
    """One dict for each published accuracy: where it stands, the network, ours with its interval, their difference, and
    whether it lies in our interval: the 95 % of the test accuracy, the seeds' range of the training accuracy.

    titles: data set -> its title, by which our tables call it.
    """
    build, rows = Path(build), []
    items = read_json(build / "manifest.json", {}).get("tables", {}).values()
    tables = {item["source"]: item["file"] for item in items}
    for section, cell, network, row in source_rows():
        title = titles[row["dataset"]]
        ours = _ours(build / tables[section], row, title) if section in tables else None
        rows += [{"section": section, "dataset": title, "cell": cell, "network": network, "accuracy": word,
                  "published": row[part], **_compared(ours, part, row[part])}
                 for part, word in (("train", "training"), ("test", "test"))]
    return rows


def _ours(file, row, title):
    """The row of our raw table that stands for a published one; None where the profile left it out."""
    key = next((key for key in ("layers", "nodes") if key in row), None)
    with file.open(encoding="utf-8", newline="") as opened:
        return next((r for r in csv.DictReader(opened)
                     if r["data_set"] == title and (key is None or int(r[key]) == row[key])), None)


def _compared(ours, part, theirs):
    if ours is None:
        return {"ours": None, "low": None, "high": None, "difference": None, "lies": NOT_RUN}
    x, low, high = (float(ours[part + end]) for end in ("", "_low", "_high"))
    return {"ours": x, "low": low, "high": high, "difference": x - theirs, "lies": lies(theirs, low, high)}


def lies(number, low, high):
    """Where a published number stands to an interval, in the words of `statistics.agrees`."""
    return "lies in" if low <= number <= high else "lies outside"


def count(rows):
    """How many of the rows of `published` there are, lie in, lie outside, or were not run."""
    words = [row["lies"] for row in rows]
    return {"all": len(rows), "inside": words.count("lies in"), "outside": words.count("lies outside"),
            "absent": words.count(NOT_RUN)}


def reference(best, datasets):
    """One dict for each report and data set: its classes, whether they are those of this run, the test accuracies as
    text, the set-up. First come this run's own.

    best: (data set, cell) -> test accuracy as text. datasets: those of provenance.json.
    """
    mine = {"repository": "this run", "set_up": "the ladder's best single network",
            **{name: {"classes": d["classes"], "rnn": best[name, "rnn"], "lstm": best[name, "lstm"]}
               for name, d in datasets.items()}}
    return [_reported(report, report[name], datasets[name]) for report in (mine, *read("reference.yaml")["reports"])
            for name in DATASETS if name in report]


def _reported(report, found, dataset):
    """One row, of a report's findings on one data set."""
    text = {cell: x if isinstance(x, str) else f"{x:.3f}" if x else "–" for cell in CELLS for x in [found.get(cell)]}
    classes = found.get("classes")
    same = "not said" if not classes else "yes" if set(classes) == set(dataset["classes"]) else "no"
    often = f"; most frequent class {found['majority']:.3f}" if "majority" in found else ""
    return {"report": report["repository"], "dataset": dataset["title"], "classes": " ".join(classes or ["not said"]),
            "as_here": same, **text, "set_up": report["set_up"] + often}


def typeset_published(row):
    """A row of `published` as a reader sees it."""
    kind, _, number = row["network"].partition("-")
    network = {"two": "two layers", "layers": f"{number} layers", "nodes": f"{number} nodes"}[kind]
    ran = row["ours"] is not None
    ours = f"{row['ours']:.3f}{NBSP}[{row['low']:.3f},{NBSP}{row['high']:.3f}]" if ran else "–"
    return {"Section": row["section"], "Data set": row["dataset"].replace(" ", NBSP),
            "Network": f"{row['cell'].upper()}, {network}".replace(" ", NBSP), "Accuracy": row["accuracy"],
            "Published": _printed(row["published"]), "Ours [interval]": ours,
            "Diff.": f"{row['difference']:+.3f}".replace("-", "−") if ran else "–", "Published number": row["lies"]}


def typeset_reference(row):
    """A row of `reference` as a reader sees it."""
    return {"Report": row["report"].replace("/", " / "), "Data set": row["dataset"].replace(" ", NBSP),
            "Classes": row["classes"].replace(" ", NBSP), "As here": row["as_here"], "RNN": row["rnn"],
            "LSTM": row["lstm"], "GRU": row["gru"], "Set-up": row["set_up"]}
