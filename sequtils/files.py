"""Writing files so that a reader finds the old one or the new one, and never half of one."""

import contextlib
import json
import os
import tempfile
import time
from pathlib import Path

# Seconds to wait where Windows refuses a file because another process has it open just then; elsewhere that cannot be.
WAITS = (0.01, 0.03, 0.1, 0.3, 1) if os.name == "nt" else ()


class WriteError(OSError):
    """A result could not be written; the message names the file and the reason."""


def write_atomic(path, content):
    """Write bytes or text (as UTF-8) to `path`, making its folder. The file appears whole or not at all.

    Raises WriteError where the disk is full or the folder cannot be written; then nothing is left behind.
    """
    path = Path(path)
    content = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # mkstemp's own mode would hide the file from the user's group
        _patiently(lambda: os.replace(temporary, path))
    except OSError as error:
        raise WriteError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        if temporary:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)


def _patiently(act):
    """Do something with a file; where it is refused, again after each of WAITS."""
    for wait in WAITS:
        try:
            return act()
        except PermissionError:
            time.sleep(wait)
    return act()


def write_json(path, value):
    """Write a value as JSON, keys sorted, one fixed layout. JSON has no word for NaN and infinity: they are refused."""
    write_atomic(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path, default=None):
    """The value of a JSON file, or `default` where the file does not exist."""
    try:
        return json.loads(_patiently(lambda: Path(path).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return default
