"""What the project's JSON files hold, as JSON schemas, by the name of the file. Any other file holds an object."""

import functools

OBJECT, TEXT, NUMBER, WHOLE = ({"type": kind} for kind in ("object", "string", "number", "integer"))
WORD_OR_NONE, NUMBER_OR_NONE = {"type": ["string", "null"]}, {"type": ["number", "null"]}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def _list(items):
    return {"type": "array", "items": items}


def _map(values):
    return {"type": "object", "additionalProperties": values}


def _record(optional=(), **required):
    return {"type": "object", "properties": {**required, **dict(optional)}, "required": list(required)}


def _given(kinds, *names, history=()):
    """A result of these kinds of experiment has these names, and its history those."""
    trial = {"properties": {"kind": {"enum": kinds}}}
    return {"if": {"properties": {"trial": trial}}, "then": {
        "required": list(names), "properties": {"history": {"required": list(history)}}}}


MEASURED = {  # names that mean the same in the results of all experiments
    "history": _record({"accuracy": _list(NUMBER_OR_NONE)}, loss=_list(NUMBER_OR_NONE), stop_epoch=WHOLE, reason=TEXT),
    "labels": _list({"type": "integer", "minimum": 0}), "predictions": _list({"type": "integer", "minimum": 0}),
    "train_accuracy": SHARE, "test_accuracy": SHARE, "logits": _list(_list(NUMBER_OR_NONE)), "parameters": WHOLE}
ENTRY = _record(run=TEXT, notebook=TEXT, file=TEXT, caption=TEXT, id=TEXT)
RUN = _record(seconds=NUMBER, error=WORD_OR_NONE, parameters=OBJECT, trials=_record(new=WHOLE, stored=WHOLE))
DATA = _record({"scripts": _list(TEXT)}, title=TEXT, fingerprint=TEXT, classes=_list(TEXT), train=WHOLE, test=WHOLE,
               frames=WHOLE, date=TEXT, sample={"type": "boolean"})
SCHEMAS = {
    "result": {**_record(MEASURED, trial=OBJECT, fingerprint=TEXT, engine=TEXT, seconds=NUMBER, sha256=TEXT), "allOf": [
        _given(["Trial"], *MEASURED, history=["accuracy"]),
        _given(["BatchTrial"], *(name for name in MEASURED if name != "logits"))]},
    "values.json": _map(_record({"rows": _map(_map(_record(text=TEXT, range=TEXT)))}, run=TEXT)),
    "manifest.json": _map(_map(ENTRY)), "timings.json": _map(_map(ENTRY)),
    "provenance.json": {"type": "object", "properties": {"runs": _map(RUN), "datasets": _map(DATA), "profile": TEXT}},
    "made-from.json": _record(inputs=WORD_OR_NONE, files=_map(TEXT)),
}


def check(value, name):
    """Raise ValueError, which says where and why, for a value that is not what a file of that name holds."""
    import fastjsonschema  # not sooner: what runs before set-up reads no JSON

    try:
        _compiled(name if name in SCHEMAS else None)(value)
    except fastjsonschema.JsonSchemaValueException as error:
        raise ValueError(str(error)[:200]) from None


@functools.cache
def _compiled(name):
    import fastjsonschema

    return fastjsonschema.compile(SCHEMAS.get(name, OBJECT))
