"""The web page in a real browser: on a phone and on a wide screen, light and dark, enlarged figures, and notebooks."""

import pytest

from sequtils.report import pages
from tests.browser import Browser
from tests.document import PANELS, make_build, set_again

WHITE = "rgb(255, 255, 255)"
FAULTS = {
    "missing": '<img src="nowhere.png" alt="x">',
    "too wide": '<div style="width: 900px">x</div>',
    "errors": "<script>console.error('wrong')</script>",
    "errors ": "<script>nothing.there()</script>",
    "asked for": '<link rel="stylesheet" href="http://127.0.0.1:9/style.css">',
    "dead links": '<a href="#nowhere">x</a>',
}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return make_build(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.mark.parametrize("width", [380, 800, 1400])
@pytest.mark.parametrize("page", ["report.html", "notebooks/03_layers-rnn.html"])
def test_nothing_is_missing_cut_off_or_asked_for(build, browser, page, width):
    assert browser.problems(build / page, width) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(build, browser, tmp_path, fault):
    page = tmp_path / "page.html"
    page.write_text((build / "report.html").read_text().replace("</h1>", "</h1>" + FAULTS[fault], 1))
    assert any(fault.strip() in problem for problem in browser.problems(page))


def test_a_figure_fills_the_screen_and_goes_back(build, browser):
    browser.open(build / "report.html")
    opened = "document.querySelector('dialog').open"
    assert browser.run("document.querySelectorAll('figure button.zoom').length") == 6 + PANELS
    for way_in, way_out in (("click", "click"), ("key", "key")):
        assert not browser.run(opened)
        if way_in == "click":
            browser.run("document.querySelector('button.zoom').click()")
        else:
            browser.run("document.querySelector('button.zoom').focus()")
            browser.press("Enter")
        assert browser.run(opened)
        size = browser.run("(r => [r.width, r.height])(document.querySelector('dialog').getBoundingClientRect())")
        assert size == [380, 800]
        assert browser.run("document.querySelector('dialog img').naturalWidth") > 0
        if way_out == "click":
            browser.run("document.querySelector('dialog').click()")
        else:
            browser.press("Escape")
    assert not browser.run(opened)
    assert browser.run("document.activeElement.className") == "zoom"  # a reader by keyboard is where they were


def test_dark_paper_for_a_reader_who_wants_it_and_light_figures(build, browser):
    papers = []
    for dark in (False, True):
        assert browser.problems(build / "report.html", dark=dark) == []
        papers.append(browser.run("getComputedStyle(document.body).backgroundColor"))
        assert browser.run("getComputedStyle(document.querySelector('figure img')).backgroundColor") == WHITE
    assert papers[0] == WHITE != papers[1]


def test_contents_are_beside_the_text_where_there_is_room(build, browser):
    contents = "document.querySelector('#lists details').open"
    browser.open(build / "report.html", 380)
    assert not browser.run(contents)
    browser.open(build / "report.html", 1400)
    assert browser.run(contents)
    right = browser.run("document.querySelector('#lists').getBoundingClientRect().right")
    assert right < browser.run("document.querySelector('h1').getBoundingClientRect().left")


def test_a_wide_table_scrolls_in_its_own_box_and_short_words_stay_on_a_line(build, browser):
    browser.open(build / "report.html", 380)
    table = "document.getElementById('tab-wide')"
    assert browser.run(f"(b => b.scrollWidth > b.clientWidth)({table}.querySelector('.scroll'))")
    line, units = (browser.run(f"{table}.querySelector('td:nth-child({n})').clientHeight") for n in (1, 7))
    remark = browser.run(f"{table}.querySelector('td:nth-child(8) ').offsetWidth")
    assert units <= 2 * line
    assert remark < 380


def test_equations_are_text_in_the_report_and_drawn_in_a_notebook(build, browser):
    browser.open(build / "report.html")
    assert browser.run("document.querySelectorAll('math').length") == 1
    browser.open(build / "notebooks" / "03_layers-rnn.html")
    assert browser.run("document.querySelectorAll('svg[role=img]').length") == 4
    assert "$5" in browser.run("document.body.innerText")
    assert "EQUATION" not in browser.run("document.body.innerText")


def test_the_report_links_to_its_notebooks(build, browser):
    browser.open(build / "report.html")
    links = browser.run("[...document.querySelectorAll('a:not([href^=\"#\"])')].map(a => a.getAttribute('href'))")
    assert len(links) == 7  # six captions and the list
    assert all((build / link).exists() for link in links)


def test_the_same_bytes_again(build, tmp_path):
    before = {name: (build / name).read_bytes() for name in ("report.pdf", "report.html")}
    set_again(build)
    assert before == {name: (build / name).read_bytes() for name in before}
    pages.write(build / "executed" / "03_layers-rnn.ipynb", tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == (build / "notebooks" / "03_layers-rnn.html").read_bytes()
