"""A network and a data set -> the trained network and its history.

`training` trains by the exact SGD of the study, compiled (`kernels`) or by PyTorch, which judges it; `minibatch` trains
any PyTorch network by Adam, whose recurrent layers `recurrence` computes by the same kernels.
"""
