"""The rules by which claims are judged; report/source/claims.yaml says in words what each of them means.

A number is (low, value, high), its interval around it. A rule says True, False, or None where the intervals leave it
open.
"""

from sequtils.text import NBSP, number


def higher(x, than):
    """Whether x lies above `than`: the interval of one has to end before the other's begins."""
    return True if x[0] > than[2] else False if x[2] < than[0] else None


def lower(x, than):
    """Whether x lies below `than`."""
    return higher(than, x)


def at_most(x, bound, margin=(0, 0, 0)):
    """Whether x is no greater than the number of `bound` and a margin."""
    limit = bound[1] + margin[1]
    return True if x[2] <= limit else False if x[0] > limit else None


def equivalent(x, margin):
    """Equivalence (Schuirmann 1987): whether all of the interval lies within the margin around zero. False where it
    leaves zero out and the number itself is beyond the margin."""
    if -margin[1] <= x[0] and x[2] <= margin[1]:
        return True
    return False if (x[0] > 0 or x[2] < 0) and abs(x[1]) > margin[1] else None


def all_of(parts):
    """Whether all parts hold, in Kleene's logic of three values: one that does not decides, whatever is open."""
    return False if False in parts else None if None in parts else True


def any_of(parts):
    """Whether a part holds."""
    return opposite(all_of([opposite(part) for part in parts]))


def opposite(part):
    """Whether a part does not hold."""
    return None if part is None else not part


TESTS = {"higher": higher, "lower": lower, "at_most": at_most, "equivalent": equivalent}
JOINS = {"all_of": all_of, "any_of": any_of}


def decide(rule, evidence):
    """Whether a rule, {its name: arguments}, holds of the evidence, label -> entry of values.json. Raises KeyError for
    a rule or a label that is not there."""
    [(name, of)] = rule.items()
    if name in JOINS:
        return JOINS[name]([decide(part, evidence) for part in of])
    if name == "not":
        return opposite(decide(of, evidence))
    if name == "equal":
        first, *others = (_printed(evidence[label]["value"]) for label in of)
        return all(other == first for other in others)
    labels, options = arguments(name, of)
    xs = [_number(label, evidence) for label in labels]
    numbers = {key: _number(x, evidence) for key, x in options.items()}
    if None in (*xs, *numbers.values()):  # a word, such as "no gradient", where a number should be
        return None
    return all_of([TESTS[name](x, **numbers) for x in xs])


def arguments(name, of):
    """(labels, options) of what a rule is about: a list of labels, or {"of": labels, and options}."""
    labels, options = (of["of"], {k: v for k, v in of.items() if k != "of"}) if isinstance(of, dict) else (of, {})
    return labels, {"than": 0, **options} if name in ("higher", "lower") else options


def in_words(rule):
    """A rule as a reader sees it: "handwriting, CV > 0"."""
    [(name, of)] = rule.items()
    if name in JOINS:
        return {"all_of": "; and ", "any_of": "; or "}[name].join(in_words(part) for part in of)
    if name == "not":
        return f"not {in_words(of)}"
    labels, options = arguments(name, of)
    said, options = ", ".join(labels), {key: number(x, "g") for key, x in options.items()}
    if name == "equal":
        return " = ".join(labels)
    if name == "equivalent":
        return f"−{options['margin']}{NBSP}≤ {said} ≤{NBSP}{options['margin']}"
    if name == "at_most":
        return f"{said} ≤{NBSP}{' + '.join(options[key] for key in ('bound', 'margin') if key in options)}"
    return f"{said} {'>' if name == 'higher' else '<'}{NBSP}{options['than']}"


def _number(x, evidence):
    """(low, value, high) of a number, or of what a label names; None where that is no number, or has only the range of
    a few seeds."""
    entry = {"value": x} if isinstance(x, (int, float)) else evidence[x]
    if entry["value"] is None or isinstance(entry["value"], str) or entry.get("is_range"):
        return None
    low, high = entry.get("low"), entry.get("high")
    return (entry["value"],) * 3 if low is None else (low, entry["value"], high)


def _printed(value):
    """A value to two decimals, as the source printed its accuracies."""
    return round(value, 2) if isinstance(value, float) else value
