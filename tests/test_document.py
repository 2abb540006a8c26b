"""The document: no number is typed into prose, and the PDF has what a reader of a report expects."""

import json
import re
from itertools import chain

import pytest
import typst
from pypdf import PdfReader

from sequtils import paths
from sequtils.files import read_json, write_json
from sequtils.report import equations
from tests.document import PANELS, make_build, set_again
from tests.prose import prose, typed_digits

SOURCES = [paths.REPORT / "report.typ", *sorted((paths.REPORT / "chapters").glob("*.typ"))]
NUMBERS = {  # what a reader sees as a typed number
    "Over 3 seeds": "3",
    "a difference of 0.12, and #v(\"x.2\") more": "0.12",
    "#let f(x) = [trained for 40 epochs]": "40",
    "#part-of(\"07\", () => [\n  A rate of 95 %.\n])": "95",
    "#if a == 1 { [one] } else [of 17]": "17",
    "#for x in y {\n  [row 5]\n}": "5",
    "#emph(\"all 12 runs\")": "12",
    "see @glorot[chapter 8]": "8",
    "#text(size: 9pt)[is 31]": "31",
    "a [bracket of 2] in text": "2",
    "#42": "42",
}
NONE = [  # and what is none
    "an equation $x_1 = 2 y^2 / 3$ and \\$",
    "#v(\"nodes.rnn.2\") and #vi(\"a.1\"), then #tab(\"layers-2\")",
    "@fig-layers2 and @tab-1.3, <label-4>, `03_layers`, // 5 notes",
    "#let numbers(n) = range(1, n + 1)\nText",
    "#set text(size: 9pt)\n#show heading: it => block(above: 0.7em, it)",
    "#best(\"rnn\", numbers(1, 23, 26))",
    "#if n == 1 [one] else if n > 2 { [two] } else [many]",
    "#import \"../chapters/2.typ\": *",
    "/* 7\n8 */ text",
    "#figure(table(columns: 4, [a], $3$))",
    "https://example.org/2022/1",
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_number_is_typed_into_prose(source):
    assert typed_digits(source.read_text(encoding="utf-8")) == []


SWALLOWED = re.compile(r"#[a-z][\w.-]*\([^()\n]*\);(?=\s)")  # typst takes the semicolon for the end of the code


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_semicolon_after_a_value_is_lost(source):
    assert SWALLOWED.findall(source.read_text(encoding="utf-8")) == []
    assert SWALLOWED.search('is #v("a", "b"); but') and not SWALLOWED.search('is #v("a", "b")\\; but')


@pytest.mark.parametrize("source", NUMBERS)
def test_a_typed_number_is_found(source):
    [(line, found)] = typed_digits(source)
    assert "".join(c for c in found if c in "0123456789.").strip(".") == NUMBERS[source]
    assert NUMBERS[source] in source.split("\n")[line - 1]


@pytest.mark.parametrize("source", NONE)
def test_names_equations_and_code_are_no_prose(source):
    assert typed_digits(source) == []


def test_prose_is_what_is_left_in_its_place():
    source = "The #emph[state] $h_t$ of @saxe // why\nis #v(\"a.1\"): *bold*."
    assert prose(source).split() == ["The", "state", "of", "is", ":", "*bold*."]
    assert len(prose(source)) == len(source)


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return make_build(tmp_path_factory.mktemp("document"))


@pytest.fixture(scope="module")
def pdf(build):
    return PdfReader(build / "report.pdf")


def test_the_pdf_says_what_it_is(pdf):
    assert pdf.metadata.title == "RNN against LSTM, measured again"
    assert pdf.metadata.author and "LSTM" in pdf.metadata["/Keywords"]
    assert "/CreationDate" not in pdf.metadata  # it would change the bytes
    assert pdf.root_object["/Lang"] == "en"
    assert [entry.title for entry in pdf.outline if not isinstance(entry, list)] == [
        "1 Two networks", "Bibliography", "A How this report was made"]


def test_the_title_page_names_what_the_report_was_made_from(pdf):
    first = pdf.pages[0].extract_text().replace("\u00ad", "-")
    for told in ("measured again", "quick", "2 seeds", "345", "2026-11-23", "0" * 10):
        assert told in first


def test_every_page_is_numbered_and_says_that_it_is_the_sample(pdf):
    for number, page in enumerate(pdf.pages, 1):
        text = page.extract_text()
        assert f"{number} / {len(pdf.pages)}" in text
        assert "embedded sample, synthetic" in text


def test_contents_link_and_stand_alone(pdf):
    contents = next(page for page in pdf.pages if "Contents" in page.extract_text())
    text = " ".join(contents.extract_text().split())
    assert "1 Two networks" in text and "Figure" not in text
    assert len(contents["/Annots"]) >= 2


def test_a_caption_begins_with_what_is_seen_and_ends_with_where_it_comes_from(pdf):
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert "What is seen. A wide one on Handwriting" in text and "(03_layers-rnn)" in text


def test_what_is_the_same_in_every_row_of_a_table_is_told_once(pdf):
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert text.count("127 of 16, then 5") == 2 and "In every row:" in text  # the other one is in the prose


def test_nothing_is_wider_than_the_page(pdf):
    for page in pdf.pages:
        starts = []
        page.extract_text(visitor_text=lambda text, cm, tm, *_, starts=starts:
                          starts.append(tm[4] * cm[0] + cm[4]) if text.strip() else None)
        assert all(50 < x < float(page.mediabox.width) - 50 for x in starts)


def test_two_figures_stand_side_by_side_under_one_caption_unless_they_are_too_wide(build, pdf):
    beside, below = json.loads(typst.query(build / "document" / "report.typ", "<heights>", field="value", one=True,
                                           root=build, sys_inputs={"target": "pdf", "live": "no"}))
    assert beside < 9 < 13 < below  # in cm; each picture is 6.35 cm high
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert "A left one on" in text and "A right one on" not in text


def test_more_small_multiples_than_fit_a_page_go_on_over_pages(pdf):
    told = [re.findall(r"Fig\. panel(\d)", page.extract_text()) for page in pdf.pages]
    assert [*chain.from_iterable(told)] == [str(n) for n in range(PANELS)]
    assert max(map(len, told)) <= 6  # two columns of three
    last = max(n for n, panels in enumerate(told) if panels)
    assert "Small multiples." in pdf.pages[last].extract_text()


def test_every_hyperparameter_is_in_the_appendix(pdf):
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    for told in ("patience = 25", "cell = given", "seeds = 3", "torch 2.13.0"):
        assert told in text


def test_machine_and_time_change_no_byte_of_the_pdf_and_stand_on_the_web_page(tmp_path):
    build = make_build(tmp_path)
    before = (build / "report.pdf").read_bytes(), (build / "report.html").read_text(encoding="utf-8")
    told = read_json(build / "provenance.json")
    told |= {"machine": {"cpu": "a slow one", "cores": 97, "memory": 1.0, "platform": "here"}, "jobs": 89,
             "wall_seconds": 4321.0}
    told["runs"]["03_layers-rnn"] |= {"seconds": 2345.6, "trials": {"new": 0, "stored": 9}}
    write_json(build / "provenance.json", told)
    pdf, html = set_again(build)
    assert pdf.read_bytes() == before[0]
    for number in ("a slow one", "97", "89", "4321", "2345.6"):
        assert number in html.read_text(encoding="utf-8") and f">{number}<" not in before[1]


@pytest.mark.parametrize("latex", [r"h_t = \tanh(W x_t)", r"\tfrac12 \lVert g \rVert_2 \le 1", r"\text{ where } U^\top",
                                   r"\left\|\frac{\partial h_T}{\partial h_t}\right\|"])
def test_equations_of_notebooks_are_drawn(latex):
    drawn = equations.inline(latex)
    assert drawn.startswith("<svg") and "nan" not in drawn


def test_an_equation_that_cannot_be_drawn_is_shown_as_it_is_written():
    assert equations.inline(r"\underbrace{x < y}") == r"<code>\underbrace{x &lt; y}</code>"
    text, drawn = equations.take("Costs \\$5 and $a$.\n\n$$\nb \\\\ c\n$$")
    assert text.startswith("Costs \\$5 and EQUATION") and len(drawn) == 2
    assert next(iter(drawn.values())).count("<svg") == 2  # the display, on two lines
