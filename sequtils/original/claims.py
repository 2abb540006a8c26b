"""What the source report claims, judged by what the notebooks published; report/source/claims.yaml holds the claims.

`write` makes from a build what the report's chapters on them take: claims.json and the tables published and reference.
"""

import csv
import io
from pathlib import Path

from sequtils import text
from sequtils.files import read_json, write_atomic, write_json
from sequtils.intervals import LEVEL, holm
from sequtils.original import published, rules, source

WORDS = {True: "supported", False: "contradicted", None: "not decided by these data"}
OF_FINDINGS = {True: "reproduced", False: "not reproduced", None: WORDS[None]}  # of claims that are a run's outcome
NOT_MEASURED = "not measured"
WITHOUT_RULE = ("true by construction", "cannot be judged here")  # what the ledger itself may say of a claim
BEST = {(name, cell): f"comparison-ladder/{name}/{cell}/chosen/test"  # test accuracy of the best single network
        for name in published.DATASETS for cell in ("rnn", "lstm")}


class ClaimError(RuntimeError):
    """A claim cannot be judged; the message names it, and the value or the rule that is missing."""


def names():
    """Names of all values of the notebooks that `write` needs."""
    found = {name for claim in source.read("claims.yaml")["claims"] for name in claim["evidence"].values()}
    return sorted({name for name in found if not name.startswith("published/")} | set(BEST.values()))


def judge(values, runs, datasets=published.DATASETS):
    """The claims in the order of claims.yaml, each a dict with id, section, quote, quantity, why, family, finding, rule
    in words, evidence (a list of dicts with label, name and text), p, corrected, chance (both as text) and verdict.

    p: p-value of the verdict, None where there is no chance in the evidence or nothing is judged; corrected: the same
    with Holm's correction (1979) for all the claims of the family, which the verdict goes by.
    values: the content of values.json. runs: outcomes of provenance.json by run. datasets: names of those in this
    report; a claim is judged by these alone, and there is none that is about the others. A claim is "not measured"
    where a run failed, or was not run, that publishes its values, or where these data do not give one. Raises
    ClaimError for any other missing value.
    """
    ledger = source.read("claims.yaml")
    known = {**values, "published": published.values()}
    claims = [_weighed(claim, known, runs) for claim in _about(ledger["claims"], datasets)]
    for family in ledger["families"]:
        members = [claim for claim in claims if claim["family"] == family and claim["p"] is not None]
        for claim, corrected in zip(members, holm([claim["p"] for claim in members])):
            claim["corrected"] = float(corrected)
            claim["verdict"] = claim["verdict"] if corrected < 1 - LEVEL else WORDS[None]
    return [{**claim, "chance": [text.chance(claim[key]) for key in ("p", "corrected")]} for claim in claims]


def _about(claims, datasets):
    """The claims without the evidence on data sets that are not there, and without those that have no other."""
    for claim in claims:
        gone = {label for label, path in claim["evidence"].items() if elsewhere(path, datasets)}
        left = {label: path for label, path in claim["evidence"].items() if label not in gone}
        rule = rules.without(claim["rule"], gone) if "rule" in claim else "none"
        if rule and (left or not gone):
            yield {**claim, "evidence": left, **({"rule": rule} if "rule" in claim else {})}


def elsewhere(path, datasets):
    """Whether a path names what is about a data set that is not among these."""
    name, *row = path.split("/")
    said = {*row, *name.split("-"), source.read("claims.yaml")["about"].get(name)}
    return bool(said & {name for name in published.DATASETS if name not in datasets})


def _weighed(claim, values, runs):
    """A claim with the p-value and the verdict that it would have alone."""
    evidence = {label: find(name, values, runs, f"the claim {claim['id']}")
                for label, name in claim["evidence"].items()}
    told = [{"label": label, "name": claim["evidence"][label], "text": shown(entry)}
            for label, entry in evidence.items()]
    said = {**{key: claim[key] for key in ("id", "section", "quote", "quantity", "why", "family")},
            "finding": claim.get("finding", False)}
    try:
        rule, p, verdict = _verdict(claim, evidence)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ClaimError(f"the rule of the claim {claim['id']} cannot be read ({error!r})") from None
    return {**said, "rule": rule, "evidence": told, "p": p, "corrected": p, "verdict": verdict}


