"""Names of classes are text wherever they are shown: every script with a font is drawn, nothing in them is obeyed, and
long ones and many find room."""

import itertools
from dataclasses import replace
from html import unescape
from io import BytesIO

import matplotlib.image
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from pypdf import PdfReader
from wcwidth import iter_graphemes, width

from sequtils import fonts, text
from sequtils.data.check import describe
from sequtils.files import read_json, write_json
from sequtils.notebook import plots
from sequtils.notebook.figures import comparison, sequences, training
from sequtils.original import published
from sequtils.report import provenance, render
from sequtils.results import Result
from sequtils.statistics import Difference
from tests.conftest import make_toy
from tests.document import make_build, set_again

INDIAN = ("का", "क्ष", "हिन्दी", "ಕನ್ನಡ", "ಜ್ಞ", "తెలుగు", "స్త్రీ")
LONG = ("x" * 200, "x" * 199 + "y", "kannada_letter_kha", "kannada_letter_gha")
ODD = (*INDIAN, *LONG, "$x$", r"$\frac$", "$", r"\$", "<b>&amp;", "*a_b* #c @d", "中", "重", "😀", "\ue000")


def named(names):
    """The toy data set with a few sequences of each of these classes."""
    toy = make_toy()
    part = replace(toy.train, x=toy.train.x[:2] * len(names), y=np.repeat(np.arange(len(names)), 2))
    return replace(toy, classes=tuple(names), train=part, test=part)


def drawn(fig):
    """A figure, drawn, and its texts in pixels: (Text, box)."""
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    texts = [t for t in fig.findobj(matplotlib.text.Text) if t.get_text().strip() and t.get_visible()]
    return [(t, box) for t in texts if (box := t.get_window_extent(canvas.renderer)).x1 > 1]


def figures(dataset):
    C = len(dataset.classes)
    gains = Result(("dataset", "part"), {(dataset.name, place): {"name": name, "gain": Difference(0.1, 0.1, 0.0, 0.2)}
                                         for place, name in enumerate(dataset.names, 1)})
    return {"strokes": sequences.strokes(dataset), "lengths": sequences.lengths(dataset),
            "confusion": training.confusion(np.ones((2, C, C), int), dataset, "16 units"),
            "groups": comparison.groups(gains, dataset, "class")}


def test_short_names_stay_different_and_keep_their_marks_with_their_letters():
    found = text.short(ODD, 8)
    assert len(set(found)) == len(ODD) and max(len(list(iter_graphemes(name))) for name in found) == 8
    assert text.short(INDIAN, 8) == INDIAN
    assert text.short(["x" * 30] * 2 + ["abcdefghij"], 8) == ("xxxx…xxx", "xx…xx~2", "abcd…hij")
    letters = list(iter_graphemes("हिन्दी" * 9))
    assert list(iter_graphemes(text.short(["हिन्दी" * 9], 8)[0])) == [*letters[:4], "…", *letters[-3:]]


def test_scripts_with_a_font_stay_and_others_are_transliterated_and_named_once():
    assert [fonts.drawable(name) for name in INDIAN] == list(INDIAN)
    assert fonts.drawable("a中重\ue000") == r"aZhongZhong\ue000"
    assert fonts.missing("中 a 重 का 😀") == ["CJK"] and not fonts.missing("".join(INDIAN))
    assert provenance.remarks({"cv": {"told": None, "scripts": ["CJK"]},
                               "handwriting": {"told": None, "scripts": ["CJK", "HANGUL"]}}) == [
        "No font here has the letters of CJK, HANGUL: they are transliterated."]
    assert provenance.remarks({name: {"told": None, "scripts": []} for name in ("cv", "handwriting")}) == []


@pytest.mark.parametrize(("joined", "apart"), [("क्ष", "कष"), ("ಜ್ಞ", "ಜಞ"), ("స్త్ర", "సతర")])
def test_figures_join_letters_into_conjuncts(joined, apart):
    """A conjunct is narrower than its letters side by side; with an empty box, or a mark apart, it would be wider."""
    font = FontProperties(family=plots.STYLE["font.family"])
    widths = [TextPath((0, 0), name, prop=font).get_extents().width for name in (joined, apart)]
    assert 0 < widths[0] < widths[1]


