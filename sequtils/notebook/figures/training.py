"""Figures of trainings: losses, confusions, accuracies against what was varied, the plateau."""

import matplotlib
import numpy as np

from sequtils.notebook import plots
from sequtils.notebook.plots import COLOURS, DARK, DASHES, LIGHT, NAMES, canvas, class_ticks, legend_below, styled

NUMBERED = 30  # classes of which a matrix no wider than the page has room for numbers
SMOOTH = 10  # epochs over which a restless curve is averaged


@styled
def learning(results, dataset, title, published):
    """A panel: loss against epoch, a thin line for each seed while it trains, the median bold while more than half of
    the seeds do; training in the cell's colour, test in grey and dotted. Below the title stand the mean accuracies, and
    the published ones, a dict with "train" and "test", or None in both."""
    title = _panel_title(title, dataset, *_accuracies(results, published))
    lines = len(plots.wrapped(title, plots.PANEL).split("\n"))
    fig, [[ax]] = canvas(title, width=plots.PANEL, height=1.15 + 0.13 * lines)
    cell = results[0]["trial"]["cell"]
    for part, colour, dashes in (("test_", DARK, ":"), ("", COLOURS[cell], "-")):
        curves = [np.array(r["history"][f"{part}loss"], float) for r in results]
        for curve in curves:
            ax.plot(np.arange(1, len(curve) + 1), curve, dashes, color=colour, lw=0.4, alpha=0.35)
        epochs, median = _median(curves)
        ax.plot(epochs, median, dashes, color=colour, lw=1.6)
    for words, colour, down in (("training", COLOURS[cell], 0), ("test", DARK, 8)):
        ax.annotate(words, (1, 1), (-2, -1 - down), "axes fraction", "offset points", ha="right", va="top", fontsize=7,
                    color=colour)
    room = 1.4 * max(map(max, _losses(results)))  # for the words, above all curves
    ax.set(xlabel="epoch", ylabel="loss (nats)", xlim=(0, None), ylim=(0, room))
    return fig


def _panel_title(title, dataset, *more):
    """The lines above a panel; what is not real says so."""
    return "\n".join([f"{title}, {dataset.title}", *more, *(["embedded sample, synthetic"] if dataset.sample else [])])


def _losses(results):
    return [np.nan_to_num(np.array(r["history"]["loss"], float)) for r in results]


def _accuracies(results, published):
    """Mean training and test accuracy, and the published ones, in few letters, a line each."""
    ours = [np.mean([r[f"{part}_accuracy"] for r in results]) for part in ("train", "test")]
    told = lambda pair: "/".join(f"{x:.2f}" for x in pair)
    theirs = [] if published["test"] is None else [f"source {told([published['train'], published['test']])}"]
    return [f"here {told(ours)}", *theirs]


def _median(curves):
    """Epochs and the median over the curves that reach each, as long as more than half of them do."""
    longest = max(map(len, curves))
    table = np.array([np.pad(c, (0, longest - len(c)), constant_values=np.nan) for c in curves])
    reached = (~np.isnan(table)).sum(axis=0) * 2 > len(curves)
    return np.flatnonzero(reached) + 1, np.nanmedian(table[:, reached], axis=0)


@styled
def confusion(matrices, dataset, title):
    """A panel: in the row of each true class and the column of each predicted one a strip with a stripe for each seed,
    sorted; the darker, the greater its share of the true class. The number, where there is room, is the mean share in
    percent.

    matrices: counts by seed, true and predicted class (S, C, C).
    """
    S, C, _ = matrices.shape
    widths = (plots.PANEL, plots.THIRD, plots.HALF)
    size = next((width for width in widths if width >= 0.5 + 0.165 * C), min(0.5 + 0.19 * C, plots.FULL))
    fig, [[ax]] = canvas(_panel_title(title, dataset), width=size, height=size - 0.12)
    shares = matrices / np.maximum(matrices.sum(axis=2, keepdims=True), 1)  # (S, C, C)
    stripes = np.sort(shares, axis=0).transpose(1, 2, 0).reshape(C, C * S)
    ax.imshow(stripes, cmap="Greys", vmin=0, vmax=1.25, aspect="auto", interpolation="nearest",
              extent=(-0.5, C - 0.5, C - 0.5, -0.5))
    numbered = np.argwhere(shares.mean(axis=0) >= 0.005) if C <= NUMBERED else ()
    for i, j in numbered:
        ax.text(j, i, f"{100 * shares[:, i, j].mean():.0f}", ha="center", va="center", fontsize=7,
                bbox={"fc": "white", "alpha": 0.6, "lw": 0, "boxstyle": "square,pad=0.1"})
    for line in np.arange(0.5, C - 1):
        ax.axvline(line, color="white", lw=0.8)
        ax.axhline(line, color="white", lw=0.8)
    for axis in (ax.xaxis, ax.yaxis):
        class_ticks(axis, dataset.tick_labels, size - 0.8)
    ax.tick_params(length=0)
    if max(map(len, dataset.tick_labels)) > 4 or C > NUMBERED:
        ax.tick_params(axis="x", rotation=90)
    ax.set(xlabel="read as", ylabel="true")
    return fig


