"""The ledger: every rule has its three outcomes, a missing value is named, other values give another verdict."""

import csv
import json

import numpy as np
import pytest
import yaml
from scipy import stats

from sequtils import intervals, paths, statistics
from sequtils.intervals import Mean
from sequtils.original import claims, published, rules, source

FREEDOM = 9  # of all that is measured here
SURE, SOME, NIL = 0.01, 0.1, 1e-4  # errors of a mean


def entry(value, error=None):
    """A cell as `Result.cells` makes it: a word, a number without chance, or with an error what was measured."""
    if error is None:
        return {"value": value, "low": None, "high": None, "text": str(value), "range": ""}
    low, high = Mean(value, error, FREEDOM).interval()
    return {**entry(value), "low": low, "high": high, "range": f"[{low}, {high}]", "centre": value, "error": error,
            "freedom": FREEDOM}


def told(judged):
    """Whether a rule holds, as one claim alone would be judged."""
    return judged.supports < judged.contradicts if min(judged) < 0.05 else None


@pytest.mark.parametrize("value, error, verdict", [(0.2, SURE, True), (-0.2, SURE, False), (0.2, SOME, None),
                                                   (0.0, SURE, None), (0.2, 0.0, True), (0.0, 0.0, None)])
def test_higher_and_lower_mirror_each_other(value, error, verdict):
    x, zero = Mean(value, error, FREEDOM), Mean(0, 0, np.inf)
    assert told(rules.higher(x, zero)) is told(rules.lower(zero, x)) is verdict
    assert told(rules.lower(Mean(-value, error, FREEDOM), zero)) is verdict


@pytest.mark.parametrize("value", [0.1, 0.226, 0.2263, -0.2263, -0.3])
def test_higher_is_the_rule_of_the_report(value):
    x = Mean(value, 0.1, FREEDOM)  # 0.2262 is the reach of its interval
    low, high = x.interval()
    verdict = {True: "higher than", False: "lower than", None: "not told apart from"}
    assert verdict[told(rules.higher(x, Mean(0, 0, np.inf)))] == statistics.Difference(value, 0, low, high).verdict


def test_two_independent_numbers_are_compared_by_welch_s_test():
    a, b = [0.4, 0.5, 0.45, 0.6, 0.52], [0.3, 0.33, 0.31, 0.35]
    means = [Mean(np.mean(x), stats.sem(x), len(x) - 1) for x in (a, b)]
    judged = rules.higher(*means)
    assert judged.supports == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
    assert judged.contradicts == 1


@pytest.mark.parametrize("value, error, verdict", [(-0.2, SURE, True), (0.2, SURE, False), (0.2, SOME, None),
                                                   (0.0, 0.0, True), (0.0, SURE, None)])
def test_at_most(value, error, verdict):
    assert told(rules.at_most(Mean(value, error, FREEDOM), Mean(0, 0, np.inf))) is verdict


@pytest.mark.parametrize("value, error, verdict", [(0.0, SURE, True), (0.0, SOME, None), (0.2, SURE, False),
                                                   (-0.2, SURE, False), (0.04, SURE, None), (0.06, SURE, None),
                                                   (0.04, NIL, True), (0.06, NIL, False)])
def test_equivalent_needs_an_interval_within_the_margin(value, error, verdict):
    assert told(rules.equivalent(Mean(value, error, FREEDOM), Mean(0.05, 0, np.inf))) is verdict


def test_equivalence_is_two_one_sided_tests():
    a = np.array([0.01, 0.03, -0.02, 0.0, 0.015])
    judged = rules.equivalent(Mean(a.mean(), stats.sem(a), len(a) - 1), Mean(0.05, 0, np.inf))
    assert judged.supports == pytest.approx(max(stats.ttest_1samp(a, 0.05, alternative="less").pvalue,
                                                stats.ttest_1samp(a, -0.05, alternative="greater").pvalue))


def test_all_parts_hold_by_the_weakest_and_one_fails_by_the_strongest_of_them():
    parts = [rules.Judged(0.01, 1.0), rules.Judged(0.04, 1.0)]
    assert rules.all_of(parts) == (0.04, 1.0) and rules.any_of(parts) == (0.02, 1.0)
    against = [rules.Judged(1.0, 0.01), rules.Judged(0.001, 1.0)]
    assert rules.all_of(against) == (1.0, 0.02) and rules.any_of(against) == (0.002, 1.0)
    assert rules.opposite(parts[0]) == (1.0, 0.01)