@pytest.mark.filterwarnings("error")  # such as of a letter that no font has
def test_figures_show_names_as_they_are():
    for name, fig in figures(named(ODD)).items():
        seen = [t for t, _ in drawn(fig)]
        assert {*INDIAN, r"\$x\$", "Zhong", "Zhong~2"} <= {t.get_text() for t in seen}, name
        assert not [t for t in seen if is_math_text(t.get_text())], name


@pytest.mark.parametrize("count", [2, 16, 60])
def test_any_number_of_classes_fits_a_page_and_their_names_stand_apart(count):
    names = [f"kannada_letter_{i}" for i in range(count)]
    for name, fig in figures(named(names)).items():
        assert fig.get_figwidth() <= plots.FULL and fig.get_figheight() <= plots.TALLEST, name
        boxes = [b for t, b in drawn(fig) if t.get_text().startswith("kann")]
        assert len(boxes) == count * (1 + (name == "confusion")), name
        page = fig.bbox.padded(2)
        assert all(page.contains(b.x0, b.y0) and page.contains(b.x1, b.y1) for b in boxes), name
        if name != "strokes":
            assert not [1 for a, b in itertools.combinations([b.padded(-1) for b in boxes], 2) if a.overlaps(b)], name


def test_a_legend_of_many_classes_leaves_the_plateau_its_height():
    heights = []
    for count in (2, 16, 60):
        runs, watched = [{"history": {"loss": [2.0, 1.0]}}], [{"recalls": [[0.5] * count] * 2}]
        fig = training.plateau(runs, watched, {"frequencies only": 1.5}, named(list(map(str, range(count)))), "rnn")
        drawn(fig)
        heights.append(fig.axes[1].get_position().height)
    assert min(heights) > 0.9 * max(heights)


def test_the_document_has_the_fonts_and_the_names_on_its_first_page(tmp_path):
    build = make_build(tmp_path)
    told = read_json(build / "provenance.json")
    told["datasets"]["handwriting"]["classes"] = named(ODD).whole_names
    remarks = provenance.remarks({name: {"told": None, "scripts": ["CJK"]} for name in told["datasets"]})
    write_json(build / "provenance.json", {**told, "remarks": remarks})
    pdf, html = set_again(build)
    page = PdfReader(pdf).pages[0]
    names = {font.get_object()["/BaseFont"].split("+")[-1] for font in page["/Resources"]["/Font"].values()}
    for script in ("Devanagari", "Kannada", "Telugu"):
        assert any(name.startswith(f"NotoSans{script}") for name in names), names
    seen, source = " ".join(page.extract_text().split()), html.read_text(encoding="utf-8")
    for shown in ("$x$", r"$\frac$", "<b>&amp;", "#c @d", "Zhong", "letters of CJK"):
        assert shown in seen and shown in unescape(source), shown
    assert "<b>" not in source
    first = render._compile(build / "document", build, "png")[0]
    pixels = matplotlib.image.imread(BytesIO(first), format="png")[..., :3]
    edge = pixels.shape[1] // 21  # a centimetre
    assert (pixels[:, :edge] == 1).all() and (pixels[:, -edge:] == 1).all()  # long names are broken into lines


def test_a_table_with_a_dollar_is_marked_as_without_mathematics():
    assert "mathjax_ignore" in Result("class", {"$x$": {"recall": 0.5}}).html()
    assert "mathjax_ignore" not in Result("class", {"x": {"recall": 0.5}}).html()


def test_check_data_keeps_its_columns_whatever_the_script():
    lines = describe({name: {"train": [("a", [1])], "test": [("b", [1])]} for name in ODD})
    rows = [line for line in lines if "%" in line]
    assert len(rows) == len(ODD) and len({width(row) for row in rows}) == 1
    assert any(LONG[0] in line for line in lines) and any("中 (Zhong)" in line for line in lines)


def test_a_table_of_many_or_long_classes_says_how_many():
    best = dict.fromkeys(itertools.product(("handwriting", "cv"), ("rnn", "lstm")), "0.5")
    for classes, told in ((["ka", "sa"], "ka sa"), (ODD, f"{len(ODD)} classes"), (LONG[2:], "kann…kha kann…gha")):
        here = {"title": "Data", "classes": list(classes)}
        row = published.reference(best, dict.fromkeys(("handwriting", "cv"), here))[0]
        assert row["classes"] == told and row["as_here"] == "yes"
