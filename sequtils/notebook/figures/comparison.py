"""Figures that set RNN and LSTM side by side."""

import numpy as np

from sequtils import statistics
from sequtils.notebook import plots
from sequtils.notebook.plots import COLOURS, DARK, LIGHT, NAMES
from sequtils.original import source

MARKERS = {"rnn": "o", "lstm": "s", "ensemble": "D"}
PARTS = {"length": "frames of a test sequence, by quarters", "class": "class"}


@plots.styled
def groups(gains, dataset, kind):
    """Gain of the LSTM over the RNN in each part of the test sequences, with intervals; see `comparison.gains`."""
    rows = gains.within(dataset.name)
    parts = list(rows.values())
    names = [dataset.tick_labels[place - 1] if kind == "class" else row["name"] for place, row in rows.items()]
    turned = kind == "class" and (len(parts) > 13 or max(map(len, names)) > 6)
    title = f"LSTM minus RNN by {kind}: {dataset.label}"
    width = min(max(plots.HALF, 0.5 * len(parts)), plots.FULL)
    fig, [[ax]] = plots.canvas(title, width=width, height=2.6 if turned else 2.13)
    plots.estimates(ax, np.arange(len(parts)), [part["gain"] for part in parts], fmt="D", color=DARK)
    ax.axhline(0, color=LIGHT, lw=1, zorder=0)
    plots.class_ticks(ax.xaxis, names, width - 0.8)
    ax.tick_params(axis="x", rotation=90 if turned else 0)
    ax.set(xlabel=PARTS[kind], ylabel="LSTM minus RNN, accuracy", xlim=(-0.5, len(parts) - 0.5))
    return fig


@plots.styled
def slide(cells, ladder, datasets):
    """Accuracy of both cells on both data sets, as the source trained them, beside the source's number, and at the
    rung that the folds choose. cells: `Sweep` of networks; ladder: `ablation.steps`."""
    title = "RNN and LSTM: " + ", ".join(d.label for d in datasets.values())
    fig, axes = plots.canvas(title, 1, len(datasets), height=2.54, sharey=True)
    for ax, (name, dataset) in zip(axes[0], datasets.items()):
        for cell, shift in (("rnn", -0.08), ("lstm", 0.08)):
            both = [cells[name, cell, "test"], ladder[name, cell, "chosen", "test"]]
            plots.estimates(ax, np.arange(2) + shift, both, fmt=MARKERS[cell], ms=7, lw=2, color=COLOURS[cell],
                            label=NAMES[cell])
            published = source.accuracies(cell, name, "layers", 2)["test"]
            ax.plot(shift, published, MARKERS[cell], mfc="none", mec=COLOURS[cell], ms=9,
                    label=f"{NAMES[cell]}, published")
        ax.axhline(statistics.majority_rate(dataset.test), color=LIGHT, lw=1, zorder=0, label="majority rate")
        ax.set_xticks(range(2), ["the source's\nset-up", "chosen\nby folds"])
        ax.set(title=dataset.title, xlim=(-0.5, 1.5), ylim=(0, 1.04))
    axes[0, 0].set_ylabel("test accuracy")
    axes[0, -1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


@plots.styled
def ladder(steps, ensemble, dataset):
    """Test accuracy at each rung of `ablation.steps`, from the source's set-up down to the last change, with ticks for
    the accuracy on held-out folds and a ring around the rung that they choose; below, the Estimate of the ensemble."""
    rungs = list(steps.within(dataset.name, "rnn"))
    fig, [[ax]] = plots.canvas(f"The ladder: {dataset.label}", height=0.98 + 0.3 * (len(rungs) + 1))
    for cell, shift in (("rnn", -0.15), ("lstm", 0.15)):
        rows, places = list(steps.within(dataset.name, cell).values()), np.arange(len(rungs)) + shift
        plots.estimates(ax, places, [row["test"] for row in rows], across=True, fmt=MARKERS[cell], color=COLOURS[cell],
                        label=f"{NAMES[cell]}, test")
        ax.plot([row["folds"] for row in rows], places, "|", color=COLOURS[cell], ms=9,
                label=f"{NAMES[cell]}, held-out folds")
        chosen = steps.row(dataset.name, cell, "chosen")
        ax.plot(chosen["test"].mean, rungs.index(chosen["rung"]) + shift, "o", mfc="none", mec="black", ms=12,
                label="chosen by the folds" if cell == "lstm" else None)
    plots.estimates(ax, [len(rungs)], [ensemble], across=True, fmt=MARKERS["ensemble"], color=DARK,
                    label="ensemble, test")
    ax.axvline(statistics.majority_rate(dataset.test), color=LIGHT, lw=1, zorder=0, label="majority rate")
    ax.set_yticks(range(len(rungs) + 1), [*rungs, "ensemble"])
    ax.invert_yaxis()
    ax.set(xlabel="accuracy", xlim=(0, 1.03))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


@plots.styled
def effects(worth, datasets):
    """What each change is worth, the `ablation.effects`, of both data sets on one scale: gains with intervals."""
    names = list(datasets)
    changes = [row["change"] for row in worth.within(names[0]).values()]
    title = "What is it worth? " + ", ".join(d.label for d in datasets.values())
    fig, [[ax]] = plots.canvas(title, height=0.7 + 0.3 * len(changes))
    for name, shift, marker, colour in zip(names, (-0.15, 0.15), "oD", (DARK, "#009E73")):
        gains = [row["gain"] for row in worth.within(name).values()]
        plots.estimates(ax, np.arange(len(gains)) + shift, gains, across=True, fmt=marker, color=colour,
                        label=datasets[name].title)
    ax.axvline(0, color=LIGHT, lw=1, zorder=0)
    ax.set_yticks(range(len(changes)), changes)
    ax.invert_yaxis()
    ax.set(xlabel="gain in test accuracy")
    plots.legend_below(fig)
    return fig
