"""The style of all figures: the same colours, sizes and fonts everywhere; and what several figures are made of."""

import functools
import io
import re
import textwrap

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.figure import Figure

from sequtils import fonts


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
HASHED = re.compile(rb"\b[mp][0-9a-f]{10}\b")  # the name of a clip path or a marker there, from places in all digits


def wrapped(title, width):
    """A title in lines as long as a figure is wide, in inches, of which each takes 15 letters."""
    return "\n".join(textwrap.fill(line, int(15 * width)) for line in title.split("\n"))


def canvas(title, rows=1, columns=1, width=FULL, height=2.4, **kwargs):
    """A Figure of width and height in inches with a title on the left, and its axes (rows, columns)."""
    fig = Figure(figsize=(width, height), layout="constrained")
    axes = fig.subplots(rows, columns, squeeze=False, **kwargs)
    fig.suptitle(wrapped(title, width), x=0.01, ha="left")
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
    """The figure as the bytes of an "svg" or "png" file: without a date, and without digits that another processor may
    compute otherwise, the same figure is the same bytes."""
    buffer = io.BytesIO()
    about = dict.fromkeys(("Date", "Creator", "Format", "Type")) if kind == "svg" else None
    fig.savefig(buffer, format=kind, metadata=about)
    if kind != "svg":
        return buffer.getvalue()
    names = {}
    return HASHED.sub(lambda name: names.setdefault(name[0], b"n%d" % len(names)), FINE.sub(rb"\1", buffer.getvalue()))
