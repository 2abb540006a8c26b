"""Running many experiments: what the store has is taken from it, the rest is done side by side and kept at once."""

import contextlib
import os
import time
from collections import Counter

import joblib

from sequtils import stopping
from sequtils.trials.store import Store


def run(trials, dataset, jobs=1, cluster=None, store=None, progress=None):
    """Results (dicts, see `train`) of Trials, or of other Experiments, on one Dataset (None for experiments without
    one), in their order, with the "speakers" of the test sequences where they are known; what the store has is not run
    again.

    jobs: how many are trained side by side, -1 for all cores. cluster: address of a Dask scheduler, such as
    "tcp://host:8786", whose workers then do the training; results come back to the store here. progress: called as
    progress(done, total, seconds_left, counts) after each; counts says how many were cached, new, or stale or damaged
    and why. Each result is stored as soon as it is there, so that an interrupted run goes on where it was.
    """
    store = store or Store()
    look_up = lambda t: store.get(t.key, t.record, _fingerprint(dataset), t.version)
    found = [look_up(t) for t in trials]
    results, states = [result for result, _ in found], [state for _, state in found]
    costs = {i: t.cost(dataset) for i, t in enumerate(trials) if results[i] is None}
    report = _Reporter(progress, Counter(states), sum(costs.values()))

    def tasks():  # joblib takes them one by one: what another run has finished meanwhile is not done again
        for i in sorted(costs, key=costs.get, reverse=True):
            results[i], _ = look_up(trials[i])
            if results[i] is None:
                yield joblib.delayed(_indexed)(i, trials[i], dataset)
            else:
                report(costs[i])

    with _workers(cluster if costs else None):
        for i, result in _side_by_side(jobs, len(costs), cluster)(tasks()):
            results[i] = store.put(trials[i].key, result)
            report(costs[i])
    return [_with_speakers(result, dataset) for result in results]


def _with_speakers(result, dataset):
    """A result on all test sequences, with the speaker of each where they are known; they lie with the data, and not in
    the store."""
    known = dataset is not None and None not in dataset.test.speakers
    whole = known and result.get("labels") == dataset.test.y.tolist()
    return {**result, "speakers": dataset.test.speakers} if whole else result


@contextlib.contextmanager
def _workers(cluster):
    """Within it, joblib works on the Dask cluster at an address, or where it is None on this machine."""
    if cluster is None:
        yield
        return
    from dask.distributed import Client  # the optional extra "cluster"

    with Client(cluster, set_as_default=True), joblib.parallel_config("dask", wait_for_workers_timeout=60):
        yield


def _side_by_side(jobs, tasks, cluster):
    """joblib's Parallel, whose results come as they are done, and whose workers on this machine end with us."""
    here = {} if cluster else {"initializer": stopping.end_with, "initargs": (os.getpid(),)}
    jobs = -1 if cluster else min(jobs, max(1, tasks))
    return joblib.Parallel(jobs, return_as="generator_unordered", pre_dispatch="n_jobs", **here)


def _indexed(i, trial, dataset):
    return i, train(trial, dataset)


def train(experiment, dataset):
    """Run one experiment: what it measured, with its record, the data's fingerprint, the code's version, and the
    seconds it took. The same experiment on the same data gives the same values, but for the seconds."""
    started = time.perf_counter()
    measured = experiment.measure(dataset)
    return {**measured, "trial": experiment.record, "fingerprint": _fingerprint(dataset), "engine": experiment.version,
            "seconds": round(time.perf_counter() - started, 3)}


def _fingerprint(dataset):
    return dataset.fingerprint if dataset else "no data set"


class _Reporter:
    """Calls `progress` after each trial with the seconds left, taken from the share of the cost that is done."""

    def __init__(self, progress, counts, cost):
        self.progress, self.counts, self.cost = progress or (lambda *_: None), counts, cost
        self.done, self.spent, self.started = counts["cached"], 0, time.monotonic()
        self.progress(self.done, counts.total(), None if cost else 0.0, dict(counts))

    def __call__(self, cost):
        self.done, self.spent = self.done + 1, self.spent + cost
        left = (time.monotonic() - self.started) * (self.cost - self.spent) / self.spent
        self.progress(self.done, self.counts.total(), left, dict(self.counts))
