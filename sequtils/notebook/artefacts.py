"""What a notebook publishes: figures, tables and values, shown in the notebook and kept for the report; its answer.

In the build folder: figures/ID.svg, tables/ID.csv (raw numbers), tables/ID.typeset.csv (the same as the report sets
them), values.json (name -> value, low, high, text) and manifest.json (what each figure and table is). Several notebooks
may publish at once. A run begins by withdrawing what the same run published before.
"""

import re
from pathlib import Path

from filelock import FileLock
from IPython.display import HTML, Image, Markdown, display

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
    """The three calls of one notebook run. build: folder of the report, or None to show and keep nothing.

    notebook: its name, such as "03_layers". cell: the recurrent cell that the run is about, or None.
    """

    def __init__(self, notebook, build=None, cell=None):
        self.notebook, self.cell = notebook, cell
        self.run = "-".join(filter(None, (notebook, cell)))
        self.build = Path(build) if build else None
        if self.build:
            self.withdraw()

    def figure(self, id, fig, caption, dataset=None):
        """Publish a matplotlib Figure. An id such as "1.3" is the number of the source's figure that it stands for."""
        self._show(Image(plots.render(fig, "png"), width=int(fig.get_figwidth() * 96)), caption)
        source = id if re.fullmatch(r"\d+\.\d+", id) else None
        self._keep("figures", id, {f"figures/{id}.svg": plots.render(fig, "svg")}, caption, dataset, source)

    def table(self, id, frame, caption, typeset=None, dataset=None, source=None):
        """Publish a DataFrame of raw numbers; typeset: the same as text, as a reader should see it.

        source: the section of the source report whose table this one stands for.
        """
        typeset = frame.astype(str) if typeset is None else typeset
        self._show(HTML(typeset.to_html(index=False, border=0)), caption)
        content = {f"tables/{id}.csv": frame.to_csv(index=False),
                   f"tables/{id}.typeset.csv": typeset.to_csv(index=False)}
        self._keep("tables", id, content, caption, dataset, source)

    def value(self, name, x, interval=None, text=None):
        """Publish a number, or a word, under a name, with its interval (low, high); text: how prose writes it, by
        default with three decimals, and a whole number as it is."""
        low, high = map(float, interval) if interval else (None, None)
        text = text or (str(x) if isinstance(x, (int, str)) else f"{x:.3f}".replace("-", "−"))
        between = f"[{low:.3f}, {high:.3f}]".replace("-", "−") if interval else ""
        entry = {"value": x if isinstance(x, (int, str)) else float(x), "low": low, "high": high, "text": text,
                 "range": between, "run": self.run}
        if self.build:
            self._update("values.json", lambda values: values.update({name: entry}))

    def _keep(self, kind, id, content, caption, dataset, source):
        if not self.build:
            return
        for name, data in content.items():
            write_atomic(self.build / name, data)
        entry = {"id": id, "file": next(iter(content)), "caption": caption, "source": source, "run": self.run,
                 "notebook": self.notebook, "cell": self.cell, "dataset": getattr(dataset, "name", None),
                 "sample": getattr(dataset, "sample", None)}
        self._update("manifest.json", lambda manifest: manifest.setdefault(kind, {}).update({id: entry}))

    def withdraw(self):
        """Take back all that this run has published."""

        def forget(entries):
            for name in [n for n, entry in entries.items() if entry["run"] == self.run]:
                del entries[name]

        self._update("values.json", forget)
        self._update("manifest.json", lambda manifest: [forget(entries) for entries in manifest.values()])

    def _update(self, file, change):
        """Read, change and write one of the shared JSON files, while no other notebook does."""
        self.build.mkdir(parents=True, exist_ok=True)
        with FileLock(self.build / ".lock"):
            entries = read_json(self.build / file, {})
            change(entries)
            write_json(self.build / file, entries)

    @staticmethod
    def _show(shown, caption):
        display(shown)
        print(caption)
