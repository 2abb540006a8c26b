"""What the notebooks call: a `Study` runs and publishes, an `Answer` stands at the head, plots and tables show.

What is published is kept in a build folder, from which `sequtils.report` makes the document.
"""

import importlib

_WHERE = {"Study": "study", "stack": "study", "units": "study", "Answer": "artefacts",
          "Publisher": "artefacts", "STATUS": "progress", "duration": "progress"}
__all__ = list(_WHERE)


def __getattr__(name):  # lazy: the batch run needs the Publisher, and not the seconds of PyTorch that a Study costs
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
