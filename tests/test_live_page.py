"""The networks in the report's web page, in a real browser: what is shown is what Python computes, whatever names the
data bring; by keyboard and by pen; on a phone, light and dark; and the page lets nothing else in."""

import json
import time
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.utils import vector_to_parameters

from sequtils import data, trials
from sequtils.data import features
from sequtils.live import export
from sequtils.measures.ablation import climb, ladder, softmax
from sequtils.models import SequenceClassifier
from tests.browser import Browser
from tests.document import make_build, set_again

SMALL = {"points": (8,), "epochs": 2, "adam_epochs": {"handwriting": 1, "cv": 1}, "widths": (4,), "seeds": 1}
HOSTILE, WORSE = "</script><img src=x>", "<img src=x onerror=e()>"  # no longer than what is shown whole
PANEL = "document.querySelectorAll('#live .panel')"
STROKES, SEGMENTS, TRAINER = (f"{PANEL}[{i}]" for i in range(3))


@pytest.fixture(scope="module")
def datasets():
    """The sample, of which two classes have names that no page may take for markup."""
    loaded = {name: data.load(name) for name in ("handwriting", "cv")}
    return {name: replace(d, classes=(HOSTILE, WORSE, *d.classes[2:])) for name, d in loaded.items()}


@pytest.fixture(scope="module")
def given(datasets):
    train = lambda experiments, name: [trials.train(e, datasets[name]) for e in experiments]
    return export.page_data(datasets, train, **SMALL)


@pytest.fixture(scope="module")
def report(given, tmp_path_factory):
    build = make_build(tmp_path_factory.mktemp("live"))
    (build / "live.json").write_text(json.dumps(given))
    return set_again(build)[1]


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def page(browser, report):
    browser.open(report, 800)
    yield browser
    assert browser.errors == []


def text(page, selector, panel=STROKES):
    return page.run(f"{panel}.querySelector({json.dumps(selector)}).textContent")


def change(page, selector, value, panel=STROKES):
    """Choose a value of a list or a slider, as a reader does."""
    page.run(f"""(field => {{ field.value = {json.dumps(value)}; field.dispatchEvent(new Event("input"));
                 field.dispatchEvent(new Event("change")); }})({panel}.querySelector({json.dumps(selector)}))""")


