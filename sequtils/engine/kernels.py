"""Exact stochastic gradient descent for stacked recurrent networks, one sequence at a time, compiled with Numba.

Plain RNN (Elman 1990) and LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), a dense
softmax head on the last frame, cross-entropy, backpropagation through time (Werbos 1990). Equations and the order of
the parameters are those of `torch.nn.RNN`, `torch.nn.LSTM` and `models.SequenceClassifier`.

The weights are the same, bit for bit, on every CPU. IEEE 754 fixes the results of + - * / and of the square root, and
of nothing else. Hence:

- every sum has one order, which is written here: no BLAS, whose order depends on the CPU;
- exp and log are made of + - * / below: no libm, whose exp differs from system to system;
- no `fastmath` and no fused multiply-add, which rounds once where a product and a sum round twice.

It is fast because sixteen *outputs* are computed side by side, each with its own sum in its own order. `Lanes` is
that: sixteen numbers that are added or multiplied together, whatever registers the CPU has. And because one call does
a whole epoch, in memory set aside once.

Beside it, what the study compares it with: mini-batches (the mean of their sequences' gradients, so none is padded),
Adam, and a head on the mean of all frames.

Begin with `rnn_forward` and `lstm_forward`, then `rnn_backward` and `lstm_backward`, then `forward` and `backward`.
"""

import math
import operator
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, overload, register_model

GATES = {"rnn": 1, "lstm": 4}  # sums a unit: an LSTM's are its input, forget, cell and output gate: i, f, g, o
CELLS = tuple(GATES)
POOLINGS = ("last", "mean")  # what the head reads of the last layer's outputs
LANES = 16  # a register of AVX-512, two of AVX2, four of SSE or NEON: LLVM divides them, the results do not change

# All compiled code stands in this file: Numba's cache on disk does not notice a change in another one.
compiled = njit(cache=True, nogil=True, error_model="numpy")
# For what is smaller than a call, and for what takes a Network and a Tape, a hundred words that a call would copy.
inlined = njit(cache=True, nogil=True, error_model="numpy", forceinline=True)


# ---- Lanes: sixteen numbers at once ----------------------------------------------------------------------------------


class Lanes(types.Type):
    """Numba's type of sixteen numbers; + - * / work number by number, and a single number stands for sixteen."""

    def __init__(self, dtype):
        self.dtype = dtype
        super().__init__(f"Lanes({dtype})")


def vector_type(dtype):
    """LLVM's type of sixteen numbers."""
    return ir.VectorType(ir.FloatType() if dtype == types.float32 else ir.DoubleType(), LANES)


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):
    def __init__(self, manager, lanes):
        super().__init__(manager, lanes, vector_type(lanes.dtype))


@lower_cast(types.Number, Lanes)
def number_to_lanes(context, builder, source, target, number):
    return repeated(builder, context.cast(builder, number, source, target.dtype))


def repeated(builder, number):
    """LLVM's idiom for one number sixteen times."""
    nothing = ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def lanewise(op, instruction):
    """Teach Numba an operator for two Lanes, or for Lanes and a number."""

    @infer_global(op)
    class Typing(AbstractTemplate):
        def generic(self, args, kws):
            lanes = [a for a in args if isinstance(a, Lanes)]
            if lanes and len(args) == 2 and all(isinstance(a, (Lanes, types.Number)) for a in args):
                return signature(lanes[0], lanes[0], lanes[0])

    @lower_builtin(op, Lanes, Lanes)
    def lower(context, builder, sig, args):
        return getattr(builder, instruction)(*args)


lanewise(operator.add, "fadd")
lanewise(operator.iadd, "fadd")
lanewise(operator.sub, "fsub")
lanewise(operator.mul, "fmul")
lanewise(operator.truediv, "fdiv")


def pointer(context, builder, array_type, array, index):
    """Address of array[index]. Not checked: the public functions below let no index out of range."""
    struct = context.make_array(array_type)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, array_type, struct, cgutils.unpack_tuple(builder, index))


@intrinsic
def load(typing, array, index):
    """The sixteen numbers of an array from array[index] on."""

    def code(context, builder, sig, args):
        vector = vector_type(array.dtype)
        at = builder.bitcast(pointer(context, builder, array, *args), vector.as_pointer())
        return builder.load(at, typ=vector, align=4)

    return Lanes(array.dtype)(array, index), code


@intrinsic
def store(typing, array, index, lanes):
    """Write sixteen numbers to an array, from array[index] on."""

    def code(context, builder, sig, args):
        at = builder.bitcast(pointer(context, builder, array, *args[:2]), vector_type(array.dtype).as_pointer())
        builder.store(args[2], at, align=4)
        return context.get_dummy_value()

    return types.void(array, index, lanes), code


