"""Reductions are NumPy's, for every axis, layout, dtype and mask."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import lanefn
from oracle import DTYPES, FLOATS, INTEGERS, numpys, outcome, same, values

EXACT = "maximum minimum fmax fmin logical_and logical_or logical_xor".split()
BITS = "bitwise_and bitwise_or bitwise_xor".split()
SUMS = ["add", "multiply"]
REDUCING = [*SUMS, *EXACT, *BITS]

NO_VALUE = np._NoValue


def close(got, wanted, scale, what):
    """Equal, but for sums and products of floats in another order: those may be apart by what rounding
    does to terms of this size in all."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.dtype == wanted.dtype and got.shape == wanted.shape, what
    if got.dtype.kind != "f":
        assert np.array_equal(got, wanted), f"{what}: {got}, NumPy has {wanted}"
        return
    with np.errstate(all="ignore"):
        near = np.abs(got - wanted) <= 16 * np.finfo(got.dtype).eps * scale
    agree = near | (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    assert agree.all(), f"{what}: {got}, NumPy has {wanted}"


def scale(name, array, **how):
    """The size of the terms of a sum or product, for the error that another order makes."""
    if name not in SUMS or np.asarray(array).dtype.kind != "f":
        return 1.0
    with np.errstate(all="ignore"):
        return numpys(name).reduce(np.abs(array).astype("f8"), **how)


def layouts(array):
    """The same values as they may lie in memory."""
    n = array.ndim
    wide = np.empty([2 * k + 1 for k in array.shape], array.dtype)
    strided = wide[tuple(slice(0, 2 * k, 2) for k in array.shape)]
    strided[...] = array
    yield "C", np.ascontiguousarray(array)
    yield "Fortran", np.asfortranarray(array)
    yield "strided", strided
    yield "reversed", np.ascontiguousarray(array[(slice(None, None, -1),) * n])[(slice(None, None, -1),) * n]
    yield "swapped axes", np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 0, -1)), -1, 0)
    yield "broadcast", np.broadcast_to(array[:1], array.shape)
    yield "unaligned", unaligned(array)
    yield "byte-swapped", array.astype(array.dtype.newbyteorder())


def unaligned(array):
    memory = np.empty(array.nbytes + 1, np.uint8)[1:]
    result = memory.view(array.dtype).reshape(array.shape)
    result[...] = array
    return result


AXES = [0, 1, 2, -1, -3, None, (), (0,), (0, 1), (0, 2), (2, 1), (-1, -3), (0, 1, 2)]
SHAPE = (3, 4, 5)


def sample(dtype, shape=SHAPE, seed=0):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.7
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def of_dtype(name):
    return [d for d in DTYPES if name not in BITS or d.kind != "f"]


@pytest.mark.parametrize("name", REDUCING)
def test_every_axis_dtype_and_layout(name):
    ours, theirs = getattr(lanefn, name), numpys(name)
    for dtype in of_dtype(name):
        for layout, array in layouts(sample(dtype)):
            for axis, keepdims in itertools.product(AXES, [False, True]):
                how = {"axis": axis, "keepdims": keepdims}
                wanted, got = theirs.reduce(array, **how), ours.reduce(array, **how)
                close(got, wanted, scale(name, array, **how), (name, dtype, layout, axis))


@pytest.mark.parametrize("name", REDUCING)
def test_every_mask_and_initial_value(name):
    ours, theirs = getattr(lanefn, name), numpys(name)
    masks = [True, False, sample(bool), sample(bool, (4, 5), 1), sample(bool, (3, 1, 1), 2)]
    for dtype in of_dtype(name):
        array = sample(dtype)
        for axis, mask, initial in itertools.product([0, -1, (0, 2), None], masks, [NO_VALUE, None, 0, 1, 3]):
            how = {"axis": axis, "where": mask, "initial": initial}
            if name in BITS[:1] and dtype.kind == "u" and initial is NO_VALUE:
                # NumPy's identity, -1, overflows here.
                how["initial"] = np.iinfo(dtype).max
            wanted, got = outcome(theirs.reduce, array, **how), outcome(ours.reduce, array, **how)
            if isinstance(wanted, type) or isinstance(got, type):
                assert wanted is got, (name, dtype, how, got, wanted)
                continue
            size = scale(name, array, axis=axis, where=mask, initial=1)
            close(got, wanted, size, (name, dtype, how))


