"""Functions travel: through every pickler, start method and pool, before and after they are used."""

import concurrent.futures
import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
import travellers
from travellers import INPUT, compiled, results, through_queue

import lanefn

cloudpickle = pytest.importorskip("cloudpickle")
dill = pytest.importorskip("dill")

METHODS = multiprocessing.get_all_start_methods()
FALLBACK = pytest.mark.filterwarnings("ignore::lanefn.FallbackWarning")


def same(got, wanted):
    assert got.keys() == wanted.keys()
    for name in wanted:
        assert got[name].dtype == wanted[name].dtype, name
        assert got[name].tobytes() == wanted[name].tobytes(), name


def functions(used):
    made = compiled()
    if used:
        results(made)
    return made


@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
@pytest.mark.parametrize("method", METHODS)
class TestEveryKindTravels:
    def test_to_a_process_and_back(self, method, used):
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        child = context.Process(target=through_queue, args=(functions(used), queue))
        child.start()
        got = queue.get(timeout=60)
        child.join()
        same(got, results(compiled()))

    def test_to_a_pool(self, method, used):
        with multiprocessing.get_context(method).Pool(2) as pool:
            for got in pool.map(results, [functions(used)] * 4, chunksize=1):
                same(got, results(compiled()))

    def test_to_an_executor(self, method, used):
        context = multiprocessing.get_context(method)
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            for got in pool.map(results, [functions(used)] * 4):
                same(got, results(compiled()))

    def test_to_multiprocess(self, method, used):
        multiprocess = pytest.importorskip("multiprocess")
        with multiprocess.get_context(method).Pool(2) as pool:
            for got in pool.map(results, [functions(used)] * 2):
                same(got, results(compiled()))


@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
def test_every_kind_travels_to_pathos(used):
    pools = pytest.importorskip("pathos.pools")
    pool = pools.ProcessPool(2)
    try:
        for got in pool.map(results, [functions(used)] * 2):
            same(got, results(compiled()))
    finally:
        pool.close()
        pool.join()
        pool.clear()


@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
def test_every_kind_travels_to_joblib(used):
    joblib = pytest.importorskip("joblib")
    for got in joblib.Parallel(2)(joblib.delayed(results)(functions(used)) for _ in range(2)):
        same(got, results(compiled()))


@pytest.mark.parametrize("pickler", [pickle, cloudpickle, dill], ids=lambda p: p.__name__)
def test_every_kind_comes_back_equal_from_every_pickler(pickler):
    for name, function in compiled().items():
        back = pickler.loads(pickler.dumps(function))
        same({name: back(INPUT)}, {name: function(INPUT)})
        if isinstance(function, lanefn.vectorize):
            assert back == function and hash(back) == hash(function), name
            assert back.__dask_tokenize__() == function.__dask_tokenize__()
            assert back.__name__ == function.__name__
            assert back.__doc__ == function.__doc__ or len(function.__doc__) > 300
            twice = pickle.loads(pickle.dumps(back))
            assert twice.to_bytes() == function.to_bytes()


def test_a_pickle_is_a_few_hundred_bytes():
    for name, function in compiled().items():
        if isinstance(function, lanefn.vectorize):
            assert len(pickle.dumps(function)) < 700, name


def test_copies_are_equal_and_keep_their_function():
    made = lanefn.vectorize(lambda x: x + 1)
    for other in (copy.copy(made), copy.deepcopy(made)):
        assert other == made and other is not made
        assert other.pyfunc is made.pyfunc
        other.otypes = "f"
        assert other([1]).dtype == np.float32 and made([1.0]).dtype == np.float64


def test_equal_content_is_the_same_bytes_in_every_process():
    code = (
        "import travellers, sys\n"
        "for n, f in travellers.compiled().items():\n"
        "    if n != 'nested': print(n, f.to_bytes().hex(), hash(f) and f.__dask_tokenize__()[1])\n"
    )
    runs = []
    for seed in ("1", "2"):
        folder = os.path.dirname(travellers.__file__)
        path = os.pathsep.join([folder, *sys.path])
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=True
        )
        runs.append(done.stdout)
    assert runs[0] == runs[1] and "lambda" in runs[0]
    here = [f"{n} {f.to_bytes().hex()}" for n, f in compiled().items() if n != "nested"]
    assert [line.rsplit(" ", 1)[0] for line in runs[0].splitlines()] == here


def test_other_content_is_unequal():
    a, b = (lanefn.vectorize(f) for f in (lambda x: x + 1, lambda x: x + 2))
    assert a != b and a.__dask_tokenize__() != b.__dask_tokenize__()
    c = lanefn.vectorize(lambda x: x + 1, otypes="f")
    assert a != c
    assert a == lanefn.vectorize(lambda x: x + (3 - 2))


