"""One order of sums: what PyTorch and its BLAS read from the environment, so that they add alike on every machine.

Both choose their code by what the processor can do, and so their last digits; these settings give both the code that
all processors of a kind have. PyTorch reads them at its first operation: import this, or any of `sequtils`, before it.
`minibatch.one_order` does the rest, in a process that computes. It costs speed, which `make bench` shows.
"""

import os

SETTINGS = {
    "ATEN_CPU_CAPABILITY": "default",  # of PyTorch: its own loops without AVX
    "MKL_CBWR": "COMPATIBLE",  # of Intel's MKL: the code for every processor ("conditional reproducibility")
}

os.environ.update(SETTINGS)
