"""`lanefn.evaluate` and `lanefn.compile`."""

import pickle

import numpy as np
import pytest

import lanefn

SCALE = 3.0


def test_names_are_the_callers_variables():
    a, b = np.arange(5), np.linspace(0, 1, 5)
    assert np.array_equal(lanefn.evaluate("2 * a + SCALE * b"), 2 * a + 3.0 * b)
    assert np.array_equal(lanefn.evaluate("a * k", {"a": a, "k": 2}), a * 2)
    assert np.array_equal(lanefn.evaluate("a * k", {"a": a}, {"k": 2}), a * 2)
    with pytest.raises(KeyError, match="missing"):
        lanefn.evaluate("a + missing")
    with pytest.raises(KeyError):
        lanefn.evaluate("b", {"a": a})


def test_results_are_arrays():
    got = lanefn.evaluate("1 + 2")
    assert isinstance(got, np.ndarray) and got == 3
    x = np.arange(4.0)
    q, r = lanefn.evaluate("x // 3, x % 3")
    assert q.tolist() == [0, 0, 0, 1] and r.tolist() == [0, 1, 2, 0]


def test_a_reduction_makes_one_value():
    x = np.arange(12.0).reshape(3, 4)
    assert lanefn.evaluate("sum(x * 2)") == 132 and lanefn.evaluate("mean(x)") == 5.5
    assert lanefn.evaluate("max(x - 3)") == 8 and lanefn.evaluate("min(x)") == 0
    assert lanefn.evaluate("any(x > 10)") and not lanefn.evaluate("all(x > 10)")
    out = np.zeros(())
    assert lanefn.evaluate("prod(x + 1)", out=out) is out and out == 479001600


def test_out_order_and_casting():
    x = np.arange(6.0).reshape(2, 3)
    out = np.empty((2, 3))
    assert lanefn.evaluate("x + 1", out=out) is out and out.tolist() == (x + 1).tolist()
    assert lanefn.evaluate("x + 1", order="F").flags.f_contiguous
    narrow = np.empty((2, 3), "f4")
    with pytest.raises(TypeError):
        lanefn.evaluate("x + 1", out=narrow)
    lanefn.evaluate("x + 1", out=narrow, casting="same_kind")
    assert narrow.tolist() == (x + 1).tolist()


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "x.__class__", "(lambda: 1)()", "x +", "sni(x)", "exec('1')", "", "x[0]()"],
)
def test_a_text_is_never_run(text):
    with pytest.raises(SyntaxError):
        lanefn.evaluate(text, {"x": 1.0})


@pytest.mark.parametrize(
    "text",
    [
        "where(a > 2, a + 1, a - 1)",
        "(a > 1) & (b < 0.5) | ~(a == 3)",
        "sin(a)**2 + cos(b)**2",
        "arctan2(a, b) * sqrt(abs(b)) + log1p(a)",
        "a**3 - expm1(b) / (1 + tanh(a))",
        "a % 3 + a // 2",
    ],
)
def test_numexprs_vocabulary(text):
    a, b = np.arange(6), np.linspace(-1, 1, 6)
    wanted = eval(text, {**vars(np), "a": a, "b": b})
    got = lanefn.evaluate(text)
    assert got.dtype == wanted.dtype
    assert np.allclose(got, wanted, rtol=1e-14)


def test_a_compiled_expression_is_a_ufunc_that_travels():
    f = lanefn.compile("x, y -> x > 2 ? x + y : x - y")
    back = pickle.loads(pickle.dumps(f))
    assert isinstance(f, lanefn.ufunc) and back == f and hash(back) == hash(f)
    assert (f.nin, f.nout) == (2, 1) and f(3, 4) == 7
    assert f.outer([1, 5], [1, 2]).tolist() == [[0, -1], [6, 7]]
    assert back(np.uint8([1]), np.uint8([2])).dtype == np.uint8
