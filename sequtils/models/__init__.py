"""The networks: sizes and a seed -> an untrained PyTorch module with its initial weights.

`SequenceClassifier` is the stacked RNN, LSTM or GRU of the study; `modern` has the networks that came after, each with
one of `encoders` and one of `poolings`.
"""

from sequtils.models.recurrent import CELLS, GATES, POOLINGS, SequenceClassifier, orthogonal

__all__ = ["CELLS", "GATES", "POOLINGS", "SequenceClassifier", "orthogonal"]
