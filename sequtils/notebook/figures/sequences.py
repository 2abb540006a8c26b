"""Pictures of a data set: its strokes, its segments, its lengths."""

import numpy as np

from sequtils.notebook.plots import DARK, LIGHT, TALLEST, canvas, class_ticks, styled
from sequtils.text import literal


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
