"""Records of trainings -> their results: each trained once, kept as one JSON file, side by side on all cores.

A `Trial` is one training of the study, a `BatchTrial` one of a newer network; other kinds of `Experiment` are in
`sequtils.measures`. `run` takes from the store what is there and trains the rest.
"""

from sequtils.trials.batch_trial import BatchTrial
from sequtils.trials.run import run, train
from sequtils.trials.store import Store
from sequtils.trials.trial import RECIPES, Experiment, Trial, fitted, fold, trained

__all__ = ["RECIPES", "BatchTrial", "Experiment", "Store", "Trial", "fitted", "fold", "run", "train", "trained"]