@pytest.mark.parametrize("rule, verdict", [
    ({"higher": ["a"]}, True), ({"higher": ["a", "b"]}, False), ({"higher": ["a", "c"]}, None),
    ({"higher": {"of": ["a"], "than": 1}}, False), ({"lower": {"of": ["b"], "than": "a"}}, True),
    ({"any_of": [{"higher": ["b"]}, {"lower": ["b"]}]}, True), ({"not": {"higher": ["a"]}}, False),
    ({"shown": {"higher": ["a"]}}, True), ({"shown": {"higher": ["b"]}}, None),
    ({"equivalent": {"of": ["c"], "margin": 0.5}}, True), ({"at_most": {"of": ["a"], "bound": "plain"}}, True),
    ({"equal": ["word", "word"]}, True), ({"equal": ["word", "plain"]}, False), ({"higher": ["word"]}, None),
    ({"higher": ["range"]}, None), ({"higher": {"of": ["a"], "than": "range"}}, None),
])
def test_a_rule_is_read(rule, verdict):
    evidence = {"a": entry(0.2, SURE), "b": entry(-0.2, SURE), "c": entry(0.0, SOME), "plain": entry(0.3),
                "word": entry("no gradient"), "range": {**entry(0.9), "low": 0.8, "high": 0.95, "is_range": True}}
    assert told(rules.decide(rule, evidence)) is verdict
    assert rules.in_words(rule)


def test_a_rule_in_words():
    told = {"a, b > 0": {"higher": ["a", "b"]},
            "a ≤ b; and a = b": {"all_of": [{"at_most": {"of": ["a"], "bound": "b"}}, {"equal": ["a", "b"]}]},
            "an example of: a > 0": {"shown": {"higher": ["a"]}},
            "not −0.05 ≤ a ≤ 0.05": {"not": {"equivalent": {"of": ["a"], "margin": 0.05}}}}
    for words, rule in told.items():
        assert rules.in_words(rule).replace("\u00a0", " ") == words


WITHOUT_CHANCE = {path for claim in source.read("claims.yaml")["claims"] if claim["family"] == "calculated"
                  for path in claim["evidence"].values()}


def ledger():
    """Values with which every claim can be judged, and the runs that published them."""
    ran = {"error": None, "seconds": 1.0, "parameters": {}, "trials": {"new": 1, "stored": 0}}
    runs = {run: ran for run in source.read("claims.yaml")["runs"].values()}
    values = {}
    for path in claims.names():
        put(values, path, entry(0.2, None if path in WITHOUT_CHANCE else SURE))
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
    assert {claim["verdict"] for claim in judged} <= {
        *claims.WORDS.values(), *claims.OF_FINDINGS.values(), *claims.WITHOUT_RULE}
    assert all(claim["evidence"] and claim["quote"] and claim["quantity"] and claim["why"] for claim in judged)
    assert all((claim["rule"] == "") == (claim["verdict"] in claims.WITHOUT_RULE) for claim in judged)


def test_every_claim_is_of_a_family_and_only_families_have_chance():
    declared = source.read("claims.yaml")
    assert not set(declared["families"]) & set(declared["without_chance"])
    judged = claims.judge(*ledger())
    assert {claim["family"] for claim in judged} == {*declared["families"], *declared["without_chance"]}
    assert all((claim["p"] is None) == (claim["family"] in declared["without_chance"]) for claim in judged)


@pytest.mark.parametrize("value, error, verdict", [(0.2, SURE, "supported"), (-0.2, SURE, "contradicted"),
                                                   (0.2, SOME, "not decided by these data")])
def test_other_data_give_another_verdict(value, error, verdict):
    values, runs = ledger()
    put(values, "dependency-lengths/rnn/long/beyond_lstm", entry(-value, error))
    assert verdicts(values, runs)["lstm-solves"] == verdict


def test_a_verdict_holds_for_all_claims_of_the_family_together():
    values, runs = ledger()
    for path in claims.names():
        if path.startswith(("limits-bottleneck", "limits-regularisation")):
            put(values, path, entry(-0.25 if "batchnorm" in path else 0.25, SOME))  # p is 0.034 of each claim alone
    judged = [claim for claim in claims.judge(values, runs) if claim["family"] == "remedies"]
    assert len(judged) == 5 and all(0.03 < claim["p"] < 0.05 < claim["corrected"] for claim in judged)
    assert {claim["verdict"] for claim in judged} == {"not decided by these data"}
    assert [claim["corrected"] for claim in judged] == list(intervals.holm([claim["p"] for claim in judged]))


def test_a_finding_of_the_source_is_reproduced_or_not():
    values, runs = ledger()
    put(values, "layers-rnn/handwriting/2/train", entry(0.5, SURE))
    for trained, gap, verdict in ((0.7, 0.2, "reproduced"), (0.3, 0.2, "not reproduced"),  # training has to rise, too
                                  (0.7, -0.2, "not reproduced")):
        put(values, "layers-rnn/handwriting/last/train", entry(trained, SURE))
        put(values, "layers-rnn/handwriting/last/gap_beyond", entry(gap, SURE))
        assert verdicts(values, runs)["depth-overfits-rnn"] == verdict


