"""What a reader sees of a typst source: its prose, without equations, references, names of values and code."""

import re

WORD = re.compile(r"[A-Za-z_][\w-]*")
STATEMENTS = ("let", "set", "show", "import", "include", "return")  # up to the end of the line
BLOCKS = ("if", "for", "while")  # up to the end of the block that follows


def prose(source):
    """The source with a blank in place of every character that is no prose, so that places and lines stay."""
    return _Reader(source).read()


class _Reader:
    """Reads markup, and in it code, in which square brackets hold markup again; `kept` are the places of prose."""

    def __init__(self, source):
        self.source, self.at, self.kept = source, 0, set()

    def read(self):
        self.markup()
        return "".join(c if c == "\n" or i in self.kept else " " for i, c in enumerate(self.source))

    def next(self, *texts):
        """Whether one of the texts stands here."""
        return self.source.startswith(texts, self.at)

    def skip(self, pattern):
        """Pass over what matches here; whether anything did."""
        found = re.compile(pattern, re.DOTALL).match(self.source, self.at)
        if found:
            self.at = found.end()
        return bool(found)

    def skip_aside(self):
        """Pass over a comment, raw text or an equation."""
        return self.skip(r"//[^\n]*|/\*.*?\*/|(`+).*?\1|\$(?:\\.|[^$\\])*\$")

    def markup(self, end=None):
        while self.at < len(self.source) and self.source[self.at] != end:
            if self.skip(r"https?://\S+") or self.skip_aside() or self.skip(r"<[\w.:-]+>|@[\w-]+(?:[.:][\w-]+)*"):
                continue
            if self.next("\\"):
                self.skip(r"\\u\{\w+\}|\\.")
            elif self.next("[") and end:  # a bracket within a content block
                self.content()
            elif self.next("#"):
                self.at += 1
                self.expression()
            else:
                self.kept.add(self.at)
                self.at += 1

    def content(self):
        self.at += 1
        self.markup("]")
        self.at += 1

    def expression(self):
        """An expression of code in markup. A number alone is printed, and so is prose."""
        if self.next("{"):
            return self.brackets()
        word = WORD.match(self.source, self.at)
        name = word.group() if word else ""
        if name in STATEMENTS:
            return self.code("\n;")
        if name in BLOCKS:
            return self.block()
        if word:
            self.at = word.end()
        elif self.next('"'):
            self.string()
        while self.next("(", "[") or self.skip(r"\.[A-Za-z_][\w-]*"):
            if self.next("("):
                self.brackets()
            elif self.next("["):
                self.content()
        return None

    def block(self):
        """if, for, while: a head, a block, and what `else` adds."""
        self.code("{[")
        self.content() if self.next("[") else self.brackets()
        if self.skip(r"\s*else\s+(?=if\b)"):
            self.block()
        elif self.skip(r"\s*else\s*(?=[\[{])"):
            self.content() if self.next("[") else self.brackets()

    def brackets(self):
        """Code in round or curly brackets."""
        end = {"(": ")", "{": "}"}[self.source[self.at]]
        self.at += 1
        self.code(end)
        self.at += 1

    def code(self, ends):
        """Code up to one of the characters `ends`, or one that closes what encloses it."""
        while self.at < len(self.source) and self.source[self.at] not in ends + ")]}":
            if self.skip_aside():
                continue
            if self.next('"'):
                self.string()
            elif self.next("["):
                self.content()
            elif self.next("(", "{"):
                self.brackets()
            else:
                self.at += 1

    def string(self):
        """A string: prose where it has a blank, else a name."""
        start = self.at
        self.skip(r'"(?:\\.|[^"\\])*"')
        if " " in self.source[start : self.at].strip('" '):
            self.kept.update(range(start, self.at))


def typed_digits(source):
    """(line, its prose) of every line with a digit in its prose."""
    return [(n, line.strip()) for n, line in enumerate(prose(source).split("\n"), 1) if re.search(r"\d", line)]