def wait(page, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not page.run(condition):
        assert time.monotonic() < deadline, f"never came: {condition}"
        time.sleep(0.02)


@pytest.mark.parametrize("width, dark", [(380, False), (380, True), (800, False), (1400, True)])
def test_nothing_is_missing_cut_off_or_asked_for(browser, report, width, dark):
    assert browser.problems(report, width, dark=dark) == []
    assert browser.run(f"{PANEL}.length") == 3


def test_names_from_data_are_text(page):
    assert page.run("document.querySelectorAll('#live img, #live script').length") == 0
    assert HOSTILE in text(page, ".note")
    assert HOSTILE in page.run(f"{SEGMENTS}.querySelectorAll('select')[1].textContent")


def test_nothing_runs_that_is_not_the_page_s_own(browser, report):
    browser.open(report)
    browser.run("document.body.setAttribute('onclick', 'window.hit = 1'); document.body.click();"
                "const own = document.createElement('script'); own.textContent = 'window.hit = 2';"
                "document.body.append(own)")
    assert browser.run("window.hit === undefined")
    assert browser.run("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')") == "refused"
    assert not [url for url in browser.requests if url.startswith("http")]


@pytest.mark.parametrize("setup", ["source", "last"])
@pytest.mark.parametrize("name", ["handwriting", "cv"])
def test_answers_are_python_s(page, given, datasets, name, setup):
    panel, frame = {"handwriting": (STROKES, "point"), "cv": (SEGMENTS, "frame")}[name]
    change(page, "select", setup, panel)
    told = page.run(f"[...{panel}.querySelectorAll('.verdict')].map(p => p.textContent)")
    dataset = with_first(datasets[name], given[name]["test"])
    for cell, verdict in zip(export.CELLS, told):
        (network,) = [n for n in given["networks"] if (n["dataset"], n["setup"], n["points"], n["cell"]) ==
                      (name, setup, None, cell)]
        recipe = climb(name, cell, ladder(name))["pooling"].features if setup == "last" else trials.RECIPES[name]
        (x,) = features.prepare(dataset, recipe).test.x
        p = softmax(logits(network, x))[0]
        assert verdict == f"{dataset.classes[p.argmax()]} {p.max():.2f}, after {len(x)} of {len(x)} {frame}s"


def numbers(base64):
    return np.frombuffer(b64decode(base64), "<f4").copy()


def with_first(dataset, given):
    """The Dataset with the first test sequence that the page was given, and no other."""
    first = numbers(given["frames"]).reshape(-1, given["features"])[: given["lengths"][0]]
    return replace(dataset, test=replace(dataset.test, x=[first], y=np.array(given["labels"][:1])))


def logits(network, x):
    """Logits (1, C) of a network of the page, by PyTorch."""
    inputs, *hidden, classes = network["sizes"]
    model = SequenceClassifier(inputs, hidden, classes, network["cell"], pooling=network["pooling"])
    vector_to_parameters(torch.from_numpy(numbers(network["weights"])), model.parameters())
    return model(torch.from_numpy(x)[None]).detach().numpy()


@pytest.mark.parametrize("by", ["mouse", "finger"])
def test_a_stroke_gets_the_points_of_the_data(page, given, by):
    page.run(f"{STROKES}.scrollIntoView()")
    left, top, size = page.run(f"(r => [r.x, r.y, r.width])({STROKES}.querySelector('.pad').getBoundingClientRect())")
    draw = page.drag if by == "mouse" else page.swipe
    draw([(left + x * size, top + y * size) for x, y in ((0.2, 0.2), (0.5, 0.4), (0.4, 0.8))])
    n = given["handwriting"]["points"]
    wait(page, f"{STROKES}.querySelector('.note').textContent.startsWith('Your stroke.')")
    assert f"after {n} of {n} points" in text(page, ".verdict")
    page.run(f"[...{STROKES}.querySelectorAll('button')].find(b => b.textContent === 'Clear').click()")
    assert text(page, ".verdict") == "no answer yet"


def test_by_keyboard(page, given):
    page.run(f"{STROKES}.querySelector('.pad').focus()")
    for _ in range(3):
        page.press("ArrowRight")
    n = given["handwriting"]["points"]
    wait(page, f"{STROKES}.querySelector('.verdict').textContent.includes('{n} of {n} points')")
    page.run(f"{STROKES}.querySelector('.network canvas').focus()")
    page.press("ArrowDown")
    label = f"{STROKES}.querySelector('.network canvas').getAttribute('aria-label')"
    wait(page, f"{label}.includes('layer 1, unit 1, output h')")


def test_fewer_points_and_another_time(page):
    change(page, "input[type=range]", "0")
    assert "after 8 of 8 points" in text(page, ".verdict")
    change(page, ".player input", "2")
    assert "after 3 of 8 points" in text(page, ".verdict")


def test_play_and_pause(page):
    change(page, "input[type=range]", "0")
    page.run(f"{STROKES}.querySelector('.player button').focus()")
    page.press("Enter")
    assert text(page, ".player button") == "Pause"
    page.press("Enter")
    assert text(page, ".player button") == "Play"
    page.press("Enter")
    wait(page, f"{STROKES}.querySelector('.player button').textContent === 'Play'")
    assert "after 8 of 8 points" in text(page, ".verdict")


def test_a_stroke_that_it_gets_wrong(page):
    for view in ("rnn", "lstm"):
        page.run(f"{STROKES}.querySelector('.{view} button').click()")
        truth = text(page, ".note").split("class ")[1].split(". RNN:")[0]
        assert not text(page, f".{view} .verdict").startswith(f"{truth} ")


def test_training_gives_the_report_s_weights(page, given):
    for cell in export.CELLS:
        change(page, "select", cell, TRAINER)
        change(page, "label:nth-of-type(2) select", "4", TRAINER)
        page.run(f"{TRAINER}.querySelector('button').click()")
        wait(page, f"{TRAINER}.querySelector('button').textContent === 'Train'")
        (theirs,) = [t for t in given["trainings"] if t["cell"] == cell]
        assert theirs["digest"] in text(page, ".note", TRAINER)
        assert text(page, ".note", TRAINER).endswith("It is the report's, bit for bit.")
        assert f"loss {theirs['loss'][-1]:.3f}" in text(page, ".verdict", TRAINER)


def test_another_seed_and_stopping(page):
    change(page, "label:nth-of-type(2) select", "4", TRAINER)
    change(page, "input[type=number]", "7", TRAINER)
    assert "has no training" in text(page, ".note", TRAINER)
    page.run(f"{TRAINER}.querySelector('button').click()")
    wait(page, f"{TRAINER}.querySelector('button').textContent === 'Train'")
    assert text(page, ".note", TRAINER).endswith("The report has none to compare it with.")
    page.run(f"{TRAINER}.querySelector('button').click(); {TRAINER}.querySelector('button').click()")
    assert text(page, ".note", TRAINER) == "Stopped."


def widened(dataset, classes):
    """The Dataset again and again, until it has so many classes."""
    def part(p):
        copies = [(x, y + k * len(dataset.classes), s) for k in range(classes) for x, y, s in zip(p.x, p.y, p.speakers)]
        x, y, speakers = zip(*(copy for copy in copies if copy[1] < classes))
        return data.Part(list(x), np.array(y), ("",) * len(x), speakers)

    return replace(dataset, classes=tuple(f"class {c}" for c in range(classes)), train=part(dataset.train),
                   test=part(dataset.test))


@pytest.mark.browser
@pytest.mark.parametrize("classes", [5, 16])
def test_a_full_report_s_page_is_small_and_opens_soon(browser, tmp_path, classes):
    """With every network of the profile standard; five classes as many sequences as the course's."""
    large = {name: widened(data.load(name), classes) for name in ("handwriting", "cv")}
    train = lambda experiments, name: [trials.train(e, large[name]) for e in experiments]
    given = export.page_data(large, train, epochs=1, adam_epochs={"handwriting": 1, "cv": 1})
    for training in given["trainings"]:
        training.update({curve: training[curve] * 120 for curve in ("loss", "accuracy", "test_accuracy")})
    build = make_build(tmp_path)
    (build / "live.json").write_text(json.dumps(given))
    browser.open(set_again(build)[1], 800)
    assert browser.run("document.getElementById('live-data').textContent.length") < 0.3e6 * classes
    assert browser.run(f"{PANEL}.length") == 3
    assert browser.run("performance.getEntriesByType('navigation')[0].loadEventEnd") < 2000  # ms, it takes a tenth
    assert browser.errors == []


@pytest.mark.parametrize("name, panels", [("handwriting", ["Draw a stroke", "Train it here"]),
                                          ("cv", ["Choose a segment"])])
def test_a_report_about_one_data_set_shows_its_networks(browser, report, given, name, panels):
    other = {"handwriting": "cv", "cv": "handwriting"}[name]
    of_strokes = {"trainings", "fit"} if name == "cv" else set()
    half = {key: part for key, part in given.items() if key not in {other, *of_strokes}}
    half["networks"] = [network for network in given["networks"] if network["dataset"] == name]
    live = report.with_name("live.json")
    live.write_text(json.dumps(half))
    assert browser.problems(set_again(report.parent)[1], 800) == []
    assert browser.run("[...document.querySelectorAll('#live h3')].map(h => h.textContent)") == panels
    live.write_text(json.dumps(given))
    set_again(report.parent)


def test_a_page_is_given_the_data_sets_that_are_there(datasets):
    train = lambda experiments, name: [trials.train(e, datasets[name]) for e in experiments]
    found = export.page_data({"cv": datasets["cv"]}, train, **SMALL)
    assert found.keys() == {"networks", "steps", "cv"}
    assert {network["dataset"] for network in found["networks"]} == {"cv"}


def test_a_page_without_networks_has_no_place_for_them(browser, report):
    live = report.with_name("live.json")
    kept = live.read_text()
    live.unlink()
    assert "The networks, live" not in set_again(report.parent)[1].read_text()
    live.write_text(kept)
    set_again(report.parent)
