"""Lanes: sixteen numbers that are added or multiplied together, whatever registers the CPU has."""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, register_model

LANES = 16  # a register of AVX-512, two of AVX2, four of SSE or NEON: LLVM divides them, the results do not change


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


def arranged(*places):
    """A function of two Lanes that gives the numbers at sixteen places: 0 to 15 are the first's, 16 to 31 the
    second's."""

    @intrinsic
    def arrange(typing, x, y):
        def code(context, builder, sig, args):
            return builder.shuffle_vector(*args, ir.Constant(ir.VectorType(ir.IntType(32), LANES), places))

        return x(x, y), code

    return arrange


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
