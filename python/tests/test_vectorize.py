"""`lanefn.vectorize`: its interface, its dtypes, and what it looks like from outside."""

import functools
import inspect
import itertools
import math
import operator
import threading
import warnings

import numpy as np
import pytest

import lanefn


def problem(x):
    """One compare, one select."""
    if x > 2:
        return x + 1
    else:
        return x - 1


def affine(x, scale=2, shift=0.5, *, mode="up"):
    if mode == "up":
        return x * scale + shift
    return x * scale - shift


def text(x):
    return str(x)


# ---- interface ----------------------------------------------------------------------------------------


def test_arguments_come_by_position_by_name_and_by_default():
    f = lanefn.vectorize(affine, strict=True)
    x = np.arange(4.0)
    for args, kwargs in [
        ((x,), {}),
        ((), {"x": x}),
        ((x, 3), {}),
        ((x,), {"scale": [1, 2, 3, 4]}),
        ((x, 3, x), {}),
        ((x,), {"shift": 4}),
        ((), {"shift": x, "x": 2}),
    ]:
        assert f(*args, **kwargs).tolist() == np.vectorize(affine)(*args, **kwargs).tolist()
    with pytest.raises(TypeError):
        f()
    with pytest.raises(TypeError):
        f(x, y=3)
    with pytest.raises(TypeError):
        f(x, 1, 2, 3)
    with pytest.raises(TypeError):
        f(x, x=1)


def test_a_default_that_is_nan_is_a_number():
    f = lanefn.vectorize(lambda x, fill=math.nan: x if x > 0 else fill, strict=True)
    assert f([1.0, -1.0], fill=5).tolist() == [1, 5] and math.isnan(f(-1.0))
    back = lanefn.from_bytes(f.to_bytes())
    assert back([1.0, -1.0], 5.0).tolist() == [1, 5] and math.isnan(back(-1.0))


def test_an_argument_that_is_a_word_is_a_constant():
    f = lanefn.vectorize(affine, strict=True)
    assert f([1.0, 2.0], mode="down").tolist() == [1.5, 3.5]
    assert f([1.0, 2.0], 3, mode="down").tolist() == [2.5, 5.5]
    assert f([1.0, 2.0]).tolist() == [2.5, 4.5]
    # Many words are arrays of them.
    with pytest.raises(lanefn.Refusal, match="default is no number"):
        f([1.0, 2.0], mode=["up", "down"])
    with pytest.warns(lanefn.FallbackWarning, match="default is no number"):
        g = lanefn.vectorize(affine)
        assert g([1.0, 2.0], mode=["up", "down"]).tolist() == [2.5, 3.5]


def test_excluded_arguments_are_constants():
    def polynomial(x, p):
        r = 0
        for c in p:
            r = r * x + c
        return r

    f = lanefn.vectorize(polynomial, excluded=["p"], strict=True)
    assert f(x=[0, 1], p=[1, 2, 3]).tolist() == [3, 6]
    assert f([0.0, 1.0], p=np.array([1.0, 2.0, 4.0])).tolist() == [4.0, 7.0]
    f.excluded.add(1)
    assert f([0, 1], [1, 2, 3]).tolist() == [3, 6]
    assert len(f._translations) == 2

    def power(x, n, mode):
        return x**n if mode == "power" else x * n

    g = lanefn.vectorize(power, excluded={"mode"}, strict=True)
    assert g([1.0, 3.0], 2, mode="power").tolist() == [1.0, 9.0]
    assert g([1.0, 3.0], 2, mode="times").tolist() == [2.0, 6.0]


def test_it_decorates():
    @lanefn.vectorize
    def plain(x):
        """Words."""
        return x * 2

    @lanefn.vectorize(otypes=[np.float32], doc="Other words.")
    def given(x):
        return x * 2

    assert plain([1, 2]).tolist() == [2, 4]
    assert (plain.__name__, plain.__doc__) == ("plain", "Words.")
    assert given([1, 2]).dtype == np.float32
    assert (given.__name__, given.__doc__) == ("given", "Other words.")


@pytest.mark.parametrize("bad", [3, "text", None])
def test_what_cannot_be_called_is_refused(bad):
    with pytest.raises(TypeError):
        lanefn.vectorize(pyfunc=bad)
    with pytest.raises(ValueError):
        lanefn.vectorize(problem, otypes="?d!")


