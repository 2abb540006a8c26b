"""Exact stochastic gradient descent for stacked recurrent networks, one sequence at a time, compiled with Numba.

Plain RNN (Elman 1990), LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000) and GRU (Cho et
al. 2014), a dense softmax head on the last frame, cross-entropy, backpropagation through time (Werbos 1990). Equations
and the order of the parameters are those of `torch.nn.RNN`, `torch.nn.LSTM`, `torch.nn.GRU` and
`models.SequenceClassifier`.

The weights are the same, bit for bit, on every CPU. IEEE 754 fixes the results of + - * / and of the square root, and
of nothing else. Hence:

- every sum has one order, which is written here: no BLAS, whose order depends on the CPU;
- exp and log are made of + - * /: no libm, whose exp differs from system to system;
- no `fastmath` and no fused multiply-add, which rounds once where a product and a sum round twice.

It is fast because sixteen *outputs* are computed side by side, each with its own sum in its own order, because two
layers compute at once, and because one call does a whole epoch, in memory set aside once.

Beside it, what the study compares it with: mini-batches (the mean of their sequences' gradients, so none is padded),
Adam, and a head on the mean of all frames; and the states of one layer, for networks of which PyTorch has the rest.

Begin with `cells`, the equations of one frame; then `layers`, all frames, of two layers at once; `passes`, the whole
network forward and back; and `descent`, the training. They stand on `network` (memory), `products`, `functions` (exp,
tanh), `lanes` (sixteen numbers at once) and `compiling`; `calls` checks what the rest of the package asks for.
"""

from sequtils.engine.kernels.calls import (
    Adam,
    cross_entropy,
    dropout_masks,
    gradient,
    logits,
    states,
    states_backward,
    train_epoch,
)
from sequtils.engine.kernels.network import CELLS, GATES, POOLINGS

__all__ = ["CELLS", "GATES", "POOLINGS", "Adam", "cross_entropy", "dropout_masks", "gradient", "logits", "states",
           "states_backward", "train_epoch"]
