"""The ledger: every rule has its three outcomes, a missing value is named, other values give another verdict."""

import csv
import json

import pytest
import yaml

from sequtils import paths, statistics
from sequtils.original import claims, published, rules, source

UP, DOWN, OPEN, NIL = (0.1, 0.2, 0.3), (-0.3, -0.2, -0.1), (-0.1, 0.1, 0.3), (-0.02, 0.0, 0.02)
ZERO = (0.0, 0.0, 0.0)


def entry(value, low=None, high=None):
    return {"value": value, "low": low, "high": high, "text": str(value), "range": f"[{low}, {high}]" if low else ""}


def margin(x):
    return (x, x, x)


@pytest.mark.parametrize("x, verdict", [(UP, True), (DOWN, False), (OPEN, None), (ZERO, None)])
def test_higher_and_lower_mirror_each_other(x, verdict):
    assert rules.higher(x, ZERO) is verdict
    assert rules.lower(ZERO, x) is verdict
    assert rules.lower(tuple(-v for v in reversed(x)), ZERO) is verdict


@pytest.mark.parametrize("low, high", [(0.1, 0.3), (-0.3, -0.1), (-0.1, 0.1), (0.0, 0.2), (-0.2, 0.0)])
def test_higher_is_the_rule_of_the_report(low, high):
    word = {True: "higher than", False: "lower than", None: "not told apart from"}
    mean = (low + high) / 2
    assert word[rules.higher((low, mean, high), ZERO)] == statistics.Difference(mean, 0, low, high).verdict


def test_intervals_that_touch_decide_nothing():
    assert rules.higher((0.5, 0.6, 0.7), (0.3, 0.4, 0.5)) is None
    assert rules.higher((0.51, 0.6, 0.7), (0.3, 0.4, 0.5)) is True


@pytest.mark.parametrize("x, verdict", [(DOWN, True), (ZERO, True), (UP, False), (OPEN, None), (NIL, None)])
def test_at_most(x, verdict):
    assert rules.at_most(x, ZERO) is verdict
    assert rules.at_most(x, ZERO, margin(1)) is True


@pytest.mark.parametrize("x, verdict", [(NIL, True), (UP, False), (DOWN, False), (OPEN, None),
                                        ((0.01, 0.04, 0.07), None), ((0.01, 0.02, 0.03), True),
                                        ((0.01, 0.06, 0.11), False)])
def test_equivalent_needs_an_interval_within_the_margin(x, verdict):
    assert rules.equivalent(x, margin(0.05)) is verdict


def test_three_valued_logic():
    assert [rules.all_of(p) for p in ([True, True], [True, None], [None, False])] == [True, None, False]
    assert [rules.any_of(p) for p in ([False, False], [False, None], [None, True])] == [False, None, True]
    assert [rules.opposite(p) for p in (True, False, None)] == [False, True, None]


@pytest.mark.parametrize("rule, verdict", [
    ({"higher": ["a"]}, True), ({"higher": ["a", "b"]}, False), ({"higher": ["a", "c"]}, None),
    ({"higher": {"of": ["a"], "than": 1}}, False), ({"lower": {"of": ["b"], "than": "a"}}, True),
    ({"any_of": [{"higher": ["b"]}, {"lower": ["b"]}]}, True), ({"not": {"higher": ["a"]}}, False),
    ({"equivalent": {"of": ["c"], "margin": 0.5}}, True),
    ({"at_most": {"of": ["a"], "bound": "c", "margin": 0.3}}, True),
    ({"equal": ["word", "word"]}, True), ({"equal": ["word", "a"]}, False), ({"higher": ["word"]}, None),
])
def test_a_rule_is_read(rule, verdict):
    evidence = {"a": entry(0.2, 0.1, 0.3), "b": entry(-0.2, -0.3, -0.1), "c": entry(0.0, -0.1, 0.1),
                "word": entry("no gradient")}
    assert rules.decide(rule, evidence) is verdict
    assert rules.in_words(rule)


