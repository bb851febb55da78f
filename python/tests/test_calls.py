"""Calls take NumPy's arguments, with NumPy's meaning and NumPy's errors."""

import ast
import copy
import itertools
import pickle
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import lanefn
from oracle import DTYPES, SHARED, numpys, outcome, same
from test_methods import any_array, views
from test_reduce import layouts, sample


def test_every_function_is_exported_under_every_name():
    for name in lanefn._functions:
        function = getattr(lanefn, name)
        assert isinstance(function, lanefn.ufunc) and repr(function) == f"<ufunc '{function.__name__}'>"
        assert function.nargs == function.nin + function.nout and function.ntypes == len(function.types)
        assert function.signature is None and function.__doc__.startswith(function.__name__ + "(")
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(function, protocol)) is function
        assert copy.deepcopy(function) is function
    assert lanefn.abs is lanefn.absolute and lanefn.__version__


@pytest.mark.parametrize("name", SHARED)
def test_types_are_among_numpys(name):
    ours, theirs = getattr(lanefn, name), numpys(name)
    for signature in theirs.types:
        if set(signature) <= set("?bhilBHILfd->"):
            inputs = [np.dtype(c) for c in signature.split("->")[0]]
            asked = (*inputs, *[None] * theirs.nout)
            wanted = outcome(theirs.resolve_dtypes, asked)
            assert outcome(ours.resolve_dtypes, asked) == wanted, signature


@pytest.mark.parametrize("name", SHARED)
def test_types_are_in_numpys_order(name):
    ours, theirs = getattr(lanefn, name).types, numpys(name).types
    # Some of NumPy's stand there twice.
    shared = [t for t in dict.fromkeys(theirs) if t in ours]
    assert [t for t in ours if t in shared] == shared


@given(st.lists(views(any_array(max_dims=3, max_side=4)), min_size=2, max_size=2), st.sampled_from("CFAK"))
def test_memory_order_of_results_is_numpys(arrays, order):
    got, wanted = (outcome(m.add, *arrays, order=order) for m in (lanefn, np))
    if isinstance(wanted, type):
        assert got is wanted
        return
    assert not same(got, wanted)
    apart = [(g, w) for g, w, n in zip(got.strides, wanted.strides, got.shape) if n > 1]
    assert all(g == w for g, w in apart)


def test_layouts_of_operands_do_not_matter():
    for (a, x), (b, y) in itertools.product(layouts(sample("f8")), layouts(sample("i4", seed=1))):
        assert not same(lanefn.add(x, y), np.add(x, y)), (a, b)


def test_results_without_axes_are_scalars():
    for inputs in [(1, 2), (1.5, 2), (True, False), (np.float32(1), 2), (np.zeros(()), 1)]:
        got, wanted = lanefn.add(*inputs), np.add(*inputs)
        assert type(got) is type(wanted) and got == wanted
    quotient, rest = lanefn.divmod(7, 2)
    assert (quotient, rest) == (3, 1) and type(rest) is np.int64
    assert type(lanefn.add(np.zeros(()), 1, out=np.zeros(()))) is np.ndarray


def test_empty_arrays():
    for shapes in [((0,), (0,)), ((0, 3), (3,)), ((2, 0), (1,)), ((0,), ())]:
        inputs = [np.zeros(s) for s in shapes]
        assert not same(lanefn.add(*inputs), np.add(*inputs))
        assert not same(lanefn.isnan(inputs[0]), np.isnan(inputs[0]))
    assert lanefn.add([], []).dtype == np.float64


