"""Executed notebooks as web pages: each one file that asks for nothing from the network."""

import html
import re
from pathlib import Path

from sequtils import paths
from sequtils.files import write_atomic
from sequtils.report import equations

HEAD = ('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        '<meta name="description" content="An executed notebook of the report: its code, figures and tables.">'
        '<style>{css}</style></head><body class="notebook"><p><a href="../report.html">The report</a></p>')


def write(notebook, page):
    """Set an executed notebook (path) as a web page (path). The same notebook gives the same bytes."""
    import nbformat  # with nbconvert, whole seconds, and only the processes that execute notebooks need them
    from nbconvert import HTMLExporter

    content, drawn = nbformat.read(notebook, 4), {}
    for i, cell in enumerate(content.cells):
        if cell.cell_type == "markdown":
            cell.source, found = equations.take(cell.source, i)
            drawn |= found
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.id = "given"  # papermill draws one by chance
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)  # its text says what it is
    # The "basic" template is the body alone: the full ones load scripts from other addresses.
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(content)
    body = re.sub("|".join(drawn), lambda mark: drawn[mark.group()], body) if drawn else body
    title = re.search(r"<h1[^>]*>([^<]*)", body)
    name = f"{title.group(1) if title else ''} ({Path(notebook).stem})".strip()
    write_atomic(page, HEAD.format(title=html.escape(name, quote=False), css=_style()) + body + "</body></html>\n")


def _style():
    """The report's style sheet, and the colours of code on light and on dark paper."""
    from pygments.formatters import HtmlFormatter

    light, dark = (HtmlFormatter(style=style).get_style_defs(".highlight") for style in ("tango", "github-dark"))
    css = (paths.REPORT / "report.css").read_text(encoding="utf-8")
    return f"{css}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"
