"""Compiled functions give what Python gives, element by element."""

import math

import numpy as np
import pytest
from corpus import FUNCTIONS
from oracle import ulps

import lanefn

RNG = np.random.default_rng(11)
VALUES = {
    "f": np.concatenate(
        [
            [0.0, -0.0, 1.0, -1.0, 2.0, 2.5, 2.675, 0.125, 1.005, np.inf, -np.inf, np.nan, 90.0, 85.0],
            np.arange(-12, 13) / 2,
            RNG.standard_normal(150) * 5,
            RNG.standard_normal(60) * 1e5,
            RNG.integers(-3000, 3000, 60) / 200,
        ]
    ),
    "p": np.concatenate([[1.0, 0.5, 2.0, 100.0, 1e-6], RNG.uniform(0.01, 30, 200)]),
    "u": np.concatenate([[0.0, 0.5, 1.0], RNG.uniform(0, 1, 200)]),
    "i": np.concatenate([np.arange(-45, 70), RNG.integers(-(10**6), 10**6, 80), [-(7**5), 6**5]]),
    "n": np.arange(0, 12),
}


def arguments(kinds):
    """A value for each argument: all of a kind against the others turned round."""
    n = max(len(VALUES[k]) for k in kinds)
    return [np.roll(np.resize(VALUES[k], n), 7 * i) for i, k in enumerate(kinds)]


def expected(function, args):
    rows = [function(*row) for row in zip(*(a.tolist() for a in args))]
    if isinstance(rows[0], tuple):
        return [np.array(column) for column in zip(*rows)]
    return [np.array(rows)]


def name(function):
    return getattr(function, "__qualname__", type(function).__name__)


@pytest.mark.parametrize(("function", "kinds"), FUNCTIONS, ids=[name(f) for f, _ in FUNCTIONS])
def test_a_compiled_function_gives_what_python_gives(function, kinds):
    args = arguments(kinds)
    wanted = expected(function, args)
    made = lanefn.vectorize(function, strict=True)
    assert made.compiled
    got = made(*args)
    got = got if isinstance(got, tuple) else (got,)
    assert len(got) == len(wanted)
    for one, other in zip(got, wanted):
        # np.vectorize would have the dtype of the first result alone.
        assert one.dtype == np.result_type(one.dtype, other.dtype)
        assert one.dtype.kind == other.dtype.kind
        apart = np.argwhere(~close(one, other))
        where = apart[0][0] if len(apart) else 0
        assert not len(apart), (where, [a[where] for a in args], one[where], other[where])


def close(got, wanted):
    if wanted.dtype.kind != "f":
        return got == wanted
    # Python's math has errors of its own.
    return (ulps(got.astype(float), wanted) <= 4) | (np.abs(got - wanted) < 1e-15)


def test_exact_functions_are_exact():
    for function in ("problem", "decimals", "more_decimals", "rounding", "powers", "nested", "clamped"):
        function, kinds = next((f, k) for f, k in FUNCTIONS if name(f) == function)
        if function.__name__ == "powers":
            continue
        args = arguments(kinds)
        got, wanted = lanefn.vectorize(function)(*args), expected(function, args)[0]
        assert got.tobytes() == wanted.astype(got.dtype).tobytes() or (
            np.array_equal(got, wanted, equal_nan=True)
            and np.array_equal(np.signbit(got), np.signbit(wanted))
        )


def test_decimal_rounding_is_pythons_at_every_half():
    x = np.concatenate(
        [
            np.arange(-20000, 20000) / 1000,
            RNG.uniform(-1e6, 1e6, 20000),
            np.arange(2000) / 8,
            [1e300, -1e22],
        ]
    )
    for digits in (0, 1, 2, 3, 7, 15, 22):
        got = lanefn.vectorize(lambda v: round(v, digits), strict=True)(x)
        wanted = np.array([round(v, digits) for v in x.tolist()])
        differs = got != wanted
        assert not differs.any(), (digits, x[differs][:3], got[differs][:3], wanted[differs][:3])


# ---- exceptions of elements ---------------------------------------------------------------------------


class Odd(ValueError):
    pass


class Demanding(Exception):
    def __init__(self, value, *, unit):
        super().__init__(f"{value} {unit}")


def raises_with_more_than_a_text(x):
    if x < 0:
        raise Demanding(x, unit="m")
    return x


def raises_by_hand(x):
    if x < 0:
        raise ValueError("negative")
    if x > 100:
        raise Odd("large")
    return math.sqrt(x)


def raises_in_a_loop(x):
    for i in range(30):
        if i == x:
            raise KeyError("found")
    return x


def asserts(x):
    assert x > 0, "not positive"
    return 1 / x


def unbound(x):
    if x > 0:
        y = 1
    elif x <= 0:
        y = 2
    return y


