"""The two readers: exact on every good file, a clear DataError on every bad one."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sequtils.data import DataError, formats, read_segment, read_stroke

NUMBERS = st.floats(-1e6, 1e6, width=32)
PER_EXAMPLE = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@PER_EXAMPLE
@given(points=arrays(np.float32, st.tuples(st.integers(1, 40), st.just(2)), elements=NUMBERS),
       space=st.sampled_from([" ", "\n", "\t", "  ", "\r\n"]))
def test_stroke_reads_back_what_was_written(tmp_path, points, space):
    file = tmp_path / "1.txt"
    file.write_bytes(space.join([str(len(points)), *(repr(float(v)) for v in points.ravel())]).encode())
    read = read_stroke(file)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, points)


@PER_EXAMPLE
@given(frames=arrays(np.float32, st.tuples(st.integers(1, 8), st.just(39)), elements=NUMBERS),
       end=st.sampled_from(["\n", " \r\n", "\n\n"]))
def test_segment_reads_back_what_was_written(tmp_path, frames, end):
    file = tmp_path / "1.mfcc"
    file.write_bytes("".join(" ".join(repr(float(v)) for v in row) + end for row in frames).encode())
    read = read_segment(file)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, frames)


@PER_EXAMPLE
@given(content=st.binary(max_size=60))
def test_no_bytes_do_anything_but_read_or_raise_data_error(tmp_path, content):
    file = tmp_path / "f"
    file.write_bytes(content)
    for read in (read_stroke, read_segment):
        try:
            assert np.isfinite(read(file)).all()
        except DataError as error:
            assert str(file) in str(error)
            assert "expected" in str(error)


@pytest.mark.parametrize(("text", "says"), [
    ("", "line 1: empty file, expected N x1 y1"),
    (" \n ", "line 1: empty file"),
    ("0", "number 1: 0 points, expected a whole number of at least 1"),
    ("-1 0 0", "number 1: -1 points"),
    ("1.5 0 0 0", "number 1: 1.5 points"),
    ("2 .1 .2 .3 .4 .5 .6", "number 1: N = 2, but 6 coordinates follow, expected 4"),
    ("2 .1 .2 .3", "number 1: N = 2, but 3 coordinates follow, an odd count, expected 4"),
    ("1 .1 abc", "line 1, number 3: found 'abc', expected a finite number"),
    ("2 .1 .2\n.3 nan", "line 2, number 5: found 'nan', expected a finite number"),
    ("1 inf .2", "number 2: found 'inf'"),
    ("1 1e39 .2", "number 2: found '1e39'"),
    ("1 1_0 .2", "number 2: found '1_0'"),
    ("1 0,5 .2", "number 2: found '0,5'"),
])
def test_bad_stroke(tmp_path, text, says):
    file = tmp_path / "7.txt"
    file.write_text(text)
    with pytest.raises(DataError) as error:
        read_stroke(file)
    assert str(error.value).startswith(str(file))
    assert says in str(error.value)


ROW = "1 " * 39


@pytest.mark.parametrize(("text", "says"), [
    ("", "line 1: empty file, expected rows of 39 numbers"),
    (f"{ROW}\n{'1 ' * 38}\n", "line 2: 38 numbers, expected 39"),
    (f"{ROW}\n\n{'1 ' * 40}", "line 3: 40 numbers, expected 39"),
    (f"{ROW}\n{'1 ' * 38}NaN", "line 2, number 78: found 'NaN', expected a finite number"),
    ("1 " * 78, "line 1: 78 numbers, expected 39"),
])
def test_bad_segment(tmp_path, text, says):
    file = tmp_path / "01_ka_1_2.mfcc"
    file.write_text(text)
    with pytest.raises(DataError) as error:
        read_segment(file)
    assert str(error.value).startswith(str(file))
    assert says in str(error.value)


def test_a_file_that_is_no_text_or_not_there(tmp_path):
    (tmp_path / "x").write_bytes(b"1 .1\n\xff .2")
    with pytest.raises(DataError, match="line 2: found the byte 0xff"):
        read_stroke(tmp_path / "x")
    with pytest.raises(DataError, match="cannot be read"):
        read_stroke(tmp_path / "y")


@pytest.mark.parametrize("text", ["1 " + "9" * 10**6 + "x 2", "1 ." + "9" * 10**6 + "e", "1 " + "0" * 10**6 + "_ 1",
                                  "1 " * 10**5 + "x"])
def test_a_reader_looks_at_each_byte_a_bounded_number_of_times(tmp_path, text):
    """Quadratic in the length of a word or of a file, each of these would take hours."""
    (tmp_path / "1.txt").write_text(text)
    with pytest.raises(DataError, match="expected a finite number"):
        read_stroke(tmp_path / "1.txt")


def test_the_largest_number_that_float32_holds_is_read_and_the_next_one_is_not(tmp_path):
    for number, fits in (("3.4028235677e38", True), ("3.4028235678e38", False)):
        (tmp_path / "1.txt").write_text(f"1 {number} 0")
        if fits:
            assert read_stroke(tmp_path / "1.txt")[0, 0] == np.finfo(np.float32).max
        else:
            with pytest.raises(DataError, match="number 2"):
                read_stroke(tmp_path / "1.txt")


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "CAP", 2**20)
    with open(tmp_path / "1.txt", "wb") as file:
        file.truncate(2**40)  # it takes no place on the disk
    with pytest.raises(DataError, match="more than 1 MiB, expected a text file"):
        read_stroke(tmp_path / "1.txt")
