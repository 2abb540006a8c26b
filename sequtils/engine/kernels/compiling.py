"""How all of this folder is compiled, and where the compiled code is kept.

Numba's own cache lies beside the source, does not see a change in what a function calls, and ends in an error for good
when a byte of it is damaged. This one lies in paths.COMPILED, a file for each function and signature: its hash, then
what Numba makes of the code, which is unpickled only where the hash is right.
"""

import functools
import hashlib
import pickle
import sys
from pathlib import Path

import numba
from filelock import FileLock, Timeout
from numba import njit
from numba.core import caching, serialize

from sequtils import paths
from sequtils.files import WriteError, read_bytes, seal, set_aside, unseal, write_atomic

WAIT = 300  # seconds for what another process compiles, which takes it less than one minute
SOURCE = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()


def called(function, **options):
    """Compile when first called, and keep the code on disk until any file of this folder changes."""
    dispatcher = njit(nogil=True, error_model="numpy", **options)(function)
    dispatcher._cache = cache = Cache(function)
    compile_or_read = dispatcher.compile

    def compile(signature):
        try:
            return compile_or_read(signature)
        finally:  # a student who stops the first training lets others compile
            cache.files.let_go()

    dispatcher.compile = compile
    return dispatcher


def compiled(function, **options):
    """The same for what compiled code alone calls: without the way in from Python, which takes as long to compile."""
    return called(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)


def inlined(function):
    """For what is smaller than a call, and for what takes a Network and a Tape, a hundred words that a call would
    copy."""
    return compiled(function, forceinline=True)


class Cache(caching.FunctionCache):
    """Numba's cache of one function, with other files."""

    def __init__(self, function):
        self._name, self._py_func, self._cache_path = repr(function), function, str(paths.COMPILED)
        self.files = Files(f"{function.__module__}.{function.__qualname__}")
        self._impl, self._cache_file = Form(), self.files
        self.enable()


class Form(caching.CompileResultCacheImpl):
    """Numba's form of compiled code; where it lies is not its business."""

    def __init__(self):
        self._locator = self

    def ensure_cache_path(self):
        pass


@functools.cache
def turn(folder):
    """The lock that a process holds while it compiles a function, and within it those that the function calls."""
    return FileLock(f"{folder}.lock", timeout=WAIT)


class Files:
    """A file for each key of a function: signature, processor and options.

    What is not there is compiled by one process, from `load` to `let_go`; the others wait, and find it there.
    """

    def __init__(self, name):
        self.name, self.held = name, 0

    def path(self, key):
        digest = hashlib.sha256(repr((SOURCE, numba.__version__, sys.version, key)).encode()).hexdigest()
        return paths.COMPILED / f"{self.name}-{digest[:24]}.code"

    def save(self, key, data):
        try:
            write_atomic(self.path(key), seal(serialize.dumps(data)))
        except WriteError as error:  # it is compiled anew each time, which takes longer, and that is all
            print(error, file=sys.stderr)

    def load(self, key):
        """What was saved, maybe by another process meanwhile; None where it is to be compiled."""
        found, lock = self.read(key), turn(paths.COMPILED)
        if found is None:
            try:
                lock.acquire()
                self.held += 1
            except (OSError, Timeout):
                lock.timeout = 0  # compiled twice, it takes longer, and that is all
            found = self.read(key)
        return found

    def let_go(self):
        """It is compiled, or will not be."""
        while self.held:
            self.held -= 1
            turn(paths.COMPILED).release()

    def read(self, key):
        """What was saved; None where it is not there, or damaged, which is said."""
        path = self.path(key)
        try:
            return pickle.loads(unseal(read_bytes(path)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            print(f"{path}: set aside, and compiled anew ({getattr(error, 'reason', error)})", file=sys.stderr)
            set_aside(path)
            return None
