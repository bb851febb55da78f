"""What calls, tables and containers become in a graph: Python's builtins, ``math`` and NumPy."""

import ast
import bisect
import functools
import math
import operator
import sys

import numpy as np

from . import _helpers
from ._lanefn import _functions
from ._values import Const, Lane, Row, Several

FUNCTIONS = frozenset(_functions)
VIEWS = (type({}.keys()), type({}.values()), type({}.items()))
# Tables up to this length become chains of choices.
SHORT = 8
# And tables of this many numbers for each key that there is.
SPARSE = 16


class LaneRange:
    """A range whose ends may depend on the element. The step is known."""

    def __init__(self, start, stop, step, some):
        self.start, self.stop, self.step, self.some = start, stop, step, some


class Choices:
    """A dict whose values depend on the element."""

    def __init__(self, items):
        self.items = items


class Method:
    """A method of a value, not called yet."""

    def __init__(self, value, name):
        self.value, self.name = value, name


HANDLERS = {}


def handles(*targets):
    def keep(handler):
        for target in targets:
            if target is not None:
                HANDLERS[target] = handler
        return handler

    return keep


def find(target):
    """What translates calls of this object, if it is known."""
    if isinstance(target, Method):
        return method
    try:
        found = HANDLERS.get(target)
    except TypeError:
        return None
    if found is not None:
        return found
    if isinstance(target, np.ufunc):
        if target.__name__ in FUNCTIONS and getattr(np, target.__name__, None) is target:
            return ufunc
        return SPECIAL_UFUNCS.get(target.__name__) and special
    if type(target).__name__ == "ufunc" and type(target).__module__ == "lanefn":
        return ufunc
    if isinstance(target, type) and issubclass(target, (np.number, np.bool_)):
        return numpy_type
    owner = getattr(target, "__self__", None)
    if isinstance(owner, CONTAINERS) and getattr(target, "__name__", None):
        return bound_method
    return None


CONTAINERS = (dict, list, tuple, str, range, set, frozenset, np.ndarray)


def wrapped(target):
    """The Python function in an object that calls one, and the arguments that it brings."""
    if isinstance(target, functools.partial):
        return target.func, target.args, target.keywords
    for name in ("pyfunc", "py_func"):
        inner = getattr(target, name, None)
        if callable(inner) and not isinstance(target, type):
            return inner, (), {}
    if type(target) is functools._lru_cache_wrapper:
        return target.__wrapped__, (), {}
    method = getattr(type(target), "__call__", None)
    if hasattr(method, "__code__"):
        return method, (target,), {}
    return None


def known(args, kwargs=()):
    return all(isinstance(a, Const) for a in args) and all(isinstance(kwargs[k], Const) for k in kwargs)


def fold(t, target, args, kwargs):
    return t.fold(
        lambda *values: target(*values[: len(args)], **dict(zip(kwargs, values[len(args) :]))),
        *args,
        *kwargs.values(),
    )


def arity(t, name, args, least, most=None):
    most = least if most is None else most
    if not least <= len(args) <= most:
        t.refuse(f"{name}() gets {len(args)} arguments")


def plain(t, name, kwargs):
    if kwargs:
        t.refuse(f"{name}() with {next(iter(kwargs))}=", "leave it out")


# ---- functions with kernels -------------------------------------------------------------------------

TRUTHS = set(
    """less less_equal greater greater_equal equal not_equal logical_and logical_or logical_xor
    logical_not signbit isnan isinf isfinite""".split()
)


def ufunc(t, target, args, kwargs):
    name = target.__name__
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, name, kwargs)
    arity(t, name, args, target.nin)
    if any(sequence(a) for a in args):
        return t.each(lambda *row: ufunc(t, target, row, {}), *args)
    kind = "b" if name in TRUTHS else "n"
    if name.startswith("logical_"):
        args = [t.condition(t.truth(a)) for a in args]
    lanes = [t.lane(a) for a in args]
    if target.nout > 1:
        return Several([t.call_node(name, lanes, "n", i) for i in range(target.nout)])
    return t.call_node(name, lanes, kind)


def sequence(value):
    """Whether NumPy takes a value for an array with one axis."""
    if isinstance(value, Const):
        v = value.value
        return isinstance(v, (list, tuple)) or (isinstance(v, np.ndarray) and v.ndim == 1)
    return isinstance(value, Several)


# Functions of scipy.special that are ufuncs, by the names that they have here.
SPECIAL_UFUNCS = {
    "erf": "erf",
    "erfc": "erfc",
    "gamma": "gamma",
    "gammaln": "lgamma",
    "expit": "sigmoid",
    "logit": "logit",
    "xlogy": "xlogy",
    "cbrt": "cbrt",
    "exp10": "exp10",
}


def special(t, target, args, kwargs):
    scipy = sys.modules.get("scipy.special")
    if scipy is None or getattr(scipy, target.__name__, None) is not target:
        t.refuse(f"{target.__name__} is called, which has no kernel")
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, target.__name__, kwargs)
    arity(t, target.__name__, args, target.nin)
    return t.call_node(SPECIAL_UFUNCS[target.__name__], [t.number(a) for a in args], "n")


def numpy_type(t, target, args, kwargs):
    """A NumPy scalar type, as a cast."""
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, target.__name__, kwargs)
    arity(t, target.__name__, args, 1)
    dtype = np.dtype(target)
    if dtype.kind not in "biuf" or dtype.itemsize not in (1, 2, 4, 8) or dtype.char == "e":
        t.refuse(f"numpy.{target.__name__} is no dtype of lanefn", "use float32 or float64")
    kind = {"b": "b", "f": "f"}.get(dtype.kind, "i")
    return Lane(t.b.convert(dtype, t.lane(args[0]).id), kind)


def simple(name, kernel, kind="f"):
    """A function of `math` that is one kernel, for numbers that are known and for others."""
    target = getattr(math, name, None)
    if target is None:
        return

    def handler(t, target, args, kwargs):
        if known(args, kwargs):
            return fold(t, target, args, kwargs)
        plain(t, f"math.{name}", kwargs)
        nin = NIN.get(kernel, 1)
        arity(t, f"math.{name}", args, nin)
        lanes = [t.number(a) for a in args]
        domain(t, name, lanes)
        result = t.call_node(kernel, lanes, kind)
        return t.check_overflow(result, *lanes) if name in LARGE else result

    HANDLERS[target] = handler


