"""Figures that set RNN and LSTM side by side."""

import numpy as np

from sequtils import statistics
from sequtils.notebook import plots
from sequtils.notebook.plots import COLOURS, DARK, LIGHT, NAMES

MARKERS = {"rnn": "o", "lstm": "s", "ensemble": "D"}


@plots.styled
def groups(gains, dataset, title, xlabel):
    """Gain of the LSTM over the RNN in each group of test sequences, label -> Estimate, with intervals."""
    fig, [[ax]] = plots.canvas(f"{title}: {dataset.label}", width=max(plots.HALF, 0.5 * len(gains)), height=2.6)
    _errors(ax, np.arange(len(gains)), list(gains.values()), fmt="D", color=DARK, capsize=3)
    ax.axhline(0, color=LIGHT, lw=1, zorder=0)
    ax.set_xticks(range(len(gains)), list(gains))
    ax.set(xlabel=xlabel, ylabel="LSTM minus RNN, accuracy", xlim=(-0.5, len(gains) - 0.5))
    return fig


@plots.styled
def slide(accuracies, published, datasets):
    """Accuracy of both cells on both data sets, as the source trained them and at the top of the ladder.

    accuracies: data set -> cell -> (Estimate in the source's set-up, Estimate of the model that the folds choose).
    published: data set -> cell -> the source's number.
    """
    title = "RNN and LSTM: " + ", ".join(d.label for d in datasets.values())
    fig, axes = plots.canvas(title, 1, len(datasets), height=3.1, sharey=True)
    for ax, (name, dataset) in zip(axes[0], datasets.items()):
        for cell, shift in (("rnn", -0.08), ("lstm", 0.08)):
            _errors(ax, np.arange(2) + shift, accuracies[name][cell], fmt=MARKERS[cell], ms=7, capsize=4, lw=2,
                    color=COLOURS[cell], label=NAMES[cell])
            ax.plot(shift, published[name][cell], MARKERS[cell], mfc="none", mec=COLOURS[cell], ms=9,
                    label=f"{NAMES[cell]}, published")
        ax.axhline(statistics.majority_rate(dataset.test), color=LIGHT, lw=1, zorder=0, label="majority rate")
        ax.set_xticks(range(2), ["the source's\nset-up", "top of\nthe ladder"])
        ax.set(title=dataset.title, xlim=(-0.5, 1.5), ylim=(0, 1.04))
    axes[0, 0].set_ylabel("test accuracy")
    axes[0, -1].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    return fig


@plots.styled
def ladder(accuracies, folds, chosen, dataset):
    """Test accuracy at each rung, from the source's set-up down to the last change.

    accuracies: cell -> {rung: Estimate}, also "ensemble"; folds: cell -> {rung: accuracy on held-out folds} (small open
    markers); chosen: cell -> the rung that the folds choose (ringed).
    """
    rungs = list(dict.fromkeys(rung for a in accuracies.values() for rung in a))
    fig, [[ax]] = plots.canvas(f"The ladder: {dataset.label}", height=1.2 + 0.36 * len(rungs))
    for cell, shift in (("rnn", -0.15), ("lstm", 0.15), ("ensemble", 0)):
        estimates, colour = accuracies[cell], COLOURS.get(cell, DARK)
        places = np.array([rungs.index(rung) for rung in estimates]) + shift
        _errors(ax, places, list(estimates.values()), across=True, fmt=MARKERS[cell], color=colour, capsize=3,
                label=f"{NAMES.get(cell, cell)}, test")
        if cell in folds:
            ax.plot(list(folds[cell].values()), [rungs.index(r) + shift for r in folds[cell]], "|", color=colour, ms=9,
                    label=f"{NAMES[cell]}, held-out folds")
            ax.plot(estimates[chosen[cell]].mean, rungs.index(chosen[cell]) + shift, "o", mfc="none", mec="black",
                    ms=12, label="chosen by the folds" if cell == "lstm" else None)
    ax.axvline(statistics.majority_rate(dataset.test), color=LIGHT, lw=1, zorder=0, label="majority rate")
    ax.set_yticks(range(len(rungs)), rungs)
    ax.invert_yaxis()
    ax.set(xlabel="accuracy", xlim=(0, 1.03))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    return fig


def _errors(ax, places, estimates, across=False, **options):
    """Means with intervals, upright, or across where the accuracy runs from left to right."""
    means = np.array([e.mean for e in estimates])
    spans = np.abs([[e.mean - e.low, e.high - e.mean] for e in estimates]).T
    if across:
        ax.errorbar(means, places, xerr=spans, **options)
    else:
        ax.errorbar(places, means, yerr=spans, **options)
