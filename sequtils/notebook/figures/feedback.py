"""Figures of the chapter on feedback."""

import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.ticker import MaxNLocator

from sequtils.data.features import prepare, resample
from sequtils.measures.control_loop import closed_loop_pole, control_loop
from sequtils.measures.memory import recalled
from sequtils.notebook.figures.sequences import points
from sequtils.notebook.plots import COLOURS, DARK, DASHES, LIGHT, NAMES, canvas, styled
from sequtils.text import number

LINES = {"tanh": ("#000000", "-", "o"), "relu": ("#CC79A7", "--", "s"), "sigmoid": ("#56B4E9", ":", "^")}
KINDS = {"one to one": (1, [0], [0]), "one to many": (3, [0], [0, 1, 2]), "many to one": (3, [0, 1, 2], [2]),
         "many to many": (3, [0, 1, 2], [0, 1, 2])}  # cells in a row, those with an input, those with an output


@styled
def loop(loops, disturbance, steps, at):
    """Output of a controlled plant, a panel for each (pole of the plant, gain); the dotted line is the set point."""
    fig, axes = canvas("A loop without feedback, with it, and with too much of it", 1, len(loops), height=2.1)
    for ax, (plant, gain) in zip(axes[0], loops):
        y = control_loop(gain, plant, disturbance, steps, at)
        ax.axhline(1, color=DARK, ls=":", lw=1)
        ax.axvspan(at, steps - 1, color="#EEEEEE", zorder=0)
        ax.plot(y, "o-", color=COLOURS["rnn"], ms=2.5, lw=1)
        pole = number(closed_loop_pole(gain, plant), ".2f")
        ax.set_title(f"plant {plant:g}\ngain {gain:g}\npole {pole}", fontsize=8)
        ax.set(xlabel="step", xlim=(0, steps - 1))
    axes[0, 0].set_ylabel("output (set point = 1)")
    return fig


def states(h, dataset, recipe):
    """The first test sequence, and the states h (T, n) of a trained RNN that has read it with these features."""
    x, title = dataset.test.x[0], "State of a trained RNN along one sequence"
    if dataset.name == "handwriting":
        return stroke_states(x, h, dataset, title)
    return segment_states(prepare(dataset, recipe).test.x[0], h, dataset, title)


@styled
def stroke_states(x, h, dataset, title):
    """A stroke x (T, D), coloured by time, beside the states h (T, n) of a cell that has read it."""
    fig, [[left, right]] = canvas(f"{title}: {dataset.label}", 1, 2, height=2.21, width_ratios=(1, 1.8))
    path = points(resample(x, len(h)))
    left.plot(*path, color=LIGHT, lw=0.8, zorder=1)
    dots = left.scatter(*path, c=np.arange(1, len(h) + 1), cmap="cividis_r", s=14, zorder=2)
    left.plot(*path[:, 0], "o", color="black", ms=4, zorder=3)
    left.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim", xlabel="pen stroke, black: pen down")
    left.spines[:].set_visible(False)
    fig.colorbar(dots, ax=left, label="point t", location="left", shrink=0.8)
    _heat(fig, right, h, "state", "unit", 1)
    right.set_xlabel("point t")
    return fig


@styled
def segment_states(x, h, dataset, title):
    """The frames x (T, D) of a segment, standardised, above the states h (T, n) of a cell that has read it."""
    fig, axes = canvas(f"{title}: {dataset.label}", 2, 1, height=3.12, sharex=True)
    _heat(fig, axes[0, 0], x, "std. deviations", "feature", 2)
    _heat(fig, axes[1, 0], h, "state", "unit", 1)
    axes[1, 0].set_xlabel("frame t")
    return fig


