"""Products of matrices, each of whose sums has one order.

Matrices whose outputs are computed side by side lie in panels of sixteen outputs: W (panels, inputs, LANES), so that
each sum walks through memory step by step. Four sums run at a time, because an addition takes about four cycles and
the next addition of the same sum has to wait for it.
"""

from sequtils.engine.kernels.compiling import compiled, inlined
from sequtils.engine.kernels.lanes import LANES, each, load, store, zero


@inlined
def panels(n):
    """Panels that hold n outputs."""
    return (n + LANES - 1) // LANES


@inlined
def row_product(start, x, t, at, n, W, p, row):
    """start + sum over k < n of x[t, at + k] W[p, row + k]: one panel p of one frame t, in four partial sums."""
    s0, s1, s2, s3 = start, zero(W), zero(W), zero(W)
    for k in range(0, n - 3, 4):
        s0 += each(x, (t, at + k)) * load(W, (p, row + k, 0))
        s1 += each(x, (t, at + k + 1)) * load(W, (p, row + k + 1, 0))
        s2 += each(x, (t, at + k + 2)) * load(W, (p, row + k + 2, 0))
        s3 += each(x, (t, at + k + 3)) * load(W, (p, row + k + 3, 0))
    for k in range(n - n % 4, n):
        s0 += each(x, (t, at + k)) * load(W, (p, row + k, 0))
    return (s0 + s1) + (s2 + s3)


@compiled
def product(start, x, first, T, gates, width, n, W, out):
    """out[t] = start + sum over g, k of x[first + t, g width + k] W[:, g n + k] for t < T, four frames at a time."""
    for p in range(len(W)):
        at = p * LANES
        for t in range(0, T - 3, 4):
            i = first + t
            s0 = load(start, (at,))
            s1, s2, s3 = s0, s0, s0
            for g in range(gates):
                for k in range(n):
                    w = load(W, (p, g * n + k, 0))
                    s0 += each(x, (i, g * width + k)) * w
                    s1 += each(x, (i + 1, g * width + k)) * w
                    s2 += each(x, (i + 2, g * width + k)) * w
                    s3 += each(x, (i + 3, g * width + k)) * w
            store(out, (t, at), s0)
            store(out, (t + 1, at), s1)
            store(out, (t + 2, at), s2)
            store(out, (t + 3, at), s3)
        for t in range(T - T % 4, T):
            s0 = load(start, (at,))
            for g in range(gates):
                for k in range(n):
                    s0 += each(x, (first + t, g * width + k)) * load(W, (p, g * n + k, 0))
            store(out, (t, at), s0)


@compiled
def drop(x, first, mask, T, n, out):
    """out[first + t] = x[first + t] mask[t]."""
    for t in range(T):
        for u in range(0, panels(n) * LANES, LANES):
            store(out, (first + t, u), load(x, (first + t, u)) * load(mask, (t, u)))


@compiled
def outer_product(x, first, T, n, d, dW, row):
    """dW[:, row + k] = sum over t < T of x[first + t, k] d[t] for k < n, four inputs k at a time."""
    for p in range(len(dW)):
        at = p * LANES
        for k in range(0, n - 3, 4):
            s0, s1, s2, s3 = zero(dW), zero(dW), zero(dW), zero(dW)
            for t in range(T):
                d_t = load(d, (t, at))
                s0 += each(x, (first + t, k)) * d_t
                s1 += each(x, (first + t, k + 1)) * d_t
                s2 += each(x, (first + t, k + 2)) * d_t
                s3 += each(x, (first + t, k + 3)) * d_t
            store(dW, (p, row + k, 0), s0)
            store(dW, (p, row + k + 1, 0), s1)
            store(dW, (p, row + k + 2, 0), s2)
            store(dW, (p, row + k + 3, 0), s3)
        for k in range(n - n % 4, n):
            s0 = zero(dW)
            for t in range(T):
                s0 += each(x, (first + t, k)) * load(d, (t, at))
            store(dW, (p, row + k, 0), s0)


@inlined
def sum_over_frames(d, T, at):
    """Sum over t < T of d[t, at], in four partial sums."""
    s0, s1, s2, s3 = zero(d), zero(d), zero(d), zero(d)
    for t in range(0, T - 3, 4):
        s0 += load(d, (t, at))
        s1 += load(d, (t + 1, at))
        s2 += load(d, (t + 2, at))
        s3 += load(d, (t + 3, at))
    for t in range(T - T % 4, T):
        s0 += load(d, (t, at))
    return (s0 + s1) + (s2 + s3)
