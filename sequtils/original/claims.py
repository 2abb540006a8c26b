"""What the source report claims, judged by what the notebooks published; report/source/claims.yaml holds the claims.

`write` makes from a build what the report's chapters on them take: claims.json and the tables published and reference.
"""

import csv
import io
from pathlib import Path

from sequtils.files import read_json, write_atomic, write_json
from sequtils.original import published, rules, source

WORDS = {True: "supported", False: "contradicted", None: "not decided by these data"}
NOT_MEASURED = "not measured"
BEST = {(name, cell): f"comparison-ladder/{name}/{cell}/chosen/test"  # test accuracy of the best single network
        for name in published.DATASETS for cell in ("rnn", "lstm")}


class ClaimError(RuntimeError):
    """A claim cannot be judged; the message names it, and the value or the rule that is missing."""


def names():
    """Names of all values of the notebooks that `write` needs."""
    found = {name for claim in source.read("claims.yaml")["claims"] for name in claim["evidence"].values()}
    return sorted({name for name in found if not name.startswith("published/")} | set(BEST.values()))


def judge(values, runs):
    """The claims in the order of claims.yaml, each a dict with id, section, quote, quantity, rule in words, evidence (a
    list of dicts with label, name and text) and verdict.

    values: the content of values.json. runs: outcomes of provenance.json by run. A claim is "not measured" where a
    run failed, or was not run, that publishes its values. Raises ClaimError for any other missing value.
    """
    known = {**values, "published": published.values()}
    return [_judged(claim, known, runs) for claim in source.read("claims.yaml")["claims"]]


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


def find(path, values, runs, who):
    """The cell that a path such as "layers-rnn/cv/last/gain" names (a result, its row, a column), or None where the run
    that publishes it failed or was not run. Raises ClaimError for one that no notebook published although it ran; `who`
    needs it."""
    found = lookup(path, values)
    if found:
        return found
    name, publishers = path.split("/")[0], source.read("claims.yaml")["runs"]
    run = next((run for start, run in publishers.items() if name.startswith(start)), None)
    if run is None or (run in runs and runs[run]["error"] is None):
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
    claims = judge(values, runs)
    accuracies = published.published(values, {name: d["title"] for name, d in datasets.items()})
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