def test_a_function_defined_after_its_user_is_found_at_the_first_call():
    names = {"lanefn": lanefn}
    source = "f = lanefn.vectorize(lambda x: later(x) + 1)\ndef later(x):\n    return x * 10\n"
    import linecache

    linecache.cache["<later>"] = (len(source), None, source.splitlines(True), "<later>")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(source, "<later>", "exec"), names)
        assert names["f"]([1, 2]).tolist() == [11, 21]
    assert names["f"].compiled


def test_callables_of_every_sort_compile():
    class Adder:
        k = 3

        def __call__(self, x):
            return x + self.k

        @staticmethod
        def fixed(x):
            return x * 7

        @classmethod
        def classy(cls, x):
            return x + cls.k

    sorts = [
        (math.cos, [0.5]),
        (np.sqrt, [0.5]),
        (lanefn.cbrt, [8.0]),
        (operator.mul, [3, 4]),
        (functools.partial(affine, shift=4), [1.0]),
        (Adder(), [1]),
        (Adder.fixed, [2]),
        (Adder.classy, [2]),
        (np.vectorize(problem), [3]),
        (lanefn.vectorize(problem), [3]),
        (functools.lru_cache(problem), [3]),
    ]
    for function, args in sorts:
        made = lanefn.vectorize(function, strict=True)
        assert made.compiled
        assert abs(float(made(*args)) - float(function(*args))) < 1e-15, function


def test_lambdas_are_found_within_their_lines():
    fs = [lanefn.vectorize(lambda x: x + 1, strict=True), lanefn.vectorize(lambda x: x * 5, strict=True)]
    assert [float(f(3)) for f in fs] == [4, 15]
    table = {
        "a": lambda x: x - 1,
        "b": (lambda x: x if x > 0 else -x),
    }
    assert lanefn.vectorize(table["b"], strict=True)([-2, 3]).tolist() == [2, 3]
    assert lanefn.vectorize(table["a"], strict=True)(1) == 0
    outer = lambda k: lambda x: x * k if True else 0  # noqa: E731
    assert lanefn.vectorize(outer(4), strict=True)(2) == 8
    assert lanefn.vectorize(lambda x: (not x > 3) + (1 < x < 5) * 10, strict=True)([2, 7]).tolist() == [
        11,
        0,
    ]


# ---- dtypes -------------------------------------------------------------------------------------------

DTYPES = ["?", *"bhilBHIL", "f", "d"]


@pytest.mark.parametrize("code", DTYPES)
@pytest.mark.parametrize(
    "function",
    [
        problem,
        lambda x: x * 2,
        lambda x: x / 2,
        lambda x: x > 1,
        lambda x: x if x > 1 else 0.5,
        lambda x: int(x),
        lambda x: 7,
        lambda x: -(x + 1) // 2,
    ],
)
def test_the_dtype_is_that_of_numpys_scalars(code, function):
    x = np.array([0, 1, 1], code)
    made = lanefn.vectorize(function, strict=True)
    with np.errstate(all="ignore"):
        # Python's own numbers are weak. Of a bool, NumPy takes nothing away.
        numbers = x[:1].astype(int) if code == "?" and function is problem else x
        wanted = np.result_type(*(function(v) for v in [*numbers, *numbers[:1] + 2]))
    assert made(x).dtype == wanted


def test_the_dtype_does_not_depend_on_values():
    f = lanefn.vectorize(lambda x: 0 if x < 0 else x / 3, strict=True)
    for values in ([-1, 5, 4], [5, -1, 4], [-1, -1, -1]):
        got = f(values)
        assert got.dtype == np.float64
        assert got.tolist() == [0 if v < 0 else v / 3 for v in values]
    # By Python, too.
    with pytest.warns(lanefn.FallbackWarning):
        g = lanefn.vectorize(lambda x: [0, x / 3][isinstance(x, int) and x > 0])
    assert g([-1, 5]).tolist() == [0, 5 / 3]