@pytest.mark.parametrize("name", REDUCING)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_asked_for(name, dtype):
    if name in BITS and dtype.kind == "f":
        pytest.skip("bits are of integers")
    ours, theirs = getattr(lanefn, name), numpys(name)
    # What a cast of floats outside an integer's range gives is left open by NumPy.
    array = sample(dtype) if dtype.kind == "f" else sample(dtype).clip(0, 100)
    for asked in DTYPES:
        how = {"axis": 1, "dtype": asked}
        wanted, got = outcome(theirs.reduce, array, **how), outcome(ours.reduce, array, **how)
        if isinstance(wanted, type) or isinstance(got, type):
            assert wanted is got, (name, dtype, asked, got, wanted)
            continue
        if dtype.kind == "f" and asked.kind == "u":
            continue  # negative floats, which have no value there
        size = scale(name, array.astype(asked), axis=1)
        close(got, wanted, size, (name, dtype, asked))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_sums_along_contiguous_runs_are_numpys_to_the_bit(dtype):
    rng = np.random.default_rng(3)
    lengths = [*range(300), 511, 512, 513, 1000, 1023, 1024, 1025, 4096, 5000, 65536, 100003, 1 << 20]
    for n in lengths:
        array = (rng.standard_normal(n) * 10.0 ** rng.integers(-8, 8, n)).astype(dtype)
        assert not same(lanefn.add.reduce(array), np.add.reduce(array)), n
        if n <= 5000:
            rows = (rng.standard_normal((7, n)) * 10.0 ** rng.integers(-8, 8, (7, n))).astype(dtype)
            assert not same(lanefn.add.reduce(rows, axis=-1), np.add.reduce(rows, axis=-1)), n
            assert not same(lanefn.add.reduce(rows, axis=None), np.add.reduce(rows, axis=None)), n


