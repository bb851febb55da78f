"""Every function that NumPy has as well gives what NumPy gives, for every dtype of its operands."""

import itertools
import operator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import lanefn
from oracle import APPROXIMATE, DTYPES, SHARED, ULPS, numpys, outcome, same, values

WEAK = [0, 1, -1, 3, 100, 300, 2**40, 0.0, -0.0, 1.5, -2.25, 1e300, float("inf"), float("nan")]

# Of zeros of both signs, lanefn takes -0 for the smaller; NumPy takes whichever comes.
ZEROS_OF_EITHER_SIGN = {"maximum", "minimum", "fmax", "fmin", "clip"}

# What lanefn lacks, or has otherwise, of what NumPy gives: a reason for each.
EXCEPTIONS = {
    "reciprocal": "1 / 0 of integers is 0, as for divisions; NumPy has the least number",
}


def excepted(name, inputs, wanted):
    """Whether this call is one of the exceptions."""
    if name == "reciprocal":
        return wanted.dtype.kind in "iu" and np.any(np.equal(inputs[0], 0))
    return False


def operands(nin):
    """Every combination of dtypes and numbers of Python's, but not too many of the latter."""
    kinds = [*DTYPES, *WEAK]
    if nin < 3:
        return itertools.product(kinds, repeat=nin)
    return itertools.product([*DTYPES, 1, 1.5], repeat=nin)


@pytest.mark.parametrize("name", SHARED)
def test_dtypes_and_values_are_numpys(name):
    rng = np.random.default_rng(1)
    ours, theirs = getattr(lanefn, name), numpys(name)
    assert (ours.nin, ours.nout) == (theirs.nin, theirs.nout)
    problems = []
    for kinds in operands(ours.nin):
        inputs = []
        for i, kind in enumerate(kinds):
            if not isinstance(kind, np.dtype):
                inputs.append(kind)
                continue
            shape = [1] * ours.nin
            shape[i] = -1
            inputs.append(values(kind, rng, 12 if ours.nin < 3 else 2).reshape(shape))
        problem = differs(name, ours, theirs, inputs)
        if problem:
            problems.append(f"{kinds}: {problem}")
    assert not problems, f"{len(problems)}: " + "\n".join(problems[:40])


def brief(result):
    return result.__name__ if isinstance(result, type) else getattr(result, "dtype", type(result))


def differs(name, ours, theirs, inputs):
    if name in ("pow", "power") and outcome(theirs, *inputs) is ValueError:
        # Negative exponents of integers are refused by both; what they refuse for must not hide the rest.
        refused = outcome(ours, *inputs)
        if refused is not ValueError:
            return f"{brief(refused)}, NumPy has ValueError"
        if not isinstance(inputs[1], np.ndarray):
            return None
        inputs = [inputs[0], inputs[1][inputs[1] >= 0]]
        inputs[0] = inputs[0] if np.isscalar(inputs[0]) else inputs[0].reshape(-1, 1)
    got, wanted = outcome(ours, *inputs), outcome(theirs, *inputs)
    if isinstance(got, type) or isinstance(wanted, type):
        return None if got is wanted else f"{brief(got)}, NumPy has {brief(wanted)}"
    got, wanted = (x if isinstance(x, tuple) else (x,) for x in (got, wanted))
    if name in EXCEPTIONS and excepted(name, inputs, wanted[0]):
        (got,), (wanted,) = got, wanted
        return same(np.where(np.equal(inputs[0], 0), wanted, got).astype(got.dtype), wanted)
    if any(x.dtype == np.float16 for x in wanted):
        # The one difference of dtypes: lanefn has no float16 and takes float32.
        widened = [
            np.float32(x) if np.isscalar(x) else x.astype("f4") if x.dtype.char in "?bB" else x
            for x in inputs
        ]
        if name == "ldexp":
            widened[1] = np.asarray(inputs[1])
        wanted = outcome(theirs, *widened)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    if name.startswith("logaddexp"):
        # A sum that cancels has the error of its terms in NumPy.
        size = np.maximum(*(np.abs(np.asarray(x, wanted[0].dtype)) for x in inputs))
        with np.errstate(all="ignore"):
            near = np.abs(got[0] - wanted[0]) <= ULPS * np.finfo(got[0].dtype).eps * np.maximum(size, 1)
        got = [np.where(near, wanted[0], got[0])]
    within = ULPS if name in APPROXIMATE else 0
    for g, w in zip(got, wanted, strict=True):
        if problem := same(g, w, within, name not in ZEROS_OF_EITHER_SIGN):
            return problem
    return None


def test_integer_powers_of_negative_exponents_are_refused():
    for power in (lanefn.power, np.power):
        with pytest.raises(ValueError):
            power(np.arange(3), np.array([1, -1, 2]))
        with pytest.raises(ValueError):
            power(2, -1)
    assert lanefn.power(2.0, -1) == 0.5


COMPARISONS = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
EDGES = [0, 1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]


@pytest.mark.parametrize("name", COMPARISONS)
@given(
    st.one_of(st.sampled_from([-(2**63), -1, *EDGES[:6]]), st.integers(-(2**63), 2**63 - 1)),
    st.one_of(st.sampled_from(EDGES), st.integers(0, 2**64 - 1)),
)
def test_signed_and_unsigned_compare_right_for_every_value(name, signed, unsigned):
    compare, right = getattr(lanefn, name), COMPARISONS[name]
    a, b = np.array([signed] * 9), np.array([unsigned] * 9, np.uint64)
    assert (compare(a, b) == right(signed, unsigned)).all()
    assert (compare(b, a) == right(unsigned, signed)).all()


@pytest.mark.parametrize("name", COMPARISONS)
@given(
    st.sampled_from([d for d in DTYPES if d.kind in "iu"]),
    st.one_of(st.integers(-(2**70), 2**70), st.sampled_from(EDGES).flatmap(lambda e: st.integers(e - 3, e + 3))),
)
@example(np.dtype("u8"), 2**64 - 1)
def test_numbers_that_a_dtype_does_not_hold_compare_right(name, dtype, number):
    compare, right = getattr(lanefn, name), COMPARISONS[name]
    array = values(dtype, np.random.default_rng(2))
    assert compare(array, number).tolist() == [right(x, number) for x in array.tolist()]
    assert compare(number, array).tolist() == [right(number, x) for x in array.tolist()]


def test_numbers_that_a_dtype_does_not_hold_are_an_overflow():
    for add in (lanefn.add, np.add):
        for number in (300, -1, 2**70):
            with pytest.raises(OverflowError):
                add(np.zeros(2, np.uint8), number)
    # Alone, a number is what NumPy makes of it.
    for number in (2**63, 2**64 - 1, 2**64):
        got, wanted = outcome(lanefn.square, number), outcome(np.square, number)
        # (Of objects, in the last case, which lanefn hasn't.)
        assert got is TypeError if number == 2**64 else not same(got, wanted)
    assert lanefn.add(np.zeros(2, np.float32), 2**70).dtype == np.float32


@pytest.mark.parametrize("dtype", ["c16", "O", "f2", "g", "U3", "M8[s]", "V4"])
def test_dtypes_that_lanefn_lacks_are_named(dtype):
    with pytest.raises(TypeError, match="lanefn has no dtype"):
        lanefn.add(np.zeros(2, dtype), 1)