def test_whole_numbers_are_as_wide_as_pythons_on_the_way():
    mean = lanefn.vectorize(lambda r, g, b: (r + g + b) // 3, strict=True)
    got = mean(np.uint8([200, 250]), np.uint8([201, 250]), np.uint8([202, 251]))
    assert got.dtype == np.uint8 and got.tolist() == [201, 250]
    distance = lanefn.vectorize(lambda a, b: abs(a - b), strict=True)
    assert distance(np.uint8([3]), np.uint8([5])).tolist() == [2]


@pytest.mark.parametrize("otypes", ["f", [np.float32], ["int8"], [int], [bool], [complex], [object]])
def test_otypes_decide(otypes):
    f = lanefn.vectorize(problem, otypes=otypes)
    g = np.vectorize(problem, otypes=otypes)
    x = np.arange(5)
    assert f(x).dtype == g(x).dtype
    assert f(x).tolist() == g(x).tolist()
    assert f(x[:0]).dtype == g(x[:0]).dtype


def test_otypes_can_be_set_later():
    f = lanefn.vectorize(problem)
    with pytest.raises(ValueError, match="otypes"):
        f([])
    f.otypes = "f"
    assert f([]).dtype == np.float32 and f([3]).dtype == np.float32
    f.otypes = None
    assert f([3]).dtype == np.int64


@pytest.mark.parametrize(
    "values", [["a", "b"], [1 + 2j], np.array([1, 2], "f2"), [None, 1], [10**30], 10**30]
)
def test_operands_of_other_dtypes_are_pythons(values):
    f = lanefn.vectorize(lambda x: x)
    with pytest.warns(lanefn.FallbackWarning):
        got = f(values)
    assert got.tolist() == np.vectorize(lambda x: x)(values).tolist()
    assert f([1.5]).tolist() == [1.5]


def test_types_without_a_meaning_are_a_type_error():
    f = lanefn.vectorize(lambda x: x & 1, strict=True)
    assert f([1, 2]).tolist() == [1, 0]
    with pytest.raises((TypeError, lanefn.Refusal)):
        f([1.5])
    with pytest.raises(TypeError), pytest.warns(lanefn.FallbackWarning):
        lanefn.vectorize(lambda x: x & 1)([1.5])


# ---- results ------------------------------------------------------------------------------------------


def test_results_are_arrays_as_np_vectorizes_are():
    f = lanefn.vectorize(problem)
    assert isinstance(f(5), np.ndarray) and f(5).shape == () and f(5) == 6
    assert f(np.ones((2, 1, 3))).shape == (2, 1, 3)
    two = lanefn.vectorize(lambda a, b: (a + b, a * b))
    got = two(np.arange(3)[:, None], [1, 2])
    assert isinstance(got, tuple) and [g.shape for g in got] == [(3, 2), (3, 2)]
    with pytest.raises(ValueError, match="broadcast|shape"):
        two([1, 2], [1, 2, 3])


@pytest.mark.parametrize("layout", ["C", "F", "strided", "reversed", "swapped", "broadcast"])
def test_every_layout_gives_the_same(layout):
    x = np.random.default_rng(1).standard_normal((30, 41)) * 4
    y = {
        "C": x,
        "F": np.asfortranarray(x),
        "strided": np.repeat(x, 2, axis=1)[:, ::2],
        "reversed": x[::-1, ::-1].copy()[::-1, ::-1],
        "swapped": x.astype(">f8"),
        "broadcast": np.broadcast_to(x[0], (30, 41)),
    }[layout]
    wanted = np.where(y > 2, y + 1, y - 1)
    assert np.array_equal(lanefn.vectorize(problem)(y), wanted)


def test_ufunc_keywords_work():
    f = lanefn.vectorize(problem, strict=True)
    x = np.arange(6.0)
    out = np.full(6, 9.0)
    assert f(x, out=out) is out and out.tolist() == [-1, 0, 1, 4, 5, 6]
    out = np.full(6, 9.0)
    f(x, out=out, where=x > 3)
    assert out.tolist() == [9, 9, 9, 9, 5, 6]
    assert f(x, dtype="f4").dtype == np.float32
    assert f(x.reshape(2, 3), order="F").flags.f_contiguous
    with pytest.raises(TypeError):
        f(x, out=np.zeros(6, int))
    f(x, out=np.zeros(6, int), casting="unsafe")
    with pytest.raises(ValueError):
        f(x, out=np.zeros(5))
    locked = np.zeros(6)
    locked.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        f(x, out=locked)
    # In place, and shifted.
    y = np.arange(10.0)
    f(y[:-1], out=y[1:])
    assert y.tolist() == [0, -1, 0, 1, 4, 5, 6, 7, 8, 9]


def test_ufunc_methods_work():
    f = lanefn.vectorize(lambda a, b: a * 2 + b, strict=True)
    python = np.frompyfunc(lambda a, b: a * 2 + b, 2, 1)
    x = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(f.reduce(x), python.reduce(x).astype(float))
    assert np.array_equal(f.reduce(x, axis=1), python.reduce(x, axis=1).astype(float))
    assert np.array_equal(f.accumulate(x, axis=1), python.accumulate(x, axis=1).astype(float))
    assert np.array_equal(f.outer(x[0], x[1]), python.outer(x[0], x[1]).astype(float))
    assert np.array_equal(f.reduceat(x[0], [0, 2]), python.reduceat(x[0], [0, 2]).astype(float))
    y = np.arange(4.0)
    f.at(y, [0, 0, 3], 1.0)
    assert y.tolist() == [3, 1, 2, 7]
    with pytest.raises(ValueError):
        lanefn.vectorize(problem).reduce(x)
    with pytest.warns(lanefn.FallbackWarning), pytest.raises(TypeError, match="runs by Python"):
        lanefn.vectorize(text).reduce(x)


def test_it_can_be_a_ufunc_of_numpys_own():
    f = lanefn.vectorize(lambda a, b: a * 2 + b if a > b else (a + b) / 2, strict=True)
    own = f.as_numpy_ufunc()
    assert type(own) is np.ufunc and (own.nin, own.nout) == (2, 1)
    x = np.random.default_rng(2).standard_normal((40, 60))
    for a, b in [(x, x[0]), (x.T, 1.0), (x[::2, ::-3], x[1::2, ::3]), (x.astype("f4"), x.astype("f4"))]:
        assert np.array_equal(own(a, b), f(a, b)) and own(a, b).dtype == f(a, b).dtype
    assert own(np.int8([100]), np.int8([3])).dtype == np.float64
    assert np.array_equal(own.accumulate(x, axis=1), f.accumulate(x, axis=1))
    assert np.array_equal(own.reduce(x, axis=1), f.reduce(x, axis=1))
    assert np.array_equal(own.reduce(x, axis=0), f.reduce(x, axis=0))
    assert np.array_equal(own.outer(x[0], x[1]), f.outer(x[0], x[1]))
    # It outlives what it was made of.
    del f
    assert own(3.0, 1.0) == 7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lanefn.vectorize(lambda x: 1 / x).as_numpy_ufunc()([0.0, 2.0]).tolist() == [np.inf, 0.5]
    assert lanefn.hypot.as_numpy_ufunc()(3.0, 4) == 5
    assert lanefn.divmod.as_numpy_ufunc()(7, 4) == (1, 3)
    # NumPy takes the first loop that will do, which is ours.
    for function in (lanefn.divmod, lanefn.exp, lanefn.divide, lanefn.add, lanefn.ldexp):
        theirs = function.as_numpy_ufunc()
        for kinds in itertools.product("bBhHiIlLfd", repeat=function.nin):
            inputs = [np.ones(1, kind) for kind in kinds]
            try:
                wanted = function(*inputs)
            except TypeError:
                continue
            got = theirs(*inputs)
            pairs = zip(got, wanted) if function.nout > 1 else [(got, wanted)]
            assert all(g.dtype == w.dtype for g, w in pairs), (function, kinds)
    with pytest.raises(TypeError, match="raises"):
        lanefn.vectorize(lambda n: [1, 2][n]).as_numpy_ufunc()


def test_it_looks_like_a_ufunc():
    f = lanefn.vectorize(problem)
    assert (f.nin, f.nout, f.nargs, f.identity, f.signature) == (1, 1, 2, None, None)
    assert f.__name__ == f.__qualname__ == "problem" and f.__doc__ == problem.__doc__
    assert f.__module__ == __name__
    assert "d->d" in f.types and "f->f" in f.types and "b->b" in f.types and f.ntypes == len(f.types)
    assert inspect.getdoc(f) == "One compare, one select."
    two = lanefn.vectorize(lambda a, b: (a, b, a > b))
    assert (two.nin, two.nout, two.nargs) == (2, 3, 5)
    assert "dd->dd?" in two.types
    assert repr(f) == "<lanefn.vectorize 'problem'>"


def test_subclasses_and_other_types_are_honoured():
    f = lanefn.vectorize(problem)

    class Sub(np.ndarray):
        pass

    assert type(f(np.arange(3.0).view(Sub))) is Sub
    masked = np.ma.array([1.0, 5.0], mask=[False, True])
    got = f(masked)
    assert isinstance(got, np.ma.MaskedArray)

    class Own:
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return ufunc, method, inputs, kwargs

    own = Own()
    ufunc, method, inputs, kwargs = f(own)
    assert ufunc == f and hash(ufunc) == hash(f) and type(ufunc) is type(f)
    assert method == "__call__" and inputs == (own,) and not kwargs
    assert f(own, dtype="f4")[3] == {"dtype": "f4"}

    class Not:
        __array_ufunc__ = None

    with pytest.raises(TypeError), pytest.warns(lanefn.FallbackWarning, match="does not support ufuncs"):
        f(Not())


def test_dask_arrays_stay_lazy_and_have_deterministic_keys():
    array = pytest.importorskip("dask.array")
    f = lanefn.vectorize(problem)
    x = array.arange(20, chunks=6).astype(float)
    lazy = f(x)
    assert isinstance(lazy, array.Array) and lazy.dtype == np.float64
    assert np.array_equal(lazy.compute(scheduler="processes", num_workers=2), f(np.arange(20.0)))
    assert f(x).name == lazy.name == lanefn.vectorize(problem)(x).name
    mapped = x.map_blocks(f)
    assert np.array_equal(mapped.compute(), f(np.arange(20.0)))


# ---- running by Python --------------------------------------------------------------------------------


def test_one_warning_for_each_function_says_why():
    with pytest.warns(lanefn.FallbackWarning) as warned:
        f = lanefn.vectorize(text)
        f([1, 2])
        f(["a"])
        f([1.5])
    assert len(warned) == 1
    message = str(warned[0].message)
    assert "text runs by Python" in message and __file__ in message and "line" in message
    assert not f.compiled and "line" in f.explain()


def test_signature_runs_by_python():
    with pytest.warns(lanefn.FallbackWarning, match="signature"):
        f = lanefn.vectorize(lambda a: a.mean(), signature="(n)->()")
    assert f([[1, 3], [2, 4]]).tolist() == [2, 3]
    assert f.signature == "(n)->()"


def test_python_is_called_as_np_vectorize_calls_it():
    calls = []

    def counted(x):
        calls.append(x)
        return x

    with pytest.warns(lanefn.FallbackWarning):
        f = lanefn.vectorize(counted, cache=True)
    f([1, 2, 3])
    assert calls == [1, 2, 3]
    f.cache = False
    calls.clear()
    f([1, 2, 3])
    assert calls == [1, 1, 2, 3]


# ---- compiled state -----------------------------------------------------------------------------------


def test_it_explains_itself():
    f = lanefn.vectorize(problem)
    assert "greater" in f.explain() and "where" in f.explain()

    def raising(x):
        if x < 0:
            raise ValueError("negative")
        return x

    assert "exception 1: ValueError: negative" in lanefn.vectorize(raising).explain()


def test_captured_values_are_those_of_the_creation():
    k = 3
    f = lanefn.vectorize(lambda x: x * k)
    k = 5
    assert f(2) == 6
    f.refresh()
    assert f(2) == 10


def test_threads_with_many_dtypes_at_once():
    f = lanefn.vectorize(lambda x, y: x * y - (x if x > y else 3))
    pairs = [(a, b) for a in DTYPES[1:] for b in DTYPES[1:]]
    wanted = {p: f(np.arange(50).astype(p[0]), np.arange(50).astype(p[1])) for p in pairs[::7]}
    wrong = []

    def work(seed):
        g = lanefn.vectorize(lambda x, y: x * y - (x if x > y else 3))
        for i in np.random.default_rng(seed).permutation(len(wanted)):
            p = list(wanted)[i]
            got = g(np.arange(50).astype(p[0]), np.arange(50).astype(p[1]))
            if got.dtype != wanted[p].dtype or not np.array_equal(got, wanted[p]):
                wrong.append(p)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_nothing_is_lost_over_many_calls():
    import gc
    import sys

    f = lanefn.vectorize(problem, otypes=[float])
    x, out = np.arange(3.0), np.empty(3)
    f(x)
    gc.collect()
    before = sys.getrefcount(x), sys.getrefcount(out), len(gc.get_objects())
    for _ in range(20_000):
        f(x)
    for _ in range(2000):
        f(x, out=out)
    gc.collect()
    after = sys.getrefcount(x), sys.getrefcount(out), len(gc.get_objects())
    assert before[:2] == after[:2] and after[2] - before[2] < 50


def test_raising_leaves_a_call_with_a_mask_alone():
    def raising(x):
        if x < 0:
            raise ValueError("negative")
        return x * 2

    f = lanefn.vectorize(raising)
    x = np.array([1.0, -1.0, 3.0])
    out = np.zeros(3)
    f(x, out=out, where=x > 0)
    assert out.tolist() == [2, 0, 6]
    with pytest.raises(ValueError, match=r"negative \(at index \(1,\)\)"):
        f(x)
    with pytest.raises(ValueError, match="^negative$"):
        f(-1)
    assert f.nout == 1 and f([1.0, 2.0]).tolist() == [2, 4]
