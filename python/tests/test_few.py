"""Calls of few plain operands take a way of their own, which must give what the general way gives. A keyword,
even one that says what is so anyhow, makes a call go the general way."""

import itertools
import threading
import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lanefn
from oracle import DTYPES

FUNCTIONS = sorted({getattr(lanefn, name).__name__ for name in lanefn._functions})


class Own(np.ndarray):
    pass


NUMBERS = [0, 1, -1, 3, 300, 2**31, 2**63, -(2**63), 2**64, 10**30, True, False]
NUMBERS += [0.0, -0.0, 1.5, -2.0, 1e300, float("inf"), float("nan")]
VALUES = [[0, 1, 2], [1, 1, 1], [-1, 5, 100], [2.5, -0.0, 1e-320], [np.inf, np.nan, -np.inf], [1e308, -1e308, 3]]


def array(dtype, k):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array(VALUES[k % len(VALUES)]).astype(dtype)


LAYOUTS = {
    "three": lambda a: a,
    "one": lambda a: a[:1],
    "without axes": lambda a: a[0, ...],
    "number": lambda a: a[1],
    "one by one": lambda a: a[:1].reshape(1, 1),
    "a column": lambda a: a.reshape(3, 1),
    "a row": lambda a: a.reshape(1, 3),
    "twice": lambda a: np.stack([a, a[::-1]]),
    "across": lambda a: np.stack([a, a[::-1]], axis=1).T,
    "backwards": lambda a: a[::-1],
    "apart": lambda a: np.repeat(a, 2)[::2],
    "one apart": lambda a: np.repeat(a, 2)[::4][:1],
    "none": lambda a: a[:0],
    "swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "unaligned": lambda a: np.frombuffer(b"x" + a.tobytes(), a.dtype, offset=1),
    "stands still": lambda a: np.broadcast_to(a[0], 3),
    "own class": lambda a: a.view(Own),
    "list": lambda a: a.tolist(),
    "many": lambda a: np.resize(a, 3000),
    "too many": lambda a: np.resize(a, 140_000),
    "a thousand": lambda a: np.resize(a, 1000),
}

arrays = st.builds(
    lambda layout, dtype, k: LAYOUTS[layout](array(dtype, k)),
    st.sampled_from(sorted(LAYOUTS)),
    st.sampled_from(DTYPES),
    st.integers(0, len(VALUES) - 1),
)
operands = st.one_of(arrays, arrays, st.sampled_from(NUMBERS))


def said(function, *args, **kwargs):
    """All that can be seen of a call."""
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        try:
            got = function(*args, **kwargs)
        except Exception as error:
            return type(error), str(error)
    results = got if type(got) is tuple else (got,)
    each = [
        (type(r), r.dtype, r.shape, [s for s, n in zip(r.strides, r.shape) if n > 1], r.tobytes()) for r in results
    ]
    return type(got), each, sorted(str(w.message) for w in met)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=40)
@given(st.data())
def test_built_in_functions(name, data):
    function = getattr(lanefn, name)
    inputs = [data.draw(operands) for _ in range(function.nin)]
    assert said(function, *inputs) == said(function, *inputs, order="K")


def test_every_pair_of_kinds():
    kinds = [1, -1, 1.5, True, 2**63, *DTYPES]
    for a, b in itertools.product(kinds, repeat=2):
        for layouts in itertools.product(["three", "one", "number", "without axes"], repeat=2):
            pairs = enumerate(zip((a, b), layouts))
            inputs = [LAYOUTS[w](array(k, i)) if isinstance(k, np.dtype) else k for i, (k, w) in pairs]
            for function in (lanefn.add, lanefn.divide, lanefn.less, lanefn.pow, lanefn.logical_and, lanefn.divmod):
                assert said(function, *inputs) == said(function, *inputs, order="K"), (function, inputs)


def test_every_layout_of_every_dtype():
    for (name, layout), dtype, k in itertools.product(LAYOUTS.items(), DTYPES, [0, 2, 3]):
        one = layout(array(dtype, k))
        for inputs in [(one, one), (one, 3), (-1, one), (one, 1.5), (np.float32(2), one), (one, np.ones((1, 1)))]:
            for function in (lanefn.add, lanefn.less, lanefn.logical_and):
                assert said(function, *inputs) == said(function, *inputs, order="K"), (function, name, inputs)


