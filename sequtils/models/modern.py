"""Sequence classifiers of the RNN's and the LSTM's kind, and what came after them, on batches of padded sequences.

A `Classifier` is three parts: an encoder that gives a state for every frame, a pooling of the states to one vector, and
a dense layer. All are called as model(x, lengths): x (B, T, D), of which the first `lengths` (B,) frames of each
sequence are valid. No padding changes a logit.
"""

from torch import nn
from torch.nn import functional as F

from sequtils.models.encoders import MODELS, NORMS, StepLSTM, build, initialise
from sequtils.models.poolings import POOLINGS, POOLS, AttentionPool, ends

DROPOUTS = ("none", "input", "output", "recurrent")


class Classifier(nn.Module):
    """An encoder of MODELS, a pooling of POOLINGS and a dense layer.

    width: hidden size n, of each direction. norm: what is normalised inside an LSTM's recurrence, see `StepLSTM`.
    dropout: which numbers are set to zero while training, with probability `rate`: those of the frames, of the states
    that are pooled (Zaremba et al. 2014), or of the state that is handed on in time, the same ones for all frames of a
    sequence (Gal and Ghahramani 2016). frames: the longest training sequence. states: see `encoders.build`. Raises
    ValueError for other names.
    """

    def __init__(self, inputs, width, classes, model="lstm", pooling="last", norm="none", dropout="none", rate=0.0,
                 forget_bias=1.0, frames=1, states=None):
        super().__init__()
        _require(model=(model, MODELS), pooling=(pooling, POOLINGS), norm=(norm, NORMS), dropout=(dropout, DROPOUTS))
        stepwise = norm != "none" or dropout == "recurrent"
        if stepwise and model != "lstm":
            raise ValueError(f"model {model!r}: only the LSTM has norms or dropout inside its recurrence")
        step_rate = rate if dropout == "recurrent" else 0.0
        self.encoder = (StepLSTM(inputs, width, norm, step_rate, frames) if stepwise
                        else build(model, inputs, width, states))
        both = model.startswith("bi")
        outputs = width * (2 if both else 1)
        self.pool = (AttentionPool(outputs) if pooling == "attention" else ends if both and pooling == "last"
                     else POOLS[pooling])
        self.head = nn.Linear(outputs, classes)
        self.dropout = {dropout: rate}
        initialise(self, forget_bias)

    def forward(self, x, lengths):
        """Logits (B, C)."""
        return self.head(self.pool(self.states(x, lengths), lengths))

    def states(self, x, lengths):
        """A state for each frame, (B, T, n); those of invalid frames mean nothing."""
        x = F.dropout(x, self.dropout.get("input", 0.0), self.training)
        return F.dropout(self.encoder(x, lengths), self.dropout.get("output", 0.0), self.training)

    def weights(self, x, lengths):
        """The weights (B, T) that an attention pooling gives to the frames; 0 for invalid ones."""
        return self.pool.weights(self.states(x, lengths), lengths)


def _require(**choices):
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise ValueError(f"{name} {value!r} is not one of {', '.join(allowed)}")
