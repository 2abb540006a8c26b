"""The results of trials on disk: one JSON file each, checked before use, written atomically.

A file's name is KEY-FINGERPRINT-VERSION.json: hashes of the trial's record, of the data and of the engine's code.
"""

import hashlib
import json
import os
from pathlib import Path

from sequtils import paths
from sequtils.files import parse_json, read_bytes, set_aside, write_json


class Store:
    """A folder of results, by default the project's own."""

    def __init__(self, folder=None):
        self.folder = Path(folder or paths.TRIALS)

    def path(self, key, fingerprint, engine):
        """The file of a trial's result."""
        return self.folder / f"{key}-{fingerprint[:12]}-{_short(engine)}.json"

    def get(self, key, record, fingerprint, engine):
        """(result, "cached"), or None and the reason why the trial has to be run: "new", "stale: ..." where the
        engine's code has changed since, or "damaged FILE: ..." where the file cannot be trusted; that one is set
        aside."""
        path = self.path(key, fingerprint, engine)
        if not os.path.lexists(path):
            older = next(self.folder.glob(f"{key}-{fingerprint[:12]}-*.json"), None)
            return None, "stale: the engine has changed" if older else "new"
        try:
            result = _checked(read_bytes(path))
            expected = {"trial": record, "fingerprint": fingerprint, "engine": engine}
            foreign = [name for name, value in expected.items() if result[name] != value]
            if foreign:
                raise ValueError(f"its {foreign[0]} is another one")
        except (ValueError, OSError) as error:
            set_aside(path)
            return None, f"damaged {path.name}: {getattr(error, 'reason', error)}"
        return result, "cached"

    def put(self, key, result):
        """Store a result and return it. Raises files.WriteError where the disk is full or the folder read-only."""
        write_json(self.path(key, result["fingerprint"], result["engine"]), {**result, "sha256": _digest(result)})
        return result


def _checked(content):
    """The result in a file's content. Raises ValueError that says what is wrong with it."""
    result = parse_json(content, "result")
    if result.pop("sha256") != _digest(result):
        raise ValueError("its content does not match its checksum")
    return result


def _digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _short(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]
