"""The networks: padding changes nothing, and each does what its equation says."""

import itertools
import math

import pytest
import torch
from torch import nn

from sequtils.models import encoders, modern, poolings

LENGTHS = torch.tensor([7, 3, 5])
VARIANTS = [{"model": m} for m in encoders.MODELS]
VARIANTS += [{"norm": n} for n in encoders.NORMS[1:]] + [{"dropout": d, "rate": 0.5} for d in modern.DROPOUTS[1:]]
VARIANTS = [{**v, "pooling": p} for v, p in itertools.product(VARIANTS, poolings.POOLINGS)]


def make(seed=0, **fields):
    """A network of 4 units for frames of 3 features, 5 classes, as after some training."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = modern.Classifier(3, 4, 5, frames=7, **fields)
        for _ in range(3):
            model(torch.randn(6, 7, 3), torch.tensor([7, 7, 6, 5, 2, 2]))  # batch norm gets its statistics
    return model.eval()


def batch(seed=0):
    return torch.randn(3, 7, 3, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("fields", VARIANTS, ids=lambda f: "-".join(map(str, f.values())))
def test_padding_changes_no_logit(fields):
    model, x = make(**fields), batch()
    z = model(x, LENGTHS)
    other = torch.where(encoders.valid(LENGTHS, 7)[..., None], x, torch.tensor(1e3))
    longer = torch.cat([other, torch.full((3, 4, 3), -1e3)], 1)
    alone = torch.cat([model(x[i : i + 1, :n], LENGTHS[i : i + 1]) for i, n in enumerate(LENGTHS)])
    for changed in (model(other, LENGTHS), model(longer, LENGTHS), alone):
        torch.testing.assert_close(changed, z, atol=2e-6, rtol=1e-5)
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(model(x[order], LENGTHS[order]), z[order], atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("fields", VARIANTS[:: len(poolings.POOLINGS)], ids=lambda f: "-".join(map(str, f.values())))
def test_every_parameter_is_trained(fields):
    model = make(**fields).train()
    model(batch(), LENGTHS).square().sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_scan_is_the_loop():
    a, b = torch.rand(2, 13, 3, dtype=torch.float64), torch.randn(2, 13, 3, dtype=torch.float64)
    for T in (1, 2, 8, 13):
        h, states = torch.zeros(2, 3, dtype=torch.float64), []
        for t in range(T):
            h = a[:, t] * h + b[:, t]
            states.append(h)
        torch.testing.assert_close(encoders.scan(a[:, :T], b[:, :T]), torch.stack(states, 1))


def test_mingru_is_its_equation():
    layer, x = encoders.MinGRU(3, 4), batch()
    h = torch.zeros(3, 4)
    for t in range(7):
        z = torch.sigmoid(x[:, t] @ layer.z.weight.T + layer.z.bias)
        h = (1 - z) * h + z * (x[:, t] @ layer.h.weight.T + layer.h.bias)
    torch.testing.assert_close(layer(x, LENGTHS)[:, -1], h)


def test_step_lstm_without_norm_is_torchs_lstm():
    ours, theirs = encoders.StepLSTM(3, 4), nn.LSTM(3, 4, batch_first=True)
    encoders.initialise(ours)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih"):
            getattr(theirs, f"{name}_l0").copy_(getattr(ours, name))
        theirs.bias_hh_l0.zero_()
    h, expected = ours(batch(), LENGTHS), theirs(batch())[0]
    for i, n in enumerate(LENGTHS):
        torch.testing.assert_close(h[i, :n], expected[i, :n])


def on_packed(recurrent, cell):
    """What PyTorch's own layer of two directions, with the same weights, gives for packed sequences: states, ends."""
    theirs = encoders.CELLS[cell](3, 4, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for layer, suffix in zip(recurrent.layers, ("", "_reverse")):
            for name, p in layer.named_parameters():
                getattr(theirs, name + suffix).copy_(p)
    return theirs(nn.utils.rnn.pack_padded_sequence(batch(), LENGTHS, batch_first=True, enforce_sorted=False))


@pytest.mark.parametrize("cell", encoders.CELLS)
def test_two_directions_are_torchs_on_packed_sequences(cell):
    ours = encoders.Recurrent(3, 4, cell, True)
    expected, _ = nn.utils.rnn.pad_packed_sequence(on_packed(ours, cell)[0], batch_first=True)
    mask = encoders.valid(LENGTHS, 7)
    torch.testing.assert_close(ours(batch(), LENGTHS)[mask], expected[mask])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_both_directions_have_read_all_frames_where_the_last_state_is_pooled(cell):
    both = modern.Classifier(3, 4, 5, f"bi{cell}").eval()
    found = on_packed(both.encoder, cell)[1]
    end = found[0] if cell == "lstm" else found  # (2, B, n), where each direction ends
    torch.testing.assert_close(both.pool(both.states(batch(), LENGTHS), LENGTHS), torch.cat([*end], 1))


def test_same_draws_for_the_same_seed_and_the_forget_bias():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain = modern.Classifier(3, 4, 5, forget_bias=2.0)
        torch.manual_seed(0)
        stepwise = modern.Classifier(3, 4, 5, dropout="recurrent", forget_bias=2.0)
    assert plain.encoder.layers[0].bias_ih_l0.tolist() == stepwise.encoder.bias_ih.tolist()
    assert plain.encoder.layers[0].bias_ih_l0.tolist() == [0.0] * 4 + [2.0] * 4 + [0.0] * 8
    W = plain.encoder.layers[0].weight_hh_l0
    torch.testing.assert_close(W.T @ W, torch.eye(4), atol=1e-6, rtol=0)


def test_layer_norm_takes_each_sequence_for_itself_and_batch_norm_does_not():
    x = batch()
    other = torch.cat([x[:1], 3 * x[1:]])
    for norm, alike in (("layer", True), ("batch", False), ("batch-shared", False)):
        model = make(norm=norm).train()
        before, after = (model.states(seqs, torch.full((3,), 7))[0] for seqs in (x, other))
        assert torch.allclose(before, after, atol=1e-6) == alike


def test_batch_norm_keeps_a_statistic_for_each_frame():
    norm, x = encoders._FrameNorm(2, 3, True), torch.tensor([[0.0, 2.0], [4.0, 2.0]])
    out = norm(x, 1)
    torch.testing.assert_close(out[:, 0], torch.tensor([-0.1, 0.1]), atol=1e-5, rtol=0)
    torch.testing.assert_close(norm.mean, torch.tensor([[0.0, 0.0], [0.2, 0.2], [0.0, 0.0]]))
    norm(x, 17)
    torch.testing.assert_close(norm.mean[2], torch.tensor([0.2, 0.2]))
    before = norm.mean.clone()
    norm(x[:1], 0)  # a single sequence has no variance
    norm.eval()(x, 0)
    assert torch.equal(norm.mean, before)


def test_attention_weights_are_a_distribution_over_valid_frames():
    model = make(pooling="attention")
    alpha = model.weights(batch(), LENGTHS)
    torch.testing.assert_close(alpha.sum(1), torch.ones(3))
    assert (alpha[~encoders.valid(LENGTHS, 7)] == 0).all() and (alpha[encoders.valid(LENGTHS, 7)] > 0).all()
    h = model.states(batch(), LENGTHS)
    torch.testing.assert_close(model.pool(h, LENGTHS)[1], (alpha[1, :3, None] * h[1, :3]).sum(0))
    with torch.no_grad():
        model.pool.v.weight.zero_()
    torch.testing.assert_close(model.pool(h, LENGTHS), poolings.mean(h, LENGTHS))


def test_recurrent_dropout_drops_the_same_units_for_all_frames():
    model = make(dropout="recurrent", rate=0.5).train()
    seen = []
    step = model.encoder.step
    model.encoder.step = lambda t, a, h, c: seen.append(h.detach() == 0) or step(t, a, h, c)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model(batch(), torch.full((3,), 7))
    dropped = torch.stack(seen[1:])
    assert (dropped == dropped[0]).all() and dropped.any() and not dropped.all()


def test_positions_are_the_published_sinusoids():
    p = encoders.positions(5, 4)
    assert p[3].tolist() == pytest.approx([math.sin(3), math.cos(3), math.sin(0.03), math.cos(0.03)])


def test_unknown_names_are_refused():
    for fields in ({"model": "mlp"}, {"pooling": "first"}, {"norm": "group"}, {"dropout": "all"},
                   {"model": "gru", "norm": "layer"}, {"model": "rnn", "dropout": "recurrent"}):
        with pytest.raises(ValueError):
            modern.Classifier(3, 4, 5, **fields)
