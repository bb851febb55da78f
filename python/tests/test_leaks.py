"""Calls keep nothing: no reference to what they are given, no object, no memory."""

import gc
import pickle
import sys
import warnings

import numpy as np
import pytest

import lanefn


@lanefn.vectorize
def problem(x):
    return x + 1 if x > 2 else x - 1


@lanefn.vectorize
def root(x):
    if x < 0:
        raise ValueError(f"no root of {x}")
    return x**0.5


@lanefn.vectorize
def pair(x, y=2.0):
    return x + y, x > y



class Own:
    """A type that decides for itself."""

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        return None


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    by_python = lanefn.vectorize(lambda x: x.real, otypes="d")

ONE, TWO, OUT = np.array([3.5]), np.array([[1.0], [2.0]]), np.empty(1)
WRONG, MANY, OWN = np.zeros(3), np.linspace(0, 1, 5000), Own()
FOUR = np.float32(4)
BYTES, PICKLE = problem.to_bytes(), pickle.dumps(root)

TIMES = 100_000
CALLS = {
    "built-in": lambda: lanefn.add(ONE, ONE),
    "built-in with an output": lambda: lanefn.add(ONE, 2.5, out=OUT),
    "built-in of numbers": lambda: lanefn.exp(FOUR),
    "several results": lambda: lanefn.divmod(ONE, 2),
    "the general way": lambda: lanefn.add(TWO, WRONG, where=True, order="C"),
    "casts": lambda: lanefn.add(MANY[::2], FOUR, dtype="f4", casting="same_kind"),
    "lists": lambda: lanefn.add([1, 2], (3, 4)),
    "reduce": lambda: lanefn.add.reduce(TWO, axis=0),
    "accumulate": lambda: lanefn.multiply.accumulate(WRONG),
    "at": lambda: lanefn.add.at(WRONG, [0, 1, 0], 0.0),
    "outer": lambda: lanefn.multiply.outer(ONE, WRONG),
    "other types": lambda: lanefn.add(OWN, ONE),
    "vectorized": lambda: problem(ONE),
    "vectorized with an output": lambda: problem(ONE, out=OUT),
    "vectorized with a name": lambda: pair(ONE, y=1.0),
    "vectorized, other types": lambda: problem(OWN),
    "evaluate": lambda: lanefn.evaluate("ONE * 2 + k", {"ONE": ONE, "k": 1.5}),
    "by Python": lambda: by_python(ONE),
    "shapes that don't fit": lambda: pytest.raises(ValueError, lanefn.add, TWO.T, WRONG),
    "no loop": lambda: pytest.raises(TypeError, lanefn.add, "a", ONE),
    "a wrong keyword": lambda: pytest.raises(TypeError, lanefn.add, ONE, ONE, wrong=1),
    "an element that raises": lambda: pytest.raises(ValueError, root, -ONE),
    "a flag that raises": lambda: flagged(),
    "unpickling": lambda: pickle.loads(PICKLE),
    "from bytes": lambda: lanefn.from_bytes(BYTES),
    "bytes that are damaged": lambda: pytest.raises(ValueError, lanefn.from_bytes, BYTES[:-3]),
    "new functions": lambda: lanefn.vectorize(problem.pyfunc)(ONE),
}


def flagged():
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        lanefn.divide(ONE, 0.0)


def resident():
    """Bytes of memory that this process has."""
    with open("/proc/self/statm") as of:
        return int(of.read().split()[1]) * 4096


@pytest.mark.parametrize("name", CALLS)
def test_calls_keep_nothing(name):
    call = CALLS[name]
    held = [ONE, TWO, OUT, WRONG, MANY, OWN, FOUR, problem, root, pair, by_python, lanefn.add, np.ndarray, type(FOUR)]

    def counts():
        gc.collect()
        return [sys.getrefcount(x) for x in held], len(gc.get_objects()), sys.getallocatedblocks()

    # What is found once and kept, and pools that grow to their size.
    for _ in range(TIMES // 20):
        call()
    linux = sys.platform == "linux"
    references, objects, blocks = counts()
    memory = resident() if linux else 0
    for _ in range(TIMES):
        call()
    grown = (resident() if linux else 0) - memory
    references_after, objects_after, blocks_after = counts()
    # The interpreter's own lists of what it has freed fill up for some hundreds of calls.
    few = TIMES // 100
    assert all(abs(a - b) < 3 for a, b in zip(references, references_after)), (references, references_after)
    assert objects_after - objects < few and blocks_after - blocks < few
    # A leak of an object at each call is 16 bytes at least.
    assert grown < 8 * TIMES