TABLE = [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("function", "good", "bad"),
    [
        (raises_by_hand, [0.0, 4.0], [-1.0, 101.0]),
        (raises_with_more_than_a_text, [0.0, 4.0], [-1.0]),
        (raises_in_a_loop, [50.0, -1.0], [3.0, 29.0]),
        (asserts, [1.0, 2.0], [0.0, -1.0]),
        (unbound, [1.0, -1.0], [math.nan]),
        (lambda n: TABLE[n], [0, 2, -3], [3, -4, 10]),
        (lambda n: {1: 2, 3: 4}[n], [1, 3], [0, 2]),
        (lambda x: int(x), [1.5, -2.5], [math.nan, math.inf]),
        (lambda x: math.floor(x) if x > 0 else 0, [1.5, -math.inf, math.nan], [math.inf]),
        (lambda x: TABLE[int(x)] if 0 <= x < 3 else -1.0, [0.0, 5.0, -1.0, math.nan], []),
    ],
)
def test_an_element_that_raises_makes_the_call_raise(function, good, bad):
    made = lanefn.vectorize(function, strict=True)
    good = np.array(good)
    assert made(good).tolist() == [function(v) for v in good.tolist()]
    for value in bad:
        with pytest.raises(Exception) as python:
            function(value)
        values = np.array([good[0], good[-1], value, good[0], value]).reshape(1, 5)
        with pytest.raises(python.type) as error:
            made(values)
        assert error.type is python.type
        assert "(0, 2)" in str(error.value)


def test_the_text_of_an_exception_has_the_elements_values():
    def checked(x, k=2):
        if x < 0:
            raise ValueError(f"{x:.2f} is {{below}} {0!r}, not {x + 1} and {k}")
        if x > 100:
            raise ValueError("large", x)
        return x * k

    made = lanefn.vectorize(checked, strict=True)
    for back in (made, lanefn.from_bytes(made.to_bytes())):
        with pytest.raises(ValueError) as error:
            back(np.array([[1.0], [-2.5]]))
        assert str(error.value) == "-2.50 is {below} 0, not {x + 1} and 2 (at index (1, 0))"
        with pytest.raises(ValueError, match=r"large, 200 \(at index \(0,\)\)"):
            back([200])
    whole = made.to_bytes()
    for bad in (b"{x.__class__}", b"{x:>999999}", b"{y:.2f}"):
        with pytest.raises(ValueError):
            lanefn.from_bytes(whole.replace(b"{x:.2f}", bad.ljust(7)[: max(7, len(bad))]))


def test_an_error_in_an_arm_that_is_not_taken_is_none():
    def guarded(n):
        if 0 <= n < 3:
            return TABLE[n]
        if n == 5:
            return -1.0
        return 0.0

    made = lanefn.vectorize(guarded, strict=True)
    assert made([0, 2, 5, 100, -100]).tolist() == [1.0, 3.0, -1.0, 0.0, 0.0]
    short = lanefn.vectorize(lambda n: n < 3 and n > -3 and TABLE[n] > 1, strict=True)
    assert short([0, 1, 2, 7, -9]).tolist() == [False, True, True, False, False]


# ---- refusals -----------------------------------------------------------------------------------------


def uses_isinstance(x):
    return 1 if isinstance(x, float) else 2


CHANGED = [1.0, 2.0]


def changes_a_global(x):
    CHANGED.append(x)
    return x


def changes_a_global_item(x):
    CHANGED[0] = x
    return x


def changes_in_a_loop(x):
    kept = []
    for i in range(100):
        kept.append(i * x)
    return kept[0]


def recursive(n):
    return 1 if n < 2 else n * recursive(n - 1)


def assigns_items(x):
    a = [0, 0]
    if x > 0:
        a[0] = x
    return a[0]


def formats(x):
    return f"{x:.2f}"


def sometimes_none(x):
    if x > 0:
        return 1.0


def strings(x):
    return "low" if x < 1 else "high"


def prints(x):
    print(x)
    return x


def handles(x):
    try:
        return 1 / x
    finally:
        x = 0


def forever(x):
    while True:
        x += 1


def two_kinds(x):
    y = None
    if x > 0:
        y = 3
    return y + 1


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (uses_isinstance, "isinstance"),
        (recursive, "calls itself"),
        (assigns_items, "not all elements"),
        (changes_a_global, "append"),
        (changes_a_global_item, "item is assigned"),
        (changes_in_a_loop, "not all elements"),
        (formats, "string"),
        (sometimes_none, "None"),
        (strings, "'low'"),
        (prints, "print"),
        (handles, "finally"),
        (forever, "never ends"),
        (two_kinds, "None"),
    ],
)
def test_what_cannot_be_compiled_is_refused_by_file_line_and_reason(function, words):
    with pytest.raises(lanefn.Refusal) as refusal:
        lanefn.vectorize(function, strict=True)
    assert words in str(refusal.value)
    first = function.__code__.co_firstlineno
    assert refusal.value.file == __file__
    assert first < refusal.value.line < first + 8
    with pytest.warns(lanefn.FallbackWarning, match=words) as warned:
        made = lanefn.vectorize(function)
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert not made.compiled
