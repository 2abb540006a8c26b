"""Figures of the long-term dependency problem."""

import numpy as np

from sequtils import statistics
from sequtils.measures.length import RULES
from sequtils.notebook import plots
from sequtils.notebook.figures.sequences import points
from sequtils.notebook.plots import COLOURS, DASHES, LIGHT, NAMES

MARKERS = {"rnn": "o", "lstm": "s"}
GATES = {"i": "input gate i", "f": "forget gate f", "o": "output gate o", "c": "cell |tanh c|"}
LINES = {"i": (":", "#009E73"), "f": ("-", "#000000"), "o": ("--", "#CC79A7"), "c": ("-.", "#E69F00")}


@plots.styled
def gradient(results, dataset):
    """Norm of the Jacobian ds_T/ds_t against T - t before and after training: median and quartiles over the sequences
    and seeds, as far back as half of the sequences go. results: cell -> results of
    `gradient_flow.GradientFlow`."""
    fig, axes = plots.canvas(f"How far back the last state depends: {dataset.label}", 1, 2, height=2.38)
    for ax, when in zip(axes[0], ("before", "after")):
        for cell, runs in results.items():
            curves = [np.array(v) / np.log(10) for r in runs for v in r[when]["log_norms"]]
            low, middle, high = _quartiles(curves)
            lags = np.arange(len(middle))
            ax.fill_between(lags, low, high, color=COLOURS[cell], alpha=0.2, lw=0)
            ax.plot(lags, middle, DASHES[cell], color=COLOURS[cell], lw=1.8, label=NAMES[cell])
        ax.axhline(0, color=LIGHT, lw=0.8, zorder=0)
        ax.set_title(f"{when} training")
        ax.set(xlabel="lag T − t (frames)", xlim=(0, None))
    axes[0, 0].set_ylabel("log$_{10}$ of the norm of ∂s$_T$/∂s$_t$")
    axes[0, 0].legend(loc="lower left")
    return fig


def _quartiles(curves):
    """Quartiles (3, T') at each place that at least half of the curves reach."""
    reach = int(np.median([len(c) for c in curves]))
    return np.array([np.quantile([c[k] for c in curves if len(c) > k], [0.25, 0.5, 0.75]) for k in range(reach)]).T


@plots.styled
def length(results, dataset):
    """Accuracy against the number of points of a stroke, for both cells; strokes as they are stand at the right.

    results: cell -> {number of points, and last length.WRITTEN: results}. Test: filled markers with intervals;
    training: thin line, open markers.
    """
    fig, [[ax]] = plots.canvas(f"Accuracy against length: {dataset.label}", width=6.0, height=2.62)
    for cell, runs in results.items():
        *points, _ = runs
        places, shift = [*points, 2.2 * max(points)], {"rnn": 0.97, "lstm": 1.03}[cell]
        estimates = [statistics.test_accuracy(found) for found in runs.values()]
        train = [statistics.train_accuracy(found).mean for found in runs.values()]
        _accuracy(ax, np.array(places) * shift, estimates, train, cell)
    majority = statistics.majority_rate(dataset.test)
    ax.axhline(majority, color=LIGHT, lw=1, zorder=0, label="majority rate")
    ax.set_xscale("log", base=2)
    ax.set_xticks(places, [*map(str, points), "as\nwritten"])
    ax.minorticks_off()
    ax.set(xlabel="points of a stroke, at equal distances", ylabel="accuracy", ylim=(0, 1.03))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


def _accuracy(ax, x, estimates, train, cell):
    """Test accuracy with intervals and training accuracy of a cell; the last place stands apart from the line."""
    means = [e.mean for e in estimates]
    style = {"color": COLOURS[cell], "marker": MARKERS[cell]}
    plots.estimates(ax, x, estimates, ls="none", ms=5, **style)
    ax.plot(x[:-1], means[:-1], ls=DASHES[cell], lw=1.8, ms=5, label=f"{NAMES[cell]}, test", **style)
    ax.plot(x[:-1], train[:-1], ls=DASHES[cell], lw=0.7, ms=5, mfc="white", label=f"{NAMES[cell]}, training", **style)
    ax.plot(x[-1:], train[-1:], ls="none", ms=5, mfc="white", **style)


