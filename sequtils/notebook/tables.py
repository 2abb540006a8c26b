"""Tables of the report: our numbers with intervals beside the published ones, raw and as a reader sees them."""

import numpy as np
import pandas as pd

from sequtils import statistics
from sequtils.data import LAYOUTS

NBSP = "\u00a0"  # keeps a number and its interval on one line


def datasets(sets):
    """(raw, typeset) table of counts, lengths and majority rates of Datasets."""
    rows = []
    for d in sets:
        lengths = [len(x) for part in (d.train, d.test) for x in part.x]
        rows.append({"dataset": d.name, "classes": len(d.classes), "features": d.train.x[0].shape[1],
                     "train": len(d.train), "test": len(d.test), "frames_min": min(lengths),
                     "frames_median": float(np.median(lengths)), "frames_max": max(lengths),
                     "majority": statistics.majority_rate(d.test), "speakers": len(set(d.train.speakers) - {None})})
    raw = pd.DataFrame(rows)
    typeset = pd.DataFrame({
        "Data set": [LAYOUTS[name].title for name in raw.dataset], "Classes": raw.classes, "Features": raw.features,
        "Training": raw.train, "Test": raw.test,
        "Frames: least, median, greatest": [f"{r.frames_min}, {r.frames_median:g}, {r.frames_max}"
                                            for r in raw.itertuples()],
        "Majority rate": [f"{m:.3f}" for m in raw.majority], "Speakers": [n or "–" for n in raw.speakers]})
    return raw, typeset


def accuracies(rows, caption):
    """(raw, caption, typeset) table of one row for each (labels, results, dataset, published).

    labels: a dict of the columns that name the row. published: the source's row with "train" and "test", or None; where
    no row has one, its columns are left out.
    """
    raw = pd.DataFrame([{**_keys(labels), **_accuracy_row(*row)} for labels, *row in rows])
    typeset = {
        "Training": [f"{x:.3f}" for x in raw.train],
        "Source": [_number(x) for x in raw.train_published],
        "Test [95 %]": _spans(raw, "test"),
        "Source ": [_number(x) for x in raw.test_published],
        "Diff.": [_number(x, "+.3f") for x in raw.test_difference],
        **_common(raw),
    }
    if raw.test_published.isna().all():
        typeset = {name: column for name, column in typeset.items() if name not in ("Source", "Source ", "Diff.")}
    return raw, _explained(caption, rows), _labelled(rows, typeset)


def differences(rows, caption, without=()):
    """(raw, caption, typeset) table of one row for each (labels, results, dataset, baseline).

    It holds the paired difference in test accuracy to the baseline's results, with its interval. without: columns that
    a reader does not see, and that the caption does not explain; "Majority" leaves its rates out as well."""
    raw = pd.DataFrame([{**_keys(labels), **_accuracy_row(results, dataset, None), **_difference(results, baseline)}
                        for labels, results, dataset, baseline in rows])
    typeset = {"Training": [f"{x:.3f}" for x in raw.train], "Test [95 %]": _spans(raw, "test"),
               "Difference [95 %]": _spans(raw, "gain", "+.3f"), "Test accuracy": raw.verdict, **_common(raw)}
    shown = {name: column for name, column in typeset.items() if name not in without}
    return raw, _explained(caption, rows, without), _labelled(rows, shown)


def hyperparameters(published, chosen, record, caption):
    """(raw, caption, typeset) table of what the source published for its best architecture and what was chosen here:
    the units of the first layer for each data set, and the record of a trial for the rest."""
    ours = {"layers": len(record["hidden"]), "nodes_1": None, "nodes_2": record["hidden"][-1], "optimizer": "SGD",
            "patience": record["patience"], "threshold": record["min_delta"]}
    names = {"layers": "Number of layers", "nodes_1": "Nodes in layer 1", "nodes_2": "Nodes in layer 2",
             "optimizer": "Optimizer", "patience": "Patience", "threshold": "Threshold"}
    rows = [{"feature": key, "published": published[key],
             **{name: width if key == "nodes_1" else ours[key] for name, width in chosen.items()}} for key in names]
    rows.append({"feature": "learning rate", "published": None, **dict.fromkeys(chosen, record["learning_rate"])})
    raw = pd.DataFrame(rows)
    typeset = pd.DataFrame({
        "Feature": [names.get(f, f.capitalize()) for f in raw.feature],
        "Published": ["not said" if r["published"] is None else _plain(r["published"]) for r in rows],
        **{LAYOUTS[name].title: [_plain(r[name]) for r in rows] for name in chosen}})
    return raw, caption, typeset


def resources(rows, caption):
    """(raw, caption, typeset) table of what training took, one row for each (labels, results)."""
    raw = pd.DataFrame([{**_keys(labels), "parameters": results[0]["parameters"],
                         "epochs": float(np.median([r["history"]["stop_epoch"] for r in results])),
                         "seconds": float(np.median([r["seconds"] for r in results])),
                         "converged": sum(r["history"]["reason"] == "converged" for r in results), "of": len(results)}
                        for labels, results in rows])
    typeset = {"Parameters": raw.parameters, "Epochs": [f"{x:g}" for x in raw.epochs],
               "Seconds": [f"{x:.2f}" for x in raw.seconds],
               "Seconds an epoch": [f"{s / e:.4f}" for s, e in zip(raw.seconds, raw.epochs)],
               "Converged": [f"{n} of {of}" for n, of in zip(raw.converged, raw.of)]}
    return raw, caption, _labelled(rows, typeset)


