"""Setting the report: report/*.typ and what the notebooks published, to report.pdf and one self-contained report.html.

The sources are copied into the build folder first, because typst reads nothing outside the folder that it works in.
"""

import base64
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import matplotlib
import typst

from sequtils import fonts, paths
from sequtils.files import ReadError, read_json, write_atomic
from sequtils.live import page
from sequtils.original import claims

SOURCES = ("report.typ", "style.typ", "results.typ", "references.bib", "chapters", "source")
FONTS = str(Path(matplotlib.get_data_path(), "fonts", "ttf"))  # the letters of the figures
PUBLISHED = ("provenance.json", "values.json", "manifest.json", "timings.json", "live.json")
PICTURE = re.compile(r'"data:image/svg\+xml;base64,([^"]*)"')
PLACES = re.compile(r' (?:d|x|y)="[^"]*"|translate\([^)]*\)')
NAMED = re.compile(r'<g id="[^"]*"')  # by matplotlib, of each axis and tick; nothing refers to them
STYLES = re.compile(r'style="[^"]*"')
EXPORT_NOTE = "html export is under active development and incomplete"


class RenderError(RuntimeError):
    """The report could not be set; the message is typst's own, with file and name."""


def render(build=None):
    """Set report.pdf and report.html in the build folder; return their paths. Raises RenderError."""
    build = Path(build or paths.BUILD)
    if not (build / "provenance.json").exists():
        raise RenderError(f"{build}: nothing to set, run the report first")
    for name in PUBLISHED:
        _believe(build / name)
    document = build / "document"
    shutil.rmtree(document, ignore_errors=True)
    document.mkdir(parents=True)
    for name in SOURCES:  # contents alone: of a read-only checkout, the copies would be read-only
        source = paths.REPORT / name
        if source.is_dir():
            (document / name).mkdir()
        for file in source.iterdir() if source.is_dir() else [source]:
            shutil.copyfile(file, document / file.relative_to(paths.REPORT))
    try:
        claims.write(build)
    except claims.ClaimError as error:
        raise RenderError(str(error)) from None
    pdf, html, live = build / "report.pdf", build / "report.html", read_json(build / "live.json")
    write_atomic(pdf, _compile(document, build, "pdf"))
    write_atomic(html, _page(_compile(document, build, "html", live="yes" if live else "no").decode(), live))
    return pdf, html


def _believe(file):
    """Raise RenderError where what was published is damaged: typst reads it, too."""
    try:
        read_json(file)
    except ReadError as error:
        raise RenderError(f"{error}; run the report again") from None


def _compile(document, build, kind, **inputs):
    try:
        content, warnings = typst.compile_with_warnings(
            str(document / "report.typ"), root=str(build), format=kind, ignore_system_fonts=True,
            font_paths=[FONTS, str(fonts.FOLDER)], sys_inputs={"target": kind, **inputs})
    except typst.TypstError as error:
        raise RenderError(f"{error.message}\n{error.diagnostic}") from None
    unexpected = [w.message for w in warnings if w.message != EXPORT_NOTE]
    if unexpected:
        raise RenderError("; ".join(unexpected))
    return content


def _page(html, live):
    """Put the style sheet and the script into the page, and the networks where there are some, and seal it."""
    css, script = ((paths.REPORT / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    html = PICTURE.sub(_unpacked, html)
    html = html.replace("</head>", f"<style>{css}</style></head>", 1)
    html = html.replace("</body>", f"<script>{script}</script></body>", 1)
    return page.sealed(page.with_networks(html, live) if live else html)


def _unpacked(found):
    """A picture as text in its address: shorter than in base64, and its places to a tenth of a point, which no screen
    tells from a hundredth."""
    svg = re.sub(r"<!--.*?-->", "", base64.b64decode(found[1]).decode(), flags=re.DOTALL)
    svg = PLACES.sub(_short, re.sub(r"\s+", " ", svg))
    svg = NAMED.sub("<g", svg).replace("xlink:href", "href").replace("DejaVuSans-", "")
    svg = STYLES.sub(lambda style: style[0].replace(": ", ":").replace("; ", ";"), svg)
    if "'" not in svg:
        svg = svg.replace('"', "'")  # which stands for itself in an address
    return '"data:image/svg+xml,' + quote(svg, safe=" !'()*+,-./:;<=>?@[]^_`{|}~$") + '"'


def _short(places):
    """Numbers of one decimal, without one that is 0 and without spaces beside the letters of a path."""
    return re.sub(r" ?([MLQCz]) ?", r"\1", re.sub(r"\.0+\b", "", re.sub(r"(\.\d)\d+", r"\1", places[0])))