# Where functions of math raise ValueError: a comparison of the argument, or of its magnitude.
DOMAINS = {
    "sqrt": ("less", 0.0, False),
    "log": ("less_equal", 0.0, False),
    "log2": ("less_equal", 0.0, False),
    "log10": ("less_equal", 0.0, False),
    "log1p": ("less_equal", -1.0, False),
    "acosh": ("less", 1.0, False),
    "asin": ("greater", 1.0, True),
    "acos": ("greater", 1.0, True),
    "atanh": ("greater_equal", 1.0, True),
    "sin": ("equal", math.inf, True),
    "cos": ("equal", math.inf, True),
    "tan": ("equal", math.inf, True),
}
# Those that raise in more involved ways.
INVOLVED = frozenset(("gamma", "lgamma", "fmod", "ldexp", "pow"))
LARGE = frozenset(("exp", "exp2", "expm1", "sinh", "cosh"))


def domain(t, name, lanes):
    """Outside of its domain a function of math gives NaN; where somebody catches it, Python's error."""
    if not t.catches(ValueError):
        return
    if name in INVOLVED:
        t.refuse(f"math.{name}() where a ValueError is caught", "test the argument before")
    if name in DOMAINS:
        comparison, bound, magnitude = DOMAINS[name]
        x = t.call_node("abs", lanes[:1], "n") if magnitude else lanes[0]
        bad = t.call_node(comparison, [x, Lane(t.b.float(bound), "f")], "b")
        t.fail(bad, ValueError, "math domain error")


NIN = {"atan2": 2, "copysign": 2, "fmod": 2, "nextafter": 2, "gcd": 2, "lcm": 2, "ldexp": 2}
for _name, _kernel in {
    **{
        n: n
        for n in """sqrt exp exp2 expm1 log1p log2 log10 cbrt sin cos tan asin acos atan atan2 sinh cosh
        tanh asinh acosh atanh erf erfc gamma lgamma fabs fmod copysign degrees radians nextafter
        ldexp""".split()
    },
    "degrees": "rad2deg",
    "radians": "deg2rad",
    "ulp": "spacing",
}.items():
    simple(_name, _kernel)
for _name in ("isnan", "isinf", "isfinite"):
    simple(_name, _name, "b")
for _name in ("gcd", "lcm"):
    simple(_name, _name, "i")


