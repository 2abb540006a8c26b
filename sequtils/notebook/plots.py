"""Figures of the report: one style, the same colour for a cell everywhere. Each function returns a Figure."""

import functools
import io
import re
import textwrap

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.figure import Figure

from sequtils import fonts
from sequtils.text import literal


def _families():
    """Make the fonts of the package known to matplotlib; the setting by which letters that are not in the first, which
    comes with matplotlib, are drawn from these: every machine draws the same ones."""
    for file in fonts.files():
        font_manager.fontManager.addfont(file)
    own = {font.name for font in font_manager.fontManager.ttflist if font.fname.startswith(str(fonts.FOLDER))}
    return {"font.family": ["DejaVu Sans", *sorted(own)]}


FAMILIES = _families()
matplotlib.rcParams.update(FAMILIES)  # for what a notebook's own cells draw

# Okabe and Ito's colours: told apart by colour-blind readers, and in greyscale by lightness and dashes.
COLOURS = {"rnn": "#0072B2", "lstm": "#D55E00", "gru": "#009E73"}
DASHES = {"rnn": "-", "lstm": "--", "gru": ":"}
NAMES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
DARK, LIGHT = "#333333", "#AAAAAA"
SCREEN = 130  # pixels for an inch, where a figure is shown in a notebook
STYLE = {
    **FAMILIES,
    "font.size": 8,  # points on the page, where every figure stands at its own size
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 7,
    "lines.linewidth": 1.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.titlesize": 8,
    "legend.frameon": False,
    "savefig.dpi": SCREEN,
    "svg.hashsalt": "sequtils",  # with Date None it makes the same figure the same bytes
    "svg.fonttype": "path",
    "path.simplify_threshold": 0.3,  # points; a page holds many curves of many seeds
}


def styled(draw):
    """Run a plotting function in the project's style, whatever the reader's own settings are."""

    @functools.wraps(draw)
    def drawn(*args, **kwargs):
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(STYLE)
            return draw(*args, **kwargs)

    return drawn


FULL, HALF, THIRD, PANEL = 6.5, 3.2, 2.15, 1.62  # inches: of such the report sets one, two, three or four side by side
TALLEST = 9  # inches that a page has for a figure with its caption
FINE = re.compile(rb'(?<=[ML"\s])(-?\d+\.\d\d)\d+')  # a place in an SVG file, finer than a hundredth of a point
SMOOTH = 10  # epochs over which a restless curve is averaged


def canvas(title, rows=1, columns=1, width=FULL, height=2.4, **kwargs):
    """A Figure of width and height in inches with a title on the left, and its axes (rows, columns)."""
    fig = Figure(figsize=(width, height), layout="constrained")
    axes = fig.subplots(rows, columns, squeeze=False, **kwargs)
    lines = [textwrap.fill(line, int(15 * width)) for line in title.split("\n")]  # letters that fit into an inch
    fig.suptitle("\n".join(lines), x=0.01, ha="left")
    return fig, axes


def class_ticks(axis, names, inches):
    """Name the classes along an axis of so many inches, in letters that leave room for all."""
    axis.set_ticks(range(len(names)), names, fontsize=min(7, 65 * inches / len(names)))


def legend_below(fig):
    """One legend below the axes, which takes no width from them."""
    fig.legend(*fig.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)


def estimates(ax, places, found, across=False, **style):
    """Means of Estimates with their intervals, and a faint point for each seed: upright, or across where the accuracy
    runs from left to right. style: that of `Axes.errorbar`."""
    means = np.array([e.mean for e in found])
    spans = np.abs([[e.mean - e.low, e.high - e.mean] for e in found]).T
    pair = (lambda place, value: (value, place)) if across else (lambda place, value: (place, value))
    for place, e in zip(places, found):
        ax.plot(*pair([place] * len(e.each), e.each), "o", color=style["color"], alpha=0.3, ms=3.5, mew=0, zorder=1)
    ax.errorbar(*pair(places, means), **{"xerr" if across else "yerr": spans}, capsize=3, **style)


