"""exp, tanh, the sigmoid and the logarithm, made of + - * / alone: the same bits on every system."""

from numba import types
from numba.extending import overload

from sequtils.engine.kernels.compiling import called, inlined
from sequtils.engine.kernels.lanes import arranged, as_exponent, magnitude, where_less, with_sign

# Of two lots of sixteen numbers the first, but for a part that is the second's.
third_quarter = arranged(*range(8), *range(24, 28), *range(12, 16))
first_half = arranged(*range(16, 24), *range(8, 16))


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


@inlined
def tanh_of_third_quarter(x):
    """tanh of the numbers 8 to 11, the sigmoid of the others; the same operations, and so the same bits, as above."""
    e = exp(third_quarter(magnitude(x) * -1.0, magnitude(x) * -2.0))
    return third_quarter(where_less(x, 0.0, e, 1.0), with_sign(1.0 - e, x)) / (1.0 + e)


@inlined
def tanh_of_first_half(x):
    """tanh of the numbers 0 to 7, the sigmoid of the others."""
    e = exp(first_half(magnitude(x) * -1.0, magnitude(x) * -2.0))
    return first_half(where_less(x, 0.0, e, 1.0), with_sign(1.0 - e, x)) / (1.0 + e)


@called
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
