"""The generated problems: their laws, their repeatability, and that a network can learn them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sequtils import trials
from sequtils.measures import synthetic, words


def test_adding_marks_one_frame_of_each_half_and_asks_for_their_sum():
    x, y = synthetic.adding(np.random.default_rng(0), 500, 11)
    assert x.dtype == y.dtype == np.float32 and set(np.unique(x[:, :, 1])) == {0, 1}
    assert (x[:, :5, 1].sum(axis=1) == 1).all() and (x[:, 5:, 1].sum(axis=1) == 1).all()
    np.testing.assert_allclose([s[s[:, 1] == 1, 0].sum() for s in x], y, rtol=1e-6)


def test_the_baseline_is_the_variance_of_the_sum():
    _, y = synthetic.adding(np.random.default_rng(1), 40000, 4)
    assert np.mean((y - 1) ** 2) == pytest.approx(synthetic.BASELINE, rel=0.03)


def test_latch_shows_the_class_in_its_first_frames_only():
    data = synthetic.latch(0, 40, count=2000)
    means = np.array([np.mean([x[:, 0] for x, y in zip(data.train.x, data.train.y) if y == c], axis=0) for c in (0, 1)])
    np.testing.assert_allclose(means[:, : synthetic.KEY], [[-1] * synthetic.KEY, [1] * synthetic.KEY], atol=0.1)
    assert abs(means[:, synthetic.KEY :]).max() < 0.1


def test_latch_is_repeatable_and_its_parts_differ():
    a, b, other = synthetic.latch(3, 10), synthetic.latch(3, 10), synthetic.latch(4, 10)
    assert a.fingerprint == b.fingerprint != other.fingerprint
    np.testing.assert_array_equal(a.train.x, b.train.x)
    assert not np.array_equal(a.train.x, a.test.x) and not np.array_equal(a.train.x, other.train.x)


def test_latch_is_a_trial_on_its_own_data():
    latch = synthetic.Latch(cell="rnn", length=5, optimiser="adam", batch=10, learning_rate=0.01, max_epochs=15, seed=1)
    found = trials.run([latch], None)[0]
    assert found["test_accuracy"] > synthetic.LATCHED and found["fingerprint"] == "no data set"
    assert found["labels"] == synthetic.latch(1, 5).test.y.tolist()
    assert latch.version != trials.Trial("cv", "rnn", (8,)).version
    assert replace(latch, length=50).cost(None) > 5 * latch.cost(None)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_adding_is_learnt_at_a_short_length_and_leaves_pytorch_as_it_was(cell):
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    adding = synthetic.Adding(cell, 3, hidden=16, steps=250, learning_rate=0.01)
    found = adding.measure(None)
    assert found["error"] < synthetic.MASTERED and found["steps"] <= 250
    few = replace(adding, steps=5)
    assert few.measure(None) == few.measure(None)
    assert torch.get_num_threads() == threads and torch.equal(torch.random.get_rng_state(), state)


def test_a_verb_agrees_with_the_first_word_and_objects_are_marked():
    """The subject stands first; every other noun is followed by "ko", which tells it apart."""
    for seed in range(50):
        rng = np.random.default_rng(seed)
        said = words.sentence(rng, seed % 3, 12)
        verb = list(words.VERBS)[seed % 3]
        assert len(said) == 12 and said[0] in words.VERBS[verb]
        assert all(said[i + 1] == "ko" for i in range(1, 12) if said[i] in words.NOUNS)
    assert words.encoded(["maa", "ko"]).sum(axis=1).tolist() == [1, 1]


def test_words_are_told_from_one_another_only_by_the_subject():
    data = words.sentences(3, 15)
    first = np.array([x[0].argmax() // 3 for x in data.test.x])  # three nouns a verb
    assert (first == data.test.y).all() and data.fingerprint == words.sentences(3, 15).fingerprint
    rest = np.array([x[1:].sum(axis=0) for x in data.train.x])
    means = np.array([rest[data.train.y == c].mean(axis=0) for c in range(3)])
    assert np.ptp(means, axis=0).max() < 0.5  # what follows is the same for all


def test_words_are_a_trial_on_their_own_data():
    few = words.Words(length=4, optimiser="adam", batch=10, learning_rate=0.01, max_epochs=8, seed=1)
    found = trials.run([few], None)[0]
    assert found["test_accuracy"] > 0.9
    assert found["labels"] == words.sentences(1, 4).test.y.tolist()


def test_an_untrained_network_has_not_mastered_adding():
    assert synthetic.Adding("lstm", 6, steps=1).measure(None)["error"] > synthetic.MASTERED
