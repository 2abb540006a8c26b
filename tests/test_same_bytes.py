"""Results are the same bytes whatever code PyTorch, its BLAS and numba would choose for the processor."""

import hashlib
import json
import os
import subprocess
import sys

import pytest
import torch

from sequtils import arithmetic, paths, text, trials
from sequtils.engine import minibatch
from sequtils.measures.activations import Activation
from sequtils.measures.input_output import EachFrame
from sequtils.measures.memory import Memory
from sequtils.measures.synthetic import Adding
from sequtils.results import Result
from sequtils.statistics import Estimate
from tests import same_bytes
from tests.document import make_build

EXPERIMENTS = [  # a short one of every kind that goes through PyTorch
    trials.BatchTrial("handwriting", width=8, max_epochs=2),
    trials.BatchTrial("handwriting", model="transformer", pooling="mean", width=8, max_epochs=2),
    Activation("handwriting", "tanh", ("minmax",), hidden=8, epochs=2),
    EachFrame("handwriting", "direction", ("minmax",), hidden=8, epochs=2),
    Memory(trials.Trial("handwriting", "lstm", (4,), max_epochs=2), (0, 1, 4)),
    Adding("lstm", 8, hidden=4, steps=20),
]
ELSEWHERE = {  # as on machines with other processors; what a user may have set, too
    "any processor": {"ATEN_CPU_CAPABILITY": "default", "NUMBA_CPU_NAME": "generic", "NPY_DISABLE_CPU_FEATURES": "AVX2",
                      "OPENBLAS_CORETYPE": "Prescott", "OMP_NUM_THREADS": "1"},
    "another one": {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2", "ONEDNN_MAX_CPU_ISA": "SSE41"},
}


def digests(toy):
    """SHA-256 of what each of EXPERIMENTS measures, its floats in digits that are stable."""
    stable = lambda x: [stable(v) for v in x] if isinstance(x, list) else (
        {k: stable(v) for k, v in x.items()} if isinstance(x, dict) else text.stable(x))
    told = [json.dumps(stable(e.measure(toy)), sort_keys=True) for e in EXPERIMENTS]
    return [hashlib.sha256(each.encode()).hexdigest() for each in told]


@pytest.mark.parametrize("place", ELSEWHERE)
def test_what_goes_through_pytorch_is_the_same_elsewhere(toy, place):
    code = "from tests import conftest, test_same_bytes; print(*test_same_bytes.digests(conftest.make_toy()))"
    told = subprocess.run([sys.executable, "-c", code], env={**os.environ, **ELSEWHERE[place]}, cwd=paths.ROOT,
                          capture_output=True, text=True, check=True)
    assert told.stdout.split() == digests(toy)


def test_pytorch_is_left_as_it_was_found():
    before = torch.get_num_threads(), torch.backends.mkldnn.enabled
    with pytest.raises(KeyError), minibatch.one_order():
        assert torch.get_num_threads() == 1 and not torch.backends.mkldnn.enabled
        raise KeyError
    assert (torch.get_num_threads(), torch.backends.mkldnn.enabled) == before
    assert arithmetic.SETTINGS.items() <= os.environ.items()


def test_what_is_published_has_no_digit_that_depends_on_the_order_of_sums():
    ways = (0.1 + 0.2) + 0.3, 0.1 + (0.2 + 0.3)
    assert ways[0] != ways[1] and text.stable(ways[0]) == text.stable(ways[1]) == 0.6
    kept = [None, "word", 3, True, 1.5, float("inf")]
    assert list(map(text.stable, kept)) == kept
    one, other = (Result("row", {"a": {"plain": x, "mean": Estimate(x, x, x, x)}}) for x in ways)
    assert one.cells() == other.cells() and one.frame().to_csv() == other.frame().to_csv()


def test_a_byte_that_differs_is_found(tmp_path):
    one, other = (make_build(tmp_path / name) for name in ("one", "other"))
    assert same_bytes.different(one, other) == [] and len(same_bytes.results(one)) > 10
    (other / "figures" / "tall.svg").write_bytes((one / "figures" / "tall.svg").read_bytes() + b" ")
    (other / "tables" / "wide.csv").unlink()
    assert same_bytes.different(one, other) == ["figures/tall.svg", "tables/wide.csv"]
