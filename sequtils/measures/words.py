"""A generated task with words: the verb at the end of a Hindi sentence agrees with its subject, which stands first.

After the subject come adverbs and objects; an object is a noun, too, but "ko" follows it. Who has read it all
is to name the verb, as in "ladki aaj dost ko phir ...": bolti hai. Its length is the number of words before it.
"""

from dataclasses import dataclass

import numpy as np

from sequtils.data import Dataset, Part
from sequtils.measures.synthetic import Generated

VERBS = {"bolta hai": ("ladka", "dost", "boss"), "bolti hai": ("ladki", "behen", "maa"),
         "bolte hain": ("ladke", "bachche", "bhai log")}  # verb -> nouns that ask for it
ADVERBS = ("aaj", "phir", "jab", "tak", "dheere", "zor se", "yahan", "subah")
NOUNS = tuple(noun for nouns in VERBS.values() for noun in nouns)
WORDS = (*NOUNS, "ko", *ADVERBS)
OBJECTS = 0.25  # share of the places in which an object begins


def sentence(rng, verb, length):
    """`length` words, of which the first, a subject, asks for the verb of that number."""
    said = [rng.choice(list(VERBS.values())[verb])]
    while len(said) < length:
        if len(said) < length - 1 and rng.random() < OBJECTS:
            said += [rng.choice(NOUNS), "ko"]
        else:
            said.append(rng.choice(ADVERBS))
    return [str(word) for word in said]


def encoded(words):
    """Words as an array (T, V) float32 with a 1 in the column of each."""
    return np.eye(len(WORDS), dtype=np.float32)[[WORDS.index(word) for word in words]]


def sentences(seed, length, count=300):
    """A Dataset of sentences, as many for training as for testing; the verbs are its classes."""

    def part(stream):
        rng = np.random.default_rng([seed, length, stream])
        y = np.arange(count) % len(VERBS)
        return Part([encoded(sentence(rng, verb, length)) for verb in y], y, (None,) * count, (None,) * count)

    return Dataset("words", tuple(VERBS), part(0), part(1), f"words {seed} {length} {count}", False)


@dataclass(frozen=True)
class Words(Generated):
    """Sentences of a length."""

    dataset: str = "words"
    cell: str = "rnn"
    hidden: tuple = (16,)

    def drawn(self):
        """See `sentences`."""
        return sentences(self.seed, self.length)
