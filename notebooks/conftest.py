"""How nbval compares the outputs of these notebooks: to the last digit, but for cells whose numbers come from PyTorch.

PyTorch adds up in another order on another processor, so cells with the tag "nbval-close" may differ from what is
committed: each number by 0.05, or by a twentieth of itself. All else in such a cell has to be the same.
"""

import re

NUMBER = re.compile(r"[−+-]?\d+(?:\.\d+)?")
WITHIN = 0.05  # absolute, or relative to the committed number


def pytest_collection_modifyitems(items):
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is not None and "nbval-close" in cell.metadata.get("tags", ()):
            item.compare_outputs = close(item.compare_outputs)
        if cell is not None and cell.source.endswith(";"):
            item.compare_outputs = silent(item.compare_outputs)


def close(compare):
    """A comparison by nbval that first takes over what is committed, wherever the new text is within the tolerance."""

    def compared(test, ref, **options):
        for new, old in zip(test, ref):
            for part in ((new, old), (new.get("data", {}), old.get("data", {}))):
                take_over(*part)
        return compare(test, ref, **options)

    return compared


def silent(compare):
    """A comparison without the value of a cell that ends in a semicolon: run by nbval, which keeps no history, IPython
    does not see the semicolon, and shows it."""

    def compared(test, ref, **options):
        return compare([output for output in test if output["output_type"] != "execute_result"], ref, **options)

    return compared


def take_over(new, old):
    """Replace each text of `new` that agrees with that of `old`."""
    for key in new.keys() & old.keys():
        if isinstance(new[key], str) and isinstance(old[key], str) and agree(new[key], old[key]):
            new[key] = old[key]


def agree(new, old):
    """Whether two texts are the same but for numbers, and these are near to each other."""
    if NUMBER.sub("", new) != NUMBER.sub("", old):
        return False
    numbers = [[float(n.replace("−", "-")) for n in NUMBER.findall(text)] for text in (new, old)]
    return all(abs(a - b) <= WITHIN * max(1, abs(b)) for a, b in zip(*numbers, strict=True))