def test_outputs_given_are_written_and_returned():
    a, b = sample("f8"), sample("f8", seed=1)
    for dtype in ["f8", "f4", ">f8", ">f4"]:
        for _, out in layouts(np.zeros(a.shape, dtype)):
            if not out.flags.writeable:
                continue
            for call in (
                lambda out: lanefn.add(a, b, out), lambda out: lanefn.add(a, b, out=out),
                lambda out: lanefn.add(a, b, out=(out,)),
            ):
                out[...] = 0
                assert call(out) is out
                assert np.array_equal(out, np.add(a, b).astype(dtype))
    whole, rest = np.zeros(3), np.zeros(3)
    got = lanefn.divmod([7, 8, 9], 4.0, whole, rest)
    assert got[0] is whole and got[1] is rest and whole.tolist() == [1, 2, 2]
    got = lanefn.divmod([7, 8, 9], 4.0, out=(None, rest))
    assert got[0] is not whole and got[1] is rest and got[0].tolist() == [1, 2, 2]
    big = np.zeros((2, 3))
    assert lanefn.add(1, [1, 2, 3], out=big) is big and big.tolist() == [[2, 3, 4]] * 2


@pytest.mark.parametrize(
    "arguments, how",
    [
        ((1, 2), {"out": 5}),
        ((1, 2), {"out": (np.zeros(1), np.zeros(1))}),
        ((1, 2, np.zeros(())), {"out": np.zeros(())}),
        (([1, 2, 3], 1), {"out": np.zeros(2)}),
        (([1, 2, 3], 1), {"out": np.zeros((1, 1))}),
        (([1.5, 2], 1), {"out": np.zeros(2, int)}),
        (([1, 2, 3], [1, 2]), {}),
        ((1,), {}),
        ((1, 2, 3, 4), {}),
        ((1, 2), {"nothing": 1}),
        ((1, 2), {"order": "Z"}),
        ((1, 2), {"subok": "yes"}),
        ((1, 2), {"casting": "perhaps"}),
        ((1.5, 2), {"dtype": "i4"}),
        ((np.float64(1.5), 2), {"signature": "ii->i"}),
        ((1, 2), {"signature": "ii"}),
        ((1, 2), {"signature": "i->i"}),
        ((1, 2), {"signature": ("i", "i")}),
        ((1, 2), {"signature": 7}),
        ((1, 2), {"signature": "ii->i", "dtype": "i"}),
        ((np.float64(1), 2), {"dtype": "f4", "casting": "safe"}),
        (([1, 2], 1), {"casting": "no", "out": np.zeros(2)}),
        (([1, 2], 1), {"where": np.array([1, 0])}),
        (([1, 2], 1), {"where": np.ones(3, bool)}),
        (("a", 1), {}),
        ((None, 1), {}),
    ],
    ids=repr,
)
def test_bad_arguments_are_errors_of_numpys_kind(arguments, how):
    got, wanted = (outcome(m.add, *arguments, **how) for m in (lanefn, np))
    assert got is wanted and isinstance(wanted, type)


def test_outputs_that_cannot_be_written_are_refused():
    out = np.zeros(3)
    out.flags.writeable = False
    with pytest.raises(ValueError):
        lanefn.add(1, 2, out=out)
    assert outcome(lanefn.add, 1, 2, out=np.zeros(3, complex)) is TypeError


def test_masked_elements_are_left_alone():
    a = sample("f8")
    for mask in (sample(bool), sample(bool, (4, 5)), sample(bool, (3, 1, 1)), [True, False] * 2 + [True], False):
        for dtype in ("f8", "f4", ">f8"):
            got, wanted = np.full(a.shape, 7, dtype), np.full(a.shape, 7, dtype)
            lanefn.multiply(a, 2, out=got, where=mask)
            np.multiply(a, 2, out=wanted, where=mask)
            assert np.array_equal(got, wanted)
    assert lanefn.add(1, [1, 2], where=True).tolist() == [2, 3]
    # A mask may be what gives the result its shape.
    assert lanefn.add(1, 2, where=np.ones((2, 3), bool)).shape == (2, 3)