@styled
def render(fig, kind):
    """The figure as the bytes of an "svg" or "png" file: without a date, the same figure is the same bytes."""
    buffer = io.BytesIO()
    about = dict.fromkeys(("Date", "Creator", "Format", "Type")) if kind == "svg" else None
    fig.savefig(buffer, format=kind, metadata=about)
    return FINE.sub(rb"\1", buffer.getvalue()) if kind == "svg" else buffer.getvalue()


def _examples(dataset, per_class, kind, height, sharey):
    """A figure, and for each of the first training sequences of each class (axes, x): a class a column, in blocks of
    rows where there are more than eight. The more classes, the fewer of each, and the smaller."""
    columns = max(min(len(dataset.classes), 8), -(-len(dataset.classes) // 10))
    blocks = -(-len(dataset.classes) // columns)
    per_class = max(1, min(per_class, 8 // blocks))
    rows = per_class * blocks
    fig, axes = canvas(f"{kind}: {dataset.label}", rows, columns, height=min(0.49 + height * rows, TALLEST),
                       sharey=sharey)
    pairs = []
    for label, c in enumerate(dataset.tick_labels):
        block, column = divmod(label, columns)
        places = axes[per_class * block : per_class * (block + 1), column]
        places[0].set_title(c, loc="center")
        pairs += zip(places, [x for x, y in zip(dataset.train.x, dataset.train.y) if y == label])
    for ax in set(axes.flat) - {ax for ax, _ in pairs}:
        ax.set_axis_off()
    return fig, pairs


def points(x):
    """What is drawn of a stroke (T, D), two rows (2, T): its first two features; of a single one, against the frame."""
    return x[:, :2].T if x.shape[1] > 1 else np.array([np.arange(len(x)), x[:, 0]])


def stroke(ax, x):
    """A stroke x (T, D), light at pen down and dark at pen up; a dot marks pen down."""
    path = points(x)
    ax.plot(*path, color="#BBBBBB", lw=0.8, zorder=1)
    ax.scatter(*path, c=np.linspace(1, 0, len(x)), cmap="cividis", s=5, zorder=2)
    ax.plot(*path[:, 0], "o", color="black", ms=4, zorder=3)
    ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
    ax.spines[:].set_visible(False)


def segment(ax, x, dataset):
    """A segment x (T, D) as a heat map, each feature in units of its own standard deviation over the training data, cut
    at two; the image, for a colour bar."""
    frames = np.concatenate(dataset.train.x)
    mean, std = frames.mean(axis=0), frames.std(axis=0)
    ax.set(yticks=[0, 13, 26, 38], xticks=[0, len(x) - 1])
    return ax.imshow(((x - mean) / np.where(std > 0, std, 1)).T, aspect="auto", origin="lower", cmap="cividis",
                     vmin=-2, vmax=2, interpolation="nearest")


@styled
def strokes(dataset, per_class=3):
    """The first training strokes of each class; see `stroke`."""
    fig, pairs = _examples(dataset, per_class, "Training strokes", 1.25, sharey=False)
    for ax, x in pairs:
        stroke(ax, x)
        ax.set_xlabel(f"{len(x)} points", fontsize=7)
    return fig


@styled
def segments(dataset, per_class=2):
    """The first training segments of each class; see `segment`."""
    fig, pairs = _examples(dataset, per_class, "Training segments", 1.5, sharey="row")
    for ax, x in pairs:
        image = segment(ax, x, dataset)
    fig.supxlabel("frame")
    fig.supylabel("feature")
    fig.colorbar(image, ax=fig.axes, shrink=0.7, label="standard deviations")
    return fig


@styled
def lengths(dataset):
    """Lengths of the sequences of each class in both splits, and how many sequences each class has."""
    height = min(1.3 + 0.12 * len(dataset.classes), TALLEST)
    fig, axes = canvas(f"Lengths and counts: {dataset.label}", 1, 2, height=height)
    places, names = np.arange(len(dataset.classes)), list(map(literal, dataset.names))
    for offset, part, name, colour in ((-0.2, dataset.train, "training", DARK), (0.2, dataset.test, "test", LIGHT)):
        spans = [[len(x) for x, y in zip(part.x, part.y) if y == label] for label in places]
        box = axes[0, 0].boxplot(spans, positions=places + offset, widths=0.3, orientation="horizontal", whis=(0, 100),
                                 patch_artist=True, medianprops={"color": "white"})
        for patch in box["boxes"]:
            patch.set(facecolor=colour, edgecolor=colour)
        axes[0, 1].barh(places + offset, [len(s) for s in spans], 0.3, color=colour, label=name)
    for ax, label in zip(axes[0], ("frames in a sequence: least, quartiles, greatest", "sequences")):
        class_ticks(ax.yaxis, names if ax is axes[0, 0] else [""] * len(names), height - 0.8)
        ax.set(xlabel=label, ylim=(len(names) - 0.5, -0.5))
    axes[0, 1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


@styled
def learning(results, dataset, title, published):
    """A panel: loss against epoch, a thin line for each seed while it trains, the median bold while more than half of
    the seeds do; training in the cell's colour, test in grey and dotted. Below the title stand the mean accuracies, and
    the published ones, a dict with "train" and "test", or None in both."""
    fig, [[ax]] = canvas(_panel_title(title, dataset, *_accuracies(results, published)), width=PANEL, height=1.5)
    cell = results[0]["trial"]["cell"]
    for part, colour, dashes in (("test_", DARK, ":"), ("", COLOURS[cell], "-")):
        curves = [np.array(r["history"][f"{part}loss"], float) for r in results]
        for curve in curves:
            ax.plot(np.arange(1, len(curve) + 1), curve, dashes, color=colour, lw=0.4, alpha=0.35)
        epochs, median = _median(curves)
        ax.plot(epochs, median, dashes, color=colour, lw=1.6)
    ax.text(0.98, 0.98, "training", transform=ax.transAxes, ha="right", va="top", fontsize=7, color=COLOURS[cell])
    ax.text(0.98, 0.85, "test", transform=ax.transAxes, ha="right", va="top", fontsize=7, color=DARK)
    ax.set(xlabel="epoch", ylabel="loss (nats)", xlim=(0, None), ylim=(0, 1.1 * max(map(max, _losses(results)))))
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


NUMBERED = 30  # classes of which a matrix no wider than the page has room for numbers


@styled
def confusion(matrices, dataset, title):
    """A panel: in the row of each true class and the column of each predicted one a strip with a stripe for each seed,
    sorted; the darker, the greater its share of the true class. The number, where there is room, is the mean share in
    percent.

    matrices: counts by seed, true and predicted class (S, C, C).
    """
    S, C, _ = matrices.shape
    size = next((size for size in (PANEL, THIRD, HALF) if size >= 0.5 + 0.165 * C), min(0.5 + 0.19 * C, FULL))
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
    fig, [[ax]] = canvas(f"{title}: {dataset.label}", width=HALF, height=2.71)
    colour = COLOURS[cell]
    estimates(ax, xs, accuracies["test"], fmt="o", ls=DASHES[cell], color=colour, lw=1.6, label="test")
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


def rule_of_thumb(dataset, alpha):
    """The number of nodes that the source quotes: N_h = N_s / (alpha (N_i + N_o)), N_s training sequences, N_i features
    of a frame, N_o classes."""
    return len(dataset.train) / (alpha * (dataset.train.x[0].shape[1] + len(dataset.classes)))


@styled
def folds(best, dataset, cell):
    """Accuracy on held-out folds of the training data against width, the mean and a point for each, beside the test
    accuracy, which decides nothing; an arrow marks the width that the folds choose.

    best: a `Sweep` of widths with a column "folds" and the alias "chosen".
    """
    fig, [[ax]] = canvas(f"{NAMES[cell]}, cross-validation: {dataset.label}", width=HALF, height=2.46)
    rows = best.within(dataset.name)
    widths = list(rows)
    estimates(ax, widths, [row["folds"] for row in rows.values()], fmt="o", ls=DASHES[cell], color=COLOURS[cell],
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
