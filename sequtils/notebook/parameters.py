"""What papermill gave a notebook, checked before anything is trained: known names, and values that the notebook takes.

The kind of a parameter is that of its default: a whole number of at least 1, a number above 0, a list of such, a
dictionary with the same keys. What differs stands in RULES, with the words that a reader is told.
"""

import ast
import contextlib

import fastjsonschema
from IPython import get_ipython

from sequtils.original import source

MARK = "# Parameters\n"  # by which papermill begins the cell that it puts in
COUNT = {"type": "integer", "minimum": 1}
NAME = {"type": ["string", "null"], "minLength": 1}
CLASSES = {"anyOf": [{"type": "null"}, {"const": []}, {"type": "array", "items": {"type": "string"}, "minItems": 2,
                                                       "uniqueItems": True}]}
ANY = {"type": "number"}
PAIRS = {"type": "array", "minItems": 1,
         "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": [COUNT, {"type": ["number", "null"]}]}}
RULES = {  # name -> schema, and what may stand there
    "cell": ({"enum": ["rnn", "lstm"]}, '"rnn" or "lstm"'),
    "jobs": ({"anyOf": [COUNT, {"const": -1}]}, "a whole number of at least 1, or -1 for one for each core"),
    "seeds": ({"anyOf": [COUNT, PAIRS]}, "a whole number of at least 1, or pairs [seeds, multiplications or null]"),
    **dict.fromkeys(("folds", "ladder_folds", "speaker_folds"), ({"type": "integer", "minimum": 2},
                                                                 "a whole number of at least 2")),
    "fractions": ({"type": "array", "minItems": 1, "uniqueItems": True, "contains": {"const": 0}, "items": {
        "type": "number", "minimum": 0, "exclusiveMaximum": 1}}, "a list of different numbers below 1, with 0 in it"),
    "memory_lags": ({"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "integer", "minimum": 0}},
                    "a list of different whole numbers of at least 0"),
    **dict.fromkeys(("data_root", "build", "cluster"), (NAME, "None, or text that is not empty")),
    **dict.fromkeys(("handwriting_classes", "cv_classes"), (
        CLASSES, "None, a list of two or more classes, or [] to leave the data set out")),
    **dict.fromkeys(("width", "first", "variant_seeds", "compared_seeds"), (
        {"anyOf": [{"type": "null"}, COUNT]}, "None, or a whole number of at least 1")),
    **dict.fromkeys(("loop_gain", "excess_gain", "disturbance", "plant_pole"), (ANY, "a number")),
}


def check(notebook):
    """Check what papermill gave the notebook that runs now, where it did. Raises ValueError of one line."""
    cells = get_ipython().user_ns["In"] if get_ipython() else []
    given = next((cell for cell in cells if cell.startswith(MARK)), None)
    if given is not None:
        defaults = _assigned("\n".join(cells[: cells.index(given)]))
        verify(notebook, defaults, _assigned(given))


def verify(notebook, defaults, given):
    """Raise ValueError for the first of the given values (name -> value) that a notebook with these defaults does not
    take."""
    for name, value in given.items():
        if name not in defaults:
            raise ValueError(f"parameter {name}: not known, there are {', '.join(defaults)}")
        schema, words = RULES.get(name) or _like(defaults[name])
        if not _fits(schema, value):
            raise ValueError(f"parameter {name}: {value!r}, expected {words}")
    chosen = {**defaults, **given}
    for name, needed in _needed(notebook, chosen.get("cell")).items():
        parts = chosen[name].values() if isinstance(chosen[name], dict) else [chosen[name]]
        if any(not needed <= set(part) for part in parts):
            raise ValueError(f"parameter {name}: {chosen[name]!r}, expected {sorted(needed)} in it, of which the "
                             "notebook shows figures")


def _needed(notebook, cell):
    """Parameter -> the values without which a notebook has nothing to show."""
    nodes = {found["nodes"] for found in source.figures("nodes", cell)}
    return {"03_layers": {"depths": {2}}, "04_nodes": {"widths": nodes}}.get(notebook, {})


def _like(default):
    """Schema and words for values such as a default."""
    if isinstance(default, dict):
        parts = {key: _like(value) for key, value in default.items()}
        words = next(iter(parts.values()))[1]
        schema = {"type": "object", "properties": {key: part for key, (part, _) in parts.items()},
                  "required": list(default), "additionalProperties": False}
        return {"anyOf": [{"type": "null"}, schema]}, f"for each of {', '.join(default)} {words}"
    if isinstance(default, list):
        inner, words = _like(default[0])
        return ({"type": "array", "minItems": 1, "uniqueItems": True, "items": inner},
                f"a list, not empty, of different values, each {words}")
    if isinstance(default, int):
        return COUNT, "a whole number of at least 1"
    if isinstance(default, float):
        return {"type": "number", "exclusiveMinimum": 0}, "a number above 0"
    return {"type": "string"}, "text"


def _fits(schema, value):
    try:
        fastjsonschema.validate(schema, value)
        return True
    except fastjsonschema.JsonSchemaValueException:
        return False


def _assigned(code):
    """Name -> value of the literals that cells assign."""
    values = {}
    for line in ast.parse(code).body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            with contextlib.suppress(ValueError):  # what is computed is no parameter
                values[line.targets[0].id] = ast.literal_eval(line.value)
    return values
