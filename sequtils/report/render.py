"""Setting the report: report/*.typ and what the notebooks published, to report.pdf and one self-contained report.html.

The sources are copied into the build folder first, because typst reads nothing outside the folder that it works in.
"""

import shutil
from pathlib import Path

import typst

from sequtils import paths
from sequtils.files import read_json, write_atomic
from sequtils.live import page
from sequtils.original import claims

SOURCES = ("report.typ", "style.typ", "references.bib", "chapters", "source")
EXPORT_NOTE = "html export is under active development and incomplete"


class RenderError(RuntimeError):
    """The report could not be set; the message is typst's own, with file and name."""


def render(build=None):
    """Set report.pdf and report.html in the build folder; return their paths. Raises RenderError."""
    build = Path(build or paths.BUILD)
    if not (build / "provenance.json").exists():
        raise RenderError(f"{build}: nothing to set, run the report first")
    document = build / "document"
    shutil.rmtree(document, ignore_errors=True)
    document.mkdir(parents=True)
    for name in SOURCES:
        source = paths.REPORT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, document / name)
    try:
        claims.write(build)
    except claims.ClaimError as error:
        raise RenderError(str(error)) from None
    pdf, html, live = build / "report.pdf", build / "report.html", read_json(build / "live.json")
    write_atomic(pdf, _compile(document, build, "pdf"))
    write_atomic(html, _page(_compile(document, build, "html", live="yes" if live else "no").decode(), live))
    return pdf, html


def _compile(document, build, kind, **inputs):
    try:
        content, warnings = typst.compile_with_warnings(
            str(document / "report.typ"), root=str(build), format=kind, ignore_system_fonts=True,
            sys_inputs={"target": kind, **inputs})
    except typst.TypstError as error:
        raise RenderError(f"{error.message}\n{error.diagnostic}") from None
    unexpected = [w.message for w in warnings if w.message != EXPORT_NOTE]
    if unexpected:
        raise RenderError("; ".join(unexpected))
    return content


def _page(html, live):
    """Put the style sheet and the script into the page, and the networks where there are some, and seal it."""
    css, script = ((paths.REPORT / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    html = html.replace("</head>", f"<style>{css}</style></head>", 1)
    html = html.replace("</body>", f"<script>{script}</script></body>", 1)
    return page.sealed(page.with_networks(html, live) if live else html)
