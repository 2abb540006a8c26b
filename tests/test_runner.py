"""The batch run without a run: what is asked for wrongly, what is said meanwhile, and the profiles."""

import contextlib
import json
import multiprocessing
import os
import re
import threading
from types import SimpleNamespace

import nbformat
import pytest

from sequtils import paths
from sequtils.__main__ import PROFILES, main
from sequtils.report import execution, runner
from sequtils.report.board import Board


def test_a_long_wait_without_a_terminal_says_how_far_it_is(tmp_path, capsys, monkeypatch):
    runs = [execution.Run("03_layers", "rnn"), execution.Run("01_datasets", None)]
    board = Board(runs, tmp_path)
    (tmp_path / "status").mkdir()
    (tmp_path / "status" / "03_layers-rnn.json").write_text('{"done": 3, "total": 6}')
    board.show()
    assert capsys.readouterr().out == ""
    board.started, board.line.printed = board.started - 31, board.line.printed - 31
    board.show()
    assert re.fullmatch(r"\[#+\.+\] 25%, about 9\d s left: 03_layers-rnn 50%\n|.* min left: 03_layers-rnn 50%\n",
                        capsys.readouterr().out)


def test_a_kernel_that_does_not_start_is_worth_another_try(tmp_path, monkeypatch):
    import papermill

    def dies(message):
        def execute_notebook(*_, **__):
            raise RuntimeError(message)
        monkeypatch.setattr(papermill, "execute_notebook", execute_notebook)
        return execution.execute(execution.Run("01_datasets", None), {}, tmp_path, tmp_path)

    assert dies("Kernel died before replying to kernel_info")["again"]
    assert "again" not in dies("something else")


def test_what_is_worth_it_is_tried_once_more_in_the_same_process(tmp_path, monkeypatch):
    given, told = [], [{"again": True}, {"again": True}, {}]  # the first run fails twice, the second does not

    def start(parameters, build, final):
        here, there = multiprocessing.Pipe()

        def work():
            with contextlib.suppress(EOFError):
                while True:
                    given.append(there.recv())
                    there.send({"seconds": 1.0, "error": None, "parameters": {}, **told[len(given) - 1]})

        threading.Thread(target=work, daemon=True).start()
        return SimpleNamespace(is_alive=lambda: True, join=lambda: None), here

    monkeypatch.setattr(execution, "_start", start)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    one, two = execution.Run("01_datasets", None), execution.Run("10_draw", None)
    outcomes = execution.run_all([one, two], {}, 1, tmp_path, tmp_path)
    assert given == [one, one, two] and set(outcomes) == {one.name, two.name}


def test_nothing_to_render(tmp_path, capsys):
    assert main(["render", "--build", str(tmp_path)]) == 1
    assert "run the report first" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["report", "--profile", "huge"], ["report", "--only", "99"],
                                       ["report", "--jobs", "0"], ["check-data"]])
def test_wrong_usage_is_status_2(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_wrong_data_is_status_2_before_anything_runs(tmp_path, capsys):
    assert main(["report", "--data-root", str(tmp_path / "nowhere"), "--build", str(tmp_path / "build")]) == 2
    assert "not there" in capsys.readouterr().err
    assert not (tmp_path / "build").exists()


def test_profiles_hold_parameters_that_a_notebook_has():
    cells = [next(c for c in nbformat.read(path, 4).cells if "parameters" in c.metadata.get("tags", ()))
             for path in paths.NOTEBOOKS.glob("*.ipynb")]
    known = {line.split(" = ")[0] for cell in cells for line in cell.source.splitlines()}
    for profile in PROFILES:
        parameters = runner._parameters(runner._chosen(profile), None, paths.BUILD, None)
        assert set(parameters) <= known
        json.dumps(parameters, allow_nan=False)  # they are kept in the executed notebook, which is JSON