def ladder(climbs, folds, caption):
    """(raw, caption, typeset) table of a ladder, one row a rung.

    climbs: cell -> {rung: results}; folds: cell -> {rung: accuracy on held-out folds}. A gain is the paired difference
    to the rung before.
    """
    raw, typeset = pd.DataFrame({"rung": list(climbs["rnn"])}), {"Rung": list(climbs["rnn"])}
    for cell, climb in climbs.items():
        runs = list(climb.values())
        steps = [_difference(b, a) for a, b in zip(runs[:1] + runs, runs)]
        measured = pd.DataFrame([{"test": e.mean, "test_low": e.low, "test_high": e.high}
                                 for e in map(statistics.test_accuracy, runs)]).join(pd.DataFrame(steps))
        measured["folds"] = [folds[cell][rung] for rung in climb]
        name = cell.upper()
        typeset |= {f"{name} test [95 %]": _spans(measured, "test"), f"{name} gain": _spans(measured, "gain", "+.3f"),
                    f"{name} folds": [f"{x:.3f}" for x in measured.folds]}
        raw = raw.join(measured.add_prefix(f"{cell}_"))
    return raw, caption, pd.DataFrame(typeset)


def rungs(ladders, sets, caption):
    """(raw, caption, typeset) table of what each rung changes; ladders: data set -> [comparison.Rung, ...]."""
    first = next(iter(ladders.values()))
    raw = pd.DataFrame({"rung": [r.name for r in first],
                        **{name: [r.change for r in rungs] for name, rungs in ladders.items()}})
    return raw, caption, raw.rename(columns={"rung": "Rung", **{name: d.title for name, d in sets.items()}})


def _keys(labels):
    """Labels as columns of the raw table."""
    return {name.lower().replace(" ", "_"): value for name, value in labels.items()}


def _labelled(rows, typeset):
    names = pd.DataFrame([labels for labels, *_ in rows]).astype(str)
    if "Data set" in names:
        names["Data set"] = names["Data set"].str.replace(" ", NBSP)
    return pd.concat([names, pd.DataFrame(typeset)], axis=1)


def _common(raw):
    """The columns with which every table of accuracies ends; remarks only where there are any."""
    end = {"Balanced": [f"{x:.3f}" for x in raw.test_balanced], "Macro F1": [f"{x:.3f}" for x in raw.test_macro_f1],
           "Epochs": [f"{x:g}" for x in raw.epochs]}
    return {**end, "Remark": raw.remark} if raw.remark.any() else end


def _explained(caption, rows, without=()):
    """The caption, and what the columns on balance and epochs mean, where they are shown."""
    datasets = {row[2].name: row[2] for row in rows}.values()
    rates = ", ".join(f"{d.title} {statistics.majority_rate(d.test):.3f}" for d in datasets)
    told = {"Balanced": " Balanced: mean recall of the classes.", "Epochs": " Epochs: median over the seeds.",
            "Majority": f" Always naming the most frequent class scores: {rates}."}
    return caption + "".join(text for name, text in told.items() if name not in without)


def _spans(raw, name, form=".3f"):
    """Number and interval of each row as one word that is not broken."""
    def span(x, low, high):
        return _number(x, form) + ("" if np.isnan(x) else f"{NBSP}[{_number(low, form)},{NBSP}{_number(high, form)}]")

    return [span(*row) for row in zip(raw[name], raw[f"{name}_low"], raw[f"{name}_high"])]


def _difference(results, baseline):
    if results is baseline:
        return {"gain": np.nan, "gain_low": np.nan, "gain_high": np.nan, "verdict": "the baseline"}
    gain = statistics.difference(results, baseline)
    word = statistics.verdict(gain).rsplit(" ", 1)[0]  # "higher than" without its "than"
    return {"gain": gain.mean, "gain_low": gain.low, "gain_high": gain.high, "verdict": word}


def _plain(x):
    return f"{x:g}" if isinstance(x, float) else str(x)


def _accuracy_row(results, dataset, published):
    train, test = statistics.train_accuracy(results), statistics.test_accuracy(results)
    theirs = published or {"train": np.nan, "test": np.nan}
    balanced, macro_f1 = statistics.balanced(results)
    return {"seeds": len(results), "parameters": results[0]["parameters"],
            "train": train.mean, "train_sd": train.sd, "train_low": train.low, "train_high": train.high,
            "train_published": theirs["train"], "test": test.mean, "test_sd": test.sd, "test_low": test.low,
            "test_high": test.high, "test_published": theirs["test"], "test_difference": test.mean - theirs["test"],
            "test_balanced": balanced, "test_macro_f1": macro_f1, "majority": statistics.majority_rate(dataset.test),
            "epochs": float(np.median([r["history"]["stop_epoch"] for r in results])),
            "remark": remark(results, dataset)}


def remark(results, dataset):
    """What a reader must know of a row: how many runs diverged, and how many never left chance."""
    diverged = sum(r["history"]["reason"] == "diverged" for r in results)
    chance = sum(statistics.at_chance(r, dataset.test) for r in results) - diverged
    told = [f"{n} of {len(results)} {what}" for n, what in ((diverged, "diverged"), (chance, "at chance")) if n > 0]
    return "; ".join(told)


def _number(x, form=".3f"):
    return "–" if np.isnan(x) else format(x, form).replace("-", "−")
