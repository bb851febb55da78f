"""accumulate, reduceat, outer and at are NumPy's."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import lanefn
from oracle import DTYPES, FLOATS, SHARED, numpys, outcome, same
from test_reduce import REDUCING, close, layouts, of_dtype, sample, scale

ALONG = [*REDUCING, "subtract"]
BINARY = [name for name in SHARED if numpys(name).nin == 2 and numpys(name).nout == 1]


def any_array(dtypes=DTYPES, **shape):
    """Arrays of small numbers, of which sums and products stay numbers."""
    def of(dtype):
        kind = np.dtype(dtype).kind
        if kind == "f":
            elements = st.integers(-64, 64).map(lambda i: i / 8)
        elif kind == "b":
            elements = st.booleans()
        else:
            elements = st.integers(0 if kind == "u" else -100, 100)
        return npst.arrays(dtype, npst.array_shapes(**shape), elements=elements)
    return st.sampled_from(dtypes).flatmap(of)


@st.composite
def views(draw, arrays):
    """An array as it may lie in memory: strided, backwards, transposed."""
    array = draw(arrays)
    index = tuple(draw(st.sampled_from([slice(None), slice(None, None, -1), slice(None, None, 2)])) for _ in array.shape)
    return array[index].transpose(draw(st.permutations(range(array.ndim))))


def agree(got, wanted, size, what):
    """Results or kinds of errors."""
    if isinstance(got, type) or isinstance(wanted, type):
        assert got is wanted, (what, got, wanted)
    else:
        close(got, wanted, size, what)


@pytest.mark.parametrize("name", ALONG)
def test_accumulate_in_every_dtype_and_layout(name):
    ours, theirs = getattr(lanefn, name), numpys(name)
    for dtype in of_dtype(name):
        for layout, array in layouts(sample(dtype)):
            for axis in (0, 1, -1):
                got, wanted = (outcome(f.accumulate, array, axis) for f in (ours, theirs))
                # In order, as NumPy does it: the same to the bit.
                if isinstance(wanted, type):
                    assert got is wanted, (dtype, layout)
                else:
                    assert not same(got, wanted), (dtype, layout, axis)


@given(st.sampled_from(ALONG), views(any_array(max_dims=3, min_side=0, max_side=6)), st.data())
def test_accumulate(name, array, data):
    ours, theirs = getattr(lanefn, name), numpys(name)
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    asked = data.draw(st.sampled_from([None, "i8", "f8", "f4"]))
    got, wanted = (outcome(f.accumulate, array, axis, asked) for f in (ours, theirs))
    if isinstance(got, type) or isinstance(wanted, type):
        assert got is wanted
    else:
        assert not same(got, wanted)
        assert got.strides == wanted.strides or array.size < 2 or 1 in array.shape or 0 in array.shape


@given(st.sampled_from(ALONG), views(any_array(max_dims=3, max_side=9)), st.data())
def test_reduceat(name, array, data):
    ours, theirs = getattr(lanefn, name), numpys(name)
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    n = array.shape[axis]
    indices = data.draw(st.lists(st.integers(0, n - 1), max_size=8))
    got, wanted = (outcome(f.reduceat, array, indices, axis) for f in (ours, theirs))
    agree(got, wanted, scale(name, array, axis=None), (name, indices))


@given(any_array(FLOATS, max_dims=1, min_side=100, max_side=400), st.data())
def test_reduceat_of_long_slices_of_floats(array, data):
    indices = data.draw(st.lists(st.integers(0, len(array) - 1), min_size=1, max_size=8))
    got, wanted = lanefn.add.reduceat(array, indices), np.add.reduceat(array, indices)
    close(got, wanted, np.abs(array).sum(), indices)


def test_reduceat_refuses_what_numpy_refuses():
    for array, indices in [
        ([1, 2, 3], [0, 3]), ([1, 2, 3], [-1]), ([1, 2, 3], [[0]]), ([], [0]), (5, [0]), ([1, 2], "x"),
        ([1, 2], np.array([0.0])), ([1, 2], np.array([0], np.uint64)),
    ]:
        got = outcome(lanefn.add.reduceat, array, indices)
        assert got is outcome(np.add.reduceat, array, indices), (array, indices)
        assert isinstance(got, type)
    assert outcome(lanefn.add.reduceat, [1], [0], 1) is np.exceptions.AxisError
    out = np.zeros(2, "f4")
    assert lanefn.add.reduceat(np.arange(5), [0, 2], out=out) is out
    assert out.tolist() == [1, 9]


@given(
    st.sampled_from(BINARY),
    views(any_array(max_dims=2, min_side=0, max_side=4)),
    views(any_array(max_dims=2, min_side=0, max_side=4)),
)
def test_outer(name, a, b):
    ours, theirs = getattr(lanefn, name), numpys(name)
    if a.dtype.kind + b.dtype.kind != "ff":
        # Those dtypes' functions are held in test_elements; floats show where the elements go.
        ours, theirs = lanefn.add, np.add
    got, wanted = outcome(ours.outer, a, b), outcome(theirs.outer, a, b)
    if isinstance(got, type) or isinstance(wanted, type):
        assert got is wanted
    else:
        assert not same(got, wanted, 64, False)
        assert got.strides == wanted.strides or 0 in got.shape or 1 in got.shape


def test_outer_of_numbers_and_with_keywords():
    assert lanefn.add.outer(np.uint8([1]), 300).dtype == np.add.outer(np.uint8([1]), 300).dtype
    out = np.zeros((2, 3))
    assert lanefn.multiply.outer([1, 2], [3, 4, 5], out=out) is out
    assert out.tolist() == [[3, 4, 5], [6, 8, 10]]
    assert lanefn.add.outer([1], [2], dtype="f4").dtype == np.float32
    for call in (lambda m: m.exp.outer([1], [2]), lambda m: m.add.outer([1])):
        assert outcome(call, lanefn) is outcome(call, np)


@given(st.sampled_from(ALONG), views(any_array(max_dims=3, max_side=6)), st.data())
def test_at(name, array, data):
    ours, theirs = getattr(lanefn, name), numpys(name)
    kind = data.draw(st.sampled_from(["integers", "bools", "basic", "tuple"]))
    if kind == "integers":
        n = array.shape[0]
        index = data.draw(npst.arrays(np.intp, npst.array_shapes(max_dims=2, max_side=6), elements=st.integers(-n, n - 1)))
    elif kind == "bools":
        index = data.draw(npst.arrays(bool, array.shape))
    elif kind == "basic":
        index = data.draw(npst.basic_indices(array.shape, allow_newaxis=True))
    else:
        index = data.draw(npst.integer_array_indices(array.shape))
    shape = np.zeros(array.shape)[index].shape
    # uint64 meets other integers in float64; what is below 0 then saturates here and wraps in NumPy.
    low = 0 if array.dtype == np.uint64 else -9
    b = data.draw(st.one_of(st.integers(low, 9), any_array([array.dtype], max_dims=1, max_side=1),
                            npst.arrays(np.int8, shape, elements=st.integers(low, 9))))
    got, wanted = array.copy(), array.copy()
    failed = [outcome(f.at, a, index, b) for f, a in ((ours, got), (theirs, wanted))]
    assert failed[0] is failed[1], failed
    assert not same(got, wanted)


def test_at_of_uint64_with_what_is_below_zero_is_cast_back_as_floats_are():
    # uint64 and int8 meet in float64, and floats below 0 saturate: docs/python.md.
    array = np.array([0, 5], np.uint64)
    lanefn.add.at(array, [0, 1], np.array([-1, -1], np.int8))
    assert array.tolist() == [0, 4] and array.dtype == np.uint64


@given(any_array(FLOATS, max_dims=1, max_side=9), st.data())
def test_at_of_one_operand(array, data):
    index = data.draw(st.lists(st.integers(-len(array), len(array) - 1), max_size=9))
    got, wanted = array.copy(), array.copy()
    lanefn.negative.at(got, index)
    np.negative.at(wanted, np.array(index, int))
    assert not same(got, wanted)


def test_at_writes_where_the_array_lies():
    for layout, array in layouts(sample("f8")):
        if not array.flags.writeable:
            assert outcome(lanefn.add.at, array, 0, 1) is ValueError
            continue
        wanted = array.copy()
        index = ([0, 2, 0], slice(None), [1, 1, 1])
        np.add.at(wanted, index, 2.0)
        lanefn.add.at(array, index, 2.0)
        assert np.array_equal(array, wanted), layout


def test_at_refuses_what_numpy_refuses():
    for arguments in [
        ("add", [1, 2], [0], 1), ("add", np.zeros(2), [2], 1), ("add", np.zeros(2), [0]),
        ("negative", np.zeros(2), [0], 1), ("add", np.zeros(2), [0, 1], [1, 2, 3]),
        ("add", np.zeros(2), [0.5], 1), ("divmod", np.zeros(2), [0], 1), ("add", np.zeros(2), [0], "x"),
    ]:
        name, *rest = arguments
        got, wanted = outcome(getattr(lanefn, name).at, *rest), outcome(numpys(name).at, *rest)
        assert got is wanted and isinstance(wanted, type), (arguments, got, wanted)


def test_what_an_array_is_added_to_itself_at_is_read_first():
    for index in ([3, 2, 1, 0], [0, 0, 1, 1]):
        got, wanted = np.arange(4.0), np.arange(4.0)
        lanefn.add.at(got, index, got)
        np.add.at(wanted, index, wanted.copy())
        assert np.array_equal(got, wanted)


def test_methods_along_an_axis_refuse_what_numpy_refuses():
    for how in [{"axis": 2}, {"axis": None}, {"axis": (0, 1)}, {"axis": 0.5}, {"dtype": "U1"}, {"out": 3}, {"x": 1}]:
        got, wanted = (outcome(m.add.accumulate, np.ones((2, 2)), **how) for m in (lanefn, np))
        assert got is wanted and isinstance(wanted, type), (how, got, wanted)
    for name, array in itertools.product(["less", "exp", "divmod"], [[1.0, 2.0], [True]]):
        got, wanted = (outcome(f.accumulate, array) for f in (getattr(lanefn, name), numpys(name)))
        assert (got is wanted) if isinstance(wanted, type) else not same(got, wanted)


JOINED = """add subtract multiply divide floor_divide remainder fmod power arctan2 copysign hypot heaviside nextafter
logaddexp logaddexp2 gcd lcm left_shift right_shift bitwise_and bitwise_or bitwise_xor maximum minimum fmax fmin
logical_and logical_or logical_xor""".split()


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("name", JOINED)
def test_every_binary_function_goes_along_axes_as_its_calls_do(name, dtype):
    function = getattr(lanefn, name)
    x = np.random.default_rng(7).integers(1, 6, (6, 40)).astype(dtype)
    try:
        code = function.resolve_dtypes((x.dtype, x.dtype, None))
    except TypeError:
        with pytest.raises(TypeError):
            function.reduce(x)
        with pytest.raises(TypeError):
            getattr(np, name)(x, x)
        return
    truths = name.startswith("logical")
    if len(set(code)) > 1 and not truths:
        pytest.skip(f"{name} gives {code[2]} for {x.dtype}")
    x = x.astype(code[2])
    # Fewer than eight elements are joined one after the other by every function. Sums of small integers
    # would be made in 64 bits.
    given = {} if truths else {"dtype": x.dtype}
    each = functools.partial(function, **given)
    for axis, array in [(0, x), (1, x.T), (1, np.ascontiguousarray(x.T)), (0, x[:, ::3])]:
        rows = list(np.moveaxis(array, axis, 0))
        equal = lambda made, rows: np.testing.assert_array_equal(np.moveaxis(made, axis, 0), rows, strict=True)
        last = functools.reduce(each, rows)
        np.testing.assert_array_equal(function.reduce(array, axis=axis, **given), last, strict=True)
        equal(function.accumulate(array, axis=axis, **given), np.stack(list(itertools.accumulate(rows, each))))
        slices = [functools.reduce(each, rows[0:3]), rows[3], functools.reduce(each, rows[1:])]
        equal(function.reduceat(array, [0, 3, 1], axis=axis, **given), np.stack(slices))
    row, index, by = x[0].copy(), np.array([3, -1, 3, 0]), x[1, :4]
    expected = row.copy()
    for i, b in zip(index, by):
        expected[i] = function(expected[i], b)
    function.at(row, index, by)
    np.testing.assert_array_equal(row, expected, strict=True)
    table = function.outer(x[0], x[1])
    np.testing.assert_array_equal(table, function(x[0][:, None], x[1][None, :]), strict=True)