@handles(math.log)
def log(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    arity(t, "math.log", args, 1, 2)
    domain(t, "log", [t.number(args[0])])
    value = t.call_node("log", [t.number(args[0])], "f")
    if len(args) == 2:
        if isinstance(args[1], Const) and args[1].value in (2, 10):
            return t.call_node(f"log{args[1].value}", [t.number(args[0])], "f")
        base = t.call_node("log", [t.number(floats(t, args[1]))], "f")
        return t.call_node("divide", [value, base], "f")
    return value


def floats(t, value):
    return Const(float(value.value)) if isinstance(value, Const) else value


def as_float(t, value):
    """The value as a float of its own width."""
    lane = t.number(value)
    if lane.kind == "f":
        return lane
    return t.call_node("multiply", [lane, Lane(t.b.float(1.0), "f")], "f")


@handles(math.pow)
def power(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    arity(t, "math.pow", args, 2)
    domain(t, "pow", [])
    if isinstance(args[1], Const) and args[1].value == 2:
        base = as_float(t, args[0])
        return t.call_node("multiply", [base, base], "f")
    return t.call_node("pow", [as_float(t, floats(t, a)) for a in args], "f")


@handles(math.hypot)
def hypot(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    if not args:
        return Const(0.0)
    value = t.call_node("abs", [as_float(t, args[0])], "f")
    for a in args[1:]:
        value = t.call_node("hypot", [value, t.number(a)], "f")
    return value


@handles(math.modf, math.frexp)
def two_parts(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    arity(t, target.__name__, args, 1)
    lane = as_float(t, args[0])
    first = t.call_node(target.__name__, [lane], "f", 0)
    second = t.call_node(target.__name__, [lane], "f" if target is math.modf else "i", 1)
    return Several([first, second])


@handles(math.floor, math.ceil, math.trunc)
def to_whole(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    arity(t, target.__name__, args, 1)
    lane = t.number(args[0])
    if lane.kind == "i":
        return lane
    return whole(t, t.call_node(target.__name__, [lane], lane.kind))


def whole(t, lane):
    """A float as Python's `int` has it: what is no number, or too large, is an error."""
    if lane.kind == "i":
        return lane
    t.fail(
        t.call_node("not_equal", [lane, lane], "b"), ValueError, "cannot convert float NaN to integer"
    )
    inside = t.call_node("less", [t.call_node("abs", [lane], "n"), Lane(t.b.float(2.0**63), "f")], "b")
    # NaN has been dealt with: elements take the first exit.
    t.fail(t.opposite(inside), OverflowError, "cannot convert float infinity to a 64-bit integer")
    return Lane(t.b.convert(np.int64, lane.id), "i")


@handles(math.isclose)
def isclose(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    arity(t, "isclose", args, 2)
    a, b = (as_float(t, x) for x in args)
    rel = t.lane(floats(t, kwargs.get("rel_tol", Const(1e-9))))
    small = t.lane(floats(t, kwargs.get("abs_tol", Const(0.0))))
    if set(kwargs) - {"rel_tol", "abs_tol"}:
        t.refuse("isclose with unknown arguments")
    apart = t.call_node("abs", [t.call_node("subtract", [a, b], "f")], "f")
    sizes = [t.call_node("multiply", [rel, t.call_node("abs", [x], "f")], "f") for x in (a, b)]
    bound = t.call_node("fmax", [t.call_node("fmax", sizes, "f"), small], "f")
    near = t.call_node("less_equal", [apart, bound], "b")
    finite = t.both(t.call_node("isfinite", [a], "b"), t.call_node("isfinite", [b], "b"))
    return t.either(t.call_node("equal", [a, b], "b"), t.both(near, finite))


@handles(math.factorial)
def factorial(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    arity(t, "math.factorial", args, 1)
    lane = whole_index(t, args[0])
    t.fail(
        t.call_node("less", [lane, t.int(0)], "b"),
        ValueError,
        "factorial() not defined for negative values",
    )
    t.fail(
        t.call_node("greater", [lane, t.int(20)], "b"),
        OverflowError,
        "the factorial is too large for 64 bits",
    )
    return Lane(t.b.lookup([math.factorial(i) for i in range(21)], lane.id), "i")


def written(helper):
    """What translates calls of a function that one of the helpers stands for."""

    def handler(t, target, args, kwargs):
        if known(args, kwargs):
            return fold(t, target, args, kwargs)
        if target in (np.argmin, np.argmax):
            if len(args) != 1 or not sequence(args[0]):
                t.refuse(f"np.{target.__name__}() of what is no array with one axis")
            items = t.items(args[0])
            if not 0 < len(items) <= 64:
                t.refuse(f"np.{target.__name__}() of {len(items)} numbers")
            args = [Several(items, list)]
        return t.call(Const(helper), list(args), kwargs)

    return handler


HANDLERS[math.comb] = written(_helpers.comb)
HANDLERS[math.perm] = written(_helpers.perm)
HANDLERS[math.isqrt] = written(_helpers.isqrt)
HANDLERS[np.argmin] = written(_helpers.argmin)
HANDLERS[np.argmax] = written(_helpers.argmax)


# ---- builtins ---------------------------------------------------------------------------------------


@handles(abs, operator.abs)
def absolute(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    arity(t, "abs", args, 1)
    if isinstance(args[0], Several) and args[0].type is np.ndarray:
        return t.each(lambda v: absolute(t, target, [v], {}), args[0])
    lane = t.number(args[0])
    return t.call_node("abs", [lane], lane.kind)


@handles(int)
def to_int(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, "int", kwargs)
    arity(t, "int", args, 1)
    return whole(t, t.number(args[0]))


@handles(float)
def to_float(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    arity(t, "float", args, 1)
    return as_float(t, args[0])


@handles(bool, operator.truth)
def to_bool(t, target, args, kwargs):
    if not args:
        return Const(False)
    arity(t, "bool", args, 1)
    truth = t.truth(args[0])
    return Const(truth) if isinstance(truth, bool) else truth


@handles(round)
def rounded(t, target, args, kwargs):
    args = list(args) + [kwargs[k] for k in kwargs if k == "ndigits"]
    if known(args):
        return t.fold(round, *args)
    arity(t, "round", args, 1, 2)
    lane = t.number(args[0])
    if len(args) == 1 or (isinstance(args[1], Const) and args[1].value is None):
        return lane if lane.kind == "i" else whole(t, t.call_node("rint", [lane], lane.kind))
    digits = args[1]
    if not isinstance(digits, Const) or not isinstance(digits.value, int):
        t.refuse("round() to a number of digits that is not known")
    n = digits.value
    if not -22 <= n <= 22:
        t.refuse(f"round() to {n} digits", "use between -22 and 22")
    if lane.kind == "i" and n >= 0:
        return lane
    return decimal(t, as_float(t, lane), n)


def decimal(t, x, n):
    """`x` rounded to `n` decimal digits as Python does it: to the decimal number nearest to the exact value
    of `x`, then to the float nearest to that.

    `x * 10**n` is rounded; where that is half way between whole numbers, what was lost in rounding says to
    which side the exact product lies.
    """

    def f(name, *args):
        return t.call_node(name, args, "b" if name in TRUTHS else "f")

    def c(value):
        return Lane(t.b.float(value), "f")

    if n < 0:
        p = c(10.0**-n)
        y = f("divide", x, p)
        scaled = f("multiply", f("rint", y), p)
        return t.choose(f("less", f("abs", x), c(2.0**1000)), scaled, x)
    p = 10.0**n
    y = f("multiply", x, c(p))
    whole_ = f("rint", y)
    # The exact product, by the halves of both factors.
    wide = Lane(t.b.convert(np.float64, x.id), "f")
    product = Lane(t.b.convert(np.float64, y.id), "f")

    def halves(v):
        big = v * 134217729.0
        high = big - (big - v)
        return c(high), c(v - high)

    big = f("multiply", wide, c(134217729.0))
    high = f("subtract", big, f("subtract", big, wide))
    low = f("subtract", wide, high)
    p_high, p_low = halves(p)
    lost = f("subtract", f("multiply", high, p_high), product)
    lost = f("add", lost, f("multiply", high, p_low))
    lost = f("add", lost, f("multiply", low, p_high))
    lost = f("add", lost, f("multiply", low, p_low))
    half = f("equal", f("abs", f("subtract", y, whole_)), c(0.5))
    below = f("floor", y)
    above = f("ceil", y)
    side = t.choose(f("greater", lost, c(0.0)), above, below)
    side = t.choose(f("equal", lost, c(0.0)), whole_, side)
    whole_ = t.choose(half, side, whole_)
    small = f("less", f("abs", y), c(2.0**52))
    return t.choose(small, f("divide", whole_, c(p)), x)


@handles(divmod)
def division(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    arity(t, "divmod", args, 2)
    lanes = [t.number(a) for a in args]
    t.check_divisor(lanes[1], args[1])
    kind = "i" if all(lane.kind == "i" for lane in lanes) else "n"
    return Several([t.call_node("divmod", lanes, kind, i) for i in range(2)])


@handles(pow)
def pow_(t, target, args, kwargs):
    arity(t, "pow with a modulus", args, 2)
    return t.binary(ast.Pow, *args)


@handles(min, max)
def extreme(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, target.__name__, kwargs)
    items = t.items(args[0]) if len(args) == 1 else args
    if not items:
        t.refuse(f"{target.__name__}() of what is no tuple")
    best = items[0]
    for item in items[1:]:
        # Python keeps the first one unless the other one is surely better, NaN or not.
        better = t.truth(t.compare(ast.Lt if target is min else ast.Gt, item, best))
        best = t.merge(better, item, best)
    return best


@handles(np.sum, np.mean, np.prod, np.any, np.all)
def numpy_reduction(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    name = target.__name__
    plain(t, f"np.{name}", kwargs)
    arity(t, f"np.{name}", args, 1)
    items = t.items(args[0]) if sequence(args[0]) else [args[0]]
    if not items or not all(isinstance(i, (Const, Lane)) for i in items):
        t.refuse(f"np.{name}() of what is no array of numbers")
    if name in ("any", "all"):
        return any_all(t, {"any": any, "all": all}[name], [Several(items, list)], {})
    if name == "prod":
        return tree(t, ast.Mult, items, Const(1))
    value = tree(t, ast.Add, items, Const(-0.0 if t.number(items[0]).kind == "f" else 0))
    if name == "mean":
        value = t.binary(ast.Div, value, Const(len(items)))
    return value


def tree(t, op, items, start):
    """Numbers joined in the order of NumPy's sums."""

    def join(a, b):
        return t.binary(op, a, b)

    n = len(items)
    if n < 8:
        value = start
        for item in items:
            value = join(value, item)
        return value
    if n > 128:
        t.refuse(f"a sum of {n} numbers", "write a loop")
    sums = list(items[:8])
    for i in range(8, n - n % 8):
        sums[i % 8] = join(sums[i % 8], items[i])
    while len(sums) > 1:
        sums = [join(a, b) for a, b in zip(sums[::2], sums[1::2])]
    value = sums[0]
    for item in items[n - n % 8 :]:
        value = join(value, item)
    return value


@handles(np.dot, np.inner, np.vdot)
def dot(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, "np.dot", kwargs)
    arity(t, "np.dot", args, 2)
    if not all(sequence(a) for a in args):
        t.refuse(f"np.{target.__name__}() of what are no arrays with one axis")
    products = t.each(lambda a, b: t.binary(ast.Mult, a, b), *args)
    return tree(t, ast.Add, products.items, Const(0))


@handles(sum, math.fsum)
def total(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    arity(t, "sum", args, 1, 2)
    items = t.items(args[0])
    if items is None or set(kwargs) - {"start"} or target is math.fsum:
        t.refuse(f"{target.__name__}() of what is no tuple known before", "write a loop")
    start = args[1] if len(args) == 2 else kwargs.get("start", Const(0))
    for item in items:
        start = t.binary(ast.Add, start, item)
    return start


@handles(math.prod)
def product(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    items = t.items(args[0])
    if items is None or set(kwargs) - {"start"}:
        t.refuse("math.prod() of what is no tuple known before", "write a loop")
    value = kwargs.get("start", Const(1))
    for item in items:
        value = t.binary(ast.Mult, value, item)
    return value


@handles(map)
def mapped(t, target, args, kwargs):
    lists = [t.items(a) for a in args[1:]]
    if not lists or None in lists:
        t.refuse("map() over what is not known before", "write a loop")
    return Several([t.call(args[0], list(row), {}) for row in zip(*lists)], list)


@handles(functools.reduce)
def reduction(t, target, args, kwargs):
    arity(t, "reduce", args, 2, 3)
    items = t.items(args[1])
    if items is None or not (items or args[2:]):
        t.refuse("reduce() of what is not known before", "write a loop")
    items = [*args[2:], *items]
    value = items[0]
    for item in items[1:]:
        value = t.call(args[0], [value, item], {})
    return value


@handles(any, all)
def any_all(t, target, args, kwargs):
    arity(t, target.__name__, args, 1)
    items = t.items(args[0])
    if items is None:
        t.refuse(f"{target.__name__}() of what is no tuple known before")
    cond = target is all
    for item in items:
        one = t.truth(item)
        cond = t.either(cond, one) if target is any else t.both(cond, one)
    return Const(cond) if isinstance(cond, bool) else cond


@handles(len)
def length(t, target, args, kwargs):
    arity(t, "len", args, 1)
    if isinstance(args[0], Several):
        return Const(len(args[0].items))
    if known(args):
        return fold(t, target, args, kwargs)
    t.refuse("len() of a number")


@handles(range)
def ranges(t, target, args, kwargs):
    arity(t, "range", args, 1, 3)
    if known(args):
        return fold(t, target, args, kwargs)
    start, stop = (Const(0), args[0]) if len(args) == 1 else args[:2]
    step = args[2] if len(args) == 3 else Const(1)
    if not isinstance(step, Const) or not isinstance(step.value, int) or step.value == 0:
        t.refuse("range() with a step that depends on the element", "use a while loop")
    ends = []
    for end in (start, stop):
        if isinstance(end, Lane):
            end = t.number(end)
            if end.kind == "f":
                t.refuse("range() of a float", "use int(...)")
            if end.kind == "n":
                # A float would be Python's TypeError: what has no bits to look at has no loop either.
                end = t.call_node("bitwise_or", [end, t.int(0)], "i")
        ends.append(end)
    return Const(LaneRange(*ends, step.value, False))


@handles(enumerate, zip, reversed, sorted)
def sequences(t, target, args, kwargs):
    if known(args, kwargs) and target is sorted:
        return fold(t, target, args, kwargs)
    lists = [t.items(a) for a in args]
    if target is enumerate:
        lists, first = lists[:1], (args[1:] or [kwargs.pop("start", Const(0))])[0]
    plain(t, target.__name__, kwargs)
    if not lists or any(items is None for items in lists):
        t.refuse(f"{target.__name__}() of what is not known before")
    if target is enumerate:
        made = [Several([Const(first.value + i), item]) for i, item in enumerate(lists[0])]
    elif target is zip:
        made = [Several(row) for row in zip(*lists)]
    elif target is reversed:
        made = lists[0][::-1]
    else:
        made = list(lists[0])
        if len(made) > 16:
            t.refuse(f"sorted() of {len(made)} numbers that depend on the element")
        for end in range(len(made) - 1, 0, -1):
            for i in range(end):
                a, b = made[i], made[i + 1]
                swap = t.truth(t.compare(ast.Lt, b, a))
                made[i], made[i + 1] = t.merge(swap, b, a), t.merge(swap, a, b)
    return Several(made, list)


@handles(tuple, list)
def gathered(t, target, args, kwargs):
    if not args:
        return Several([], target)
    items = t.items(args[0])
    if items is None:
        t.refuse(f"{target.__name__}() of a number")
    return Several(items, target)


@handles(np.array, np.asarray)
def array(t, target, args, kwargs):
    if known(args, kwargs) or not isinstance(args[0] if args else None, Several):
        return made_now(t, target, args, kwargs)
    items = args[0].items
    if kwargs or len(args) > 1 or not all(isinstance(i, (Const, Lane)) for i in items):
        return made_now(t, target, args, kwargs)
    return Several(items, np.ndarray)


@handles(set, frozenset, dict, str, np.linspace, np.arange, np.zeros, np.ones)
def made_now(t, target, args, kwargs):
    args = [constant(a) for a in args]
    kwargs = {k: constant(v) for k, v in kwargs.items()}
    if any(a is None for a in args) or None in kwargs.values():
        name = getattr(target, "__name__", "it")
        t.refuse(f"{name}() of numbers that depend on the element", "only numbers can be compiled")
    return fold(t, target, args, kwargs)


def constant(value):
    """A value as a Const, if everything in it is known."""
    if isinstance(value, Const):
        return value if not isinstance(value.value, (LaneRange, Choices, Method)) else None
    if isinstance(value, Several):
        items = [constant(i) for i in value.items]
        if None not in items:
            make = np.array if value.type is np.ndarray else value.type
            return Const(make([i.value for i in items]))
    return None


@handles(isinstance)
def is_instance(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    t.refuse("isinstance() of an argument", "the dtypes of the arrays decide what is computed")


@handles(type)
def type_of(t, target, args, kwargs):
    if known(args) and len(args) == 1:
        return fold(t, target, args, kwargs)
    t.refuse("type() of an argument", "the dtypes of the arrays decide what is computed")


@handles(getattr, hasattr, callable)
def reflection(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    t.refuse(f"{target.__name__}() of an argument")


@handles(print, open, input, eval, exec)
def effects(t, target, args, kwargs):
    t.refuse(f"{target.__name__}() is called", "a compiled function only computes")


def operators():
    for name, op in dict(
        add=ast.Add,
        sub=ast.Sub,
        mul=ast.Mult,
        truediv=ast.Div,
        floordiv=ast.FloorDiv,
        mod=ast.Mod,
        pow=ast.Pow,
        and_=ast.BitAnd,
        or_=ast.BitOr,
        xor=ast.BitXor,
        lshift=ast.LShift,
        rshift=ast.RShift,
    ).items():
        HANDLERS[getattr(operator, name)] = lambda t, target, args, kwargs, op=op: t.binary(op, *args)
    for name, op in dict(lt=ast.Lt, le=ast.LtE, gt=ast.Gt, ge=ast.GtE, eq=ast.Eq, ne=ast.NotEq).items():
        HANDLERS[getattr(operator, name)] = lambda t, target, args, kwargs, op=op: t.compare(op, *args)


operators()


@handles(operator.neg, operator.pos, operator.invert, operator.inv)
def unary(t, target, args, kwargs):
    if known(args):
        return fold(t, target, args, kwargs)
    lane = t.number(args[0])
    name = {"neg": "negative", "pos": "positive"}.get(target.__name__, "invert")
    return t.call_node(name, [lane], lane.kind)


@handles(operator.not_)
def negation(t, target, args, kwargs):
    cond = t.opposite(t.truth(args[0]))
    return Const(cond) if isinstance(cond, bool) else cond


# ---- NumPy ------------------------------------------------------------------------------------------


@handles(np.where)
def where(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    arity(t, "np.where", args, 3)
    return t.merge(t.truth(args[0]), args[1], args[2])


@handles(np.select)
def select(t, target, args, kwargs):
    if kwargs.get("default") is not None:
        args = [*args, kwargs["default"]]
    arity(t, "np.select", args, 2, 3)
    conds, values = t.items(args[0]), t.items(args[1])
    value = args[2] if len(args) == 3 else Const(0)
    if conds is None or values is None or len(conds) != len(values):
        t.refuse("np.select() of what are no lists")
    for cond, one in zip(reversed(conds), reversed(values)):
        value = t.merge(t.truth(cond), one, value)
    return value


@handles(np.clip)
def clip(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    args = list(args) + [kwargs[k] for k in ("a_min", "a_max", "min", "max") if k in kwargs]
    arity(t, "np.clip", args, 3)
    value, low, high = args
    bounds = [b for b in (low, high) if not (isinstance(b, Const) and b.value is None)]
    if len(bounds) == 2:
        return t.call_node("clip", [t.number(a) for a in args], "n")
    for b, name in ((low, "maximum"), (high, "minimum")):
        if b in bounds:
            value = t.call_node(name, [t.number(value), t.number(b)], "n")
    return value


@handles(np.round, np.around)
def numpy_round(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    args = list(args) + [kwargs[k] for k in kwargs if k == "decimals"]
    arity(t, "np.round", args, 1, 2)
    digits = args[1] if len(args) == 2 else Const(0)
    if not isinstance(digits, Const):
        t.refuse("np.round() to a number of digits that is not known")
    lane, n = t.number(args[0]), digits.value
    if lane.kind == "i" and n >= 0:
        return lane
    if n == 0:
        return t.call_node("rint", [lane], "f")
    scale = Lane(t.b.float(10.0 ** abs(n)), "f")
    there, back = ("multiply", "divide") if n > 0 else ("divide", "multiply")
    scaled = t.call_node("rint", [t.call_node(there, [lane, scale], "f")], "f")
    return t.call_node(back, [scaled, scale], "f")


@handles(np.abs)
def numpy_abs(t, target, args, kwargs):
    return absolute(t, target, args, kwargs)


@handles(np.min, np.max, np.amin, np.amax)
def numpy_extreme(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, target.__name__, kwargs)
    arity(t, target.__name__, args, 1)
    items = t.items(args[0]) if sequence(args[0]) else [args[0]]
    if not items:
        t.refuse(f"np.{target.__name__}() of nothing")
    best = t.number(items[0])
    for item in items[1:]:
        name = "minimum" if "min" in target.__name__ else "maximum"
        best = t.call_node(name, [best, t.number(item)], "n")
    return best


@handles(np.nan_to_num)
def nan_to_num(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, "np.nan_to_num", {k: v for k, v in kwargs.items() if k != "nan"})
    arity(t, "np.nan_to_num", args, 1)
    x = as_float(t, args[0])
    big = Lane(t.b.float(sys.float_info.max), "f")
    inside = t.call_node("clip", [x, t.call_node("negative", [big], "f"), big], "f")
    nan = t.lane(kwargs.get("nan", Const(0.0)))
    return t.choose(t.call_node("not_equal", [x, x], "b"), nan, inside)


@handles(np.isclose)
def numpy_isclose(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    arity(t, "np.isclose", args, 2)
    if set(kwargs) - {"rtol", "atol"}:
        t.refuse("np.isclose() with equal_nan=")
    a, b = (as_float(t, x) for x in args)
    rtol, atol = t.lane(kwargs.get("rtol", Const(1e-5))), t.lane(kwargs.get("atol", Const(1e-8)))
    apart = t.call_node("abs", [t.call_node("subtract", [a, b], "f")], "f")
    bound = t.call_node("multiply", [rtol, t.call_node("abs", [b], "f")], "f")
    near = t.call_node("less_equal", [apart, t.call_node("add", [atol, bound], "f")], "b")
    near = t.both(near, t.call_node("isfinite", [b], "b"))
    return t.either(near, t.call_node("equal", [a, b], "b"))


@handles(np.polyval)
def polyval(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    arity(t, "np.polyval", args, 2)
    items = t.items(args[0])
    if items is None:
        t.refuse("np.polyval() of coefficients that are not known before")
    value = Const(0)
    for item in items:
        value = t.binary(ast.Add, t.binary(ast.Mult, value, args[1]), item)
    return value


@handles(np.sinc)
def sinc(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    arity(t, "np.sinc", args, 1)
    pi = Lane(t.b.float(math.pi), "f")
    x = as_float(t, args[0])
    y = t.choose(t.call_node("equal", [x, t.int(0)], "b"), Lane(t.b.float(1e-20), "f"), x)
    y = t.call_node("multiply", [pi, y], "f")
    return t.call_node("divide", [t.call_node("sin", [y], "f"), y], "f")


# ---- tables -----------------------------------------------------------------------------------------


def numbers(t, values, what):
    for v in values:
        if not isinstance(v, (bool, int, float, np.bool_, np.integer, np.floating)):
            t.refuse(
                f"{what} holds {type(v).__name__} objects", "only tables of numbers can be compiled"
            )
    return values


def table(t, values, index, dtype=None):
    """The entry of numbers at an index that is within."""
    kinds = {kind_of(v) for v in values}
    kind = kinds.pop() if len(kinds) == 1 else "n"
    if kind == "b":
        dtype = np.dtype(bool)
    if dtype is None:
        own = {v.dtype if isinstance(v, np.generic) else None for v in values}
        if own != {None}:
            dtype = np.result_type(*values)
    if dtype is not None and (dtype.kind not in "biuf" or dtype.char in "eg"):
        t.refuse(f"a table of {dtype}", "use float64")
    plain_values = [v.item() if isinstance(v, np.generic) else v for v in values]
    if dtype is None:
        if kind == "n":
            # One float makes all of them floats.
            as_ = float if any(isinstance(v, float) for v in plain_values) else int
            plain_values = [as_(v) for v in plain_values]
        if any(isinstance(v, int) and not -(2**63) <= v < 2**63 for v in plain_values):
            t.refuse("a table with numbers too large for 64 bits")
    elif dtype.kind == "f":
        plain_values = [float(v) for v in plain_values]
    return Lane(t.b.lookup(plain_values, index.id, dtype), kind)


def kind_of(v):
    if isinstance(v, (bool, np.bool_)):
        return "b"
    return "f" if isinstance(v, (float, np.floating)) else "i"


def whole_index(t, value):
    lane = t.number(value)
    if lane.kind == "f":
        t.refuse("an index that is a float", "use int(...)")
    return lane


def within(t, index, n, what):
    """An index of something of that length: outside it is an IndexError."""
    low = t.call_node("less", [index, t.int(-n)], "b")
    high = t.call_node("greater_equal", [index, t.int(n)], "b")
    t.fail(t.either(low, high), IndexError, f"{what} index out of range")


def entry(t, values, source, index):
    """`values[index]` of numbers, for an index that is surely within."""
    if isinstance(index, Const):
        return Const(values[index.value])
    dtype = source.dtype if isinstance(source, np.ndarray) else None
    return table(t, numbers(t, values, "the table"), index, dtype)


def subscript(t, value, index):
    """`value[index]`."""
    if isinstance(value, Several):
        if isinstance(index, Const):
            if isinstance(index.value, slice):
                return Several(value.items[index.value], value.type)
            try:
                return value.items[operator.index(index.value)]
            except (IndexError, TypeError) as error:
                t.refuse(str(error))
        fixed = constant(value)
        if fixed is not None:
            return subscript(t, fixed, index)
        lane = whole_index(t, index)
        n = len(value.items)
        within(t, lane, n, value.type.__name__)
        result = value.items[-1]
        for i in range(n - 1):
            here = t.either(
                t.call_node("equal", [lane, t.int(i)], "b"),
                t.call_node("equal", [lane, t.int(i - n)], "b"),
            )
            result = t.merge(here, value.items[i], result)
        return result
    if isinstance(value, Row):
        return row(t, value.array, value.at, [index])
    if not isinstance(value, Const):
        t.refuse("a number is indexed", "only tables known before can be indexed")
    target = value.value
    if isinstance(target, Choices):
        return choice(t, target, index, None)
    fixed = constant(index)
    if fixed is not None:
        return t.fold(operator.getitem, value, fixed)
    if isinstance(target, dict):
        return mapping(t, target, index, None)
    if isinstance(target, np.ndarray):
        return row(t, target, [], index.items if isinstance(index, Several) else [index])
    if isinstance(target, (list, tuple, range)):
        if target and all(isinstance(v, (list, tuple)) for v in target):
            try:
                array = np.array(target)
            except ValueError:
                t.refuse("a table whose rows differ in length")
            if array.dtype.kind not in "biuf":
                t.refuse("a table that holds no numbers")
            return row(t, array, [], [index], weak=True)
        values = numbers(t, list(target), "the table")
        if not values:
            t.refuse("an empty table is indexed")
        lane = whole_index(t, index)
        within(t, lane, len(values), type(target).__name__)
        return table(t, values, lane)
    t.refuse(f"{t.describe(value)} is indexed", "only tables of numbers can be compiled")


def row(t, array, at, indices, weak=False):
    """More indices of an array with axes. Once there is one for each, the entry."""
    at = list(at)
    for index in indices:
        axis = len(at)
        if axis >= array.ndim:
            t.refuse("too many indices for the table")
        n = array.shape[axis]
        if isinstance(index, Const):
            if not isinstance(index.value, (int, np.integer)) or not -n <= index.value < n:
                t.refuse("a table is indexed by what is no whole number within it")
            at.append(Const(int(index.value) % n))
            continue
        lane = whole_index(t, index)
        within(t, lane, n, "table")
        negative = t.call_node("less", [lane, t.int(0)], "b")
        at.append(t.choose(negative, t.call_node("add", [lane, t.int(n)], "i"), lane))
    if len(at) < array.ndim:
        return Row(array, at)
    place = None
    for index, n in zip(at, array.shape):
        place = index if place is None else t.binary(ast.Add, t.binary(ast.Mult, place, Const(n)), index)
    if array.size > 1 << 20:
        t.refuse(f"a table of {array.size} numbers", "pass it as an argument that is excluded")
    if weak:
        return table(t, array.ravel().tolist(), t.lane(place))
    return table(t, list(array.ravel()), t.lane(place), array.dtype)


def sorted_place(t, keys, x, side):
    """How many of the sorted keys are below `x` (or not above, for the side 'right')."""
    name = "less" if side == "left" else "less_equal"
    if len(keys) <= SHORT:
        count = t.int(0)
        for k in keys:
            one = t.call_node(name, [t.lane(Const(k)), x], "b")
            count = t.call_node("add", [count, t.choose(one, t.int(1), t.int(0))], "i")
        return count
    floats_ = [float(k) for k in keys]
    if any(int(k) != f for k, f in zip(keys, floats_) if isinstance(k, int)):
        t.refuse("a table whose keys are too large for floats")
    size = 1 << len(keys).bit_length()
    padded = floats_ + [math.inf] * (size - len(keys))
    # What is padded counts for nothing, though infinity is not above it.
    place, step = t.int(0), size // 2
    while step:
        probe = t.call_node("add", [place, t.int(step - 1)], "i")
        key = Lane(t.b.lookup(padded, probe.id), "f")
        one = t.call_node(name, [key, x], "b")
        place = t.choose(one, t.call_node("add", [place, t.int(step)], "i"), place)
        step //= 2
    return t.call_node("minimum", [place, t.int(len(keys))], "i")


def search(t, keys, x, side):
    """`bisect` on keys that are known."""
    keys = [k.item() if isinstance(k, np.generic) else k for k in keys]
    numbers(t, keys, "the table")
    x = t.number(x)
    if any(b < a for a, b in zip(keys, keys[1:])):
        t.refuse("a table that is not sorted is searched")
    return sorted_place(t, keys, x, side)


@handles(bisect.bisect, bisect.bisect_right, bisect.bisect_left)
def bisection(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, "bisect", kwargs)
    arity(t, "bisect", args, 2)
    items = constant(args[0])
    if items is None:
        t.refuse("bisect in a table that is not known before")
    return search(t, list(items.value), args[1], "left" if target is bisect.bisect_left else "right")


@handles(np.searchsorted)
def searchsorted(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    args = list(args) + ([kwargs["side"]] if "side" in kwargs else [])
    items = constant(args[0])
    side = args[2].value if len(args) > 2 else "left"
    if items is None or len(args) > 3 or set(kwargs) - {"side"}:
        t.refuse("np.searchsorted in a table that is not known before")
    return nan_last(t, list(items.value), args[1], side)


@handles(np.digitize)
def digitize(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    args = list(args) + ([kwargs["right"]] if "right" in kwargs else [])
    items = constant(args[1]) if len(args) > 1 else None
    right = bool(args[2].value) if len(args) > 2 else False
    if items is None or len(items.value) < 1 or set(kwargs) - {"right"}:
        t.refuse("np.digitize with bins that are not known before")
    return nan_last(t, list(items.value), args[0], "left" if right else "right")


def nan_last(t, keys, x, side):
    """As NumPy sorts: NaN comes after everything."""
    lane = t.number(x)
    place = search(t, keys, lane, side)
    return t.choose(t.call_node("not_equal", [lane, lane], "b"), t.int(len(keys)), place)


@handles(np.interp)
def interp(t, target, args, kwargs):
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, "np.interp", kwargs)
    arity(t, "np.interp", args, 3)
    xp, fp = constant(args[1]), constant(args[2])
    if xp is None or fp is None:
        t.refuse("np.interp with points that are not known before")
    xp, fp = np.asarray(xp.value, float), np.asarray(fp.value, float)
    if xp.ndim != 1 or xp.shape != fp.shape or len(xp) < 2 or not (np.diff(xp) > 0).all():
        t.refuse("np.interp with points that do not increase")
    x = Lane(t.b.convert(np.float64, t.number(args[0]).id), "f")
    place = sorted_place(t, [float(v) for v in xp], x, "right")
    j = t.call_node("subtract", [place, t.int(1)], "i")
    j = t.call_node("clip", [j, t.int(0), t.int(len(xp) - 2)], "i")
    slope = Lane(t.b.lookup(list(np.diff(fp) / np.diff(xp)), j.id, np.dtype(float)), "f")
    x0 = Lane(t.b.lookup(list(xp[:-1]), j.id, np.dtype(float)), "f")
    f0 = Lane(t.b.lookup(list(fp[:-1]), j.id, np.dtype(float)), "f")
    along = t.call_node("subtract", [x, x0], "f")
    value = t.call_node("add", [t.call_node("multiply", [slope, along], "f"), f0], "f")
    first, last = Lane(t.b.float(float(fp[0])), "f"), Lane(t.b.float(float(fp[-1])), "f")
    low = t.call_node("less", [x, Lane(t.b.float(float(xp[0])), "f")], "b")
    high = t.call_node("greater_equal", [x, Lane(t.b.float(float(xp[-1])), "f")], "b")
    return t.choose(low, first, t.choose(high, last, value))


def mapping(t, target, index, default):
    """`target[index]`, or `target.get(index, default)` where there is a default."""
    if len(target) > 1 << 16:
        t.refuse(f"a dict of {len(target)} keys")
    keys, values = list(target), list(target.values())
    if any(not isinstance(k, (bool, int, float, np.generic)) for k in keys):
        odd = next(k for k in keys if not isinstance(k, (bool, int, float, np.generic)))
        if all(not isinstance(k, (bool, int, float, np.generic)) for k in keys):
            t.refuse(f"a dict with keys of type {type(odd).__name__} is asked for a number")
        pairs = [(k, v) for k, v in zip(keys, values) if isinstance(k, (bool, int, float, np.generic))]
        keys, values = [list(x) for x in zip(*pairs)]
    lane = t.number(index)
    if default is not None:
        if isinstance(default, Const) and default.value is None:
            t.refuse("dict.get() without a default", "give it a number: get(x, 0)")
    if not keys:
        if default is None:
            t.fail(True, KeyError, "the dict has no such key")
            return t.int(0)
        return default
    numbers(t, values, "the dict")
    found, value = looked_up(t, keys, values, lane)
    if default is None:
        t.fail(t.opposite(found), KeyError, "the dict has no such key")
        return value
    return t.merge(found, value, default)


def looked_up(t, keys, values, lane):
    """Whether a key is there, and its value."""
    if len(keys) <= SHORT:
        found, value = False, None
        for k, v in reversed(list(zip(keys, values))):
            here = t.call_node("equal", [lane, t.number(Const(k))], "b")
            found = t.either(here, found)
            v = Const(v)
            value = v if value is None else t.merge(here, v, value)
        return found, value
    if all(int(k) == k for k in keys if k == k and abs(k) < 2**62) and all(abs(k) < 2**62 for k in keys):
        whole_keys = [int(k) for k in keys]
        low, high = min(whole_keys), max(whole_keys)
        span = high - low + 1
        if span <= SPARSE * len(keys):
            place = lane
            found = True
            if lane.kind != "i":
                place = Lane(t.b.convert(np.int64, lane.id), "i")
                found = t.call_node("equal", [place, lane], "b")
            inside = t.both(
                t.call_node("greater_equal", [place, t.int(low)], "b"),
                t.call_node("less_equal", [place, t.int(high)], "b"),
            )
            found = t.both(found, inside)
            place = t.call_node("subtract", [place, t.int(low)], "i")
            place = t.choose(found, place, t.int(0))
            at = dict(zip(whole_keys, values))
            dense = [at.get(low + i, values[0]) for i in range(span)]
            if span > len(at):
                there = [low + i in at for i in range(span)]
                found = t.both(found, Lane(t.b.lookup(there, place.id, np.dtype(bool)), "b"))
            return found, table(t, dense, place)
    pairs = sorted(zip(keys, values), key=lambda kv: kv[0])
    keys, values = [k for k, _ in pairs], [v for _, v in pairs]
    place = search(t, keys, lane, "left")
    place = t.call_node("minimum", [place, t.int(len(keys) - 1)], "i")
    found = t.call_node("equal", [table(t, keys, place), lane], "b")
    return found, table(t, values, place)


def choice(t, target, index, default):
    if isinstance(index, Const):
        if index.value in target.items:
            return target.items[index.value]
        if default is not None:
            return default
        t.refuse(f"a dict has no key {index.value!r}")
    lane = t.number(index)
    found, value = False, default
    for k, v in reversed(list(target.items.items())):
        if not isinstance(k, (int, float, np.generic)):
            t.refuse("a dict whose keys are no numbers")
        here = t.call_node("equal", [lane, t.number(Const(k))], "b")
        found = t.either(here, found)
        value = v if value is None else t.merge(here, v, value)
    if default is None:
        t.fail(t.opposite(found), KeyError, "the dict has no such key")
    return value


def contains(t, container, item):
    """Whether `item in container`."""
    target = container.value if isinstance(container, Const) else None
    if isinstance(item, Const) and isinstance(container, Const):
        if not isinstance(target, (Choices, LaneRange)):
            folded = t.fold(lambda c, i: i in c, container, item)
            return folded.value if isinstance(folded, Const) else False
    if isinstance(target, range) and len(target) > SHORT:
        lane = t.number(item)
        first, last = min(target[0], target[-1]), max(target[0], target[-1])
        cond = t.both(
            t.call_node("greater_equal", [lane, t.int(first)], "b"),
            t.call_node("less_equal", [lane, t.int(last)], "b"),
        )
        rest = t.call_node("subtract", [lane, t.int(first)], "n")
        rest = t.call_node("remainder", [rest, t.int(abs(target.step))], "n")
        return t.both(cond, t.call_node("equal", [rest, t.int(0)], "b"))
    if isinstance(target, Choices):
        items = [Const(k) for k in target.items]
    else:
        items = t.items(container, most=1 << 16)
    if items is None:
        t.refuse("`in` of what is no tuple known before")
    if len(items) > SHORT and all(
        isinstance(i, Const) and isinstance(i.value, (int, float)) for i in items
    ):
        keys = list({i.value: None for i in items})
        keys = [k for k in keys if k == k]
        if len(keys) > SHORT:
            return looked_up(t, keys, [True] * len(keys), t.number(item))[0]
    cond = False
    for i in items:
        cond = t.either(cond, t.truth(t.compare(ast.Eq, i, item)))
    return cond


# ---- methods ----------------------------------------------------------------------------------------

PURE = {
    dict: ("get", "keys", "values", "items", "__getitem__", "__contains__"),
    list: ("index", "count", "__getitem__", "__len__", "__contains__"),
    tuple: ("index", "count", "__getitem__", "__len__", "__contains__"),
    range: ("index", "count", "__getitem__", "__len__", "__contains__"),
    set: ("__contains__", "union", "intersection"),
    frozenset: ("__contains__", "union", "intersection"),
    str: tuple(n for n in dir(str) if not n.startswith("_")),
    np.ndarray: ("__getitem__", "item", "sum", "min", "max", "mean", "tolist", "ravel", "searchsorted"),
}


def bound_method(t, target, args, kwargs):
    """A method of a container that is known."""
    owner, name = target.__self__, target.__name__
    kind = next(c for c in CONTAINERS if isinstance(owner, c))
    if name not in PURE[kind]:
        t.refuse(
            f"{kind.__name__}.{name}() is called",
            "a compiled function changes nothing and only computes",
        )
    if known(args, kwargs):
        return fold(t, target, args, kwargs)
    plain(t, name, kwargs)
    if name == "__getitem__":
        return subscript(t, Const(owner), args[0])
    if name == "__contains__":
        cond = contains(t, Const(owner), args[0])
        return Const(cond) if isinstance(cond, bool) else cond
    if kind is dict and name == "get":
        arity(t, "dict.get", args, 1, 2)
        default = args[1] if len(args) == 2 else Const(None)
        if isinstance(default, Const) and default.value is None:
            t.refuse("dict.get() without a default", "give it a number: get(x, 0)")
        return mapping(t, owner, args[0], default)
    if kind is np.ndarray and name == "searchsorted":
        return searchsorted(t, np.searchsorted, [Const(owner), *args], kwargs)
    t.refuse(f"{kind.__name__}.{name}() of a number that depends on the element")


def change(t, value, name, args):
    """A method that changes a list of the function's own."""
    t.changes(value)
    if name == "append":
        arity(t, "append", args, 1)
        value.items.append(args[0])
    elif name == "extend":
        arity(t, "extend", args, 1)
        more = t.items(args[0])
        if more is None:
            t.refuse("a list is extended by what is not known before")
        value.items.extend(more)
    elif name == "reverse":
        value.items.reverse()
    else:
        index = args[0] if args else Const(-1)
        if not isinstance(index, Const) or not value.items:
            t.refuse("list.pop() of an index that depends on the element, or of an empty list")
        return value.items.pop(index.value)
    return Const(None)


def method(t, target, args, kwargs):
    """A method of a number, or of a tuple made in the function."""
    value, name = target.value, target.name
    plain(t, name, kwargs)
    if isinstance(value, Const) and isinstance(value.value, Choices):
        if name == "get":
            arity(t, "dict.get", args, 2)
            return choice(t, value.value, *args)
    if isinstance(value, Several):
        if value.type is list and name in ("append", "extend", "pop", "reverse"):
            return change(t, value, name, args)
        if value.type is np.ndarray and name in ("sum", "mean", "prod", "any", "all") and not args:
            return numpy_reduction(t, getattr(np, name), [value], {})
        if value.type is np.ndarray and name in ("argmin", "argmax") and not args:
            return written(getattr(_helpers, name))(t, getattr(np, name), [value], {})
        if value.type is np.ndarray and name in ("min", "max") and not args:
            return numpy_extreme(t, getattr(np, name), [value], {})
        fixed = constant(value)
        if fixed is not None and name in PURE[value.type]:
            return bound_method(t, getattr(fixed.value, name), args, kwargs)
        t.refuse(
            f"{value.type.__name__}.{name}() is called",
            "a compiled function changes nothing; write a loop over numbers",
        )
    if isinstance(value, Lane):
        if name == "is_integer" and not args:
            lane = t.number(value)
            finite = t.call_node("isfinite", [lane], "b")
            floor = t.call_node("floor", [lane], lane.kind)
            return t.both(finite, t.call_node("equal", [floor, lane], "b"))
        if name == "bit_length" and not args:
            return t.call(Const(_helpers.bit_length), [value], {})
        if name in ("item", "conjugate") and not args:
            return value
        if name == "__abs__" and not args:
            return absolute(t, abs, [value], {})
        if name == "bit_count" and not args:
            return t.call_node("bit_count", [t.number(value)], "i")
        if name in ("clip",) and len(args) == 2:
            return clip(t, np.clip, [value, *args], {})
        if name == "astype" and len(args) == 1 and isinstance(args[0], Const):
            return numpy_type(t, np.dtype(args[0].value).type, [value], {})
    t.refuse(f"the method {name}() is called on {t.describe(value)}", "use a function of math or numpy")