@plots.styled
def problems(tasks):
    """Error of the adding problem, accuracy of the latch problem and of the words against length: a marker for each
    seed, a line through the medians, the bound of mastery in grey. tasks: name -> cell -> {length: results}."""
    fig, axes = plots.canvas("Generated problems of growing length: no data set", 1, len(tasks), height=2.3)
    for ax, (name, found) in zip(axes[0], tasks.items()):
        key, _, _, bound, unit = RULES[name]
        for cell, by_length in found.items():
            shift = {"rnn": 0.97, "lstm": 1.03}[cell]
            runs = {n: [r[key] for r in results] for n, results in by_length.items()}
            for n, values in runs.items():
                ax.plot([n * shift] * len(values), values, MARKERS[cell], color=COLOURS[cell], mfc="none", ms=4)
            ax.plot(np.array(list(runs)) * shift, [np.median(v) for v in runs.values()], DASHES[cell],
                    color=COLOURS[cell], lw=1.8, label=NAMES[cell])
        ax.axhline(bound, color=LIGHT, lw=1, zorder=0, label="mastered")
        ax.set_xscale("log", base=2)
        ax.set_xticks(list(runs), map(str, runs))
        ax.minorticks_off()
        ax.set(title=name, xlabel=f"length ({unit})")
        if key == "error":
            ax.set(ylabel="mean squared error", ylim=(0, None))
        else:
            ax.set(ylabel="test accuracy", ylim=(0.25, 1.03))
    axes[0, -1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


def gates(examples, unit, dataset):
    """The gates of an LSTM on some examples: along the pen's path, or over the frames."""
    draw = {"handwriting": gates_on_strokes, "cv": gates_over_frames}[dataset.name]
    return draw(examples, unit, dataset)


@plots.styled
def gates_on_strokes(examples, unit, dataset):
    """The gates and the cell state of one unit of an LSTM, drawn on a test stroke of each of some classes."""
    fig, axes = plots.canvas(f"Unit {unit + 1} of an LSTM along test strokes: {dataset.label}", len(examples), 4,
                             height=0.57 + 1.11 * len(examples))
    for ax, title in zip(axes[0], GATES.values()):
        ax.set_title(title, loc="center")
    for row, example in zip(axes, examples):
        path = points(dataset.test.x[example["sequence"]])
        for ax, name in zip(row, GATES):
            ax.plot(*path, color=LIGHT, lw=0.6, zorder=1)
            image = ax.scatter(*path, c=_shown(example, name)[:, unit], cmap="viridis", s=11, vmin=0, vmax=1, zorder=2)
            ax.plot(*path[:, 0], "o", mfc="none", mec="black", ms=7, zorder=3)
            ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
            ax.spines[:].set_visible(False)
        row[0].set_ylabel(dataset.tick_labels[example["label"]], rotation=0, labelpad=12, va="center")
    fig.colorbar(image, ax=axes, shrink=0.8, label="value")
    return fig


@plots.styled
def gates_over_frames(examples, unit, dataset):
    """Over a test segment of each of some classes: the forget gates of all units as a heat map, and below it the gates
    and the cell state of one unit as lines."""
    fig, axes = plots.canvas(f"Gates of an LSTM over test segments: {dataset.label}", 2, len(examples), height=3.44,
                             sharey="row", sharex="col")
    for (above, below), example in zip(axes.T, examples):
        f = np.array(example["f"])  # (T, n)
        image = above.imshow(f.T, aspect="auto", origin="lower", cmap="viridis", vmin=0, vmax=1,
                             interpolation="nearest", extent=(-0.5, len(f) - 0.5, 0.5, f.shape[1] + 0.5))
        above.axhline(unit + 1, color="white", lw=0.8, ls=":")
        above.set_title(dataset.tick_labels[example["label"]], loc="center")
        for name, (dashes, colour) in LINES.items():
            below.plot(_shown(example, name)[:, unit], dashes, color=colour, lw=1.4, label=GATES[name])
        below.set(xlabel="frame", ylim=(-0.03, 1.03))
    axes[0, 0].set_ylabel("unit")
    axes[1, 0].set_ylabel(f"unit {unit + 1}")
    fig.colorbar(image, ax=axes[0], label="forget gate f", shrink=0.9)
    fig.legend(*below.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def _shown(example, name):
    """A gate (T, n) of an example, or of the cell state what its tanh keeps, without the sign: all from 0 to 1."""
    values = np.array(example[name])
    return abs(np.tanh(values)) if name == "c" else values
