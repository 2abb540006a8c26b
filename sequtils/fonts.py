"""The Noto fonts of a package: letters of the scripts of India and of many others, for figures and for the document.

A machine's own fonts are never used, so that a name looks the same, and is as wide, everywhere.
"""

import functools
import unicodedata
from pathlib import Path

import manimgx_fonts
from anyascii import anyascii

FOLDER = Path(manimgx_fonts.__file__).parent


def files():
    """The font files, in one order everywhere."""
    return sorted(FOLDER.glob("*.ttf"))


@functools.cache
def letters():
    """Code points of all letters that there are."""
    from matplotlib.ft2font import FT2Font  # not sooner: check-data of plain names is quicker without

    return frozenset().union(*(FT2Font(file).get_charmap() for file in files()))


def drawable(text):
    r"""A text in which the letters that no font has are transliterated, such as Zhong for the Chinese one; what has no
    transliteration is there as Python writes it, such as \ue000."""
    return "".join(c if _has(c) else anyascii(c) or c.encode("unicode_escape").decode() for c in text)


def missing(text):
    """The scripts of the letters in a text that no font has, such as ["CJK"], each once; empty where all are drawn."""
    return list(dict.fromkeys(unicodedata.name(c, "private").split()[0] for c in text if not _has(c)))


def _has(c):
    return c.isascii() or ord(c) in letters()
