"""Compiled code on disk: used, made anew when the source changes, never believed when damaged."""

import subprocess
import sys
from multiprocessing import TimeoutError
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
from filelock import FileLock

from sequtils import paths
from sequtils.__main__ import main
from sequtils.engine.kernels import compiling


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "COMPILED", tmp_path / "compiled")
    return paths.COMPILED


def double(x):
    return 2 * x


def compile_and_call():
    """How often it was compiled rather than read, 0 or 1."""
    function = compiling.called(double)
    assert function(21) == 42
    return sum(function.stats.cache_misses.values())


def test_compiled_code_is_kept_and_read(folder):
    assert [compile_and_call(), compile_and_call()] == [1, 0]
    assert [file.suffix for file in folder.iterdir()] == [".code"]


@pytest.mark.parametrize("name", ["SOURCE", "numba.__version__"])
def test_another_source_or_numba_is_compiled_anew(folder, monkeypatch, name):
    compile_and_call()
    monkeypatch.setattr(f"sequtils.engine.kernels.compiling.{name}", "other")
    assert compile_and_call() == 1 and len(list(folder.iterdir())) == 2


def test_any_damage_is_named_set_aside_and_compiled_anew(folder, capsys):
    compile_and_call()
    (file,), random = folder.iterdir(), np.random.default_rng(0)
    whole = file.read_bytes()
    flipped = [bytes(b ^ (i == at) for i, b in enumerate(whole)) for at in random.integers(0, len(whole), 3)]
    for damaged in (b"", whole[:100], whole[:-1], whole + b"x", b"\0" * len(whole), *flipped):
        file.write_bytes(damaged)
        assert compile_and_call() == 1
        assert f"{file}: set aside" in capsys.readouterr().err
        assert file.with_name(f"{file.name}.damaged").read_bytes() == damaged
        assert compile_and_call() == 0


def test_what_another_process_compiles_is_waited_for_and_read(folder):
    compile_and_call()
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.unlink()
    with FileLock(f"{folder}.lock"):
        waiting = ThreadPool(1).apply_async(compile_and_call)
        with pytest.raises(TimeoutError):
            waiting.get(0.5)
        file.write_bytes(whole)
    assert waiting.get(30) == 0


def test_whoever_is_interrupted_while_compiling_lets_others_compile(folder, monkeypatch):
    function = compiling.called(double)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(function._compiler, "compile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        function(21)
    with FileLock(f"{folder}.lock", timeout=0):
        pass


def test_a_process_that_does_not_end_is_waited_for_once(folder, monkeypatch):
    monkeypatch.setattr(compiling, "WAIT", 0.1)
    with FileLock(f"{folder}.lock"):
        assert compile_and_call() == 1
        assert compiling.turn(folder).timeout == 0


def test_a_folder_that_cannot_be_written_costs_time_only(folder, capsys):
    folder.write_text("")
    assert [compile_and_call(), compile_and_call()] == [1, 1]
    assert "cannot be" in capsys.readouterr().err


def test_clean_removes_compiled_code(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    compile_and_call()
    assert main(["clean"]) == 0 and not folder.exists()


def test_nothing_of_numba_lies_beside_the_source():
    """All kernels use this cache: none of them has files of Numba's own."""
    code = ("from numba.core.dispatcher import Dispatcher\n"
            "from sequtils.engine import kernels\nfrom sequtils.engine.kernels import compiling, cells, descent, "
            "functions, lanes, layers, network, passes, products, states\n"
            "found = [f for m in (cells, descent, functions, lanes, layers, network, passes, "
            "products, states) for f in vars(m).values() if isinstance(f, Dispatcher)]\n"
            "assert found and all(isinstance(f._cache, compiling.Cache) for f in found)")
    subprocess.run([sys.executable, "-c", code], check=True)
