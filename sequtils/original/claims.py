"""What the source report claims, judged by what the notebooks published; report/source/claims.yaml holds the claims.

`write` makes from a build what the report's chapters on them take: claims.json and the tables published and reference.
"""

import csv
import io
from pathlib import Path

from sequtils.files import read_json, write_atomic, write_json
from sequtils.original import published, rules

WORDS = {True: "supported", False: "contradicted", None: "not decided by these data"}
NOT_MEASURED = "not measured"
BEST = {(name, cell): f"comparison.{name}.{cell}.best.test"  # test accuracy of the best single network
        for name in published.DATASETS for cell in ("rnn", "lstm")}


class ClaimError(RuntimeError):
    """A claim cannot be judged; the message names it, and the value or the rule that is missing."""


def names():
    """Names of all values of the notebooks that `write` needs."""
    found = {name for claim in published.read("claims.yaml")["claims"] for name in claim["evidence"].values()}
    return sorted({name for name in found if not name.startswith("published.")} | set(BEST.values()))


def judge(values, runs):
    """The claims in the order of claims.yaml, each a dict with id, section, quote, quantity, rule in words, evidence (a
    list of dicts with label, name and text) and verdict.

    values: entries of values.json by name. runs: outcomes of provenance.json by run. A claim is "not measured" where a
    run failed, or was not run, that publishes its values. Raises ClaimError for any other missing value.
    """
    known = {**values, **published.values()}
    return [_judged(claim, known, runs) for claim in published.read("claims.yaml")["claims"]]


def _judged(claim, values, runs):
    evidence = {label: find(name, values, runs, f"the claim {claim['id']}")
                for label, name in claim["evidence"].items()}
    try:
        rule = rules.in_words(claim["rule"])
        verdict = NOT_MEASURED if None in evidence.values() else WORDS[rules.decide(claim["rule"], evidence)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ClaimError(f"the rule of the claim {claim['id']} cannot be read ({error!r})") from None
    told = [{"label": label, "name": claim["evidence"][label], "text": shown(entry)}
            for label, entry in evidence.items()]
    return {**{key: claim[key] for key in ("id", "section", "quote", "quantity")}, "rule": rule, "evidence": told,
            "verdict": verdict}


def find(name, values, runs, who):
    """The entry of a value, or None where the run that publishes it failed or was not run. Raises ClaimError for one
    that no notebook published although it ran; `who` needs it."""
    if name in values:
        return values[name]
    publishers = published.read("claims.yaml")["runs"]
    run = next((run for start, run in publishers.items() if name.startswith(f"{start}.")), None)
    if run is None or (run in runs and runs[run]["error"] is None):
        raise ClaimError(f"no notebook published the value {name}, which {who} needs")
    return None


def shown(entry, missing=NOT_MEASURED):
    """What a reader sees of an entry: its text and its interval, held together by spaces that do not break."""
    return f"{entry['text']} {entry['range'].replace(' ', published.NBSP)}".strip() if entry else missing


def write(build):
    """Write claims.json, and the tables published and reference, raw (.csv) and as a reader sees them (.typeset.csv),
    into the build folder. Raises ClaimError where a value is missing that should be there."""
    build = Path(build)
    values, provenance = read_json(build / "values.json", {}), read_json(build / "provenance.json")
    datasets, runs = provenance["datasets"], provenance["runs"]
    claims = judge(values, runs)
    accuracies = published.published(build, {name: d["title"] for name, d in datasets.items()})
    best = {key: shown(find(name, values, runs, "the table of other reports"), published.NOT_RUN)
            for key, name in BEST.items()}
    others = published.reference(best, datasets)
    counts = {word: sum(c["verdict"] == word for c in claims) for word in (*WORDS.values(), NOT_MEASURED)}
    parts = {part: [row for row in accuracies if row["accuracy"] == part] for part in ("training", "test")}
    write_json(build / "claims.json", {"claims": claims, "counts": counts, "published": {
        part: published.count(rows) for part, rows in parts.items()}})
    _write_table(build, "published", accuracies, published.typeset_published)
    _write_table(build, "reference", others, published.typeset_reference)


def _write_table(build, id, rows, typeset):
    for suffix, content in ((".csv", rows), (".typeset.csv", [typeset(row) for row in rows])):
        text = io.StringIO()
        table = csv.DictWriter(text, list(content[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(content)
        write_atomic(build / "tables" / f"{id}{suffix}", text.getvalue())
