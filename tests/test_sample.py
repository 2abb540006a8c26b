"""The embedded sample: what is stored, what the reader gets, and that the strokes can be made again."""

import ast
import json
import sys

import numpy as np
import pytest

from sequtils import paths
from sequtils.data import sample
from sequtils.data.features import deltas
from tools.sample import cv, handwriting, making

NAMES = ("handwriting", "cv")
CLASSES = {
    "handwriting": ["a", "ai", "bA", "chA", "dA", "lA", "tA"],
    "cv": ["ba", "bhA", "hI", "hai", "ka", "kaa", "ne", "ni", "nii", "pa", "paa", "rI", "re", "sa", "tA", "tI"],
}
COLUMNS = {"handwriting": 2, "cv": 39}
LENGTHS = {"handwriting": (19, 178), "cv": (6, 79)}


@pytest.fixture(scope="module")
def loaded():
    return {name: sample.load(name) for name in NAMES}


def sequences(data, split=None):
    return [x for splits in data.values() for s in splits if split in (None, s) for _, x in splits[s]]


@pytest.mark.parametrize("name", NAMES)
def test_classes_are_those_of_the_assignment(loaded, name):
    assert list(loaded[name]) == CLASSES[name]
    assert all(list(splits) == ["train", "test"] for splits in loaded[name].values())
    assert set(sample.DEFAULT_CLASSES[name]) <= set(CLASSES[name])


@pytest.mark.parametrize("name", NAMES)
def test_sequences_have_the_type_shape_and_lengths_of_the_course_files(loaded, name):
    xs = sequences(loaded[name])
    assert all(x.dtype == np.float32 and x.ndim == 2 and x.shape[1] == COLUMNS[name] for x in xs)
    assert all(LENGTHS[name][0] <= len(x) <= LENGTHS[name][1] for x in xs)
    assert all(np.isfinite(x).all() for x in xs)


def test_handwriting_counts(loaded):
    for splits in loaded["handwriting"].values():
        assert (len(splits["train"]), len(splits["test"])) == (69, 20)


def test_cv_counts_are_a_third_of_the_assignment(loaded):
    for name, splits in loaded["cv"].items():
        train, test = cv.SYLLABLES[name].counts
        assert (len(splits["train"]), len(splits["test"])) == (round(train / 3), round(test / 3))


def test_strokes_lie_on_the_tablet_and_have_extent(loaded):
    for x in sequences(loaded["handwriting"]):
        assert x.min() > -0.5 and x.max() < 1.3
        assert (np.ptp(x, axis=0) > 0.02).all()
        assert (np.diff(x, axis=0) != 0).any(axis=1).all()  # a digitiser reports a place once


def test_energy_is_normalised_and_cepstra_are_of_htk_size(loaded):
    frames = np.concatenate(sequences(loaded["cv"]))
    np.testing.assert_allclose([x[:, 12].max() for x in sequences(loaded["cv"])], 1, atol=0.02)
    assert frames[:, 12].min() > -1
    assert (frames[:, :12].std(axis=0) > 2).all() and (np.abs(frames[:, :12]) < 80).all()


def test_deltas_are_those_of_each_segment_by_itself(loaded):
    stored = sample.arrays("cv")
    static = stored["static"] * stored["scale"]
    parts = np.split(static, np.cumsum(stored["lengths"], dtype=np.int64)[:-1])
    for part, x in zip(parts, sequences(loaded["cv"])):
        first = deltas(part, 2)
        assert np.array_equal(x, np.hstack([part, first, deltas(first, 2)]).astype(np.float32))


@pytest.mark.parametrize("name", NAMES)
def test_no_sequence_occurs_twice(loaded, name):
    xs = [x.tobytes() for x in sequences(loaded[name])]
    assert len(set(xs)) == len(xs)


@pytest.mark.parametrize("name", NAMES)
def test_file_names_are_unique_in_a_class(loaded, name):
    for splits in loaded[name].values():
        files = [file for s in splits for file, _ in splits[s]]
        assert len(set(files)) == len(files)
        assert all(file.endswith(".txt" if name == "handwriting" else ".mfcc") for file in files)


def test_all_speakers_are_in_both_splits(loaded):
    for split in ("train", "test"):
        files = [file for splits in loaded["cv"].values() for file, _ in splits[split]]
        assert {file.split("_")[0] for file in files} == {f"{k:02d}" for k in range(1, 20)}
    assert all(file.split("_")[1] == "kaa" for file, _ in loaded["cv"]["kaa"]["train"])


def test_the_arrays_are_at_most_one_megabyte():
    assert sum((sample.FOLDER / f"{name}.npz").stat().st_size for name in NAMES) <= 1_000_000


@pytest.mark.parametrize("name", NAMES)
def test_the_arrays_are_those_that_provenance_speaks_of(name):
    record = json.loads(making.PROVENANCE.read_text("utf-8"))[f"{name}.npz"]
    stored = sample.arrays(name)
    assert record["sha256"] == {key: making.digest(value) for key, value in stored.items()}
    assert record["sequences"] == len(stored["lengths"]) == stored["counts"].sum()
    assert {"generator", "licence", "seed", "date", "versions", "repeatable"} <= set(record)


@pytest.mark.parametrize("name", NAMES)
def test_provenance_names_the_parameters_of_the_generator(name):
    record = json.loads(making.PROVENANCE.read_text("utf-8"))[f"{name}.npz"]
    generator = {"handwriting": handwriting, "cv": cv}[name]
    assert record["parameters"] == json.loads(json.dumps(generator.PARAMETERS))
    assert record["seed"] == generator.SEED


def test_handwriting_is_repeatable(capsys):
    assert handwriting.main(["--check"]) == 0
    assert "repeatable" in capsys.readouterr().out


def test_a_changed_stroke_is_noticed(monkeypatch, capsys):
    stored = sample.arrays("handwriting")
    stored["points"][0, 0] += 1
    monkeypatch.setattr(sample, "arrays", lambda name: stored)
    assert handwriting.main(["--check"]) == 1
    assert "points" in capsys.readouterr().out


def test_an_unknown_sample_is_refused():
    with pytest.raises(ValueError, match="'speech' is not one of handwriting, cv"):
        sample.load("speech")


def test_a_missing_synthesiser_is_named_with_the_command_that_helps(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    assert cv.main([]) == 2
    assert "pip install espeakng-loader==0.2.4" in capsys.readouterr().err


def test_features_of_a_tone_peak_where_its_pitch_is():
    t = np.arange(16_000) / 16_000
    x = cv.static_features(0.3 * np.sin(2 * np.pi * 1000 * t))
    assert x.shape == (1 + (16_000 - 400) // 160, 13)
    assert x[:, 12].max() == 1.0
    centre = np.argmax(cv.MEL_FILTERS[round(1000 * 512 / 16_000)])
    assert abs(1000 - 16_000 / 512 * np.argmax(cv.MEL_FILTERS[:, centre])) < 100


def test_the_package_needs_no_generator():
    for module in (paths.ROOT / "sequtils").rglob("*.py"):
        assert "tools" not in imported_packages(module), module


def imported_packages(module):
    """First names of what a module imports."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "") or ""]
        yield from (name.split(".")[0] for name in names)
