"""A vectorised method as an attribute, in objects that travel to other processes.

A class keeps its problem function, vectorised, as an attribute that is made in ``__init__``; other objects
hold objects of it. The whole of it is sent to child processes, before and after use, and the results come
back through a queue and a pipe. With ``np.vectorize`` this fails to pickle as soon as ``otypes`` is given
and the function has been called once, and it is a loop in any case.

Run it with the start methods to try, or none for all that there are::

    python examples/problem_class.py fork spawn forkserver
"""

import abc
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import lanefn


class Problem(abc.ABC):
    """Something with a function of one number."""

    def __init__(self):
        self.function = lanefn.vectorize(self.problem_function, otypes=[np.float64])

    @abc.abstractmethod
    def problem_function(self, arg):
        """The function of one number."""


class Example(Problem):
    """The function that this is all about."""

    def problem_function(self, arg):
        if arg > 2:
            return arg + 1
        else:
            return arg - 1


class Solver:
    """Something that uses a problem."""

    def __init__(self, problem):
        self.problem = problem

    def solve(self, values):
        return self.problem.function(values)


class Main:
    """The program: it runs its solver here and elsewhere."""

    def __init__(self):
        self.solver = Solver(Example())

    def run(self, values):
        return self.solver.solve(values)

    @classmethod
    def through_queue(cls, main, values, queue):
        queue.put(main.run(values))

    @classmethod
    def through_pipe(cls, main, values, connection):
        connection.send(main.run(values))
        connection.close()


def in_process(context, main, values):
    """The results of a child, by a queue and by a pipe."""
    queue = context.Queue()
    child = context.Process(target=Main.through_queue, args=(main, values, queue))
    child.start()
    by_queue = queue.get(timeout=60)
    child.join()
    here, there = context.Pipe()
    child = context.Process(target=Main.through_pipe, args=(main, values, there))
    child.start()
    by_pipe = here.recv()
    child.join()
    return by_queue, by_pipe


def others(main, inputs):
    """Pools of other packages, where they are installed."""
    try:
        import multiprocess

        with multiprocess.get_context("spawn").Pool(2) as pool:
            yield "multiprocess", pool.map(main.run, inputs)
    except ImportError:
        pass
    try:
        from pathos.pools import ProcessPool

        pool = ProcessPool(2)
        yield "pathos", pool.map(main.run, inputs)
        pool.close()
        pool.join()
        pool.clear()
    except ImportError:
        pass
    try:
        import joblib

        yield "joblib", joblib.Parallel(2)(joblib.delayed(main.run)(v) for v in inputs)
    except ImportError:
        pass


def seconds(function, *args):
    start = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - start, result


def check(got, wanted):
    for one, other in zip(got, wanted, strict=True):
        assert np.asarray(one).dtype == np.float64
        assert np.array_equal(one, other), (one, other)


def main(methods):
    array = np.linspace(-3, 7, 1_000_000)
    inputs = [5, np.arange(6), array]
    by_loop = np.vectorize(Example().problem_function, otypes=[np.float64])
    slow, wanted = seconds(lambda: [by_loop(v) for v in inputs])

    program = Main()
    fresh = Main()
    first, got = seconds(lambda: [program.run(v) for v in inputs])
    check(got, wanted)
    fast, got = seconds(lambda: [program.run(v) for v in inputs])
    check(got, wanted)
    print(
        f"here: np.vectorize {slow * 1e3:.1f} ms, lanefn {first * 1e3:.2f} ms, again {fast * 1e3:.2f} ms"
    )

    for method in methods:
        context = multiprocessing.get_context(method)
        for state, object in (("before use", fresh), ("after use", program)):
            for value, result in zip(inputs, wanted):
                check(in_process(context, object, value), [result, result])
            with context.Pool(2) as pool:
                check(pool.map(object.run, inputs), wanted)
            with ProcessPoolExecutor(2, mp_context=context) as pool:
                check(pool.map(object.run, inputs), wanted)
            print(f"{method}, {state}: Process, Pool and ProcessPoolExecutor agree")
    for name, got in others(program, inputs):
        check(got, wanted)
        print(f"{name}: agrees")


if __name__ == "__main__":
    main(sys.argv[1:] or multiprocessing.get_all_start_methods())