@intrinsic
def each(typing, array, index):
    """The one number array[index], sixteen times."""

    def code(context, builder, sig, args):
        number = builder.load(pointer(context, builder, array, *args), typ=vector_type(array.dtype).element)
        return repeated(builder, number)

    return Lanes(array.dtype)(array, index), code


@intrinsic
def zero(typing, array):
    """Sixteen zeros of the array's type."""
    return Lanes(array.dtype)(array), lambda context, builder, sig, args: ir.Constant(vector_type(array.dtype), None)


@intrinsic
def magnitude(typing, x):
    """|x|."""
    return x(x), lambda context, builder, sig, args: move_bits(builder, "fabs", *args)


@intrinsic
def with_sign(typing, x, y):
    """|x| with the sign of y."""
    return x(x, y), lambda context, builder, sig, args: move_bits(builder, "copysign", *args)


def move_bits(builder, name, *args):
    """Call an LLVM intrinsic that rounds nothing."""
    vector = args[0].type
    kind = "f32" if isinstance(vector.element, ir.FloatType) else "f64"
    function = ir.FunctionType(vector, [vector] * len(args))
    return builder.call(cgutils.get_or_insert_function(builder.module, function, f"llvm.{name}.v{LANES}{kind}"), args)


@intrinsic
def where_less(typing, x, bound, yes, no):
    """`yes` where x < bound, else `no`, which is also taken where x is not a number."""

    def code(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return x(x, x, x, x), code


@intrinsic
def as_exponent(typing, x):
    """The number whose exponent is the lowest bits of x, and whose mantissa is 1."""

    def code(context, builder, sig, args):
        width, mantissa = (32, 23) if x.dtype == types.float32 else (64, 52)
        whole = ir.VectorType(ir.IntType(width), LANES)
        bits = builder.shl(builder.bitcast(args[0], whole), ir.Constant(whole, [mantissa] * LANES))
        return builder.bitcast(bits, args[0].type)

    return x(x), code


@intrinsic
def uncounted(typing, arrays):
    """A named tuple of arrays whose references are not counted; the caller keeps them alive.

    Numba counts them whenever a row is taken, with instructions that lock the bus: half of the time on short sequences.
    """

    def code(context, builder, sig, args):
        result = args[0]
        for position, kind in enumerate(arrays.types):
            if isinstance(kind, types.Array):
                array = context.make_array(kind)(context, builder, builder.extract_value(result, position))
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                result = builder.insert_value(result, array._getvalue(), position)
        return result

    return arrays(arrays), code


# ---- Exponential functions -------------------------------------------------------------------------------------------


def exp(x):
    """e^x of Lanes x <= 0; absolute error below one unit in the last place of 1; NaN stays NaN, -inf gives 0."""


@overload(exp)
def exp_of_lanes(x):
    # e^x = 2^y = 2^k 2^f with k whole and |f| <= 1/2. `shift` is so large that its last bit counts ones: adding it
    # rounds y to a whole number, which then stands in the lowest bits, with the bias of an exponent already added.
    # 2^f is a Taylor polynomial whose rest is below half a unit in the last place, in Estrin's order: as many
    # operations as Horner's, but half as many that wait for another.
    single = x.dtype == types.float32
    shift, lowest = (1.5 * 2.0**23 + 127, -87.0) if single else (1.5 * 2.0**52 + 1023, -708.0)
    log2_e = 1.4426950408889634
    c = (1.0,)
    for i in range(1, 16):
        c += (c[-1] * 0.6931471805599453 / i,)  # ln(2)^i / i!, without a power, whose last digit is libm's

    def exp(x):
        y = x * log2_e
        shifted = y + shift
        power, f = as_exponent(shifted), y - (shifted - shift)  # 2^k, f
        f2 = f * f
        f4 = f2 * f2
        low = (c[0] + c[1] * f) + (c[2] + c[3] * f) * f2
        high = (c[4] + c[5] * f) + (c[6] + c[7] * f) * f2
        if not single:
            higher = (c[8] + c[9] * f) + (c[10] + c[11] * f) * f2
            highest = (c[12] + c[13] * f) + (c[14] + c[15] * f) * f2
            high += (higher + highest * f4) * f4
        return where_less(x, lowest, 0.0, low * power + high * (f4 * power))

    return exp


@inlined
def tanh(x):
    e = exp(magnitude(x) * -2.0)
    return with_sign((1.0 - e) / (1.0 + e), x)  # exactly 1 once e is small, so that a saturated unit has no gradient


@inlined
def sigmoid(x):
    e = exp(magnitude(x) * -1.0)
    return where_less(x, 0.0, e, 1.0) / (1.0 + e)


@compiled
def log(x):
    """Natural logarithm of a float64 x >= 1: x = m 2^k, log m = 2 artanh((m - 1) / (m + 1)), as a series."""
    k = 0
    while x > 1.4142135623730951:
        x, k = x / 2, k + 1
    s = (x - 1) / (x + 1)
    total = 0.0
    for i in range(25, 0, -2):
        total = total * (s * s) + 1.0 / i
    return k * 0.6931471805599453 + 2 * s * total


def flushed(x):
    """Lanes x with 0 for what is hardly a normal number any more.

    Gradients that vanish would go on through the subnormal numbers, on which CPUs need a hundred times longer.
    """


@overload(flushed)
def flushed_lanes(x):
    tiny = 2.0**-100 if x.dtype == types.float32 else 2.0**-996
    return lambda x: where_less(magnitude(x), tiny, 0.0, x)


# ---- Products --------------------------------------------------------------------------------------------------------
# Matrices whose outputs are computed side by side lie in panels of sixteen outputs: W (panels, inputs, LANES), so that
# each sum walks through memory step by step. Four sums run at a time, because an addition takes about four cycles and
# the next addition of the same sum has to wait for it.


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


# ---- Memory ----------------------------------------------------------------------------------------------------------


class Network(NamedTuple):
    """Sizes and weights. The weights of a layer with m inputs and n units are W (gates panels(n), m + n + 2, LANES): in
    each panel of sixteen sums the weights of all inputs, those of all units a frame ago, and two biases. The head's
    are (panels(C), n + 1, LANES). Places that only fill a panel up hold 0, and no sum reads them."""

    sizes: np.ndarray  # (L + 1,) features of a frame, then the hidden sizes
    gates: int
    classes: int
    averaged: bool  # the head reads the mean of all frames' outputs, not the last one
    starts: np.ndarray  # (L + 2,) where each layer and the head begin in `weights` and `gradient`
    weights: np.ndarray
    gradient: np.ndarray
    transposed_starts: np.ndarray  # (2 L + 2,)
    transposed: np.ndarray  # the weights with inputs side by side, for the way back: see `transpose`


class Tape(NamedTuple):
    """What the forward pass leaves for the backward pass, for the longest sequence; N is the widest layer in panels."""

    masks: np.ndarray  # (L, T, N) dropout; (0, T, N) where there is none
    h: np.ndarray  # (L, T + 1, N) hidden states, beginning with 0
    y: np.ndarray  # (L, T + 1, N) the same after dropout
    a: np.ndarray  # (L, T, gates N) the sums, which become the gates, which become the loss's derivatives by the sums
    c: np.ndarray  # (L, T + 1, N) cell states, beginning with 0
    tanh_c: np.ndarray  # (L, T, N)
    dh: np.ndarray  # (T, N) derivatives by the outputs of a layer
    dc: np.ndarray  # (N,) derivatives by the cell states of a frame
    bias: np.ndarray  # (gates N,) b_ih + b_hh of a layer
    nothing: np.ndarray  # (N,) zeros
    mean: np.ndarray  # (1, N) of the last layer's outputs, where the head reads that
    z: np.ndarray  # (1, C in panels) logits
    dz: np.ndarray  # (1, C in panels)


def new_network(features, hidden, classes, cell, pooling, dtype):
    """A Network with weights 0."""
    sizes, gates, layers = (features, *hidden), GATES[cell], list(zip((features, *hidden), hidden))
    blocks = [gates * in_panels(n) * (m + n + 2) for m, n in layers] + [in_panels(classes) * (sizes[-1] + 1)]
    turned = [in_panels(n) * gates * n for n in hidden] + [in_panels(m) * gates * n for m, n in layers]
    turned += [in_panels(sizes[-1]) * classes]
    starts, turned_starts = (np.cumsum([0, *lengths], dtype=np.int64) for lengths in (blocks, turned))
    weights, gradient, transposed = (aligned_zeros(ends[-1], dtype) for ends in (starts, starts, turned_starts))
    averaged = pooling == "mean"
    return Network(np.array(sizes), gates, classes, averaged, starts, weights, gradient, turned_starts, transposed)


def new_tape(frames, hidden, classes, cell, dropped, dtype):
    """A Tape for sequences of up to `frames` frames."""
    L, T, N, C, gates = len(hidden), frames, in_panels(max(hidden)), in_panels(classes), GATES[cell]
    D, M = (L if dropped else 0), (L if cell == "lstm" else 0)
    shapes = [(D, T, N), (L, T + 1, N), (D, T + 1, N), (L, T, gates * N), (M, T + 1, N), (M, T, N)]
    shapes += [(T, N), (N,), (gates * N,), (N,), (1, N), (1, C), (1, C)]
    return Tape(*(aligned_zeros(shape, dtype) for shape in shapes))


def in_panels(n):
    """n rounded up to whole panels."""
    return -(-n // LANES) * LANES


def aligned_zeros(shape, dtype):
    """Zeros that begin at a multiple of 64 bytes: so no sixteen numbers lie across two lines of the CPU's cache."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


@inlined
def layer(flat, net, k):
    """Layer k of the weights or of the gradient, (gates panels(n), m + n + 2, LANES)."""
    return flat[net.starts[k] : net.starts[k + 1]].reshape(-1, net.sizes[k] + net.sizes[k + 1] + 2, LANES)


@inlined
def head(flat, net):
    """The head of the weights or of the gradient, (panels(C), n + 1, LANES)."""
    return flat[net.starts[-2] : net.starts[-1]].reshape(-1, net.sizes[-1] + 1, LANES)


@inlined
def transposed(net, block, rows):
    """Transposed weights (panels(inputs), rows, LANES). Blocks: W_hh of each layer, W_ih of each layer, the head."""
    return net.transposed[net.transposed_starts[block] : net.transposed_starts[block + 1]].reshape(-1, rows, LANES)


@compiled
def copy_matrix(theta, at, gates, n, inputs, W, row, back):
    """Copy the matrix (gates n, inputs) at theta[at] into W[:, row:], or back; return where it ends in theta."""
    for g in range(gates):
        for j in range(n):
            for k in range(inputs):
                if back:
                    theta[at] = W[g * panels(n) + j // LANES, row + k, j % LANES]
                else:
                    W[g * panels(n) + j // LANES, row + k, j % LANES] = theta[at]
                at += 1
    return at


@compiled
def copy_parameters(theta, flat, net, back):
    """Copy all parameters from theta, in PyTorch's order, into the panels of `flat`, or back."""
    at = 0
    for k in range(len(net.sizes) - 1):
        W, m, n = layer(flat, net, k), net.sizes[k], net.sizes[k + 1]
        for row, inputs in ((0, m), (m, n), (m + n, 1), (m + n + 1, 1)):  # weight_ih, weight_hh, bias_ih, bias_hh
            at = copy_matrix(theta, at, net.gates, n, inputs, W, row, back)
    W, n = head(flat, net), net.sizes[-1]
    at = copy_matrix(theta, at, 1, net.classes, n, W, 0, back)
    copy_matrix(theta, at, 1, net.classes, 1, W, n, back)


@compiled
def transpose(W, row, inputs, gates, n, V):
    """V[q, g n + j, i]: the weight of input 16 q + i in the sum of unit j's gate g. Input 0 is in W[:, row]."""
    for q in range(len(V)):
        for g in range(gates):
            for j in range(n):
                p, lane = g * panels(n) + j // LANES, j % LANES
                for i in range(min(LANES, inputs - q * LANES)):
                    V[q, g * n + j, i] = W[p, row + q * LANES + i, lane]


@inlined
def transpose_all(net):
    L = len(net.sizes) - 1
    for k in range(L):
        W, m, n = layer(net.weights, net, k), net.sizes[k], net.sizes[k + 1]
        transpose(W, m, n, net.gates, n, transposed(net, k, net.gates * n))
        if k > 0:  # nothing asks for derivatives by the frames
            transpose(W, 0, m, net.gates, n, transposed(net, L + k, net.gates * n))
    transpose(head(net.weights, net), 0, net.sizes[-1], 1, net.classes, transposed(net, 2 * L, net.classes))


# ---- Forward ---------------------------------------------------------------------------------------------------------


@compiled
def rnn_forward(W, m, n, T, a, h):
    """Elman (1990): h_t = tanh(a_t + W_hh h_{t-1}), where a_t = W_ih x_t + b_ih + b_hh."""
    for t in range(T):
        for p in range(panels(n)):
            u = p * LANES
            s = row_product(load(a, (t, u)), h, t, 0, n, W, p, m)
            store(h, (t + 1, u), tanh(s))


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
def drop(x, first, mask, T, n, out):
    """out[first + t] = x[first + t] mask[t]."""
    for t in range(T):
        for u in range(0, panels(n) * LANES, LANES):
            store(out, (first + t, u), load(x, (first + t, u)) * load(mask, (t, u)))


@inlined
def input_of(net, tape, k, frames, first):
    """What layer k reads, and the row at which its first frame stands."""
    if k == 0:
        return frames, first
    return (tape.y if len(tape.masks) else tape.h)[k - 1], 1


@inlined
def outputs(tape):
    """The last layer's outputs, the first frame's in row 1."""
    return (tape.y if len(tape.masks) else tape.h)[-1]


@inlined
def input_of_head(net, tape, T):
    """What the head reads, and the row at which it stands."""
    return (tape.mean, 0) if net.averaged else (outputs(tape), T)


@inlined
def average(tape, T):
    """Mean of the last layer's outputs over the frames."""
    h = outputs(tape)
    for u in range(0, h.shape[1], LANES):
        store(tape.mean, (0, u), sum_over_frames(h[1:], T, u) / T)


@inlined
def forward(net, tape, frames, first, T):
    """Leave the logits of the T frames from `first` on in tape.z, and everything that `backward` needs."""
    L = len(net.sizes) - 1
    for k in range(L):
        W, m, n = layer(net.weights, net, k), net.sizes[k], net.sizes[k + 1]
        x, x_first = input_of(net, tape, k, frames, first)
        for p in range(len(W)):
            store(tape.bias, (p * LANES,), load(W, (p, m + n, 0)) + load(W, (p, m + n + 1, 0)))
        product(tape.bias, x, x_first, T, 1, 0, m, W, tape.a[k])  # W_ih x_t + b_ih + b_hh, of all frames
        if net.gates == 1:
            rnn_forward(W, m, n, T, tape.a[k], tape.h[k])
        else:
            lstm_forward(W, m, n, T, tape.a[k], tape.c[k], tape.tanh_c[k], tape.h[k])
        if len(tape.masks):
            drop(tape.h[k], 1, tape.masks[k], T, n, tape.y[k])
    if net.averaged:
        average(tape, T)
    x, x_last = input_of_head(net, tape, T)
    W, n = head(net.weights, net), net.sizes[L]
    for p in range(len(W)):
        store(tape.z, (0, p * LANES), row_product(load(W, (p, n, 0)), x, x_last, 0, n, W, p, 0))


@inlined
def argmax(z, classes):
    """Place of the largest of the first numbers of z[0]; NaN counts as the largest, as in NumPy and PyTorch."""
    best = 0
    for j in range(1, classes):
        if z[0, j] > z[0, best] or (z[0, j] != z[0, j] and z[0, best] == z[0, best]):
            best = j
    return best


@inlined
def softmax_loss(z, classes, label, dz):
    """Cross-entropy of the logits z[0], float64, and its derivatives dz[0] = softmax(z) - onehot(label)."""
    highest = z[0, argmax(z, classes)]
    for u in range(0, panels(classes) * LANES, LANES):
        store(dz, (0, u), exp(load(z, (0, u)) - highest))
    total = dz[0, 0]
    for j in range(1, classes):
        total += dz[0, j]
    for j in range(dz.shape[1]):
        dz[0, j] = dz[0, j] / total if j < classes else 0.0
    dz[0, label] -= 1
    return log(np.float64(total)) - (np.float64(z[0, label]) - np.float64(highest))


# ---- Backward --------------------------------------------------------------------------------------------------------


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


@inlined
def head_backward(net, tape, T):
    """Gradient of the head, and dh of the last layer: 0 but for the last frame, or an equal share for each."""
    dW, n, V = head(net.gradient, net), net.sizes[-1], transposed(net, 2 * (len(net.sizes) - 1), net.classes)
    x, x_last = input_of_head(net, tape, T)
    outer_product(x, x_last, 1, n, tape.dz, dW, 0)
    for p in range(len(dW)):
        store(dW, (p, n, 0), load(tape.dz, (0, p * LANES)))
    tape.dh[:T] = 0
    for q in range(len(V)):
        dx = row_product(zero(V), tape.dz, 0, 0, net.classes, V, q, 0)
        if net.averaged:
            dx = dx / T
            for t in range(T - 1):
                store(tape.dh, (t, q * LANES), dx)
        store(tape.dh, (T - 1, q * LANES), dx)


@inlined
def layer_backward(net, tape, k, x, x_first, T):
    """Gradient of layer k, which reads x; tape.dh, the derivatives by its outputs, become those by its inputs."""
    m, n, a, dh = net.sizes[k], net.sizes[k + 1], tape.a[k], tape.dh
    if len(tape.masks):
        drop(dh, 0, tape.masks[k], T, n, dh)
    W_hh = transposed(net, k, net.gates * n)
    if net.gates == 1:
        rnn_backward(W_hh, n, T, tape.h[k], dh, a)
    else:
        lstm_backward(W_hh, n, T, tape.c[k], tape.tanh_c[k], dh, tape.dc, a)
    dW = layer(net.gradient, net, k)
    outer_product(x, x_first, T, m, a, dW, 0)  # sum of da_t x_t^T
    outer_product(tape.h[k], 0, T, n, a, dW, m)  # sum of da_t h_{t-1}^T
    for p in range(len(dW)):
        total = sum_over_frames(a, T, p * LANES)
        store(dW, (p, m + n, 0), total)  # both biases have the same gradient
        store(dW, (p, m + n + 1, 0), total)
    if k > 0:
        W_ih = transposed(net, len(net.sizes) - 1 + k, net.gates * n)
        product(tape.nothing, a, 0, T, net.gates, panels(n) * LANES, n, W_ih, dh)  # W_ih^T da_t


@inlined
def backward(net, tape, frames, first, T):
    """The gradient of all parameters, after `forward` and `softmax_loss`."""
    L = len(net.sizes) - 1
    transpose_all(net)
    head_backward(net, tape, T)
    for k in range(L - 1, -1, -1):
        x, x_first = input_of(net, tape, k, frames, first)
        layer_backward(net, tape, k, x, x_first, T)


# ---- Training --------------------------------------------------------------------------------------------------------


@compiled
def draw_masks(rng, dropout, masks, T, sizes):
    """Inverted dropout (Srivastava et al. 2014), from the same numbers as `dropout_masks`."""
    kept = 1.0 / (1.0 - dropout)
    for k in range(len(masks)):
        for t in range(T):
            for j in range(sizes[k + 1]):
                masks[k, t, j] = kept if rng.random() >= dropout else 0.0


@compiled
def clip_gradient(gradient, clip):
    """Scale the gradient down to the norm `clip` where it is larger, as torch.nn.utils.clip_grad_norm_ does."""
    squares = zero(gradient)
    for at in range(0, len(gradient), LANES):
        squares += load(gradient, (at,)) * load(gradient, (at,))
    parts = np.empty(LANES, gradient.dtype)
    store(parts, (0,), squares)
    total = parts[0]
    for i in range(1, LANES):
        total += parts[i]
    scale = clip / (math.sqrt(total) + 1e-6)
    if not scale >= 1:  # a norm that is NaN makes the whole gradient NaN
        for at in range(0, len(gradient), LANES):
            store(gradient, (at,), load(gradient, (at,)) * scale)


@compiled
def descend(weights, gradient, learning_rate):
    """Plain SGD."""
    for at in range(0, len(weights), LANES):
        store(weights, (at,), load(weights, (at,)) - load(gradient, (at,)) * learning_rate)


@compiled
def adapt(weights, gradient, m, v, decayed, learning_rate):
    """Adam (Kingma and Ba 2015, algorithm 1), with their beta_1, beta_2 and epsilon, in the order of torch.optim.Adam.

    decayed: (2,), beta_1^t and beta_2^t of the steps done before.
    """
    decayed[0] *= 0.9
    decayed[1] *= 0.999
    step, root = learning_rate / (1 - decayed[0]), math.sqrt(1 - decayed[1])
    for at in range(len(weights)):
        g = gradient[at]
        m[at] = 0.9 * m[at] + (1 - 0.9) * g
        v[at] = 0.999 * v[at] + (1 - 0.999) * g * g
        weights[at] -= step * m[at] / (math.sqrt(v[at]) / root + 1e-8)


@inlined
def gather(total, gradient, first, share):
    """Add a sequence's share to the gradient of its batch, of which it may be the first."""
    for at in range(0, len(total), LANES):
        mine = load(gradient, (at,)) * share
        store(total, (at,), mine if first else load(total, (at,)) + mine)


@compiled
def run_epoch(theta, net, tape, frames, offsets, labels, order, batch, moments, decayed, dropout, learning_rate, clip,
              rng):
    net, tape = uncounted(net), uncounted(tape)
    copy_parameters(theta, net.weights, net, False)
    inner = np.zeros((3, len(net.weights)), theta.dtype)  # the batch's gradient and Adam's moments, as the weights lie
    for k in range(len(moments)):
        copy_parameters(moments[k], inner[1 + k], net, False)
    loss, hits, N = 0.0, 0, len(order)
    for place in range(N):
        i = order[place]
        first, T = offsets[i], offsets[i + 1] - offsets[i]
        draw_masks(rng, dropout, tape.masks, T, net.sizes)
        forward(net, tape, frames, first, T)
        hits += argmax(tape.z, net.classes) == labels[i]
        loss += softmax_loss(tape.z, net.classes, labels[i], tape.dz)
        backward(net, tape, frames, first, T)
        if batch > 1:
            begun = place - place % batch
            gather(inner[0], net.gradient, place == begun, theta.dtype.type(1.0 / min(batch, N - begun)))
            if place + 1 < min(begun + batch, N):
                continue
            net.gradient[:] = inner[0]
        if clip > 0:
            clip_gradient(net.gradient, clip)
        if len(moments):
            adapt(net.weights, net.gradient, inner[1], inner[2], decayed, learning_rate)
        else:
            descend(net.weights, net.gradient, learning_rate)
    copy_parameters(theta, net.weights, net, True)
    for k in range(len(moments)):
        copy_parameters(moments[k], inner[1 + k], net, True)
    return loss / N, hits / N


@compiled
def run_gradient(theta, net, tape, frames, label, gradient):
    copy_parameters(theta, net.weights, net, False)
    forward(net, tape, frames, 0, len(frames))
    loss = softmax_loss(tape.z, net.classes, label, tape.dz)
    backward(net, tape, frames, 0, len(frames))
    copy_parameters(gradient, net.gradient, net, True)
    return loss


@compiled
def run_logits(theta, net, tape, frames, offsets, logits):
    net, tape = uncounted(net), uncounted(tape)
    copy_parameters(theta, net.weights, net, False)
    for i in range(len(logits)):
        forward(net, tape, frames, offsets[i], offsets[i + 1] - offsets[i])
        for j in range(net.classes):
            logits[i, j] = tape.z[0, j]


@compiled
def run_cross_entropy(logits, labels, z, dz):
    loss = 0.0
    for i in range(len(labels)):
        for j in range(logits.shape[1]):
            z[0, j] = logits[i, j]
        loss += softmax_loss(z, logits.shape[1], labels[i], dz)
    return loss / len(labels)


# ---- What the rest of the package calls ------------------------------------------------------------------------------
# The compiled code checks no index, so that these functions check every argument, once a call.


class Adam:
    """What Adam keeps from step to step for weights theta (P,): see `adapt`."""

    def __init__(self, theta):
        self.moments = np.zeros((2, len(theta)), theta.dtype)
        self.decayed = np.ones(2)


def train_epoch(theta, frames, offsets, labels, order, hidden, classes, cell, dropout, learning_rate, clip, rng, *,
                pooling="last", batch=1, adam=None):
    """One epoch; changes theta in place and returns (mean loss, accuracy), each sequence measured just before the
    update that it takes part in.

    theta: (P,) float32 (or float64), in the order of parameters_to_vector(SequenceClassifier(...).parameters()).
    frames: (sum T, D), all sequences one after the other; offsets: (N + 1,), where each begins and ends; labels: (N,);
    order: the sequences to visit. dropout: fraction of each layer's outputs that is dropped, drawn from the
    numpy.random.Generator rng as by `dropout_masks`. clip: upper bound of the gradient's norm, 0 for none. pooling: the
    head reads the "last" frame's output or the "mean" of all. batch: an update follows the mean gradient of so many
    sequences (the last batch may be smaller); none is padded. adam: an `Adam`, kept from epoch to epoch; None is SGD.
    Raises ValueError for a cell that is not in CELLS, and for arguments that do not fit together.
    """
    theta_, frames, net = _network(theta, frames, hidden, classes, cell, pooling)
    if theta_ is not theta:
        raise ValueError("theta is changed in place: it must be contiguous and writable")
    offsets, longest = _offsets(offsets, frames)
    labels = _integers("labels", labels, classes, len(offsets) - 1)
    order = _integers("order", order, len(labels))
    if not (0 <= dropout < 1 and clip >= 0 and batch >= 1):
        raise ValueError(f"dropout {dropout!r} must be in [0, 1), clip {clip!r} not negative, batch {batch!r} positive")
    if adam and (adam.moments.shape, adam.moments.dtype) != ((2, len(theta)), theta.dtype):
        raise ValueError(f"Adam's moments are {adam.moments.shape}, expected (2, {len(theta)}) of {theta.dtype}")
    tape = new_tape(longest, hidden, classes, cell, dropout > 0, theta.dtype)
    numbers = float(dropout), float(learning_rate), float(clip)
    moments, decayed = (adam.moments, adam.decayed) if adam else (np.empty((0, 0), theta.dtype), np.empty(0))
    return run_epoch(theta, net, tape, frames, offsets, labels, order, batch, moments, decayed, *numbers, rng)


def logits(theta, frames, offsets, hidden, classes, cell, pooling="last"):
    """Logits (N, C) of all sequences, without dropout; arguments and errors as of `train_epoch`."""
    theta, frames, net = _network(theta, frames, hidden, classes, cell, pooling)
    offsets, longest = _offsets(offsets, frames)
    out = np.empty((len(offsets) - 1, classes), theta.dtype)
    run_logits(theta, net, new_tape(longest, hidden, classes, cell, False, theta.dtype), frames, offsets, out)
    return out


def gradient(theta, frames, label, hidden, classes, cell, masks=None, pooling="last"):
    """Cross-entropy of one sequence (T, D) and its gradient (P,); masks: for each layer a (T, n), or None."""
    theta, frames, net = _network(theta, frames, hidden, classes, cell, pooling)
    _offsets([0, len(frames)], frames)
    (label,) = _integers("label", [label], classes)
    tape = new_tape(len(frames), hidden, classes, cell, masks is not None, theta.dtype)
    if masks is not None:
        expected = [(len(frames), n) for n in hidden]
        if [np.shape(mask) for mask in masks] != expected:
            raise ValueError(f"masks of shapes {[np.shape(mask) for mask in masks]}, expected {expected}")
        for mine, mask in zip(tape.masks, masks):
            mine[:, : mask.shape[1]] = mask
    result = np.empty_like(theta)
    return run_gradient(theta, net, tape, frames, label, result), result


def cross_entropy(logits, labels):
    """Mean cross-entropy of logits (N, C), in the arithmetic of training: the same on every CPU."""
    logits = np.require(logits, requirements="CAW")
    if logits.ndim != 2 or logits.dtype not in (np.float32, np.float64):
        raise ValueError(f"logits are {logits.dtype} {logits.shape}, expected floats (N, C)")
    labels = _integers("labels", labels, logits.shape[1], len(logits))
    z, dz = (aligned_zeros((1, in_panels(logits.shape[1])), logits.dtype) for _ in range(2))
    return run_cross_entropy(logits, labels, z, dz)


def dropout_masks(rng, frames, hidden, dropout, dtype):
    """The masks (frames, n) of all layers for one sequence: 0 with probability `dropout`, else 1 / (1 - dropout).

    For the engine that does not draw its own. Nothing is drawn where dropout is 0.
    """
    if dropout == 0:
        return [np.ones((frames, n), dtype) for n in hidden]
    return [((rng.random((frames, n)) >= dropout) / (1 - dropout)).astype(dtype) for n in hidden]


def _network(theta, frames, hidden, classes, cell, pooling):
    """theta and frames as the compiled code reads them, and the Network that fits them."""
    for name, value, known in (("cell", cell, CELLS), ("pooling", pooling, POOLINGS)):
        if value not in known:
            raise ValueError(f"{name} {value!r} is not one of {', '.join(known)}")
    if theta.dtype not in (np.float32, np.float64) or frames.dtype != theta.dtype or frames.ndim != 2:
        found = f"theta {theta.dtype} {theta.shape}, frames {frames.dtype} {frames.shape}"
        raise ValueError(f"{found}: expected float32 (P,) and (sum T, D), or both float64")
    if not hidden or min(*hidden, classes, frames.shape[1]) < 1:
        raise ValueError(f"features {frames.shape[1]}, hidden {tuple(hidden)}, classes {classes}: at least 1 of each")
    layers = zip((frames.shape[1], *hidden), hidden)
    parameters = sum(GATES[cell] * n * (m + n + 2) for m, n in layers) + (hidden[-1] + 1) * classes
    if theta.shape != (parameters,):
        raise ValueError(f"theta is {theta.shape}, but this network has {parameters} parameters")
    net = new_network(frames.shape[1], hidden, classes, cell, pooling, theta.dtype)
    return np.require(theta, requirements="CAW"), np.require(frames, requirements="CAW"), net


def _offsets(offsets, frames):
    """Checked offsets, and the length of the longest sequence."""
    offsets = _integers("offsets", offsets, len(frames) + 1)
    lengths = np.diff(offsets)
    if len(lengths) == 0 or lengths.min() < 1:
        raise ValueError("there must be a sequence, and each must have a frame")
    return offsets, int(lengths.max())


def _integers(name, values, bound, count=None):
    """Values as int64, all of them in [0, bound)."""
    values = np.asarray(values)
    if values.ndim != 1 or len(values) == 0 or values.dtype.kind not in "iu" or count not in (None, len(values)):
        raise ValueError(f"{name}: {values.dtype} {values.shape}, expected {count or 'some'} whole numbers")
    if values.min() < 0 or values.max() >= bound:
        raise ValueError(f"{name} from {values.min()} to {values.max()}, expected 0 to {bound - 1}")
    return np.array(values, np.int64)
