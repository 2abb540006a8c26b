"""Every published accuracy beside ours, and what others report on the same assignment, as tables of the report.

What was published is in report/source: published.yaml is the source report, reference.yaml the others.
"""

from sequtils import text
from sequtils.original.source import best, read

NOT_RUN = "not run in this profile"
CELLS, DATASETS = ("rnn", "lstm", "gru"), ("handwriting", "cv")


def source_rows():
    """(section, cell, network, row) of every published pair of accuracies; network is "layers-3", "nodes-16", or "two"
    for the two layers of 16 and 5 units, or of 4 and 5."""
    return [(section, table["cell"], _network(row), row) for section, table in read("published.yaml")["tables"].items()
            for row in table["rows"] if "test" in row]


def _network(row):
    return next((f"{key}-{row[key]}" for key in ("layers", "nodes") if key in row), "two")


def values():
    """What the source published, in the form of an entry of values.json: "rnn/handwriting/nodes-16" -> "train", "test"
    and "row", both as printed; "rnn/best" -> the hyperparameters of its best architecture."""
    rows = {}
    for _, cell, network, row in source_rows():
        printed = {part: _printed(row[part]) for part in ("train", "test")}
        rows[f"{cell}/{row['dataset']}/{network}"] = {
            **{part: _entry(row[part], words) for part, words in printed.items()},
            "row": _entry(*[", ".join(printed.values())] * 2)}
    for cell in ("rnn", "lstm"):
        rows[f"{cell}/best"] = {key: _entry(x, text.number(x, "g")) for key, x in best(cell).items()}
    return {"rows": rows}


def _entry(value, words):
    return {"value": value, "low": None, "high": None, "text": words, "range": ""}


def _printed(x):
    """An accuracy with two decimals, or with three where it has them."""
    return f"{x:.2f}" if round(x, 2) == x else f"{x:.3f}"


def published(values, titles):
    """One dict for each published accuracy: where it stands, the network, ours as the mean with the interval of one run
    more, their difference, and whether the published run lies in that interval (`statistics.agrees`).

    values: the content of values.json. titles: data set -> what a reader sees, of those that are in this report.
    """
    rows = []
    for section, cell, network, row in (found for found in source_rows() if found[-1]["dataset"] in titles):
        ours = _ours(values, cell, row)
        rows += [{"section": section, "dataset": titles[row["dataset"]], "cell": cell, "network": network,
                  "accuracy": word, "published": row[part], **_compared(ours, part, prefix)}
                 for part, word, prefix in (("train", "training", "train_"), ("test", "test", ""))]
    return rows


def _ours(values, cell, row):
    """Our row that stands for a published one; None where the profile left it out, or the run failed."""
    by = "nodes" if "nodes" in row else "layers"  # no number stands for the table of two layers
    rows = values.get(f"{by}-{cell}", {"rows": {}})["rows"]
    return rows.get(f"{row['dataset']}/{row.get(by, 2)}")


def _compared(ours, part, prefix):
    if ours is None:
        return {"ours": None, "low": None, "high": None, "one_run": None, "difference": None, "lies": NOT_RUN}
    run = ours[f"{prefix}run"]
    return {"ours": ours[part]["value"], "low": run["low"], "high": run["high"], "one_run": run["range"],
            "difference": ours[part]["value"] - ours[f"{part}_published"]["value"],
            "lies": ours[f"{prefix}agrees"]["value"]}


def count(rows):
    """How many of the rows of `published` there are, lie in, lie outside, say nothing, or were not run."""
    words = [row["lies"] for row in rows]
    return {"all": len(rows), "inside": words.count("lies in"), "outside": words.count("lies outside"),
            "nothing": words.count("says nothing"), "absent": words.count(NOT_RUN)}


def reference(best, datasets):
    """One dict for each report and data set: its classes, whether they are those of this run, the test accuracies as
    text, the set-up. First come this run's own.

    best: (data set, cell) -> test accuracy as text. datasets: those of provenance.json.
    """
    mine = {"repository": "this run", "set_up": "the ladder's best single network",
            **{name: {"classes": d["classes"], "rnn": best[name, "rnn"], "lstm": best[name, "lstm"]}
               for name, d in datasets.items()}}
    return [_reported(report, report[name], datasets[name]) for report in (mine, *read("reference.yaml")["reports"])
            for name in datasets if name in report]


def _reported(report, found, dataset):
    """One row, of a report's findings on one data set."""
    accuracies = {cell: text.number(found.get(cell)) for cell in CELLS}
    classes = found.get("classes")
    same = "not said" if not classes else "yes" if set(classes) == set(dataset["classes"]) else "no"
    often = f"; most frequent class {found['majority']:.3f}" if "majority" in found else ""
    return {"report": report["repository"], "dataset": dataset["title"], "classes": _listed(classes or ["not said"]),
            "as_here": same, **accuracies, "set_up": report["set_up"] + often}


def _listed(classes):
    """The names of classes, or how many there are where a column of a table is too narrow for them."""
    names = " ".join(text.short(classes, 8))
    return names if len(names) <= 40 else f"{len(classes)} classes"


def typeset_published(row):
    """A row of `published` as a reader sees it."""
    kind, _, number = row["network"].partition("-")
    network = {"two": "two layers", "layers": f"{number} layers", "nodes": f"{number} nodes"}[kind]
    ran = row["ours"] is not None
    ours = f"{text.number(row['ours'])}{text.NBSP}{row['one_run']}" if ran else text.ABSENT
    return {"Section": row["section"], "Data set": row["dataset"].replace(" ", text.NBSP),
            "Network": f"{row['cell'].upper()}, {network}".replace(" ", text.NBSP), "Accuracy": row["accuracy"],
            "Published": _printed(row["published"]), "Ours [one run]": ours,
            "Diff.": text.number(row["difference"], "+.3f"), "Published run": row["lies"]}


def typeset_reference(row):
    """A row of `reference` as a reader sees it."""
    return {"Report": row["report"].replace("/", " / "), "Data set": row["dataset"].replace(" ", text.NBSP),
            "Classes": row["classes"].replace(" ", text.NBSP), "As here": row["as_here"], "RNN": row["rnn"],
            "LSTM": row["lstm"], "GRU": row["gru"], "Set-up": row["set_up"]}