def test_a_rule_in_words():
    told = {"a, b > 0": {"higher": ["a", "b"]},
            "a ≤ b + 0.1; and a = b": {"all_of": [{"at_most": {"of": ["a"], "bound": "b", "margin": 0.1}},
                                                  {"equal": ["a", "b"]}]},
            "not −0.05 ≤ a ≤ 0.05": {"not": {"equivalent": {"of": ["a"], "margin": 0.05}}}}
    for words, rule in told.items():
        assert rules.in_words(rule).replace("\u00a0", " ") == words


def ledger():
    """Values with which every claim can be judged, and the runs that published them."""
    ran = {"error": None, "seconds": 1.0, "parameters": {}, "trials": {"new": 1, "stored": 0}}
    runs = {run: ran for run in source.read("claims.yaml")["runs"].values()}
    values = {}
    for path in claims.names():
        put(values, path, entry(0.2, 0.1, 0.3))
    return values, runs


def put(values, path, cell):
    """Publish a cell under a path such as "layers-rnn/cv/2/test"."""
    name, rest = path.split("/", 1)
    row, _, column = rest.rpartition("/")
    values.setdefault(name, {"run": "a run", "rows": {}})["rows"].setdefault(row, {})[column] = cell


def verdicts(values, runs):
    return {claim["id"]: claim["verdict"] for claim in claims.judge(values, runs)}


def test_every_claim_is_judged_and_its_id_is_its_own():
    judged = claims.judge(*ledger())
    assert len({claim["id"] for claim in judged}) == len(judged) > 30
    assert {claim["verdict"] for claim in judged} <= set(claims.WORDS.values())
    assert all(claim["evidence"] and claim["quote"] and claim["quantity"] and claim["rule"] for claim in judged)


@pytest.mark.parametrize("low, high, verdict", [(0.1, 0.3, "supported"), (-0.3, -0.1, "contradicted"),
                                                (-0.1, 0.3, "not decided by these data")])
def test_other_data_give_another_verdict(low, high, verdict):
    values, runs = ledger()
    put(values, "comparison-cells/cv/lstm/gain", entry((low + high) / 2, low, high))
    assert verdicts(values, runs)["lstm-beats-rnn-cv"] == verdict


def test_a_value_that_no_notebook_published_is_named_with_its_claim():
    values, runs = ledger()
    del values["comparison-cells"]["rows"]["cv/lstm"]["gain"]
    with pytest.raises(claims.ClaimError, match=r"the value comparison-cells/cv/lstm/gain, .*lstm-beats-rnn-cv"):
        claims.judge(values, runs)


@pytest.mark.parametrize("outcome", [{"error": "cell 3: ValueError"}, None])
def test_a_run_that_failed_or_was_left_out_is_not_measured(outcome):
    values, runs = ledger()
    values = {name: result for name, result in values.items() if not name.startswith("comparison-")}
    runs["09_lstm_vs_rnn"] = outcome
    runs = {run: outcome for run, outcome in runs.items() if outcome}
    found = verdicts(values, runs)
    assert found["lstm-beats-rnn-cv"] == "not measured"
    assert found["tanh"] != "not measured"


def test_a_rule_that_cannot_be_read_is_named(monkeypatch):
    broken = {"id": "odd", "section": "1", "quote": "q", "quantity": "q", "evidence": {"a": "x/row/column"}}
    for rule in ({"highest": ["a"]}, {"higher": ["b"]}, {"equivalent": ["a"]}):
        found = {"claims": [{**broken, "rule": rule}], "runs": {}}
        monkeypatch.setattr(source, "read", lambda name, found=found: found)
        monkeypatch.setattr(published, "values", dict)
        values = {}
        put(values, "x/row/column", entry(1.0))
        with pytest.raises(claims.ClaimError, match="the claim odd"):
            claims.judge(values, {})


def test_what_the_published_tables_decide_alone():
    found = verdicts({}, {})
    assert {id: v for id, v in found.items() if v != "not measured"} == {
        "published-lstm-cv": "contradicted", "published-best-rnn": "contradicted", "published-best-lstm": "supported",
        "published-rows-rnn": "contradicted", "published-rows-eight": "contradicted",
        "published-no-learning": "contradicted", "published-range": "contradicted"}


