"""Trials: the record, the store, what is run again and what is not, folds, workers."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from sequtils import paths, trials
from sequtils.engine import training
from sequtils.files import WriteError
from sequtils.report import provenance
from sequtils.trials import Store, Trial, store
from tests.conftest import make_toy


def toy_trials(seeds=2, **kwargs):
    return [Trial("handwriting", "rnn", (3,), max_epochs=2, seed=s, **kwargs) for s in range(seeds)]


def run(toy, records=None, jobs=1, **kwargs):
    """Results, and the states that progress told at the end."""
    told = []
    results = trials.run(records or toy_trials(), toy, jobs, progress=lambda *args: told.append(args), **kwargs)
    return results, told


def states(told):
    return told[-1][3]


def test_record_is_json_and_its_key_depends_on_every_field():
    base = Trial("handwriting", "rnn", [16, 5])
    fields = {name: value for name, value in json.loads(json.dumps(base.record)).items() if name != "kind"}
    assert Trial(**fields) == base
    assert base.features == ("minmax",)
    other = {"dataset": "cv", "cell": "lstm", "hidden": (16, 6), "features": ("raw",), "dropout": 0.1,
             "learning_rate": 0.1, "init": "torch", "max_epochs": 1, "patience": 1, "min_delta": 0.0, "clip": 1.0,
             "optimiser": "adam", "batch": 2, "decay": True, "augment": ("noise:1",), "pooling": "mean", "seed": 1,
             "fold": 0, "folds": 2}
    assert set(other) == set(fields)
    keys = {Trial(**{**fields, name: value}).key for name, value in other.items()}
    assert len(keys | {base.key}) == len(other) + 1


def test_a_result_says_all_and_comes_back_from_the_store(toy):
    (first, _), told = run(toy)
    assert states(told) == {"new": 2}
    assert first["trial"] == toy_trials()[0].record
    assert first["test_accuracy"] == np.mean(np.equal(first["labels"], first["predictions"]))
    assert first["history"]["stop_epoch"] == len(first["history"]["loss"]) == 2
    again, told = run(toy)
    assert states(told) == {"cached": 2}
    assert again[0] == first


def test_other_data_or_another_engine_is_another_result(toy, monkeypatch):
    run(toy)
    assert states(run(make_toy(seed=1))[1]) == {"new": 2}
    monkeypatch.setattr(training, "version", lambda *more: "compiled-other")
    assert states(run(toy)[1]) == {"stale: the engine has changed": 2}
    assert states(run(toy)[1]) == {"cached": 2}


@pytest.mark.parametrize("damage", [
    lambda text: text[: len(text) // 2], lambda text: "", lambda text: "[1, 2]",
    lambda text: text.replace('"test_accuracy": ', '"test_accuracy": 1'), lambda text: "\0" * len(text)])
def test_a_damaged_file_is_named_and_recomputed(toy, damage):
    (first, _), _ = run(toy)
    file = next(paths.TRIALS.glob(f"{toy_trials()[0].key}*"))
    whole = file.read_text()
    file.write_text(damage(whole))
    (again, _), told = run(toy)
    assert states(told)["cached"] == 1
    assert any(state.startswith(f"damaged {file.name}: ") for state in states(told))
    assert {**again, "seconds": 0} == {**first, "seconds": 0}
    assert Store().get(toy_trials()[0].key, again["trial"], toy.fingerprint, toy_trials()[0].version)[1] == "cached"


def sealed(result):
    return {**result, "sha256": store._digest({k: v for k, v in result.items() if k != "sha256"})}


@pytest.mark.parametrize("change", [{"labels": "abc"}, {"history": None}, {"test_accuracy": 2}, {"predictions": [0.5]},
                                    {"logits": None}, {"seconds": "1"}, {"fingerprint": None}])
def test_a_result_of_another_form_is_not_used_whatever_its_checksum_says(toy, change):
    run(toy)
    file = next(paths.TRIALS.glob(f"{toy_trials()[0].key}*"))
    file.write_text(json.dumps(sealed({**json.loads(file.read_text()), **change})))
    assert any(state.startswith(f"damaged {file.name}: data") for state in states(run(toy)[1]))
    assert states(run(toy)[1]) == {"cached": 2}


@pytest.mark.parametrize("make", [
    lambda file: file.write_bytes(b"[" * 10**5), os.mkdir, getattr(os, "mkfifo", os.mkdir),
    lambda file: file.symlink_to(file.name)], ids=("deep", "folder", "pipe", "loop"))
def test_whatever_stands_in_a_result_s_place_is_set_aside(toy, make):
    run(toy)
    file = next(paths.TRIALS.glob(f"{toy_trials()[0].key}*"))
    file.unlink()
    make(file)
    assert any(state.startswith(f"damaged {file.name}: ") for state in states(run(toy)[1]))
    assert os.path.lexists(f"{file}.damaged") and states(run(toy)[1]) == {"cached": 2}


def test_a_foreign_file_is_not_used(toy):
    run(toy)
    files = [next(paths.TRIALS.glob(f"{t.key}*")) for t in toy_trials()]
    files[0].write_text(files[1].read_text())
    assert any("its trial is another one" in state for state in states(run(toy)[1]))


def test_a_folder_that_cannot_be_written_is_a_clear_error(toy, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="cannot be written"):
        run(toy, store=Store(tmp_path / "file" / "trials"))


def test_nothing_half_written_stays(toy, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(WriteError, match="No space left"):
        run(toy)
    assert not list(paths.TRIALS.iterdir())


def test_workers_give_the_same_results_in_the_same_order(toy):
    records = toy_trials(4, dropout=0.3)
    alone, _ = run(toy, records, store=Store(paths.TRIALS / "1"))
    together, told = run(toy, records, jobs=2, store=Store(paths.TRIALS / "2"))
    drop = lambda results: [{**r, "seconds": 0} for r in results]
    assert drop(alone) == drop(together)
    assert [t[0] for t in told] == [0, 1, 2, 3, 4]
    assert told[-1][2] == 0.0


def test_diverged_trial_is_stored(toy):
    (result,), _ = run(toy, [Trial("handwriting", "rnn", (3,), learning_rate=1e38, max_epochs=9)])
    assert result["history"]["reason"] == "diverged"
    assert result["history"]["loss"][-1] is None
    assert states(run(toy, [Trial("handwriting", "rnn", (3,), learning_rate=1e38, max_epochs=9)])[1]) == {"cached": 1}


def test_the_code_that_folds_and_measures_decides_what_is_stale():
    """An edit of the module that defines a kind of experiment, or Trial itself, makes its stored results stale."""
    for kind in kinds():
        code = {module.__name__ for module in kind.code.fget(kind.__new__(kind))}
        assert {"sequtils.trials.trial", kind.__module__} <= code, kind
    assert trials.fold.__module__ == "sequtils.trials.trial"
    rnn = Trial("handwriting", "rnn", (4,))
    assert rnn.version == training.version(*rnn.code) != training.version()


def test_every_kind_of_experiment_has_a_name_of_its_own():
    """Results are keyed, and hyperparameters told, by the name of the class."""
    names = [kind.__name__ for kind in kinds()]
    assert len(names) == len(set(names)) == len(provenance.experiments())


def kinds():
    """All kinds of experiment of the package."""
    provenance.experiments()  # imports every module
    found, new = [], [trials.Experiment]
    while new:
        new = [k for kind in new for k in kind.__subclasses__() if k.__module__.startswith("sequtils.")]
        found += new
    return found


def test_folds_part_the_training_data_and_never_touch_the_test_set(toy):
    parts = [trials.fold(toy, k, 4) for k in range(4)]
    held_out = [file for part in parts for file in part.test.files]
    assert sorted(held_out) == sorted(toy.train.files)
    for part in parts:
        assert not set(part.test.files) & set(part.train.files)
        assert np.bincount(part.test.y).tolist() == [3, 3]
    assert trials.fold(toy, None, 4) is toy
    with pytest.raises(ValueError, match="fold 4 is not in 0 to 3"):
        trials.fold(toy, 4, 4)


def test_longest_first(toy):
    frames = sum(map(len, toy.train.x))
    wide, deep = Trial("handwriting", "rnn", (64,)), Trial("handwriting", "lstm", (16, 5))
    assert wide.cost(toy) == 120 * frames * 64 * (2 + 64)
    assert deep.cost(toy) == 120 * frames * (4 * 16 * (2 + 16) + 4 * 5 * (16 + 5))


@dataclass(frozen=True)
class Count(trials.Experiment):
    """An experiment without data."""

    CODE = (store,)
    up_to: int

    def measure(self, dataset):
        assert dataset is None
        return {"total": sum(range(self.up_to)) + self.seed}


def test_other_experiments_are_run_stored_and_told_apart():
    results, told = run(None, [Count(4), Count(4, seed=1), Count(5)])
    assert [r["total"] for r in results] == [6, 7, 10]
    assert results[1]["trial"] == {"kind": "Count", "up_to": 4, "seed": 1}
    assert states(told) == {"new": 3}
    assert states(run(None, [Count(5), Count(6)])[1]) == {"cached": 1, "new": 1}


def test_the_package_imports_without_side_effects(tmp_path):
    """Importing every module starts no process, writes no file and prints nothing."""
    code = ("import importlib, pkgutil, sequtils\n"
            "for m in pkgutil.walk_packages(sequtils.__path__, 'sequtils.'):\n"
            "    if not m.name.endswith('__main__'): importlib.import_module(m.name)")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""
    assert not list(tmp_path.iterdir())
