"""Floating-point status: what NumPy warns of, and how numpy.errstate is obeyed."""

import warnings

import numpy as np
import pytest

import lanefn

INF, NAN, MAX = float("inf"), float("nan"), np.finfo("f8").max

CALLS = [
    ("add", [MAX, MAX]),
    ("add", [INF, -INF]),
    ("add", [1.0, NAN]),
    ("subtract", [INF, INF]),
    ("multiply", [1e300, 1e300]),
    ("multiply", [INF, 0.0]),
    ("divide", [1.0, 0.0]),
    ("divide", [0.0, 0.0]),
    ("divide", [1, 0]),
    ("floor_divide", [1.0, 0.0]),
    ("floor_divide", [1, 0]),
    ("remainder", [1, 0]),
    ("remainder", [1.0, 0.0]),
    ("fmod", [1.0, 0.0]),
    ("divmod", [1, 0]),
    ("sqrt", [-1.0]),
    ("sqrt", [4.0]),
    ("log", [0.0]),
    ("log", [-1.0]),
    ("log2", [0.0]),
    ("log10", [-2.0]),
    ("log1p", [-1.0]),
    ("exp", [1000.0]),
    ("exp", [INF]),
    ("exp", [-INF]),
    ("exp2", [5000.0]),
    ("expm1", [1000.0]),
    ("sin", [INF]),
    ("cos", [0.5]),
    ("tan", [1.0]),
    ("arcsin", [2.0]),
    ("arccosh", [0.5]),
    ("arctanh", [1.0]),
    ("arctanh", [2.0]),
    ("sinh", [1000.0]),
    ("power", [0.0, -1.0]),
    ("power", [10.0, 400.0]),
    ("power", [-1.0, 0.5]),
    ("hypot", [MAX, MAX]),
    ("square", [1e200]),
    ("maximum", [NAN, 1.0]),
    ("less", [NAN, 1.0]),
    ("isnan", [NAN]),
]


def met(function, *inputs):
    kinds = set()
    before = np.seterrcall(lambda kind, flag: kinds.add(kind))
    try:
        with np.errstate(all="call", under="ignore"):
            function(*inputs)
    finally:
        np.seterrcall(before)
    return kinds


@pytest.mark.parametrize("name, inputs", CALLS)
@pytest.mark.parametrize("n", [1, 5, 1000])
def test_what_is_met_is_what_numpy_meets(name, inputs, n):
    arrays = [np.full(n, x) for x in inputs]
    assert met(getattr(lanefn, name), *arrays) == met(getattr(np, name), *arrays)


def test_a_product_that_is_too_large_is_no_division_by_zero():
    assert met(lanefn.xlogy, MAX, MAX) == {"overflow"}
    assert met(lanefn.xlogy, 2.0, 0.0) == {"divide by zero"}
    assert met(lanefn.xlogy, 0.0, 0.0) == met(lanefn.xlogy, 2.0, 1.0) == set()


def test_errstate_is_obeyed(capsys):
    zero = np.zeros(3)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        lanefn.log(zero)
    with np.errstate(all="warn"), pytest.warns(RuntimeWarning, match="divide by zero encountered in log"):
        lanefn.log(zero)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="in log"):
        lanefn.log(zero)
    with np.errstate(divide="print"):
        lanefn.log(zero)
    assert capsys.readouterr().out == "Warning: divide by zero encountered in log\n"


def test_reductions_and_other_methods_say_what_they_meet():
    large = np.full(9, MAX)
    for method in ("reduce", "accumulate"):
        assert met(getattr(lanefn.add, method), large) == {"overflow"}
    assert met(lanefn.add.reduce, np.ones(9)) == set()
    assert met(lanefn.divide.outer, np.ones(2), np.zeros(2)) == {"divide by zero"}


@pytest.mark.parametrize(
    "name, first, second",
    [
        ("hypot", MAX, MAX),
        ("hypot", 3.0, 4.0),
        ("power", 10.0, 400.0),
        ("power", 0.0, -1.0),
        ("power", -1.0, 0.5),
        ("power", 2.0, 3.0),
        ("fmod", 1.0, 0.0),
        ("remainder", 1.0, 0.0),
        ("floor_divide", 1.0, 0.0),
        ("floor_divide", 7.0, 2.0),
        ("divide", 1.0, 0.0),
        ("add", MAX, MAX),
    ],
)
@pytest.mark.parametrize("others", [1, 40])
@pytest.mark.parametrize("axis", [0, 1])
def test_methods_meet_what_numpys_do(name, first, second, others, axis):
    x = np.ones((2, others))
    x[:, others * 2 // 3] = first, second
    x = x if axis == 0 else np.ascontiguousarray(x.T)
    ours, numpys = getattr(lanefn, name), getattr(np, name)
    for method in ("reduce", "accumulate"):
        expected = met(lambda: getattr(numpys, method)(x, axis=axis))
        assert met(lambda: getattr(ours, method)(x, axis=axis)) == expected
    expected = met(lambda: numpys.reduceat(x, [0], axis=axis))
    assert met(lambda: ours.reduceat(x, [0], axis=axis)) == expected


@pytest.mark.parametrize("value, dtype", [(1e300, "f4"), (np.nan, "i4"), (1e10, "i4"), (1.0, "f4"), (2.5, "i4")])
@pytest.mark.parametrize("others", [1, 40])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("order", ["C", "F"])
def test_casts_within_methods_meet_what_numpys_do(value, dtype, others, axis, order):
    def array(at):
        x = np.ones((3, others))
        x[at, others * 2 // 3] = value
        return np.array(x if axis == 0 else x.T, order=order)

    def calls(of, x):
        yield lambda: of.reduce(x, axis=axis, dtype=dtype)
        yield lambda: of.accumulate(x, axis=axis, dtype=dtype)
        yield lambda: of.reduceat(x, [0, 2], axis=axis, dtype=dtype)
        yield lambda: of.reduce(x, axis=axis, dtype="f8", out=np.zeros(others, dtype))
        yield lambda: of.accumulate(x, axis=axis, dtype="f8", out=np.zeros(x.shape, dtype))

    for at in (0, 1):
        # NumPy's reduce may overlook what becomes infinite behind the first item.
        for ours, numpys in zip(calls(lanefn.maximum, array(at)), calls(np.maximum, array(0))):
            assert met(ours) == met(numpys)
    # What is masked out is not cast.
    x = array(1)
    masked = np.isfinite(x) & (np.abs(x) < 1e9)
    assert met(lambda: lanefn.maximum.reduce(x, axis=axis, dtype=dtype, where=masked, initial=0)) == set()
    got = lanefn.maximum.reduce(x, axis=axis, dtype=dtype, where=masked, initial=0)
    assert got.tolist() == np.where(masked, x, 0).max(axis).astype(dtype).tolist()
    assert met(lambda: lanefn.add.reduce(x, axis=axis, dtype=dtype, where=masked)) == set()


def test_elements_that_are_masked_out_meet_nothing():
    x = np.array([1.0, 0.0, 4.0])
    assert met(lambda: lanefn.log(x, where=x > 0, out=np.zeros(3))) == set()
