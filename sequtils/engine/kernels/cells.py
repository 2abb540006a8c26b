"""One frame of one layer, and its way back: the equations of the plain RNN, the LSTM and the GRU.

t is the frame. dh (T, N) holds the derivatives by the outputs, as they come from above; a row of dc what one frame
hands to the one before it, at first 0.
"""

from sequtils.engine.kernels.compiling import inlined
from sequtils.engine.kernels.functions import flushed, sigmoid, tanh, tanh_of_first_half, tanh_of_third_quarter
from sequtils.engine.kernels.lanes import LANES, arranged, load, store, zero
from sequtils.engine.kernels.products import panels, row_product

# Parts of sixteen numbers, with zeros behind them; and the reverse, the first parts of two, side by side.
quarter_0, quarter_1, quarter_2, quarter_3 = (arranged(*range(q, q + 4), *range(16, 28)) for q in (0, 4, 8, 12))
half_0, half_1 = (arranged(*range(q, q + 8), *range(16, 24)) for q in (0, 8))
quarters = arranged(*range(4), *range(16, 20), *range(4), *range(16, 20))
halves = arranged(*range(8), *range(16, 24))


@inlined
def turning(q, n, t):
    """The q-th panel to compute of n units in frame t. Every other frame begins at the end, where it finds weights in
    the CPU's cache still."""
    return q if t % 2 == 0 else panels(n) - 1 - q


@inlined
def rnn_step(layer, t):
    """Elman (1990): h_t = tanh(a_t + W_hh h_{t-1}), where a_t = W_ih x_t + b_ih + b_hh."""
    for q in range(panels(layer.n)):
        p = turning(q, layer.n, t)
        u = p * LANES
        s = row_product(load(layer.a, (t, u)), layer.h, t, 0, layer.n, layer.W, p, layer.m)
        store(layer.h, (t + 1, u), tanh(s))


@inlined
def rnn_step_back(layer, t, T, dh):
    """Werbos (1990): da_t = (dh_t + W_hh^T da_{t+1}) (1 - h_t^2)."""
    for q in range(panels(layer.n)):
        p = turning(q, layer.n, t)
        u = p * LANES
        dh_t, h_t = load(dh, (t, u)), load(layer.h, (t + 1, u))
        if t + 1 < T:
            dh_t = row_product(dh_t, layer.a, t + 1, 0, layer.n, layer.W_hh, p, 0)
        store(layer.a, (t, u), flushed(dh_t * (1.0 - h_t * h_t)))


@inlined
def lstm_step(layer, t):
    """Gers et al. (2000): the gates i, f, g, o are functions of a_t + W_hh h_{t-1}, a_t = W_ih x_t + b_ih + b_hh;
    c_t = f c_{t-1} + i g; h_t = o tanh(c_t). The gates take the place of a_t."""
    w = layer.width
    for q in range(panels(layer.n)):
        u = turning(q, layer.n, t) * LANES
        if w >= LANES:
            i, f = sigmoid(lstm_sum(layer, t, u)), sigmoid(lstm_sum(layer, t, w + u))
            g, o = tanh(lstm_sum(layer, t, 2 * w + u)), sigmoid(lstm_sum(layer, t, 3 * w + u))
            store(layer.a, (t, u), i)
            store(layer.a, (t, w + u), f)
            store(layer.a, (t, 2 * w + u), g)
            store(layer.a, (t, 3 * w + u), o)
        elif w == LANES // 2:
            store(layer.a, (t, 0), sigmoid(lstm_sum(layer, t, 0)))
            store(layer.a, (t, LANES), tanh_of_first_half(lstm_sum(layer, t, LANES)))
            i, f, g, o = lstm_gates(layer, t, 0)
        else:
            store(layer.a, (t, 0), tanh_of_third_quarter(lstm_sum(layer, t, 0)))
            i, f, g, o = lstm_gates(layer, t, 0)
        c_t = f * load(layer.c, (t, u)) + i * g
        tanh_c_t = tanh(c_t)
        store(layer.c, (t + 1, u), c_t)
        store(layer.tanh_c, (t, u), tanh_c_t)
        store(layer.h, (t + 1, u), o * tanh_c_t)