def test_every_value_comes_from_a_run_of_a_notebook():
    runs = source.read("claims.yaml")["runs"]
    assert {run.removesuffix("-rnn").removesuffix("-lstm") for run in runs.values()} <= {
        path.stem for path in paths.NOTEBOOKS.glob("*.ipynb")}
    assert all(any(name.startswith(start) for start in runs) for name in claims.names())


def test_quotes_are_short_and_the_sources_sections_are_known():
    for claim in yaml.safe_load((paths.SOURCE / "claims.yaml").read_text(encoding="utf-8"))["claims"]:
        assert len(claim["quote"].split()) <= 18
        assert isinstance(claim["section"], str) and claim["section"][0] in "12"


# Beside the published numbers.

@pytest.fixture
def build(tmp_path):
    """A build with the two-layer RNN on handwriting as its only network, and values for every claim."""
    values, runs = ledger()
    values |= {name: {"run": "a run", "rows": {}} for name in ("layers-rnn", "layers-lstm", "nodes-rnn", "nodes-lstm")}
    for name in ("layers-rnn", "layers-lstm"):
        for path in (path for path in claims.names() if path.startswith(name)):
            put(values, path.replace("/2/", "/two/"), entry(0.2, 0.1, 0.3))  # no row of the published tables
    for column, cell in {"train": entry(0.6), "train_run": entry(0.6, 0.5, 0.62), "train_agrees": entry("lies outside"),
                         "test": entry(0.46), "run": entry(0.46, 0.4, 0.5), "agrees": entry("lies in"),
                         "train_published": entry(0.64), "test_published": entry(0.49)}.items():
        put(values, f"layers-rnn/handwriting/2/{column}", cell)
    runs = {run: outcome for run, outcome in runs.items() if not run.startswith(("03", "04"))}
    rest = {"fingerprint": "f", "train": 1, "test": 1, "frames": 1, "date": "2022-05-01", "sample": False}
    datasets = {"handwriting": {"title": "Handwriting", "classes": ["tA", "lA", "chA", "bA", "a"], **rest},
                "cv": {"title": "CV segments", "classes": ["ba", "ka"], **rest}}
    (tmp_path / "tables").mkdir()
    provenance = {"datasets": datasets, "runs": runs, "profile": "quick"}
    for name, content in {"values": values, "provenance": provenance}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    claims.write(tmp_path)
    return tmp_path


def rows(build, name):
    with (build / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_published_accuracy_has_a_row(build):
    found = rows(build, "published")
    assert len(found) == 2 * len(published.source_rows()) == len(rows(build, "published.typeset"))
    assert [(r["accuracy"], r["lies"]) for r in found[:2]] == [("training", "lies outside"), ("test", "lies in")]
    assert float(found[1]["difference"]) == pytest.approx(-0.03)
    assert {r["lies"] for r in found[2:]} == {"not run in this profile"}
    counted = json.loads((build / "claims.json").read_text())["published"]
    assert counted["test"] == {"all": 26, "inside": 1, "outside": 0, "nothing": 0, "absent": 25}
    assert counted["training"] == {"all": 26, "inside": 0, "outside": 1, "nothing": 0, "absent": 25}


def test_only_the_same_classes_are_said_to_be_the_same(build):
    found = {(r["report"], r["dataset"]): r for r in rows(build, "reference")}
    assert found["imraunav/Deep-Learning-and-Applications", "Handwriting"]["as_here"] == "yes"  # in any order
    assert found["imraunav/Deep-Learning-and-Applications", "CV segments"]["as_here"] == "no"
    assert found["the source report", "CV segments"]["as_here"] == "not said"
    assert found["this run", "Handwriting"]["lstm"] == "0.2 [0.1, 0.3]"
    assert ("Kishan2912/Handwritten-Character-Recognition", "CV segments") not in found


def test_the_same_build_gives_the_same_bytes(build):
    files = [build / "claims.json", *sorted((build / "tables").iterdir())]
    before = [file.read_bytes() for file in files]
    claims.write(build)
    assert [file.read_bytes() for file in files] == before
