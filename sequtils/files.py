"""Reading and writing files. Written: the old one or the new one, and never half of one. Read: a regular file of a
bounded size, and JSON that is what it should be; whatever else is there is named, and neither opened nor believed.
"""

import contextlib
import hashlib
import json
import os
import stat
import tempfile
import time
from pathlib import Path

from sequtils import schemas, stopping

CAP = 256 * 2**20  # bytes of a file of ours; no report comes near
KINDS = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))

# Seconds to wait where Windows refuses a file because another process has it open just then; elsewhere that cannot be.
WAITS = (0.01, 0.03, 0.1, 0.3, 1) if os.name == "nt" else ()


class RefusedError(Exception):
    """What was asked for cannot be done; the message says why, and what can. The command line ends with status 2."""


class WriteError(OSError):
    """A result could not be written; the message names the file and the reason."""


class ReadError(OSError):
    """A file cannot be read or believed; the message names it, `reason` says why."""

    def __init__(self, path, reason):
        super().__init__(f"{path}: {reason}")
        self.reason = reason


def kind(path):
    """What is at a path, links followed: "file", "folder", "pipe", "socket", "device", or None where nothing is.

    Raises ReadError where that cannot be told: a link to nothing or to itself, a folder that cannot be searched.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        if os.path.islink(path):
            raise ReadError(path, "a link to nothing") from None
        return None
    except NotADirectoryError:
        return None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise ReadError(path, f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    return next((name for is_it, name in KINDS if is_it(mode)), "device")


def entries(folder):
    """Paths of what is in a folder. Raises ReadError where it cannot be listed."""
    try:
        return list(Path(folder).iterdir())
    except (OSError, ValueError) as error:
        raise ReadError(folder, f"cannot be read ({getattr(error, 'strerror', None) or error})") from None


def read_bytes(path, cap=CAP):
    """Content of a regular file of at most `cap` bytes; anything else is not opened.

    Raises ReadError, and FileNotFoundError where nothing is there.
    """
    found = kind(path)
    if found is None:
        raise FileNotFoundError(f"{path}: not there")
    if found != "file":
        raise ReadError(path, f"a {found}, not a regular file")
    try:
        with _patiently(lambda: open(path, "rb")) as file:
            content = file.read(cap + 1)  # no more, whatever size the system tells
    except OSError as error:
        raise ReadError(path, f"cannot be read ({error.strerror or error})") from None
    if len(content) > cap:
        raise ReadError(path, f"more than {cap / 2**20:g} MiB")
    return content


def set_aside(path):
    """Rename what cannot be believed to NAME.damaged, so that a new one can be made and the old one looked at."""
    with contextlib.suppress(OSError):
        os.replace(path, f"{path}.damaged")


def seal(content):
    """Bytes with their hash before them."""
    return hashlib.sha256(content).digest() + content


def unseal(content):
    """What was sealed. Raises ValueError where a byte of it has changed."""
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        raise ValueError("its content does not match its checksum")
    return content[32:]


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
        stopping.leftovers.add(temporary)
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
            stopping.leftovers.discard(temporary)


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
    """The value of a JSON file, or `default` where the file does not exist.

    Raises ReadError where it is not JSON, or not what `schemas` says of a file of its name.
    """
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        return default
    try:
        return parse_json(content, Path(path).name)
    except ValueError as error:
        raise ReadError(path, f"damaged ({error})") from None


def parse_json(content, name):
    """The value in JSON text or bytes, checked against what `schemas` says of a file of that name. Raises ValueError.
    """
    try:
        value = json.loads(content, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:
        raise ValueError("not JSON, or cut off") from None
    schemas.check(value, name)
    return value


def _refuse(constant):
    raise ValueError(f"JSON has no word for {constant}")
