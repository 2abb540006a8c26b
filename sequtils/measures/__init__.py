"""A trained network, or a task made for it -> numbers that answer one question; one module a question.

Notebook 02: `control_loop`, `memory`, `input_output`, `activations`. Notebook 03: `plateau`, `stopping`. Notebook 07:
`jacobians`, `gradient_flow`, `synthetic`, `words`, `length`. Notebook 08: `limits`, `resources`. Notebook 09:
`comparison`, `ablation`, `speakers`, `errors`. All that fit straight lines: `slopes`.
"""

from sequtils.data import LAYOUTS

TITLES = {"rnn": "RNN", "lstm": "LSTM", **{name: layout.title for name, layout in LAYOUTS.items()}}
