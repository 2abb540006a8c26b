"""The rules by which claims are judged; report/source/claims.yaml says in words what each of them means.

A number is an `intervals.Mean`, of which p-values can be had; one without chance has no error. A rule gives `Judged`,
two p-values, of which at most one is small.
"""

from typing import NamedTuple

import numpy as np

from sequtils.intervals import Mean
from sequtils.text import NBSP, number


class Judged(NamedTuple):
    """supports: the p-value of what a rule says being false, so small where it surely holds; contradicts: that of its
    being true. Of one number both are twice those of one side, so that either is below 0.05 just where the 95 %
    interval lies beyond the bound."""

    supports: float
    contradicts: float


OPEN = Judged(1.0, 1.0)  # nothing is known: a word in the place of a number, or the range of a few seeds


def higher(x, than):
    """Whether x lies above `than`, of which it is independent (Welch 1947) if that is no fixed number."""
    beyond = x - than
    return Judged(*(float(min(1, 2 * p)) for p in (beyond.p_above(), (than - x).p_above())))


def lower(x, than):
    """Whether x lies below `than`."""
    return higher(than, x)


def at_most(x, bound):
    """Whether x is no greater than the bound: as `lower`, but numbers without chance may be equal."""
    return _exactly(x.centre <= bound.centre) if not x.error + bound.error else lower(x, bound)


def equivalent(x, margin):
    """Whether x lies within the margin around zero. It is supported by two one-sided tests, the greater p of which
    counts (Schuirmann 1987), and contradicted where x lies beyond the margin on either side."""
    beyond = Mean(abs(x.centre), x.error, x.freedom)
    return Judged(float(x.p_equal(margin.centre)), float(min(1, 2 * beyond.p_above(margin.centre))))


def equal(*values):
    """Whether numbers or words without chance are the same, accuracies to two decimals, as the source printed them."""
    first, *others = (round(x, 2) if isinstance(x, float) else x for x in values)
    return _exactly(all(x == first for x in others))


def all_of(parts):
    """Whether all parts hold. The weakest part decides (intersection-union test, Berger 1982); that one of k fails is
    known where the strongest evidence for it holds k times over (Bonferroni)."""
    supports, contradicts = zip(*parts)
    return Judged(max(supports), min(1.0, len(parts) * min(contradicts)))


def any_of(parts):
    """Whether a part holds."""
    return opposite(all_of([opposite(part) for part in parts]))


def opposite(part):
    """Whether a part does not hold."""
    return Judged(part.contradicts, part.supports)


def shown(part):
    """Whether a part holds of which one example is enough: that none is found contradicts nothing."""
    return Judged(part.supports, 1.0)


def _exactly(holds):
    return Judged(float(not holds), float(holds))


TESTS = {"higher": higher, "lower": lower, "at_most": at_most, "equivalent": equivalent}
JOINS = {"all_of": all_of, "any_of": any_of}
OF_ONE = {"not": opposite, "shown": shown}


def decide(rule, evidence):
    """`Judged` of a rule, {its name: arguments}, from the evidence, label -> entry of values.json. Raises KeyError for
    a rule or a label that is not there."""
    [(name, of)] = rule.items()
    if name in JOINS:
        return JOINS[name]([decide(part, evidence) for part in of])
    if name in OF_ONE:
        return OF_ONE[name](decide(of, evidence))
    if name == "equal":
        return equal(*(evidence[label]["value"] for label in of))
    labels, options = arguments(name, of)
    xs, numbers = [_known(x, evidence) for x in labels], {key: _known(x, evidence) for key, x in options.items()}
    test = TESTS[name]
    if None in numbers.values():
        return OPEN
    return all_of([OPEN if x is None else test(x, **numbers) for x in xs])


def without(rule, gone):
    """A rule about the labels that are not in `gone`; None where it says nothing of others."""
    [(name, of)] = rule.items()
    if name in JOINS:
        parts = [left for part in of if (left := without(part, gone))]
        return {name: parts} if parts else None
    if name in OF_ONE:
        return {name: left} if (left := without(of, gone)) else None
    labels, options = arguments(name, of)
    left = [label for label in labels if label not in gone]
    if not left or (name == "equal" and left != labels) or gone & {x for x in options.values() if isinstance(x, str)}:
        return None
    return {name: left if name == "equal" else {"of": left, **options}}


def arguments(name, of):
    """(labels, options) of what a rule is about: a list of labels, or {"of": labels, and options}."""
    labels, options = (of["of"], {k: v for k, v in of.items() if k != "of"}) if isinstance(of, dict) else (of, {})
    return labels, {"than": 0, **options} if name in ("higher", "lower") else options


def in_words(rule):
    """A rule as a reader sees it: "handwriting, CV > 0"."""
    [(name, of)] = rule.items()
    if name in JOINS:
        return {"all_of": "; and ", "any_of": "; or "}[name].join(in_words(part) for part in of)
    if name in OF_ONE:
        return {"not": "not ", "shown": "an example of: "}[name] + in_words(of)
    labels, options = arguments(name, of)
    said, options = ", ".join(labels), {key: number(x, "g") for key, x in options.items()}
    if name == "equal":
        return " = ".join(labels)
    if name == "equivalent":
        return f"−{options['margin']}{NBSP}≤ {said} ≤{NBSP}{options['margin']}"
    if name == "at_most":
        return f"{said} ≤{NBSP}{options['bound']}"
    return f"{said} {'>' if name == 'higher' else '<'}{NBSP}{options['than']}"


def _known(x, evidence):
    """The `Mean` of a number, or of what a label names; None where that is no number, or only the range of seeds."""
    entry = {"value": x} if isinstance(x, (int, float)) else evidence[x]
    if entry["value"] is None or isinstance(entry["value"], str) or entry.get("is_range"):
        return None
    if entry.get("low") is not None and "error" not in entry:
        raise ValueError("an interval without its error")
    return Mean(entry.get("centre", entry["value"]), entry.get("error", 0.0), entry.get("freedom", np.inf))