@given(
    npst.arrays(
        st.sampled_from(FLOATS), npst.array_shapes(min_dims=1, max_dims=1, max_side=600),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_sums_of_any_floats_are_numpys_to_the_bit(array):
    with np.errstate(all="ignore"):
        assert not same(lanefn.add.reduce(array), np.add.reduce(array))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_subtract_goes_in_order_along_one_axis(dtype):
    array = sample(dtype)
    for layout, array in layouts(array):
        for axis in (0, 1, -1):
            got = outcome(lanefn.subtract.reduce, array, axis=axis)
            wanted = outcome(np.subtract.reduce, array, axis=axis)
            if isinstance(wanted, type):
                assert got is wanted
            else:
                assert not same(got, wanted), (layout, axis)
    for axis in (None, (0, 1)):
        with pytest.raises(TypeError if dtype == bool else ValueError):
            lanefn.subtract.reduce(array, axis=axis)


@pytest.mark.parametrize("name", [*REDUCING, "hypot", "logaddexp", "gcd", "lcm", "subtract", "divide"])
def test_nothing_reduces_to_the_identity_or_is_an_error(name):
    ours, theirs = getattr(lanefn, name), numpys(name)
    assert ours.identity == theirs.identity
    for dtype, shape in itertools.product(of_dtype(name), [(0,), (0, 3), (3, 0), (2, 0, 3)]):
        array = np.zeros(shape, dtype)
        for axis in [0, -1, None] if name not in ("subtract", "divide") else [0]:
            if name == "bitwise_and" and dtype.kind == "u":
                continue  # NumPy's identity, -1, overflows here.
            got = outcome(ours.reduce, array, axis=axis)
            wanted = outcome(theirs.reduce, array, axis=axis)
            if isinstance(got, type) or isinstance(wanted, type):
                assert got is wanted, (dtype, shape, axis, got, wanted)
            elif wanted.dtype != np.float16:
                assert not same(got, wanted), (dtype, shape, axis)


def test_arrays_without_axes_reduce_to_themselves():
    for name, axis in itertools.product(REDUCING, [0, -1, None, ()]):
        got, wanted = getattr(lanefn, name).reduce(5, axis=axis), numpys(name).reduce(5, axis=axis)
        assert got == wanted and type(got) is type(wanted), (name, axis)


def test_a_given_output_is_written_and_returned():
    array = sample("f8")
    for name, dtype in itertools.product(["add", "maximum"], ["f8", "f4", "i8", ">f8"]):
        ours, theirs = np.zeros((3, 5), dtype), np.zeros((3, 5), dtype)
        assert getattr(lanefn, name).reduce(array, 1, None, ours) is ours
        numpys(name).reduce(array, 1, None, theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    small = sample("i1")
    ours, theirs = np.zeros((4, 5), "i2"), np.zeros((4, 5), "i2")
    lanefn.add.reduce(small, out=(ours,))
    np.add.reduce(small, out=theirs)
    assert np.array_equal(ours, theirs)
    with pytest.raises(ValueError):
        lanefn.add.reduce(array, axis=1, out=np.zeros(4))
    # The output is part of the input.
    inside = sample("i8")
    wanted = np.add.reduce(inside.copy(), axis=0)
    lanefn.add.reduce(inside, axis=0, out=inside[1])
    assert np.array_equal(inside[1], wanted)


def test_memory_order_of_results_is_numpys():
    for layout, array in layouts(sample("f8", (2, 3, 4, 5))):
        for axis, keepdims in itertools.product([0, 1, -1, (1, 3)], [False, True]):
            got = lanefn.maximum.reduce(array, axis=axis, keepdims=keepdims)
            wanted = np.maximum.reduce(array, axis=axis, keepdims=keepdims)
            got_strides = [s for s, n in zip(got.strides, got.shape) if n > 1]
            assert got_strides == [s for s, n in zip(wanted.strides, wanted.shape) if n > 1], (layout, axis)


@pytest.mark.parametrize(
    "how",
    [
        {"axis": 3},
        {"axis": -4},
        {"axis": (0, 0)},
        {"axis": (0, -3)},
        {"axis": 1.0},
        {"axis": "x"},
        {"dtype": "U3"},
        {"out": 5},
        {"out": np.zeros(7)},
        {"where": np.ones(5)},
        {"where": np.ones(7, bool)},
        {"initial": "x"},
        {"keepdims": None},
        {"keepdims": "yes"},
        {"nothing": 1},
    ],
    ids=repr,
)
def test_bad_arguments_are_errors_of_numpys_kind(how):
    array = np.zeros(SHAPE)
    got, wanted = outcome(lanefn.add.reduce, array, **how), outcome(np.add.reduce, array, **how)
    assert isinstance(wanted, type) and got is wanted


def test_functions_that_do_not_reduce_say_so():
    for ours, theirs in [(lanefn.exp, np.exp), (lanefn.divmod, np.divmod), (lanefn.less, np.less)]:
        wanted = outcome(theirs.reduce, [1.0, 2.0])
        assert outcome(ours.reduce, [1.0, 2.0]) is wanted and isinstance(wanted, type)
    with pytest.raises(TypeError):
        lanefn.add.reduce()
    with pytest.raises(OverflowError):
        lanefn.maximum.reduce(np.zeros(2, np.uint8), initial=300)


@given(st.data())
def test_any_reduction(data):
    name = data.draw(st.sampled_from([n for n in REDUCING]))
    dtype = data.draw(st.sampled_from(DTYPES))
    elements = {"f": st.integers(-64, 64).map(lambda i: i / 8)}.get(dtype.kind)
    shapes = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
    array = data.draw(npst.arrays(dtype, shapes, elements=elements))
    if array.ndim:
        layout, array = data.draw(st.sampled_from(list(layouts(array))))
    axis = data.draw(st.one_of(st.none(), npst.valid_tuple_axes(array.ndim)))
    keepdims = data.draw(st.booleans())
    mask = data.draw(st.one_of(st.just(True), npst.arrays(bool, array.shape)))
    initial = data.draw(st.one_of(st.just(NO_VALUE), st.integers(0, 5)))
    if name == "bitwise_and" and initial is NO_VALUE:
        initial = 7
    how = {"axis": axis, "keepdims": keepdims, "where": mask, "initial": initial}
    got = outcome(getattr(lanefn, name).reduce, array, **how)
    wanted = outcome(numpys(name).reduce, array, **how)
    if isinstance(got, type) or isinstance(wanted, type):
        assert got is wanted
    elif dtype.kind == "f":
        close(got, wanted, scale(name, array, **how), (name, how))
    else:
        assert not same(got, wanted)


def test_special_values_of_floats():
    for name, dtype in itertools.product([*EXACT, *SUMS], FLOATS):
        array = values(dtype, np.random.default_rng(5), 0)
        pairs = np.array([(a, b) for a in array for b in array])
        with np.errstate(all="ignore"):
            got, wanted = getattr(lanefn, name).reduce(pairs, axis=1), numpys(name).reduce(pairs, axis=1)
        # Of zeros of both signs, lanefn takes -0 for the smaller.
        assert not same(got, wanted, signed_zeros=name in SUMS), name
