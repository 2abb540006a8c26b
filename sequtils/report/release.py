"""Handing in: a copy of the finished report in report/, and its main results as a table in README.md; and a list of all
figures and tables with checksums."""

import hashlib
import json
from pathlib import Path

from sequtils import paths
from sequtils.files import read_json, write_atomic
from sequtils.original import claims

BEGIN, END = "<!-- results: python -m sequtils hand-in -->\n", "<!-- end of results -->\n"
FILES = {"report.pdf": "report.pdf", "values.json": "values.json", "provenance.json": "provenance.json",
         "figures/comparison-slide.svg": "results.svg"}  # in the build folder -> in report/
ROWS = {  # what a row shows of a cell and a data set: result, row and column
    "published": "layers-{cell}/{data}/2/test_published",
    "measured again in the same set-up": "comparison-cells/{data}/{cell}/test",
    "best model, chosen on folds": "comparison-ladder/{data}/{cell}/chosen/test",
}
GAINS = {"published": None, "measured again in the same set-up": "comparison-cells/{data}/lstm/gain",
         "best model, chosen on folds": "comparison-best/{data}/gain"}


def hand_in(build=None):
    """Copy the report of a build folder into report/ and write its results into README.md; return the files written.

    Raises ValueError for a build that lacks a file or a value, and before anything is written.
    """
    build, readme = Path(build or paths.BUILD), paths.ROOT / "README.md"
    missing = [name for name in FILES if not (build / name).exists()]
    if missing:
        raise ValueError(f"{build}: {', '.join(missing)} not there, run the whole report first")
    values, provenance = (read_json(build / name, {}) for name in ("values.json", "provenance.json"))
    content = {readme: replaced(readme.read_text(encoding="utf-8"), section(values, provenance))}
    content |= {paths.REPORT / target: (build / name).read_bytes() for name, target in FILES.items()}
    content[paths.ROOT / "codecheck.yml"] = codecheck(build, read_json(build / "manifest.json", {}), provenance)
    for path, data in content.items():
        write_atomic(path, data)
    return list(content)


def codecheck(build, manifest, provenance):
    """What an independent checker makes again and compares, as a codecheck.yml (codecheck.org.uk, version 1.0): every
    published figure and table with its caption and SHA-256. Strings are written as JSON, which YAML holds."""
    items = [*manifest["figures"].values(), *manifest["tables"].values()]
    lines = ["---", "version: https://codecheck.org.uk/spec/config/1.0/", "paper:",
             "  title: RNN against LSTM, measured again", "  authors:", "    - name: The sequtils authors",
             f"# Made by: make report DATA=DIR PROFILE={provenance['profile']}, of commit {provenance['commit']}",
             "manifest:"]
    for item in sorted(items, key=lambda item: item["file"]):
        digest = hashlib.sha256((build / item["file"]).read_bytes()).hexdigest()
        lines += [f"  - file: report/build/{item['file']}", f"    sha256: {digest}",
                  f"    comment: {json.dumps(item['caption'], ensure_ascii=False)}"]
    return "\n".join([*lines, ""])


def section(values, provenance):
    """The README's results, in Markdown. Raises ValueError that names a missing value."""
    return "\n".join([
        "![Test accuracy of RNN and LSTM on both data sets](report/results.svg)", "",
        "| test accuracy [95 % interval] | RNN | LSTM | LSTM minus RNN |", "| --- | --- | --- | --- |",
        *[_row(d["title"], data, what, values) for data, d in provenance["datasets"].items() for what in ROWS], "",
        _origin(provenance), ""])


def replaced(text, new):
    """A README with another section of results. Raises ValueError where its two marks are not there."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md lacks the lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}{new}{END}{after}"


def _row(title, data, what, values):
    names = [ROWS[what].format(cell=cell, data=data) for cell in ("rnn", "lstm")]
    names += [GAINS[what].format(data=data)] if GAINS[what] else []
    cells = [claims.shown(claims.lookup(name, values)) for name in names]
    if claims.NOT_MEASURED in cells:
        raise ValueError(f"the report has no value {names[cells.index(claims.NOT_MEASURED)]}")
    return f"| {title}, {what} | " + " | ".join(cells + ["–"] * (3 - len(cells))) + " |"


def _origin(provenance):
    sets = "; ".join(f"{d['title']}: {' '.join(d['classes'])}, {d['train']} training and {d['test']} test sequences"
                     + (", synthetic" if d["sample"] else "") for d in provenance["datasets"].values())
    experiments = sum(run["trials"][kind] for run in provenance["runs"].values() for kind in ("new", "stored"))
    return (f"Profile `{provenance['profile']}`, {provenance['seeds']} seeds. {sets}. It rests on {experiments} "
            "experiments, each a training or a measurement. "
            "The whole report: [report/report.pdf](report/report.pdf).")
