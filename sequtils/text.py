"""How numbers become text, in tables, prose and answers alike; and names, whatever bytes they are made of."""

import itertools
import unicodedata

NBSP = "\u00a0"  # keeps a number and its interval on one line
ABSENT = "–"


def number(x, form=".3f"):
    """A number in one of Python's formats, with a minus sign instead of a hyphen; a whole number and a word as they
    are, and a dash for None or not a number."""
    if isinstance(x, str):
        return x
    if x is None or x != x:
        return ABSENT
    return (str(x) if isinstance(x, int) else format(float(x), form)).replace("-", "−")


def stable(x, digits=10):
    """A number in as many digits as every machine finds alike: the last of float64's sixteen depend on the order of
    sums, which a BLAS chooses by the processor. What is no float stays as it is."""
    return float(f"{x:.{digits}g}") if isinstance(x, float) else x


def between(low, high, form=".3f"):
    """An interval, such as [0.100, 0.200], which is not broken into lines."""
    return f"[{number(low, form)},{NBSP}{number(high, form)}]"


def chance(p):
    """A p-value, or a dash for None."""
    return f"<{NBSP}0.001" if p is not None and p < 0.001 else number(p)


def seeds(number):
    """How many seeds, as a reader sees it: "2", or of pairs (number, cost) "3 to 30"."""
    if not isinstance(number, list):
        return str(number)
    numbers = [n for n, _ in number]
    return f"{min(numbers)} to {max(numbers)}"


def printable(name):
    """A name as text that any terminal, figure and page can take: control characters and bytes that are no UTF-8 as
    Python writes them, such as \\x07 and \\udcff. The two joiners, which Indian scripts need, stay as they are."""
    return "".join(c if _is_shown(c) else c.encode("unicode_escape").decode() for c in name)


def _is_shown(c):
    return c in "\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def literal(name):
    """A name as matplotlib is told it, for which a $ else begins mathematics."""
    return name.replace("$", r"\$")


def short(names, most):
    """Names of at most so many letters, each with its marks: of longer ones the middle is left out. What are different
    names stay different: the second that would be cut to "ab…yz" ends in ~2."""
    found = []
    for name in names:
        tries = itertools.chain([_cut(name, most)], (f"{_cut(name, most - 3)}~{n}" for n in itertools.count(2)))
        found.append(next(name for name in tries if name not in found))
    return tuple(found)


def _cut(name, most):
    from wcwidth import iter_graphemes  # not sooner: the command line starts without a package

    letters = list(iter_graphemes(name))
    if len(letters) <= most:
        return name
    tail = (most - 1) // 2
    return "".join([*letters[: most - 1 - tail], "…", *letters[len(letters) - tail :]])
