"""Figures of what is said against the LSTM."""

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

from sequtils.measures import limits, resources
from sequtils.notebook import plots
from sequtils.notebook.figures.sequences import points
from sequtils.notebook.plots import COLOURS, DARK, DASHES, LIGHT, NAMES

POOLINGS = {"last": ("o", "-", "#D55E00"), "mean": ("s", "--", "#CC79A7"), "max": ("^", "-.", "#56B4E9"),
            "attention": ("D", ":", "#000000")}
UNSEEN = ("seeds", "majority", "size", "balanced", "macro_f1", "epochs", "remark", "gap",
          "gap_beyond")  # columns that no table shows
LINES = {"rnn": ("o", "-", COLOURS["rnn"]), "lstm": ("s", "--", COLOURS["lstm"]),
         "mingru": ("^", "-.", "#009E73"), "transformer": ("D", ":", "#000000")}


@plots.styled
def bottleneck(found, dataset):
    """Test accuracy with its interval against the LSTM's width, a line for each pooling of a `limits.bottleneck`.
    The markers of one width stand side by side, so that the intervals can be told apart."""
    fig, [[ax]] = plots.canvas(f"Last state against pooling: {dataset.label}", width=plots.HALF, height=2.71)
    for k, (pooling, (marker, dashes, colour)) in enumerate(POOLINGS.items()):
        rows = dict(sorted(found.within(dataset.name, pooling).items()))
        widths = list(rows)
        plots.estimates(ax, np.array(widths) * 1.06 ** (k - 1.5), [row["test"] for row in rows.values()], marker=marker,
                        ls=dashes, color=colour, label=limits.POOLINGS[pooling], ms=5, lw=1.4, elinewidth=0.8)
    majority = np.bincount(dataset.test.y).max() / len(dataset.test)
    ax.axhline(majority, color=LIGHT, lw=1, zorder=0, label="majority rate")
    ax.set_xscale("log", base=2)
    ax.set_xticks(widths, [str(n) for n in widths])
    ax.minorticks_off()
    ax.set(xlabel="units of the LSTM", ylabel="test accuracy", ylim=(0, 1.02))
    plots.legend_below(fig)
    return fig


@plots.styled
def memory(results):
    """Kilobytes of one sequence that wait for the backward pass against its frames, a line for each width: markers are
    measured, lines are the formula. results: cell -> [result of `resources.KeptBytes`]."""
    fig, axes = plots.canvas("What is kept for the backward pass", 1, 2, height=2.38, sharey=True)
    for ax, (cell, [result]) in zip(axes[0], results.items()):
        trial = result["trial"]
        rows = zip(trial["widths"], result["measured"], result["formula"], strict=True)
        for (n, measured, formula), marker, shade in zip(rows, "o^sDv", (0.35, 0.6, 1.0, 0.5, 0.8)):
            scale = 1e3 * trial["batch"]
            ax.plot(trial["frames"], np.array(formula) / scale, DASHES[cell], color=COLOURS[cell], lw=1, alpha=shade)
            ax.plot(trial["frames"], np.array(measured) / scale, marker, mfc="none", color=COLOURS[cell], ms=5,
                    label=f"{n} units")
        _powers(ax, trial["frames"])
        ax.set_yscale("log")
        ax.set_title(NAMES[cell])
        ax.set(xlabel="frames T")
        ax.margins(y=0.12)
    for ax in axes[0]:
        ax.legend(loc="lower right")
    axes[0, 0].set_ylabel("kilobytes a sequence")
    return fig


