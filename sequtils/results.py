"""A tidy result: what a measurement found, as one table that shows itself, and any cell of which can be named."""

import numpy as np
import pandas as pd

from sequtils import text
from sequtils.statistics import Difference, Estimate

# How a reader sees the columns that many results have.
HEADS = {"dataset": "Data set", "cell": "Cell", "train": "Training", "test": "Test [95 %]", "gain": "Gain [95 %]",
         "verdict": "Test accuracy", "train_published": "Source, training", "test_published": "Source, test",
         "test_difference": "Diff.", "balanced": "Balanced", "macro_f1": "Macro F1"}
FORMS = {"epochs": "g", "test_difference": "+.3f"}
BARE = {"train"}  # shown without its interval: the range of the seeds


class Result:
    """A row for each thing measured, a column for each quantity.

    by: what names a row, such as ("dataset", "layers"). rows: its names, such as ("cv", 8) -> {column: Estimate,
    number, word or None}. forms: column -> one of Python's formats, where three decimals do not suit. heads: column ->
    what a reader sees above it; of columns with no head, here or in HEADS, the name is shown. titles: name of a row ->
    what a reader sees, such as {"cv": "CV segments"}.

    A cell is result["cv", 8, "gain"]; result["cv", "last", "gain"] is the same, where 8 is the last row of its data
    set. `alias` gives more such names. KeyError says what is missing.
    """

    def __init__(self, by, rows, forms=(), heads=(), titles=()):
        self.by, self.rows = (by,) if isinstance(by, str) else tuple(by), {}
        self.forms, self.heads, self.titles = {**FORMS, **dict(forms)}, {**HEADS, **dict(heads)}, dict(titles)
        self.aliases, self.reasons = {}, {}
        for names, columns in rows.items():
            self.add(names if isinstance(names, tuple) else (names,), columns)

    def add(self, names, columns):
        """Append a row."""
        self.rows[names] = dict(columns)
        self.aliases.setdefault((*names[:-1], "first"), names)
        self.aliases[*names[:-1], "last"] = names

    def leave_out(self, names, reason):
        """Say why these data do not give a row, or all rows whose names begin so, in words for the reader."""
        self.reasons[names] = reason

    def alias(self, name, row):
        """Let (..., name) stand for a row as well."""
        self.aliases[*row[:-1], name] = row

    def names(self, *names):
        """The names of a row, by these or an alias."""
        return self.aliases.get(names, names)

    def row(self, *names):
        """The columns of a row, by its names or an alias; what names it, too."""
        names = self.names(*names)
        return {**dict(zip(self.by, names)), **self.rows[names]}

    def __getitem__(self, path):
        *names, column = path
        return self.row(*names)[column]

    def within(self, *names):
        """The last name of each row that begins with these names -> its columns."""
        return {row[-1]: columns for row, columns in self.rows.items() if row[: len(names)] == names}

    @property
    def columns(self):
        """Names of the columns, in the order in which the rows bring them."""
        return list(dict.fromkeys(name for row in self.rows.values() for name in row))

    def frame(self):
        """The numbers, in digits that are `text.stable`, as a DataFrame: an Estimate is spread over name, name_sd,
        name_low and name_high."""
        rows = [{**dict(zip(self.by, names)), **_spread(row)} for names, row in self.rows.items()]
        return pd.DataFrame([{name: text.stable(x) for name, x in row.items()} for row in rows],
                            dtype=object)  # whole numbers stay whole where a row has none

    def table(self, without=()):
        """What a reader sees, as a DataFrame of text. Columns of which no row says anything are left out, and those
        that `without` names."""
        head = lambda key: self.heads.get(key, key.replace("_", " ").capitalize())
        seen = {head(key): [self._title(row[i]) for row in self.rows] for i, key in enumerate(self.by)
                if key not in without}
        for key in self.columns:
            shown = [self.text(names, key) for names in self.rows]
            if key not in without and set(shown) - {"", text.ABSENT}:
                seen[head(key)] = shown
        return pd.DataFrame(seen)

    def text(self, names, column):
        """A cell as text."""
        x = self.rows[names].get(column)
        form = self.forms.get(column, "")
        if isinstance(x, Estimate):
            return text.number(x.mean, form or ".3f") if column in BARE else format(x, form)
        return text.number(x, form or ".3f")

    def _title(self, name):
        return str(self.titles.get(name, name)).replace(" ", text.NBSP)

    def cells(self):
        """Every cell for values.json, "cv/8" and "cv/last" -> column -> value, low, high, text and range; and of
        what p-values can be had, centre, error and freedom (`intervals.Mean`)."""
        every = {**{row: row for row in self.rows}, **self.aliases}
        return {"/".join(map(str, name)): {**{key: self._plain(x, "g") for key, x in zip(self.by, row)},
                                           **{column: self._cell(row, column) for column in self.rows[row]}}
                for name, row in every.items()}

    def absent(self):
        """For values.json, "cv/4" -> the reason, of the rows that are left out."""
        return {"/".join(map(str, names)): reason for names, reason in self.reasons.items()}

    def _cell(self, names, column):
        x, form = self.rows[names].get(column), self.forms.get(column, "")
        if not isinstance(x, Estimate):
            return self._plain(x, form)
        form = form or ("+.3f" if isinstance(x, Difference) else ".3f")
        verdict = {"verdict": x.verdict, "p": x.p} if isinstance(x, Difference) else {}
        known = {name: float(getattr(x.known, name)) for name in ("centre", "error", "freedom")} if x.known else {}
        numbers = {"value": float(x.mean), "low": float(x.low), "high": float(x.high), **verdict, **known}
        return {**{name: text.stable(n) for name, n in numbers.items()}, "text": text.number(x.mean, form),
                "range": x.span(form), **({"is_range": True} if x.is_range else {})}

    @staticmethod
    def _plain(x, form=""):
        x = x.item() if isinstance(x, np.generic) else x  # JSON knows no number of NumPy's, and no "not a number"
        x = None if x != x else x
        return {"value": text.stable(x), "low": None, "high": None, "text": text.number(x, form or ".3f"), "range": ""}

    def html(self, without=()):
        """`table` as HTML; one with a $ in a name is marked as without mathematics, which JupyterLab would set."""
        table = self.table(without)
        with pd.option_context("display.html.use_mathjax", "$" not in table.to_string()):
            return table.to_html(index=False, border=0)

    def _repr_html_(self):
        return self.html()

    def __repr__(self):
        return self.table().to_string(index=False)


def _spread(row):
    """The cells of a row as plain numbers and words."""
    spread = {}
    for name, x in row.items():
        if isinstance(x, Estimate):
            spread |= {name: x.mean, f"{name}_sd": x.sd, f"{name}_low": x.low, f"{name}_high": x.high}
        else:  # of a number that has words of its own as text, the number
            spread[name] = int(x) if isinstance(x, int) and not isinstance(x, bool) else x
    return spread
