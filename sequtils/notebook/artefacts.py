"""What a notebook publishes: figures, tables and values, shown in the notebook and kept for the report; its answer.

In the build folder: figures/ID.svg, tables/ID.csv (raw numbers), tables/ID.typeset.csv (the same as the report sets
them), values.json (ID -> row -> column -> value, low, high, text) and manifest.json (what each figure and table is).
Several notebooks may publish at once. A run begins by withdrawing what the same run published before.
"""

from pathlib import Path

from filelock import FileLock
from IPython.display import HTML, Image, Markdown, display
from matplotlib.figure import Figure

from sequtils import data
from sequtils.files import read_json, write_atomic, write_json
from sequtils.notebook import plots


class Answer:
    """The answer of a notebook, shown at its head: each sentence as soon as a later cell has found it."""

    def __init__(self):
        self.sentences = []
        self.head = display(Markdown("**Answer.** It comes here as the cells below are run."), display_id="answer")

    def say(self, sentence):
        """Print a sentence in this cell, and add it to those at the head."""
        print(sentence)
        self.sentences.append(sentence)
        self.head.update(Markdown("\n".join(["**Answer of this run.**", "", *(f"- {s}" for s in self.sentences)])))


class Publisher:
    """The one call by which a notebook run publishes. build: folder of the report, or None to show and keep nothing.

    notebook: its name, such as "03_layers". cell: the recurrent cell that the run is about, or None. datasets: names of
    those that the report is about; what is about another one is shown only.
    """

    def __init__(self, notebook, build=None, cell=None, datasets=tuple(data.LAYOUTS)):
        self.notebook, self.cell, self.datasets = notebook, cell, datasets
        self.run = "-".join(filter(None, (notebook, cell)))
        self.build = Path(build) if build else None
        if self.build:
            self.withdraw()

    def __call__(self, name, thing, caption, dataset=None, source=None, without=()):
        """Show a matplotlib Figure or a `Result` under its caption, and keep it under a name for the report.

        dataset: the Dataset that it is about. source: the number of the source report's figure that it stands for, or
        the section of its table. without: columns of a Result that a reader does not see.
        """
        self._show(thing, caption, without)
        if not self.build or (dataset and dataset.name not in self.datasets):
            return
        kind = "figures" if isinstance(thing, Figure) else "tables"
        self._keep("manifest.json", kind, self._write(kind, name, thing, without), name, caption,
                   dataset=getattr(dataset, "name", None), sample=getattr(dataset, "sample", None), source=source)
        if kind == "tables":
            entry = {"run": self.run, "rows": thing.cells(), **({"absent": thing.absent()} if thing.reasons else {})}
            self._update("values.json", lambda values: values.update({name: entry}))

    def leave_out(self, name, reason):
        """Say why these data do not give what should have been published under a name, in words for the reader."""
        print(f"left out: {reason}")
        if self.build:
            self._update("values.json", lambda values: values.setdefault(name, {"run": self.run, "rows": {}}).update(
                {"absent": {"": reason}}))

    def timed(self, name, thing, caption, without=()):
        """The same for what holds seconds, or what is made of them."""
        self._show(thing, caption, without)
        if self.build:
            kind = "figures" if isinstance(thing, Figure) else "tables"
            self._keep("timings.json", kind, self._write("timings", name, thing, without), name, caption, source=None)

    @staticmethod
    def _show(thing, caption, without):
        if isinstance(thing, Figure):
            display(Image(plots.render(thing, "png"), width=int(thing.get_figwidth() * plots.SCREEN)))
        else:
            display(HTML(thing.html(without)))
        print(caption)

    def _write(self, folder, name, thing, without):
        """Write the files of a Figure or a Result; return the relative name of the first."""
        if isinstance(thing, Figure):
            content = {f"{folder}/{name}.svg": plots.render(thing, "svg")}
        else:
            content = {f"{folder}/{name}.csv": thing.frame().to_csv(index=False),
                       f"{folder}/{name}.typeset.csv": thing.table(without).to_csv(index=False)}
        for file, text in content.items():
            write_atomic(self.build / file, text)
        return next(iter(content))

    def _keep(self, where, kind, file, name, caption, **about):
        entry = {"id": name, "file": file, "caption": caption, "run": self.run, "notebook": self.notebook,
                 "cell": self.cell, **about}
        self._update(where, lambda manifest: manifest.setdefault(kind, {}).update({name: entry}))

    def withdraw(self):
        """Take back all that this run has published."""

        def forget(entries):
            for name in [n for n, entry in entries.items() if entry["run"] == self.run]:
                del entries[name]

        self._update("values.json", forget)
        for file in ("manifest.json", "timings.json"):
            self._update(file, lambda manifest: [forget(entries) for entries in manifest.values()])

    def _update(self, file, change):
        """Read, change and write one of the shared JSON files, while no other notebook does."""
        self.build.mkdir(parents=True, exist_ok=True)
        with FileLock(self.build / ".lock"):
            entries = read_json(self.build / file, {})
            change(entries)
            write_json(self.build / file, entries)
