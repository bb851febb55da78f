"""Objects that travel to other processes, and what these do with them."""

import functools

import numpy as np

import lanefn


def plain(x):
    return x + 1 if x > 2 else x - 1


def text(x):
    return f"{x:.1f}"


@lanefn.vectorize(otypes=[float])
def decorated(x):
    return plain(x) * 2


class Problem:
    def __init__(self, offset):
        self.offset = offset
        self.function = lanefn.vectorize(self.problem_function, otypes=[np.float64])

    def problem_function(self, arg):
        return arg + self.offset if arg > 2 else arg - 1


class Nest:
    def __init__(self):
        self.inner = Problem(1.5)

    def __call__(self, values):
        return self.inner.function(values)


def closure(k):
    return lanefn.vectorize(lambda x: x * k)


class Negative(ValueError):
    """An exception of the program's own."""


def root(x):
    if x < 0:
        raise Negative("no root")
    return x**0.5


def compiled():
    """One of each kind that is compiled, by name."""
    return {
        "function": lanefn.vectorize(plain),
        "lambda": lanefn.vectorize(lambda x: x * 3),
        "closure": closure(4),
        "method": lanefn.vectorize(Problem(2).problem_function),
        "nested": Nest(),
        "decorated": decorated,
        "partial": lanefn.vectorize(functools.partial(pow_, n=3)),
        "raising": lanefn.vectorize(root),
        "otypes": lanefn.vectorize(plain, otypes="f"),
        "built in": lanefn.vectorize(np.sqrt),
    }


def pow_(x, n):
    return x**n


INPUT = np.array([0.0, 1.0, 2.5, 3.0, 9.0])


def results(functions):
    """What each gives."""
    return {name: function(INPUT) for name, function in functions.items()}


def through_queue(functions, queue):
    queue.put(results(functions))