def test_what_is_counted_cannot_have_chance_in_it():
    values, runs = ledger()
    put(values, "limits-memory/lstm/times", entry(4.0, SURE))
    with pytest.raises(claims.ClaimError, match=r"lstm-memory.*there is chance in it"):
        claims.judge(values, runs)


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
    broken = {"id": "odd", "section": "1", "quote": "q", "quantity": "q", "why": "w", "family": "all",
              "evidence": {"a": "x/row/column"}}
    for rule in ({"highest": ["a"]}, {"higher": ["b"]}, {"equivalent": ["a"]}):
        found = {"claims": [{**broken, "rule": rule}], "runs": {}, "about": {}, "families": {"all": "a"},
                 "without_chance": {}}
        monkeypatch.setattr(source, "read", lambda name, found=found: found)
        monkeypatch.setattr(published, "values", dict)
        values = {}
        put(values, "x/row/column", entry(1.0))
        with pytest.raises(claims.ClaimError, match="the claim odd"):
            claims.judge(values, {})


def test_a_value_that_these_data_do_not_give_is_not_measured():
    values, runs = ledger()
    del values["comparison-length"]["rows"]["cv/4"]
    values["comparison-length"]["absent"] = {"cv/4": "there are fewer test sequences than parts by length"}
    assert verdicts(values, runs)["because-long"] == "not measured"
    values["comparison-length"]["absent"] = {"cv/3": "no"}
    with pytest.raises(claims.ClaimError, match="comparison-length/cv/4/gain"):
        verdicts(values, runs)


def test_a_claim_is_judged_by_the_data_sets_that_are_there():
    values, runs = ledger()
    values = {name: {**result, "rows": {row: cells for row, cells in result["rows"].items() if "cv" not in row}}
              for name, result in values.items() if "cv" not in name}
    judged = {claim["id"]: claim for claim in claims.judge(values, runs, ["handwriting"])}
    assert judged.keys() < {claim["id"] for claim in source.read("claims.yaml")["claims"]}
    assert "lstm-beats-rnn-cv" not in judged and "lstm-beats-rnn-handwriting" in judged
    assert not any("/cv/" in entry["name"] for claim in judged.values() for entry in claim["evidence"])
    assert all(claim["verdict"] != "not measured" for claim in judged.values())


def test_a_rule_without_some_of_its_labels():
    both = {"all_of": [{"higher": ["a", "b"]}, {"not": {"lower": {"of": ["c"], "than": "b"}}}, {"equal": ["a", "b"]}]}
    assert rules.without(both, set()) == {"all_of": [{"higher": {"of": ["a", "b"], "than": 0}}, {
        "not": {"lower": {"of": ["c"], "than": "b"}}}, {"equal": ["a", "b"]}]}
    assert rules.without(both, {"b"}) == {"all_of": [{"higher": {"of": ["a"], "than": 0}}]}
    assert rules.without(both, {"a", "b"}) is None


def test_what_the_published_tables_decide_alone():
    found = verdicts({}, {})
    assert {id: v for id, v in found.items() if id.startswith("published-")} == {
        "published-lstm-cv": "contradicted", "published-best-rnn": "contradicted", "published-best-lstm": "supported",
        "published-rows-rnn": "contradicted", "published-rows-eight": "contradicted",
        "published-no-learning": "contradicted", "published-range": "contradicted"}
    assert {v for id, v in found.items() if not id.startswith("published-")} == {"not measured", *claims.WITHOUT_RULE}


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
            put(values, path.replace("/2/", "/two/"), entry(0.2, SURE))  # no row of the published tables
    one_run = lambda value, low, high: {**entry(value), "low": low, "high": high}
    for column, cell in {"train": entry(0.6), "train_run": one_run(0.6, 0.5, 0.62),
                         "train_agrees": entry("lies outside"), "test": entry(0.46), "run": one_run(0.46, 0.4, 0.5),
                         "agrees": entry("lies in"),
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
    assert found["this run", "Handwriting"]["lstm"] == claims.shown(entry(0.2, SURE))
    assert ("Kishan2912/Handwritten-Character-Recognition", "CV segments") not in found


def test_the_same_build_gives_the_same_bytes(build):
    files = [build / "claims.json", *sorted((build / "tables").iterdir())]
    before = [file.read_bytes() for file in files]
    claims.write(build)
    assert [file.read_bytes() for file in files] == before