@inlined
def lstm_sum(layer, t, at):
    """a_t + W_hh h_{t-1} of the panel that begins with the sum `at`."""
    return row_product(load(layer.a, (t, at)), layer.h, t, 0, layer.n, layer.W, at // LANES, layer.m)


@inlined
def lstm_gates(layer, t, u):
    """The gates i, f, g, o of the units from u on, as `lstm_step` left them."""
    first, nothing = load(layer.a, (t, u)), zero(layer.a)
    w = layer.width
    if w >= LANES:
        return first, load(layer.a, (t, w + u)), load(layer.a, (t, 2 * w + u)), load(layer.a, (t, 3 * w + u))
    if w == LANES // 2:
        second = load(layer.a, (t, LANES))
        return half_0(first, nothing), half_1(first, nothing), half_0(second, nothing), half_1(second, nothing)
    return quarter_0(first, nothing), quarter_1(first, nothing), quarter_2(first, nothing), quarter_3(first, nothing)


@inlined
def lstm_step_back(layer, t, T, dh, dc, row):
    """The derivatives of `lstm_step`, in full (Graves and Schmidhuber 2005); those by the sums replace the gates.

    dh_t += W_hh^T da_{t+1}; dc_t = dc_{t+1} f_{t+1} + dh_t o (1 - tanh(c_t)^2). dc holds the first term.
    """
    n, w = layer.n, layer.width
    for q in range(panels(n)):
        p = turning(q, n, t)
        u = p * LANES
        i, f, g, o = lstm_gates(layer, t, u)
        dh_t, tanh_c_t = load(dh, (t, u)), load(layer.tanh_c, (t, u))
        if t + 1 < T:
            by_i = row_product(dh_t, layer.a, t + 1, 0, n, layer.W_hh, p, 0)
            by_f = row_product(zero(layer.a), layer.a, t + 1, w, n, layer.W_hh, p, n)
            by_g = row_product(zero(layer.a), layer.a, t + 1, 2 * w, n, layer.W_hh, p, 2 * n)
            by_o = row_product(zero(layer.a), layer.a, t + 1, 3 * w, n, layer.W_hh, p, 3 * n)
            dh_t = (by_i + by_f) + (by_g + by_o)
        dc_t = load(dc, (row, u)) + dh_t * o * (1.0 - tanh_c_t * tanh_c_t)
        di, df = dc_t * g * i * (1.0 - i), dc_t * load(layer.c, (t, u)) * f * (1.0 - f)
        dg, do = dc_t * i * (1.0 - g * g), dh_t * tanh_c_t * o * (1.0 - o)
        if w >= LANES:
            store(layer.a, (t, u), flushed(di))
            store(layer.a, (t, w + u), flushed(df))
            store(layer.a, (t, 2 * w + u), flushed(dg))
            store(layer.a, (t, 3 * w + u), flushed(do))
        elif w == LANES // 2:
            store(layer.a, (t, 0), flushed(halves(di, df)))
            store(layer.a, (t, LANES), flushed(halves(dg, do)))
        else:
            store(layer.a, (t, 0), flushed(halves(quarters(di, df), quarters(dg, do))))
        store(dc, (row, u), flushed(dc_t * f))


@inlined
def gru_step(layer, t):
    """Cho et al. (2014), as in PyTorch: r and z are sigmoids of a_t + W_hh h_{t-1}, a_t = W_ih x_t + b_ih + b_hh;
    n = tanh(a_t + r s_t), a_t = W_in x_t + b_in, with the inner sum s_t = W_hn h_{t-1} + b_hn;
    h_t = (1 - z) n + z h_{t-1}. The gates r, z, n take the place of a_t."""
    m, n, w, U = layer.m, layer.n, layer.width, panels(layer.n)
    for q in range(U):
        p = turning(q, n, t)
        u = p * LANES
        r = sigmoid(row_product(load(layer.a, (t, u)), layer.h, t, 0, n, layer.W, p, m))
        z = sigmoid(row_product(load(layer.a, (t, w + u)), layer.h, t, 0, n, layer.W, U + p, m))
        s_t = row_product(load(layer.W, (2 * U + p, m + n + 1, 0)), layer.h, t, 0, n, layer.W, 2 * U + p, m)
        n_t = tanh(load(layer.a, (t, 2 * w + u)) + r * s_t)
        store(layer.a, (t, u), r)
        store(layer.a, (t, w + u), z)
        store(layer.a, (t, 2 * w + u), n_t)
        store(layer.s, (t, 2 * w + u), s_t)
        store(layer.h, (t + 1, u), (1.0 - z) * n_t + z * load(layer.h, (t, u)))


@inlined
def gru_step_back(layer, t, T, dh, along_z, row):
    """The derivatives of `gru_step`: those by the sums that hold W_ih x_t replace the gates, those by the sums that
    hold W_hh h_{t-1} fill s. They differ in n alone: dn by the outer sum, dn r by the inner one.

    dh_t += dh_{t+1} z_{t+1} + W_hh^T ds_{t+1}. along_z holds the first term.
    """
    n, w = layer.n, layer.width
    for q in range(panels(n)):
        p = turning(q, n, t)
        u = p * LANES
        r, z, n_t = load(layer.a, (t, u)), load(layer.a, (t, w + u)), load(layer.a, (t, 2 * w + u))
        dh_t = load(dh, (t, u))
        if t + 1 < T:
            by_r = row_product(dh_t, layer.s, t + 1, 0, n, layer.W_hh, p, 0)
            by_z = row_product(load(along_z, (row, u)), layer.s, t + 1, w, n, layer.W_hh, p, n)
            by_s = row_product(zero(layer.a), layer.s, t + 1, 2 * w, n, layer.W_hh, p, 2 * n)
            dh_t = (by_r + by_z) + by_s
        dn = dh_t * (1.0 - z) * (1.0 - n_t * n_t)
        dr = flushed(dn * load(layer.s, (t, 2 * w + u)) * r * (1.0 - r))
        dz = flushed(dh_t * (load(layer.h, (t, u)) - n_t) * z * (1.0 - z))
        store(layer.a, (t, u), dr)
        store(layer.a, (t, w + u), dz)
        store(layer.a, (t, 2 * w + u), flushed(dn))
        store(layer.s, (t, u), dr)
        store(layer.s, (t, w + u), dz)
        store(layer.s, (t, 2 * w + u), flushed(dn * r))
        store(along_z, (row, u), flushed(dh_t * z))