def _powers(ax, frames):
    """A logarithmic axis of frames, which names those that were measured."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(frames, [str(T) for T in frames])
    ax.minorticks_off()
    ax.set(xlabel="frames T")
    ax.tick_params(axis="x", labelsize=7.5)


@plots.styled
def regularisation(sweep, dataset):
    """Paired differences in test accuracy to the LSTM without: the gains of a Sweep of REGULARISED on one data set."""
    gains = {limits.TITLES[label]: row["gain"] for label, row in sweep.within(dataset.name).items() if row["gain"]}
    fig, [[ax]] = plots.canvas(f"Norms and dropout in an LSTM: {dataset.label}", width=plots.HALF,
                               height=1.11 + 0.22 * len(gains))
    for place, e in enumerate(gains.values()):
        plots.estimates(ax, [place], [e], across=True, fmt="o", color=DARK, mfc=DARK if e.side else "white", lw=1.2)
    ax.axvline(0, color=LIGHT, lw=1, zorder=0)
    ax.set_yticks(range(len(gains)), list(gains))
    ax.invert_yaxis()
    ax.set(xlabel="test accuracy\nless that of the LSTM without")
    return fig


@plots.styled
def gradients(results, dataset):
    """Norm of the gradient against epoch, before it is clipped: greatest (bold) and median (thin) of an epoch's
    batches, mean over seeds. results: those of `limits.clippings`."""
    fig, axes = plots.canvas(f"Norm of the gradient: {dataset.label}", 1, 2, height=2.62, sharey=True)
    looks = {("open", "free"): ("-", "#D55E00"), ("open", "clipped"): ("--", "#882200"),
             ("half", "free"): ("-.", "#56B4E9"), ("half", "clipped"): (":", "#000000"),
             ("none", "free"): ("-", COLOURS["rnn"]), ("none", "clipped"): (":", "#000000")}
    for (cell, gate, norm), runs in results.items():
        ax, (dashes, colour) = axes[0, int(cell == "rnn")], looks[gate, norm]
        name = ("" if gate == "none" else f"forget bias {limits.GATES[gate]:g}, ") + (
            f"bound {runs[0]['trial']['clip']:g}" if norm == "clipped" else "no bound")
        for key, width, label in (("gradient_max", 1.8, name), ("gradient_median", 0.7, None)):
            curve = np.mean([np.array(r["history"][key], float) for r in runs], axis=0)
            ax.plot(np.arange(1, len(curve) + 1), curve, dashes, color=colour, lw=width, label=label)
        ax.set_title(NAMES[cell])
    for ax in axes[0]:
        ax.set(xlabel="epoch", yscale="log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), fontsize=7.5, ncols=2, handlelength=2.6)
    axes[0, 0].set_ylabel("norm: greatest bold, median thin")
    return fig


@plots.styled
def steps(frames):
    """Steps that wait for one another against frames, a line for each of LINES, named at its end."""
    fig, [[ax]] = plots.canvas("Sequential steps against length", width=plots.HALF, height=2.46)
    ends = {}
    for model, (marker, dashes, colour) in LINES.items():
        ax.plot(frames, [resources.depth(model, T) for T in frames], marker + dashes, color=colour, ms=4)
        ends.setdefault(resources.depth(model, frames[-1]), []).append(limits.NAMES[model])
    for depth, names in ends.items():
        ax.annotate(", ".join(names), (frames[-1], depth), (6, 0), textcoords="offset points", va="center")
    ax.set(yscale="log", ylabel="steps that wait")
    _powers(ax, frames)
    return fig


@plots.styled
def times(results, devices):
    """Milliseconds of a forward and backward pass against frames, a panel for each device. results: (device, model) ->
    [result of `resources.Recurrence`]; devices: key -> name."""
    fig, axes = plots.canvas("Time against length", 1, len(devices), height=2.46)
    for ax, device in zip(axes[0], devices):
        for model, (marker, dashes, colour) in LINES.items():
            [result] = results[device, model]
            frames = result["trial"]["frames"]
            ax.plot(frames, 1e3 * np.array(result["times"]), marker + dashes, color=colour, ms=4,
                    label=limits.NAMES[model])
        ax.set(yscale="log", ylabel="milliseconds a pass")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.set_title(devices[device])
        _powers(ax, frames)
    axes[0, -1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


def _examples(result, dataset):
    """(class, sequence (T, D), weight by uniform weight (T,)) of the first test sequence of up to six classes."""
    examples = result["attention"]["examples"]
    for row in sorted(examples, key=int)[:6]:  # a stored result has its keys in the order of text
        alpha = np.array(examples[row])
        yield dataset.tick_labels[dataset.test.y[int(row)]], dataset.test.x[int(row)], len(alpha) * alpha


@plots.styled
def attention_strokes(result, dataset):
    """A test stroke of each class, its points as large and dark as the attention that their states get."""
    examples = list(_examples(result, dataset))
    fig, axes = plots.canvas(f"Attention over strokes: {dataset.label}", 1, len(examples), height=1.64)
    for ax, (name, x, weight) in zip(axes[0], examples):
        path = points(x)
        ax.plot(*path, color=LIGHT, lw=0.8, zorder=1)
        dots = ax.scatter(*path, c=weight, s=4 + 14 * np.minimum(weight, 4), cmap="cividis_r", vmin=0, vmax=4, zorder=2)
        ax.plot(*path[:, 0], "o", color="black", ms=7, mfc="none", zorder=3)
        ax.set_title(name, loc="center")
        ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
        ax.spines[:].set_visible(False)
        ax.margins(0.12)
    fig.colorbar(dots, ax=axes[0].tolist(), shrink=0.8, label="weight by\nuniform weight", extend="max")
    return fig


@plots.styled
def attention_segments(result, dataset):
    """A test segment of each class: its features as a heat map, in units of their deviation over all frames, and below
    it the attention that the states of its frames get, 1 being uniform."""
    examples = list(_examples(result, dataset))
    fig, axes = plots.canvas(f"Attention over segments: {dataset.label}", 2, len(examples), height=2.62, sharex="col",
                             sharey="row", height_ratios=(1.3, 1))
    for (above, below), (name, x, weight) in zip(axes.T, examples):
        image = above.imshow(x.T, aspect="auto", origin="lower", cmap="cividis", vmin=-2, vmax=2,
                             interpolation="nearest")
        above.set_title(name, loc="center")
        below.bar(np.arange(len(x)), weight, width=1.0, color=COLOURS["lstm"], alpha=0.8)
        below.axhline(1, color=DARK, lw=0.8, ls=":")
        below.set(xlim=(-0.5, len(x) - 0.5), ylim=(0, None), xticks=[0, len(x) - 1])
    axes[0, 0].set(ylabel="feature", yticks=[0, image.get_array().shape[0] - 1])
    axes[1, 0].set_ylabel("weight by\nuniform weight")
    fig.supxlabel("frame", fontsize=9)
    fig.colorbar(image, ax=axes[0].tolist(), label="deviations")
    return fig


ATTENTION = {"handwriting": (attention_strokes, "larger and darker points weigh more, a ring marks pen down"),
             "cv": (attention_segments, "features above, weights below, the dotted line marks equal weights")}
