"""What NumPy's ufuncs take for an array, lanefn's functions take, too."""

import array
import ctypes
import mmap
import warnings

import numpy as np
import pytest

import lanefn
from oracle import outcome, same

VALUES = np.array([[1.5, -2.0, 4.0], [0.25, 8.0, 1e300]])
SWAPPED = VALUES.astype(">f8")


class Says:
    """An object with one attribute more."""

    def __init__(self, **attributes):
        for name, value in attributes.items():
            setattr(self, name, value)


class WithArray:
    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


class WithDlpack:
    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


class Floats(list):
    pass


def mapped():
    of = mmap.mmap(-1, 24)
    of.write(np.arange(3.0).tobytes())
    return np.frombuffer(of)


OPERANDS = {
    "memoryview": lambda: memoryview(VALUES),
    "strided memoryview": lambda: memoryview(VALUES)[::-1],
    "read-only memoryview": lambda: memoryview(VALUES.tobytes()).cast("d"),
    "memoryview of bytes": lambda: memoryview(b"\x01\x02\xff"),
    "bytearray": lambda: bytearray(b"\x01\x02\xff"),
    "bytes": lambda: b"\x01\x02\xff",
    "array.array of doubles": lambda: array.array("d", [1.0, 2.5]),
    "array.array of floats": lambda: array.array("f", [1.0, 2.5]),
    "array.array of shorts": lambda: array.array("h", [1, -2]),
    "array.array of nothing": lambda: array.array("d"),
    "ctypes array": lambda: (ctypes.c_int32 * 3)(1, 2, 3),
    "ctypes array of arrays": lambda: (ctypes.c_double * 2 * 2)((1, 2), (3, 4)),
    "ctypes number": lambda: ctypes.c_double(2.5),
    "mmap": mapped,
    "__array__": lambda: WithArray([1.0, 2.0]),
    "__array__ without axes": lambda: WithArray(2.5),
    "__array__ of float16": lambda: WithArray(np.ones(2, "f2")),
    "__array__ of objects": lambda: WithArray(np.array([1.5, 2], object)),
    "__array__ that fails": lambda: WithArray([[1], [2, 3]]),
    "__array_interface__": lambda: Says(__array_interface__=VALUES.__array_interface__, kept=VALUES),
    "__array_interface__ of steps": lambda: Says(__array_interface__=VALUES[:, ::2].__array_interface__),
    "__array_interface__ swapped": lambda: Says(__array_interface__=SWAPPED.__array_interface__),
    "__array_struct__": lambda: Says(__array_struct__=VALUES.__array_struct__, kept=VALUES),
    "from_dlpack": lambda: np.from_dlpack(WithDlpack(VALUES)),
    "__dlpack__ alone": lambda: WithDlpack(VALUES),
    "list": lambda: [[1, 2.5], [True, 4]],
    "own list": lambda: Floats([1, 2]),
    "tuple": lambda: (1, 2, 3),
    "range": lambda: range(5),
    "list of arrays": lambda: [np.ones(2), np.zeros(2)],
    "list of numbers of other objects": lambda: [WithArray(1.0), np.float32(2)],
    "empty list": lambda: [],
    "ragged list": lambda: [[1, 2], [3]],
    "set": lambda: {1.0},
    "generator": lambda: (x for x in [1.0]),
    "None": lambda: None,
    "string": lambda: "1.5",
    "complex": lambda: 1j,
    "matrix": lambda: np.asmatrix(VALUES),
    "masked array": lambda: np.ma.masked_greater(VALUES, 3),
    "record": lambda: np.zeros(2, [("a", "f8")]),
    "field of a record": lambda: np.ones(2, [("b", "i1"), ("a", "f8")])["a"],
    "subarray of a record": lambda: np.ones(2, [("b", "i1"), ("a", "f4", 3)])["a"],
    "memmap": lambda: np.ones(3).view(np.memmap),
    "date": lambda: np.datetime64("2026-01-01"),
}


def checked(got, wanted):
    if isinstance(wanted, type):
        assert got is wanted
        return
    pairs = zip(got, wanted, strict=True) if type(wanted) is tuple else [(got, wanted)]
    for g, w in pairs:
        assert type(g) is type(w) and not same(g, w)


# What lanefn has no dtype for, and NumPy has; anything that is no array is an object to NumPy.
LACKS = {"__array__ of float16", "__array__ of objects", "complex", "string", "date"}
LACKS |= {"__dlpack__ alone", "set", "generator", "None"}


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("kind", OPERANDS)
def test_built_in_functions_take_what_numpys_take(kind):
    make = OPERANDS[kind]
    for name, rest in [("negative", ()), ("add", (1,)), ("multiply", (VALUES[0],)), ("divmod", (2,)), ("less", (2,))]:
        ours, theirs = getattr(lanefn, name), getattr(np, name)
        orders = [(make(), *rest), (*rest, make())]
        for ours, theirs in [(ours, theirs), *[(ours.outer, theirs.outer)] * (name == "add" and kind != "matrix")]:
            for inputs in orders:
                wanted = outcome(theirs, *inputs)
                checked(outcome(ours, *inputs), TypeError if kind in LACKS else wanted)
    checked(outcome(lanefn.add.reduce, make()), TypeError if kind in LACKS else outcome(np.add.reduce, make()))


def half(x):
    return x * 0.5


@pytest.mark.parametrize("kind", OPERANDS)
def test_vectorized_functions_take_what_numpys_take(kind):
    make = OPERANDS[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lanefn.FallbackWarning)
        for otypes in (None, "d"):
            got = outcome(lanefn.vectorize(half, otypes=otypes), make())
            wanted = outcome(np.vectorize(half, otypes=otypes), make())
            # Subclasses and float32 stay what they are.
            if not isinstance(wanted, type) and not isinstance(got, type):
                same_values = np.array_equal(np.asarray(got, wanted.dtype), wanted, equal_nan=wanted.dtype.kind == "f")
                assert got.shape == wanted.shape and same_values
            else:
                # Either says so of what is no array at all.
                assert got is wanted or {got, wanted} == {TypeError, ValueError}


def test_outputs_must_be_arrays_as_numpys():
    for kind in ("memoryview", "array.array of doubles", "list", "__array__", "__dlpack__ alone"):
        out = OPERANDS[kind]()
        wanted = outcome(np.add, 1.0, 2.0, out=out)
        assert wanted is TypeError and outcome(lanefn.add, 1.0, 2.0, out=out) is wanted
        with pytest.raises(TypeError):
            lanefn.vectorize(half)(1.0, out=out)


def test_an_operand_is_asked_once_for_its_array():
    class Counts(WithArray):
        asked = 0

        def __array__(self, dtype=None, copy=None):
            Counts.asked += 1
            return super().__array__(dtype, copy)

    for function in (lanefn.negative, lanefn.vectorize(half)):
        Counts.asked = 0
        function(Counts([1.0, 2.0]))
        assert Counts.asked == 1
