"""Pictures of the sequences that most trainings of a network misread."""

from sequtils.notebook import plots
from sequtils.notebook.figures.sequences import segment, stroke
from sequtils.text import literal

COLUMNS = 5


@plots.styled
def gallery(confused, dataset):
    """The test sequences of `errors.confused` on a Dataset, each with its class and the one that most seeds say, and
    the share of the seeds that do."""
    shown = list(confused.within(dataset.name).values())
    rows = max(1, -(-len(shown) // COLUMNS))
    height = 0.6 + (1.45 * rows if shown else 0.2)
    fig, axes = plots.canvas(f"Misread by most seeds: {dataset.label}", rows, COLUMNS, height=height)
    for ax in axes.flat:
        ax.set_axis_off()
    if not shown:
        axes[0, 0].text(0, 0.5, "none", transform=axes[0, 0].transAxes)
    for ax, row in zip(axes.flat, shown):
        ax.set_axis_on()
        x = dataset.test.x[row["sequence"]]
        if dataset.name == "cv":
            segment(ax, x, dataset)
        else:
            stroke(ax, x)
        ax.set_title(literal(f"{row['true']}, read {row['said']} ({row['share']:.0%})"), loc="center", fontsize=8)
        ax.set_xlabel(f"{len(x)} {'frames' if dataset.name == 'cv' else 'points'}", fontsize=7)
    return fig