def test_exceptions_of_the_program_travel():
    made = pickle.loads(pickle.dumps(lanefn.vectorize(travellers.root)))
    with pytest.raises(travellers.Negative, match=r"no root \(at index \(1,\)\)"):
        made([1.0, -1.0])
    # Bytes name no class but Python's own.
    made = lanefn.from_bytes(made.to_bytes())
    with pytest.raises(ValueError, match="no root") as error:
        made([1.0, -1.0])
    assert error.type is ValueError


def test_values_captured_are_those_of_the_creation_until_they_are_taken_anew():
    problem = travellers.Problem(1.0)
    problem.offset = 5.0
    assert problem.function(3.0) == 4.0
    assert pickle.loads(pickle.dumps(problem)).function(3.0) == 4.0
    problem.function.refresh()
    assert problem.function(3.0) == 8.0


@FALLBACK
def test_a_function_that_runs_by_python_travels_where_its_function_can():
    made = lanefn.vectorize(travellers.text)
    for pickler in (pickle, cloudpickle, dill):
        assert pickler.loads(pickler.dumps(made))([1.0]).tolist() == ["1.0"]
    inside = lanefn.vectorize(lambda x: str(x))
    for pickler in (cloudpickle, dill):
        assert pickler.loads(pickler.dumps(inside))([1]).tolist() == ["1"]
    with pytest.raises(pickle.PicklingError, match="runs by Python.*cloudpickle"):
        pickle.dumps(inside)
    for method in METHODS:
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert pool.map(made, [1.0]) == ["1.0"]


def test_damaged_bytes_are_an_error_and_nothing_else():
    whole = lanefn.vectorize(travellers.root).to_bytes()
    rng = np.random.default_rng(3)
    for n in range(0, len(whole), 3):
        with pytest.raises(ValueError):
            lanefn.from_bytes(whole[:n])
    for _ in range(3000):
        bad = bytearray(whole)
        for at in rng.integers(0, len(bad), rng.integers(1, 4)):
            bad[at] = rng.integers(0, 256)
        try:
            made = lanefn.from_bytes(bad)
        except ValueError:
            continue
        assert isinstance(made, lanefn.vectorize)
    for bad in (b"", b"\x80\x04.", b"lanefn vectorize 1\n{}\n", b"lanefn vectorize 1\n[1]\n"):
        with pytest.raises(ValueError):
            lanefn.from_bytes(bad)
    with pytest.raises(TypeError):
        lanefn.from_bytes(7)


def test_damaged_pickles_are_an_error_and_nothing_else():
    made = lanefn.vectorize(travellers.root)
    whole, size = pickle.dumps(made), len(made.to_bytes())
    first = whole.index(b"lanefn vectorize")
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(2000):
        # The rest of a pickle is Python's own, and may ask for anything.
        bad = bytearray(whole)
        for at in rng.integers(first, first + size, rng.integers(1, 4)):
            bad[at] = rng.integers(0, 256)
        try:
            assert isinstance(pickle.loads(bad), lanefn.vectorize)
        except ValueError:
            refused += 1
    assert refused > 1000


@pytest.mark.parametrize(
    "state",
    [7, None, (), ((),), ({},), ({}, 3), ({}, (1, 2)), ({1: 2}, (None, None)), ({"_primary": 3}, (None, None))]
    + [({"pyfunc": 3}, (None, None)), ({}, ((), None)), ({}, ([(int, "x")], None)), ({}, ([("a", "b")], None))]
    + [({}, ([(ValueError, "x")] * 9, None)), ({}, (None, None, None)), ([], (None, None))],
    ids=repr,
)
def test_damage_beside_the_bytes_of_a_pickle_is_an_error(state):
    for function in (travellers.root, travellers.plain):
        made = pickle.loads(pickle.dumps(lanefn.vectorize(function)))
        wanted = made(np.array([3.0]))
        with pytest.raises(pickle.UnpicklingError, match="damaged"):
            made.__setstate__(state)
        assert made(np.array([3.0])) == wanted


def test_forks_of_forks_and_forks_while_threads_compute():
    made = lanefn.vectorize(lambda x: x * 2 + 1)
    wanted = made(np.arange(200_000.0)).sum()
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            made(np.arange(200_000.0))

    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            child = os.fork()
            if child == 0:
                grand = os.fork()
                good = made(np.arange(200_000.0)).sum() == wanted
                fresh = lanefn.vectorize(lambda x: x - 1)
                good = good and fresh(3.0) == 2.0
                if grand:
                    good = good and os.waitpid(grand, 0)[1] == 0
                os._exit(0 if good else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
