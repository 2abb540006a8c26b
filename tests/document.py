"""A small build of the report, with all that a page can hold: figures, a wide table, equations, a notebook."""

import shutil

import nbformat
import numpy as np
import pytest

from sequtils import data, paths, statistics
from sequtils.files import write_json
from sequtils.notebook import Publisher, plots
from sequtils.report import pages, provenance, render
from sequtils.results import Result

MAIN = """#import "style.typ": *
#show: style
#include "chapters/front.typ"
#contents()
#if not to-html { pagebreak() }
= Two networks
The state $h_t = tanh(W x_t + U h_(t-1) + b)$ of @fig-wide and of @tab-wide has #v("wide", "0", "units") units.
#fig("wide", says: "What is seen.")
#fig("tall")
#pair("left", "right")
#pair("broad", "long")
#let heights(..pairs) = pairs.pos().map(ids => measure(width: 15cm, pair(..ids)).height.cm())
#if not to-html { context [#metadata(heights(("left", "right"), ("broad", "long"))) <heights>] }
#tab("wide")
#panels(range(PANELS).map(n => ("panel" + str(n),)), says: [Small multiples.], [As many as there are.])
#if live { include "chapters/live.typ" }
#bibliography("references.bib")
#show: appendix
= How this report was made
#include "chapters/appendix.typ"
"""
PANELS = 8  # of half the width of a page and as high: more than a page holds
EQUATIONS = r"""# 3 Layers

A state $h_t$ with $\\lVert h_t \\rVert \\le 1$ and \\$5.

$$\\begin{aligned} h_t &= \\tanh(W x_t + U h_{t-1} + b) \\\\ p &= \\frac{1}{2} \\end{aligned}$$
""".replace("\\\\", "\\")


def make_build(folder):
    """Publish and set a small report from the embedded sample in `folder`; return it."""
    build, dataset = folder / "build", data.load("handwriting")
    publish = Publisher("03_layers", build, "rnn")
    for id, height, width in (("wide", 2.5, 6.5), ("tall", 9.0, 6.5), ("left", 2.5, plots.HALF),
                              ("right", 2.5, plots.HALF), ("broad", 2.5, 2 * plots.HALF), ("long", 2.5, plots.HALF)):
        publish(id, _figure(id, height, width), f"A {id} one on {dataset.label}: a line, drawn, and more of it, "
                       "and so on until it is too long for a list, which is soon.", dataset)
    for n in range(PANELS):
        publish(f"panel{n}", _figure(f"panel {n}", plots.HALF, plots.HALF), f"A panel on {dataset.label}.", dataset)
    rows = {n: {f"column {i}": statistics.Estimate((n + i) / 10, 0, 0, 1) for i in range(6)}
            | {"units": "127 of 16, then 5", "remark": f"{n + 1} of 3 diverged; 1 of 3 at chance"} for n in range(3)}
    publish("wide", Result("network", rows), f"A table that is too wide on {dataset.label}.")
    _notebook(build / "executed" / "03_layers-rnn.ipynb")
    pages.write(build / "executed" / "03_layers-rnn.ipynb", build / "notebooks" / "03_layers-rnn.html")
    run = {"seconds": 1.5, "error": None, "trials": {"new": 7, "stored": 2},
           "parameters": provenance.parameters(build / "executed" / "03_layers-rnn.ipynb")}
    write_json(build / "provenance.json", {
        "profile": "quick", "seeds": 2, "datasets": provenance.describe_data(None), "runs": {"03_layers-rnn": run},
        "experiments": {"Trial": {"cell": None, "patience": "25"}}, "versions": provenance.versions(),
        "commit": "0" * 40, "machine": provenance.machine(), "jobs": 2, "wall_seconds": 3.0})
    set_again(build)
    return build


def set_again(build):
    """Set the small report; the paths of PDF and page."""
    report = build.parent / "sources"
    if not report.exists():
        shutil.copytree(paths.REPORT, report, ignore=shutil.ignore_patterns("build"))
        (report / "report.typ").write_text(MAIN.replace("PANELS", str(PANELS)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "REPORT", report)
        patch.setattr(render.claims, "write", _no_claims)
        return render.render(build)


def _no_claims(build):
    """In the place of the ledger: the one run has not what claims are judged by."""
    counts = dict.fromkeys(("supported", "contradicted", "not decided by these data"), 0)
    write_json(build / "claims.json", {"claims": [], "counts": counts})


@plots.styled
def _figure(title, height, width):
    fig, [[ax]] = plots.canvas(title, width=width, height=height)
    ax.plot(np.arange(5))
    return fig


def _notebook(path):
    cells = [nbformat.v4.new_markdown_cell(EQUATIONS),
             nbformat.v4.new_code_cell("cell = 'rnn'\nseeds = 2  # " + "a long comment " * 10,
                                       metadata={"tags": ["parameters"]}),
             nbformat.v4.new_code_cell("seeds = 3\ndata_root = '/data'", metadata={"tags": ["injected-parameters"]}),
             nbformat.v4.new_code_cell("print()", outputs=[
                 nbformat.v4.new_output("stream", name="stdout", text="told " * 60)])]
    path.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