def _verdict(claim, evidence):
    """(rule in words, p-value, verdict) of a claim; one without a rule has its verdict in the ledger."""
    if "rule" not in claim:
        return "", None, claim["verdict"]
    rule = rules.in_words(claim["rule"])
    if None in evidence.values():
        return rule, None, NOT_MEASURED
    judged = rules.decide(claim["rule"], evidence)
    p, words = min(judged), OF_FINDINGS if claim.get("finding") else WORDS
    verdict = words[judged.supports < judged.contradicts if p < 1 - LEVEL else None]
    if claim["family"] in source.read("claims.yaml")["families"]:
        return rule, p, verdict
    if set(judged) - {0, 1}:
        raise ValueError(f"there is chance in it, which the family {claim['family']} has not")
    return rule, None, verdict


def find(path, values, runs, who):
    """The cell that a path such as "layers-rnn/cv/last/gain" names (a result, its row, a column), or None where the run
    that publishes it failed or was not run, or says that these data do not give it. Raises ClaimError for one that no
    notebook published without a word; `who` needs it."""
    found = lookup(path, values)
    if found:
        return found
    name, publishers = path.split("/")[0], source.read("claims.yaml")["runs"]
    if any(not row or f"{path}/".startswith(f"{name}/{row}/") for row in values.get(name, {}).get("absent", {})):
        return None
    run = next((run for start, run in publishers.items() if name.startswith(start)), None)
    outcome = runs.get(run, {"error": NOT_MEASURED})
    if run is None or not outcome["error"]:
        raise ClaimError(f"no notebook published the value {path}, which {who} needs")
    return None


def lookup(path, values):
    """The cell that a path names in the content of values.json, or None."""
    name, rest = path.split("/", 1)
    row, _, column = rest.rpartition("/")
    return values.get(name, {"rows": {}})["rows"].get(row, {}).get(column)


def shown(entry, missing=NOT_MEASURED):
    """What a reader sees of an entry: its text and its interval, held together by spaces that do not break."""
    return f"{entry['text']} {entry['range']}".strip() if entry else missing


def write(build):
    """Write claims.json, and the tables published and reference, raw (.csv) and as a reader sees them (.typeset.csv),
    into the build folder. Raises ClaimError where a value is missing that should be there."""
    build = Path(build)
    values, provenance = read_json(build / "values.json", {}), read_json(build / "provenance.json")
    datasets, runs = provenance["datasets"], provenance["runs"]
    claims = judge(values, runs, datasets)
    accuracies = published.published(values, {name: d["title"] for name, d in datasets.items()})
    best = {key: shown(find(name, values, runs, "the table of other reports"), published.NOT_RUN)
            for key, name in BEST.items() if key[0] in datasets}
    others = published.reference(best, datasets)
    told = [claim["verdict"] for claim in claims]
    counts = {word: told.count(word) for word in (*WORDS.values(), *OF_FINDINGS.values(), NOT_MEASURED, *WITHOUT_RULE)}
    parts = {part: [row for row in accuracies if row["accuracy"] == part] for part in ("training", "test")}
    ledger = source.read("claims.yaml")
    write_json(build / "claims.json", {
        "claims": claims, "counts": counts,
        "families": list({**ledger["families"], **ledger["without_chance"]}.items()),
        "published": {part: published.count(rows) for part, rows in parts.items()}})
    _write_table(build, "published", accuracies, published.typeset_published)
    _write_table(build, "reference", others, published.typeset_reference)


def _write_table(build, id, rows, typeset):
    for suffix, content in ((".csv", rows), (".typeset.csv", [typeset(row) for row in rows])):
        written = io.StringIO()
        table = csv.DictWriter(written, list(content[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(content)
        write_atomic(build / "tables" / f"{id}{suffix}", written.getvalue())