@given(
    st.sampled_from(DTYPES), st.sampled_from(DTYPES), st.sampled_from(DTYPES),
    st.sampled_from(["no", "equiv", "safe", "same_kind", "unsafe"]),
)
def test_casting_and_dtype_and_signature_are_numpys(a, b, asked, casting):
    inputs = [np.array([1, 0, 1], a), np.array([[1], [1]], b)]
    letters = a.char + b.char + "->" + asked.char
    for how in [
        {}, {"out": np.zeros((2, 3), asked)}, {"dtype": asked}, {"signature": (asked, None, None)},
        {"signature": (None, None, asked)}, {"signature": letters}, {"signature": (asked,) * 3},
    ]:
        got, wanted = (outcome(m.add, *inputs, casting=casting, **how) for m in (lanefn, np))
        if isinstance(got, type) or isinstance(wanted, type):
            # By a signature that says but the first dtype, NumPy may look for a loop of others in vain.
            partial = wanted is TypeError and how.get("signature") == (asked, None, None)
            assert got is wanted or partial, how
        else:
            assert not same(got, wanted), how


@given(st.data())
def test_operands_that_overlap_are_read_before_they_are_written(data):
    memory = np.arange(40.0)

    def view():
        step = data.draw(st.sampled_from([1, -1, 2, -2]))
        start = data.draw(st.integers(0, 20)) + (19 if step < 0 else 0)
        return slice(start, None, step)

    a, b, out = view(), view(), view()
    n = min(len(memory[s]) for s in (a, b, out))
    got, wanted = memory.copy(), memory.copy()
    lanefn.add(got[a][:n], got[b][:n], out=got[out][:n])
    np.add(wanted[a][:n], wanted[b][:n], out=wanted[out][:n])
    assert np.array_equal(got, wanted)


def test_outputs_whose_elements_are_one_are_written_safely():
    one = np.lib.stride_tricks.as_strided(np.zeros(1), (5,), (0,))
    lanefn.add([1, 2, 3, 4, 5], 1, out=one)
    assert (one == one[0]).all()


def test_resolve_dtypes_is_numpys():
    for a, b in itertools.product([*DTYPES, int, float], repeat=2):
        if not (isinstance(a, type) and isinstance(b, type)):
            assert lanefn.multiply.resolve_dtypes((a, b, None)) == np.multiply.resolve_dtypes((a, b, None))
    for a in DTYPES:
        asked = (None, a, None)
        for name in ("add", "maximum", "logical_and"):
            got = outcome(getattr(lanefn, name).resolve_dtypes, asked, reduction=True)
            assert got == outcome(numpys(name).resolve_dtypes, asked, reduction=True), (name, a)
    assert outcome(lanefn.add.resolve_dtypes, (np.dtype(int),)) is TypeError
    assert lanefn.add.resolve_dtypes((np.dtype("i4"),) * 2 + (None,), signature="dd->d")[2] == np.float64


class Quantity:
    """Something that has its own idea of ufuncs."""

    def __init__(self, answer="answer"):
        self.answer = answer

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if self.answer is NotImplemented:
            return NotImplemented
        return ufunc, method, inputs, kwargs


def test_operands_with_array_ufunc_are_asked():
    q, out = Quantity(), np.zeros(2)
    assert lanefn.add(1, q) == (lanefn.add, "__call__", (1, q), {})
    assert lanefn.add(q, 1, dtype="f4") == (lanefn.add, "__call__", (q, 1), {"dtype": "f4"})
    assert lanefn.add(1, 2, out=q)[3] == {"out": (q,)}
    assert lanefn.add(q, 2, out)[3] == {"out": (out,)}
    assert lanefn.add.reduce(q, 1) == (lanefn.add, "reduce", (q,), {"axis": 1})
    assert lanefn.add.accumulate(q, axis=1)[1:] == ("accumulate", (q,), {"axis": 1})
    assert lanefn.add.reduceat(q, [0])[1:] == ("reduceat", (q, [0]), {})
    assert lanefn.add.outer(q, 2)[1:] == ("outer", (q, 2), {})
    assert lanefn.add.at(q, [0], 1)[1:] == ("at", (q, [0], 1), {})
    with pytest.raises(TypeError):
        lanefn.add(1, Quantity(NotImplemented))

    class Never:
        __array_ufunc__ = None

    with pytest.raises(TypeError):
        lanefn.add(Never(), 1)

    class Narrower(Quantity):
        def __array_ufunc__(self, *_, **__):
            return "the subclass"

    assert lanefn.add(Quantity(), Narrower()) == "the subclass"