@given(st.data())
def test_outputs(data):
    function = data.draw(st.sampled_from([lanefn.add, lanefn.divide, lanefn.exp, lanefn.less, lanefn.sqrt]))
    memory = np.linspace(-1, 5, 12)
    pieces = [memory[:3], memory[1:4], memory[2:5], memory[5:8], memory[:1], memory[1:2], memory[3:0:-1], memory[4, ...]]
    views = [*pieces, *[p.view("i8") for p in pieces[:4]], *[p.view("u8") for p in pieces[:3]]]
    views += [memory[:3].view("f4")[:3], memory[:3].view("?")[:3], memory[:3].view(">f8"), memory[:6].reshape(2, 3)]
    inputs = [data.draw(st.sampled_from([*views[:8], 1.5, 2])) for _ in range(function.nin)]
    locked = memory[:3].view()
    locked.flags.writeable = False
    out = data.draw(st.sampled_from([*views, locked, memory[:3].view(Own), None, [0.0] * 3, np.bool_(True)]))
    before = memory.copy()
    seen = []
    for how in [{"order": "K", "out": out}, {"out": out}, {"out": (out,)}, None]:
        memory[:] = before
        did = said(function, *inputs, **how) if how is not None else said(function, *inputs, out)
        seen.append((did, memory.tobytes()))
    assert all(s == seen[0] for s in seen), (function, inputs, out)


def collatz(n):
    steps = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def checked(x, y):
    if x < y:
        raise ValueError(f"{x} is below {y}")
    return x - y


def both(x, y):
    return x + y, x > y


def exp(x):
    return x * 2 + 1


def plain(x, y=2.0):
    return x * y if x > 2 else x - 1


MADE = [collatz, checked, both, exp, plain]


@pytest.mark.parametrize("function", MADE)
@pytest.mark.parametrize("otypes", [None, "given"])
@settings(max_examples=60)
@given(st.data())
def test_vectorized_functions(function, otypes, data):
    nin = {checked: 2, both: 2}.get(function, 1)
    if otypes is not None:
        otypes = ["f4", "?"] if function is both else ["f4"]
    made = lanefn.vectorize(function, otypes=otypes, strict=True)
    simple = st.one_of(st.sampled_from([0, 1, 7, -3, 300, 1.5, True]), arrays)
    inputs = [data.draw(simple) for _ in range(nin)]
    if function is collatz and not all(np.all(np.abs(i) < 1000) for i in inputs):
        return
    wanted = said(made._through, made._giving(made._primary), tuple(inputs))
    # Operands that it has no loop for go to Python.
    if wanted[0] not in (TypeError, OverflowError):
        assert said(made, *inputs) == wanted


@given(st.data())
def test_vectorized_functions_with_outputs(data):
    function = data.draw(st.sampled_from([collatz, checked, exp, plain]))
    made = lanefn.vectorize(function)
    memory = np.linspace(0, 11, 12)
    views = [memory[:3], memory[1:4], memory[5:8], memory[:1], memory[1:2], memory[3:0:-1], memory[4, ...]]
    inputs = [data.draw(st.sampled_from([*views, 3.0])) for _ in range(made.nin)]
    out = data.draw(st.sampled_from([*views, memory[:3].view("f4")[:3], memory[:3].view(Own), None]))
    before, seen = memory.copy(), []
    for how in [{"order": "K", "out": out}, {"out": out}, {"out": (out,)}]:
        memory[:] = before
        seen.append((said(made, *inputs, **how), memory.tobytes()))
    assert all(s == seen[0] for s in seen), (function, inputs, out)


def test_an_own_parameter_called_out_is_the_functions():
    made = lanefn.vectorize(lambda x, out: x + 10 * out)
    assert made(1.0, out=2.0) == 21 and made(np.ones(1), out=np.ones(1)) == [11]
    with pytest.raises(TypeError):
        lanefn.vectorize(lambda x, out=None: x + 1)(1.0, out=2, order="K", nothing=1)
    word = lanefn.vectorize(lambda x, where="up": x + 1 if where == "up" else x - 1)
    assert word(1.0, where="up") == 2 and word(1.0, where="down") == 0


def test_warnings_are_given_again_at_each_call():
    one, zero = np.ones(1), np.zeros(1)
    for _ in range(3):
        with pytest.warns(RuntimeWarning, match="divide by zero encountered in divide"):
            lanefn.divide(one, zero)
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            lanefn.divide(1.0, zero)
        with warnings.catch_warnings(), np.errstate(divide="ignore"):
            warnings.simplefilter("error")
            assert lanefn.divide(one, zero) == [np.inf]
            assert lanefn.add(one, one) == [2]


def test_another_thread_runs_while_a_loop_of_ones_own_does():
    # As many turns as x says: some seconds, if nobody else may run.
    made = lanefn.vectorize(lambda x: turns(x))
    made(1.0)
    seen, done = [], threading.Event()

    def other():
        while not done.is_set():
            seen.append(time.perf_counter())
            time.sleep(0.005)

    thread = threading.Thread(target=other)
    thread.start()
    try:
        begin = time.perf_counter()
        made(3e7)
        end = time.perf_counter()
    finally:
        done.set()
        thread.join()
    between = [t for t in seen if begin < t < end]
    assert end - begin < 0.05 or len(between) > 1


def turns(x):
    i = 0.0
    while i < x:
        i += 1.0
    return i