@styled
def sweep(xs, accuracies, dataset, cell, title, xlabel, published=None, log=True, band=None):
    """Accuracy against what was varied, xs.

    accuracies: "train" and "test" -> a `statistics.Estimate` for each x. Test: filled markers with intervals, and a
    faint point for each seed; training: a thin line with crosses; published, the same two -> (x, accuracy): open
    markers. band: (low, high, label) shades a range of x. The grey line is the majority rate of the test set.
    """
    fig, [[ax]] = canvas(f"{title}: {dataset.label}", width=plots.HALF, height=2.71)
    colour = COLOURS[cell]
    plots.estimates(ax, xs, accuracies["test"], fmt="o", ls=DASHES[cell], color=colour, lw=1.6, label="test")
    ax.plot(xs, [e.mean for e in accuracies["train"]], "x-", color=DARK, lw=0.6, ms=4, label="training")
    published = published or {"train": ([], []), "test": ([], [])}
    for part, marker, edge in (("test", "o", colour), ("train", "s", DARK)):
        points = published[part]
        if points[0]:
            name = "test" if part == "test" else "training"
            ax.plot(*points, marker, mfc="none", mec=edge, ms=7, ls="none", label=f"published, {name}")
    majority = np.bincount(dataset.test.y).max() / len(dataset.test)
    ax.axhline(majority, color=LIGHT, lw=1, zorder=0, label="majority rate")
    if band:
        ax.axvspan(band[0], band[1], color="#EEEEEE", zorder=-1, label=band[2])
    if log:
        ax.set_xscale("log", base=2)
    ticks = sorted({*xs, *published["test"][0]})
    ax.set_xticks(ticks, [f"{x:g}" for x in ticks])
    ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel="accuracy", ylim=(0, 1.02))
    legend_below(fig)
    return fig


@styled
def folds(best, dataset, cell):
    """Accuracy on held-out folds of the training data against width, the mean and a point for each, beside the test
    accuracy, which decides nothing; an arrow marks the width that the folds choose.

    best: a `Sweep` of widths with a column "folds" and the alias "chosen".
    """
    fig, [[ax]] = canvas(f"{NAMES[cell]}, cross-validation: {dataset.label}", width=plots.HALF, height=2.46)
    rows = best.within(dataset.name)
    widths = list(rows)
    plots.estimates(ax, widths, [row["folds"] for row in rows.values()], fmt="o", ls=DASHES[cell], color=COLOURS[cell],
              label="folds")
    ax.plot(widths, [row["test"].mean for row in rows.values()], "D", mfc="none", mec=DARK, ls="none", label="test set")
    chosen = best.names(dataset.name, "chosen")[1]
    ax.annotate("chosen", (chosen, 0), (chosen, 0.12), ha="center", arrowprops={"arrowstyle": "->"})
    ax.set_xscale("log", base=2)
    ax.margins(x=0.12)  # room for the word beside the axis
    ax.set_xticks(widths, [str(w) for w in widths])
    ax.minorticks_off()
    ax.set(xlabel="units of the first layer", ylabel="accuracy", ylim=(0, 1.02))
    legend_below(fig)
    return fig


def _smooth(curve):
    """The mean of the last SMOOTH values, or of as many as there are."""
    sums = np.cumsum(np.insert(curve, 0, 0))
    first = np.maximum(np.arange(len(curve)) + 1 - SMOOTH, 0)
    return (sums[1:] - sums[first]) / (np.arange(len(curve)) + 1 - first)


@styled
def plateau(runs, watched, levels, dataset, cell):
    """Training loss of every seed with the two levels at which nothing, and one class alone, is known; and the recall
    of each class over the epochs, the mean over the seeds that were watched, and its mean over SMOOTH epochs bold.

    runs: results over the seeds. watched: results of `plateau.Watched`. levels: words -> loss.
    """
    fig, [[left, right]] = canvas(f"The plateau of the {NAMES[cell]}: {dataset.label}", 1, 2, height=2.46)
    for r in runs:
        left.plot(np.arange(1, len(r["history"]["loss"]) + 1), np.array(r["history"]["loss"], float), DASHES[cell],
                  color=COLOURS[cell], lw=0.7, alpha=0.6)
    for place, (words, loss) in zip(("top", "bottom"), sorted(levels.items(), key=lambda level: level[1])):
        left.axhline(loss, color=DARK, lw=0.8, ls=":")
        left.text(1, loss, words, fontsize=7, va=place, transform=left.get_yaxis_transform(), ha="right",
                  bbox={"fc": "white", "ec": "none", "pad": 1, "alpha": 0.85})
    left.set(xlabel="epoch", ylabel="training loss (nats)", xlim=(0, None), ylim=(0, None))
    longest = max(len(w["recalls"]) for w in watched)
    table = np.full((len(watched), longest, len(dataset.classes)), np.nan)
    for row, w in zip(table, watched):
        row[: len(w["recalls"])] = w["recalls"]
    for label, curve in enumerate(np.nanmean(table, axis=0).T):
        colour = matplotlib.colormaps["viridis"](label / len(dataset.classes))
        right.plot(np.arange(1, longest + 1), curve, color=colour, lw=0.5, alpha=0.4)
        right.plot(np.arange(1, longest + 1), _smooth(curve), color=colour, lw=1.6, label=dataset.tick_labels[label])
    right.set(xlabel="epoch", ylabel="recall on test sequences", ylim=(0, 1.02), xlim=(0, None))
    if len(dataset.classes) <= 16:
        right.legend(loc="upper left", bbox_to_anchor=(1, 1), ncols=-(-len(dataset.classes) // 10))
    else:
        right.set_title("classes in their order, dark to light", fontsize=7)
    return fig