def test_subclasses_of_arrays_stay_what_they_are():
    class Tagged(np.ndarray):
        tag = None

        def __array_finalize__(self, of):
            self.tag = getattr(of, "tag", None)

    tagged = np.arange(6.0).reshape(2, 3).view(Tagged)
    tagged.tag = "here"
    for call in (
        lambda m: m.add(tagged, 1), lambda m: m.add(np.ones(3), tagged), lambda m: m.add.reduce(tagged),
        lambda m: m.add.accumulate(tagged), lambda m: m.modf(tagged)[1], lambda m: m.add(tagged, 1, subok=False),
        lambda m: m.add.reduce(tagged, axis=None),
    ):
        got, wanted = call(lanefn), call(np)
        assert type(got) is type(wanted) and getattr(got, "tag", None) == getattr(wanted, "tag", None)
        assert np.array_equal(got, wanted)

    class Passing(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            inputs = [np.asarray(x) for x in inputs]
            return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    assert lanefn.add(np.ones(2).view(Passing), 1).tolist() == [2, 2]


def test_numpys_masked_arrays_keep_their_mask():
    masked = np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0])
    got, wanted = lanefn.add(masked, 1), np.add(masked, 1)
    assert type(got) is type(wanted) and got.mask.tolist() == wanted.mask.tolist()
    assert got.filled(0).tolist() == wanted.filled(0).tolist()


def test_other_threads_run_during_a_call():
    array, ticks, done = np.ones(4_000_000), [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0005)

    other = threading.Thread(target=tick)
    other.start()
    try:
        while not ticks:
            time.sleep(0.001)
        during = 0
        for _ in range(5):
            before = time.perf_counter()
            lanefn.gamma(array)
            after = time.perf_counter()
            during += sum(before < t < after for t in ticks)
    finally:
        done.set()
        other.join()
    assert during > 0


def test_stubs_name_every_function():
    stubs = (Path(lanefn.__file__).parent / "__init__.pyi").read_text()
    declared = {node.target.id for node in ast.parse(stubs).body if isinstance(node, ast.AnnAssign)}
    assert declared - {"__version__"} == set(lanefn._functions)


def test_shapes_may_change_under_a_call():
    array, stop = np.ones((2, 200_000)), threading.Event()

    def reshape():
        while not stop.is_set():
            array.shape = (200_000, 2)
            array.shape = (2, 200_000)

    other = threading.Thread(target=reshape)
    other.start()
    try:
        for _ in range(50):
            assert lanefn.add(array, 1).sum() == 800_000
    finally:
        stop.set()
        other.join()


def test_the_catalogue_has_numpys_functions_and_the_array_apis():
    ours = set(lanefn._functions)
    # Dates and products of matrices are not functions of numbers, element by element.
    others = {"isnat", "matmul", "matvec", "vecdot", "vecmat"}
    assert {name for name in dir(np) if isinstance(getattr(np, name), np.ufunc)} - ours == others
    standard = """abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_invert bitwise_left_shift
    bitwise_or bitwise_right_shift bitwise_xor ceil clip copysign cos cosh divide equal exp expm1 floor
    floor_divide greater greater_equal hypot isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp
    logical_and logical_not logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive
    pow reciprocal remainder round sign signbit sin sinh sqrt square subtract tan tanh trunc"""
    assert not set(standard.split()) - ours
    for name in standard.split():
        assert isinstance(getattr(lanefn, name), lanefn.ufunc), name