def _heat(fig, ax, rows, label, ylabel, limit):
    """Heat map of rows (T, n) over time; units of a state in the order of the time at which they are largest."""
    rows = np.asarray(rows)
    order = np.argsort(rows.argmax(axis=0), kind="stable") if ylabel == "unit" else slice(None)
    image = ax.imshow(rows[:, order].T, aspect="auto", origin="lower", cmap="cividis", vmin=-limit, vmax=limit,
                      interpolation="nearest", extent=(0.5, len(rows) + 0.5, 0.5, rows.shape[1] + 0.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylabel(ylabel)
    fig.colorbar(image, ax=ax, label=label)


@styled
def memory(results, lags, threshold, dataset):
    """R^2 of the frame k steps ago, read from the state, against k: mean over the seeds, a band from the least to the
    greatest, the threshold dotted; results: cell -> results of `memory.Memory`."""
    fig, axes = canvas(f"What of the past the state holds: {dataset.label}", 1, 2, height=2.3, sharey=True)
    for ax, when in zip(axes[0], ("untrained", "trained")):
        ax.plot(lags, recalled(results["rnn"], "frame").mean(axis=0), "x-", color=LIGHT, lw=1, label="frame alone")
        for cell, runs in results.items():
            curves = recalled(runs, when)  # (S, K)
            ax.plot(lags, curves.mean(axis=0), DASHES[cell], marker={"rnn": "o", "lstm": "s"}[cell], ms=4,
                    color=COLOURS[cell], label=NAMES[cell])
            ax.fill_between(lags, curves.min(axis=0), curves.max(axis=0), color=COLOURS[cell], alpha=0.15, lw=0)
        ax.axhline(threshold, color=DARK, lw=0.6, ls=":")
        ax.set_title(when)
        ax.set(xlabel="lag k (frames)", ylim=(min(0, ax.get_ylim()[0]), 1.02))
    axes[0, 0].set_ylabel("R² of the frame k ago")
    axes[0, 1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


@styled
def diagrams():
    """The four kinds of network as rows of cells: inputs from below, outputs to above, the state to the right."""
    fig, axes = canvas("Four kinds of network", 1, 4, height=1.6, width_ratios=(1.6, 3, 3, 3))
    for ax, (kind, (cells, inputs, outputs)) in zip(axes[0], KINDS.items()):
        for t in range(cells):
            ax.add_patch(Rectangle((t, 0), 0.56, 0.5, fc="#EEEEEE", ec=DARK))
            ax.text(t + 0.28, 0.25, f"h$_{t + 1}$", ha="center", va="center")
            if t:
                _arrow(ax, (t - 0.44, 0.25), (t, 0.25))
            if t in inputs:
                _arrow(ax, (t + 0.28, -0.55), (t + 0.28, 0))
            if t in outputs:
                _arrow(ax, (t + 0.28, 0.5), (t + 0.28, 1.05))
        if kind == "one to many":  # each output is the next input
            for t in range(1, cells):
                _arrow(ax, (t - 0.72, 0.75), (t + 0.1, 0), "arc3,rad=0.0", ":")
        ax.set_title(kind, loc="center")
        ax.set(xlim=(-0.2, cells - 0.2) if cells > 1 else (-0.5, 1.1), ylim=(-0.6, 1.1))
        ax.set_axis_off()
    return fig


def _arrow(ax, start, end, bend="arc3", dashes="-"):
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=7, color=DARK, lw=0.9, ls=dashes,
                                 connectionstyle=bend, shrinkA=0, shrinkB=0))


@styled
def drawings(results, dataset, most=3):
    """For each class the mean training stroke and below it a drawing of each of the first seeds; under each what the
    classifier reads. Classes after the first eight are left out."""
    results, C = results[:most], min(8, len(dataset.classes))
    fig, axes = canvas(f"Strokes drawn from their class: {dataset.label}", len(results) + 1, C,
                       height=0.49 + 0.94 * (len(results) + 1))
    each = len(results[0]["labels"]) // len(dataset.classes)
    for c in range(C):
        _pen(axes[0, c], results[0]["means"][c], LIGHT)
        axes[0, c].set_title(dataset.tick_labels[c], loc="center")
        for ax, result in zip(axes[1:, c], results):
            read = result["predictions"][c * each]
            _pen(ax, result["drawings"][c], COLOURS["lstm"])
            cross = "" if read == c else "\u2717 "
            ax.set_xlabel(f"{cross}read as {dataset.tick_labels[read]}", fontsize=7, color=DARK)
    for row, label in zip(axes, ["mean", *(f"seed {r['trial']['seed']}" for r in results)]):
        row[0].set_ylabel(label)
    return fig


def _pen(ax, x, colour):
    path = points(np.array(x))
    ax.plot(*path, color=colour, lw=1.4)
    ax.plot(*path[:, 0], "o", color="black", ms=3)
    ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
    ax.spines[:].set_visible(False)


@styled
def activations(results, dataset):
    """Geometric mean of ||dL/dh_t|| over the test sequences against the distance from the last frame, before and after
    training: the median of the seeds bold, each of them faint, as far back as half of the sequences reach.

    results: activation -> results of `activations.Activation`."""
    fig, axes = canvas(f"Gradients of three activation functions: {dataset.label}", 1, 2, height=2.3, sharey=True)
    recipe = next(iter(results.values()))[0]["trial"]["features"]
    reach = int(np.median([len(x) for x in prepare(dataset, recipe).test.x]))
    for ax, when in zip(axes[0], ("untrained", "trained")):
        for activation, (colour, dashes, marker) in LINES.items():
            curves = np.array([r[when]["gradients"][:reach] for r in results[activation]], np.float64)  # (S, T)
            ax.plot(curves.T, color=colour, lw=0.6, alpha=0.35)
            ax.plot(np.median(curves, axis=0), dashes, color=colour, marker=marker, ms=4, markevery=max(1, reach // 6),
                    label=activation)
        ax.set(title=when, yscale="log", xlabel="frames before the last, T − t")
    axes[0, 0].set_ylabel("norm of the gradient")
    axes[0, 1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig
