"""One layer through time and back: the equations of the plain RNN, the LSTM and the GRU."""

from sequtils.engine.kernels.compiling import compiled
from sequtils.engine.kernels.functions import flushed, sigmoid, tanh
from sequtils.engine.kernels.lanes import LANES, load, store, zero
from sequtils.engine.kernels.products import panels, row_product


@compiled
def rnn_forward(W, m, n, T, a, h):
    """Elman (1990): h_t = tanh(a_t + W_hh h_{t-1}), where a_t = W_ih x_t + b_ih + b_hh."""
    for t in range(T):
        for p in range(panels(n)):
            u = p * LANES
            s = row_product(load(a, (t, u)), h, t, 0, n, W, p, m)
            store(h, (t + 1, u), tanh(s))


@compiled
def rnn_backward(V, n, T, h, dh, a):
    """Werbos (1990): da_t = (dh_t + W_hh^T da_{t+1}) (1 - h_t^2), where dh comes from above. V holds W_hh^T."""
    for t in range(T - 1, -1, -1):
        for p in range(panels(n)):
            u = p * LANES
            dh_t, h_t = load(dh, (t, u)), load(h, (t + 1, u))
            if t + 1 < T:
                dh_t = row_product(dh_t, a, t + 1, 0, n, V, p, 0)
            store(a, (t, u), flushed(dh_t * (1.0 - h_t * h_t)))


@compiled
def lstm_forward(W, m, n, T, a, c, tanh_c, h):
    """Gers et al. (2000): the gates i, f, g, o are functions of a_t + W_hh h_{t-1}, a_t = W_ih x_t + b_ih + b_hh;
    c_t = f c_{t-1} + i g; h_t = o tanh(c_t). The gates take the place of a_t."""
    U = panels(n)
    N = U * LANES
    for t in range(T):
        for p in range(U):
            u = p * LANES
            i = sigmoid(row_product(load(a, (t, u)), h, t, 0, n, W, p, m))
            f = sigmoid(row_product(load(a, (t, N + u)), h, t, 0, n, W, U + p, m))
            g = tanh(row_product(load(a, (t, 2 * N + u)), h, t, 0, n, W, 2 * U + p, m))
            o = sigmoid(row_product(load(a, (t, 3 * N + u)), h, t, 0, n, W, 3 * U + p, m))
            c_t = f * load(c, (t, u)) + i * g
            tanh_c_t = tanh(c_t)
            store(a, (t, u), i)
            store(a, (t, N + u), f)
            store(a, (t, 2 * N + u), g)
            store(a, (t, 3 * N + u), o)
            store(c, (t + 1, u), c_t)
            store(tanh_c, (t, u), tanh_c_t)
            store(h, (t + 1, u), o * tanh_c_t)


@compiled
def lstm_backward(V, n, T, c, tanh_c, dh, dc, a):
    """The derivatives of `lstm_forward`, in full (Graves and Schmidhuber 2005); those by the sums replace the gates.

    dh_t += W_hh^T da_{t+1}; dc_t = dc_{t+1} f_{t+1} + dh_t o (1 - tanh(c_t)^2). V holds W_hh^T, dc the first term.
    """
    U = panels(n)
    N = U * LANES
    dc[:] = 0
    for t in range(T - 1, -1, -1):
        for p in range(U):
            u = p * LANES
            i, f, g, o = load(a, (t, u)), load(a, (t, N + u)), load(a, (t, 2 * N + u)), load(a, (t, 3 * N + u))
            dh_t, tanh_c_t = load(dh, (t, u)), load(tanh_c, (t, u))
            if t + 1 < T:
                by_i = row_product(dh_t, a, t + 1, 0, n, V, p, 0)
                by_f = row_product(zero(a), a, t + 1, N, n, V, p, n)
                by_g = row_product(zero(a), a, t + 1, 2 * N, n, V, p, 2 * n)
                by_o = row_product(zero(a), a, t + 1, 3 * N, n, V, p, 3 * n)
                dh_t = (by_i + by_f) + (by_g + by_o)
            dc_t = load(dc, (u,)) + dh_t * o * (1.0 - tanh_c_t * tanh_c_t)
            store(a, (t, u), flushed(dc_t * g * i * (1.0 - i)))
            store(a, (t, N + u), flushed(dc_t * load(c, (t, u)) * f * (1.0 - f)))
            store(a, (t, 2 * N + u), flushed(dc_t * i * (1.0 - g * g)))
            store(a, (t, 3 * N + u), flushed(dh_t * tanh_c_t * o * (1.0 - o)))
            store(dc, (u,), flushed(dc_t * f))


@compiled
def gru_forward(W, m, n, T, a, s, h):
    """Cho et al. (2014), as in PyTorch: r and z are sigmoids of a_t + W_hh h_{t-1}, a_t = W_ih x_t + b_ih + b_hh;
    n = tanh(a_t + r s_t), a_t = W_in x_t + b_in, with the inner sum s_t = W_hn h_{t-1} + b_hn;
    h_t = (1 - z) n + z h_{t-1}. The gates r, z, n take the place of a_t."""
    U = panels(n)
    N = U * LANES
    for t in range(T):
        for p in range(U):
            u = p * LANES
            r = sigmoid(row_product(load(a, (t, u)), h, t, 0, n, W, p, m))
            z = sigmoid(row_product(load(a, (t, N + u)), h, t, 0, n, W, U + p, m))
            s_t = row_product(load(W, (2 * U + p, m + n + 1, 0)), h, t, 0, n, W, 2 * U + p, m)
            n_t = tanh(load(a, (t, 2 * N + u)) + r * s_t)
            store(a, (t, u), r)
            store(a, (t, N + u), z)
            store(a, (t, 2 * N + u), n_t)
            store(s, (t, 2 * N + u), s_t)
            store(h, (t + 1, u), (1.0 - z) * n_t + z * load(h, (t, u)))


@compiled
def gru_backward(V, n, T, h, s, dh, along_z, a):
    """The derivatives of `gru_forward`: those by the sums that hold W_ih x_t replace the gates, those by the sums that
    hold W_hh h_{t-1} fill s. They differ in n alone: dn by the outer sum, dn r by the inner one.

    dh_t += dh_{t+1} z_{t+1} + W_hh^T ds_{t+1}. V holds W_hh^T, along_z the first term.
    """
    U = panels(n)
    N = U * LANES
    along_z[:] = 0
    for t in range(T - 1, -1, -1):
        for p in range(U):
            u = p * LANES
            r, z, n_t = load(a, (t, u)), load(a, (t, N + u)), load(a, (t, 2 * N + u))
            dh_t = load(dh, (t, u))
            if t + 1 < T:
                by_r = row_product(dh_t, s, t + 1, 0, n, V, p, 0)
                by_z = row_product(load(along_z, (u,)), s, t + 1, N, n, V, p, n)
                by_s = row_product(zero(a), s, t + 1, 2 * N, n, V, p, 2 * n)
                dh_t = (by_r + by_z) + by_s
            dn = dh_t * (1.0 - z) * (1.0 - n_t * n_t)
            dr = flushed(dn * load(s, (t, 2 * N + u)) * r * (1.0 - r))
            dz = flushed(dh_t * (load(h, (t, u)) - n_t) * z * (1.0 - z))
            store(a, (t, u), dr)
            store(a, (t, N + u), dz)
            store(a, (t, 2 * N + u), flushed(dn))
            store(s, (t, u), dr)
            store(s, (t, N + u), dz)
            store(s, (t, 2 * N + u), flushed(dn * r))
            store(along_z, (u,), flushed(dh_t * z))
