"""Engines that run functions elsewhere or on their own containers: dask, distributed, xarray, pandas, polars,
DataFusion, joblib. What comes out has the bits of one call in one process.
"""

import hashlib
import importlib.util
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lanefn

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@lanefn.vectorize
def problem(x):
    return x + 1 if x > 2 else x - 1


@lanefn.vectorize
def weigh(x, y):
    total = 0.0
    for k in range(4):
        total += x / (y + k)
    return total


@lanefn.vectorize
def both(x, y):
    return x + y, x < y


@lanefn.vectorize
def root(x):
    if x < 0:
        raise ValueError("no root")
    return x**0.5


def by_numpy(x):
    """What `problem` gives, by NumPy alone."""
    return np.where(x > 2, x + 1, x - 1)


# The functions that each engine gets: a built-in one, a user's, and a user's that travelled before.
ONE = [
    pytest.param(lanefn.exp, lanefn.exp, id="built-in"),
    pytest.param(problem, by_numpy, id="user"),
    pytest.param(pickle.loads(pickle.dumps(problem)), by_numpy, id="unpickled"),
]
one = pytest.mark.parametrize("function, plain", ONE)

DATA = np.random.default_rng(5).normal(3, 4, (60, 500))


def same(got, wanted):
    """Equal to the bit, in dtype and shape too."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.dtype == wanted.dtype and got.shape == wanted.shape
    assert got.tobytes() == wanted.tobytes()


def imported(path):
    """The module of a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_built_in_of_these_tests_is_numpys_to_the_last_place():
    np.testing.assert_array_max_ulp(lanefn.exp(DATA), np.exp(DATA), 2)


# ---- dask ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def da():
    return pytest.importorskip("dask.array")


class TestDask:
    @pytest.mark.parametrize("chunks", [(60, 500), (17, 133), (1, 500)], ids=str)
    @one
    def test_lazy_calls_have_the_bits_of_one_process(self, da, function, plain, chunks):
        lazy = function(da.from_array(DATA, chunks=chunks))
        assert isinstance(lazy, da.Array)
        for scheduler in ("synchronous", "threads"):
            same(lazy.compute(scheduler=scheduler), plain(DATA))

    @one
    def test_the_other_ways_to_apply_a_function_give_the_same(self, da, function, plain):
        x = da.from_array(DATA, chunks=(20, 250))
        ways = [
            x.map_blocks(function),
            x.map_blocks(function, dtype=float),
            da.map_blocks(function, x, dtype=float),
            da.apply_gufunc(function, "()->()", x, output_dtypes=float),
            da.apply_gufunc(function, "(i)->(i)", x.rechunk({1: -1}), output_dtypes=float),
            da.as_gufunc("()->()", output_dtypes=float)(function)(x),
            da.blockwise(function, "ij", x, "ij", dtype=float),
            x.map_overlap(function, depth=1, boundary="none"),
        ]
        for lazy in ways:
            same(lazy.compute(scheduler="threads"), plain(DATA))

    def test_several_arrays_and_numbers_meet(self, da):
        x, y = DATA, np.arange(1.0, 501)
        wanted = weigh(x, y)
        for other in (y, da.from_array(y, chunks=100)):
            same(weigh(da.from_array(x, chunks=(17, 200)), other).compute(), wanted)
            same(weigh(x, da.from_array(y, chunks=90)).compute(), wanted)
        same(weigh(da.from_array(x, chunks=30), y=2.0).compute(), weigh(x, 2.0))
        same(lanefn.hypot(da.from_array(x, chunks=30), 2).compute(), lanefn.hypot(x, 2))

    def test_where_and_out_are_dasks(self, da):
        x = da.from_array(DATA, chunks=(30, 250))
        out = da.full_like(x, -7.0)
        for function in (lanefn.sqrt, root):
            got = function(x, where=x > 0, out=out)
            wanted = function(DATA, where=DATA > 0, out=np.full_like(DATA, -7.0))
            same(got.compute(), wanted)
            out = da.full_like(x, -7.0)

    def test_several_results_are_lazy(self, da):
        x = da.from_array(DATA, chunks=(17, 200))
        for y in (DATA[0], da.from_array(DATA[0], chunks=90), 2.0, x):
            got, wanted = both(x, y), both(DATA, y if y is not x else DATA)
            assert all(isinstance(g, da.Array) for g in got)
            for g, w in zip(got, wanted):
                assert g.dtype == np.asarray(w).dtype
                same(g.compute(), w)
        back = pickle.loads(pickle.dumps(both))
        same(back(x, x)[1].compute(), both(DATA, DATA)[1])
        for g, w in zip(lanefn.modf(x), np.modf(DATA)):
            same(g.compute(), w)

    def test_nothing_is_computed_before_it_is_asked_for(self, da):
        huge = da.ones((10**8, 10**8), chunks=(10**4, 10**8 // 4))
        for function in (lanefn.exp, problem, root):
            lazy = function(huge)
            assert lazy.shape == huge.shape and lazy.dtype == np.float64
        assert both(huge, 1)[1].dtype == np.bool_
        assert isinstance(lanefn.evaluate("huge * 2 + 1"), da.Array)

    @pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "u8", "f4", "f8"])
    def test_dtypes_are_known_before_and_hold(self, da, dtype):
        x = np.arange(10).astype(dtype)
        for function in (lanefn.exp, lanefn.negative, problem, weigh):
            arguments = (x, x + x.dtype.type(1))[: function.nin]
            lazy = function(*[da.from_array(a, chunks=4) for a in arguments])
            assert lazy.dtype == function(*arguments).dtype
            same(lazy.compute(), function(*arguments))

    def test_keys_are_those_of_the_content_in_every_process(self, da, tmp_path):
        code = """
import dask, dask.array as da, lanefn
def root(x):
    if x < 0:
        raise ValueError("no root")
    return x**0.5
def keys():
    k = 3
    functions = [lanefn.exp, lanefn.add, lanefn.vectorize(root), lanefn.vectorize(lambda x: x * k),
        lanefn.vectorize(lambda x: (x, x + k)), lanefn.vectorize(lambda x: x + k, otypes="f"),
        lanefn.compile("2 * x + 1")]
    x = da.ones(8, chunks=4)
    with dask.config.set({"tokenize.ensure-deterministic": True}):
        for f in functions:
            y = f(*[x] * f.nin)
            yield str([str(k) for z in (y if f.nout > 1 else [y]) for k in z.__dask_keys__()])
            yield x.map_blocks(f, *[x] * (f.nin - 1), dtype=float).name
            yield dask.base.tokenize(f)
if __name__ == "__main__":
    print(*keys(), sep="\\n")
"""
        path = tmp_path / "keys.py"
        path.write_text(code)
        here = list(imported(path).keys())
        # Strings hash otherwise there.
        env = {**os.environ, "PYTHONHASHSEED": "5", "PYTHONPATH": os.pathsep.join(sys.path)}
        run = [sys.executable, path]
        done = subprocess.run(run, env=env, capture_output=True, text=True, timeout=60)
        assert done.stdout.splitlines() == here, done.stderr
        assert len(set(here)) == len(here) == 21

    def test_other_content_has_other_keys(self, da):
        x = da.ones(8, chunks=4)

        def times(k):
            return lanefn.vectorize(lambda x: x * k)

        assert times(2)(x).name == times(2)(x).name != times(3)(x).name
        k = 2
        f = lanefn.vectorize(lambda x: x * k)
        before = f(x).name
        k = 3
        assert f(x).name == before
        f.refresh()
        assert f(x).name != before
        assert lanefn.exp(x).name != lanefn.expm1(x).name

    def test_a_user_s_function_is_not_taken_for_another_of_its_name(self, da):
        def modf(x):
            return x + 100, x * 2

        def multiply(x, y):
            return x * y + 7

        x = da.from_array(DATA, chunks=30)
        for function in (lanefn.vectorize(modf), pickle.loads(pickle.dumps(lanefn.vectorize(modf)))):
            for g, w in zip(function(x), (DATA + 100, DATA * 2)):
                same(g.compute(), w)
        function = lanefn.vectorize(multiply)
        assert function.__name__ == "multiply"
        same(function(x, x).compute(), DATA * DATA + 7)
        with pytest.raises(TypeError, match="NotImplemented"):
            function.outer(x, x)

    def test_constants_of_excluded_arguments_go_along(self, da):
        scale = lanefn.vectorize(lambda x, how: x * 2 if how == "twice" else x, excluded={"how", 1})
        x = da.from_array(DATA, chunks=30)
        same(scale(x, how="twice").compute(), DATA * 2)
        same(scale(x, "as is").compute(), DATA)

    def test_blocks_without_elements(self, da):
        cloudpickle = pytest.importorskip("cloudpickle")
        x = da.arange(20.0, chunks=5)
        some = x[x > 12]
        typed = lanefn.vectorize(problem.pyfunc, otypes=[float])
        for function in (lanefn.exp, typed, problem):
            for one in (function, pickle.loads(pickle.dumps(function))):
                lazy = one(some)
                assert lazy.dtype == np.float64
                same(pickle.loads(cloudpickle.dumps(lazy)).compute(), function(np.arange(13.0, 20)))
        assert problem(x[:0]).compute().shape == problem(da.zeros((0, 3))).compute().shape[:1] == (0,)
        # NumPy's own arrays are refused as np.vectorize refuses them.
        with pytest.raises(ValueError, match="otypes"):
            problem(np.zeros(0))

    def test_exceptions_of_elements_come_through(self, da):
        x = da.arange(-3.0, 9, chunks=4)
        with pytest.raises(ValueError, match=r"no root \(at index \(0,\)\)"):
            root(x).compute()
        same(root(x[4:]).compute(), np.arange(1.0, 9) ** 0.5)


# ---- distributed --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    options = dict(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with pytest.MonkeyPatch.context() as patch:
        # Then dask limits its workers itself.
        patch.delenv("OMP_NUM_THREADS", raising=False)
        with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
            yield client


def large(function, threads):
    """The result of a call that is large enough for threads, and how many were started for it. They have
    some time to come to so many: a thread takes its name when it runs first."""
    result = function(np.linspace(-3, 9, 400_000))
    if threads is None:
        return result.tobytes(), None
    time.sleep(0.1)
    end = time.monotonic() + 5
    while threads_started() != threads and time.monotonic() < end:
        time.sleep(0.05)
    return result.tobytes(), threads_started()


def threads_started():
    """The number of lanefn's own threads in this process."""
    names = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/comm") as comm:
                names.append(comm.read())
        except OSError:
            pass
    return sum(name.startswith("lanefn") for name in names)


class Nest:
    """An object that holds functions made in its `__init__`."""

    def __init__(self, offset):
        self.offset = offset
        self.function = lanefn.vectorize(self.shifted, otypes=[float])
        self.local = lanefn.vectorize(lambda x: x / offset)

    def shifted(self, x):
        return x + self.offset if x > 2 else x - 1

    def __call__(self, x):
        return self.local(self.function(x))


LARGE = (lanefn.exp, problem, lanefn.add.reduce)


def show(threads):
    """Prints how many threads large calls start, when they should start so many, and a digest of their bits."""
    found = [large(f, threads) for f in LARGE]
    print(*[n for _, n in found], hashlib.sha256(b"".join(bits for bits, _ in found)).hexdigest())


linux = pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")


class TestDistributed:
    @one
    def test_arrays_have_the_bits_of_one_process(self, client, da, function, plain):
        x = da.from_array(DATA, chunks=(17, 200))
        for lazy in (function(x), x.map_blocks(function, dtype=float)):
            same(lazy.compute(), plain(DATA))
        kept = client.persist(function(x))
        same((kept - kept).compute(), np.zeros_like(DATA))
        assert function(x).sum().compute() == pytest.approx(plain(DATA).sum())

    @one
    def test_functions_are_submitted_and_mapped(self, client, function, plain):
        same(client.submit(function, DATA).result(), plain(DATA))
        rows = client.gather(client.map(function, list(DATA[:8])))
        same(np.stack(rows), plain(DATA[:8]))
        same(client.submit(lambda x: function(x) + 1, DATA).result(), plain(DATA) + 1)

    def test_objects_that_hold_functions_travel_before_and_after_use(self, client):
        for used in (False, True):
            nest = Nest(1.5)
            wanted = np.where(DATA > 2, DATA + 1.5, DATA - 1) / 1.5
            if used:
                same(nest(DATA), wanted)
            same(client.submit(nest, DATA).result(), wanted)
            same(client.submit(Nest.__call__, nest, DATA, pure=False).result(), wanted)
            sent = client.scatter(nest)
            same(client.submit(lambda n, x: n(x), sent, DATA).result(), wanted)

    def test_workers_need_no_source_of_a_function(self, client, tmp_path):
        path = tmp_path / "nowhere_else.py"
        path.write_text("def function(x, k=3):\n    return x * k + 1 if x > 0 else -x\n")
        function = lanefn.vectorize(imported(path).function)
        path.unlink()
        assert len(pickle.dumps(function)) < 1000
        same(client.submit(function, DATA).result(), np.where(DATA > 0, DATA * 3 + 1, -DATA))
        same(client.submit(function, DATA, k=2).result(), np.where(DATA > 0, DATA * 2 + 1, -DATA))

    def test_several_results_and_exceptions(self, client, da):
        x = da.from_array(DATA, chunks=(17, 200))
        for g, w in zip(both(x, 2.0), both(DATA, 2.0)):
            same(g.compute(), w)
        with pytest.raises(ValueError, match="no root"):
            root(da.arange(-3.0, 9, chunks=4)).compute()

    @linux
    def test_the_limit_that_dask_sets_is_honoured(self, client):
        set_to = client.run(os.environ.get, "OMP_NUM_THREADS")
        assert set(set_to.values()) == {"1"}
        for function in (lanefn.exp, problem):
            wanted = function(np.linspace(-3, 9, 400_000)).tobytes()
            for result, threads in client.run(large, function, 0).values():
                assert result == wanted and threads == 0


    def test_the_example_of_a_stack(self, client, monkeypatch):
        cloudpickle = pytest.importorskip("cloudpickle")
        example = imported(Path(__file__).parents[2] / "examples" / "dask_stack.py")
        # It is no program here, so its functions would go by the name of a module that workers can't import.
        monkeypatch.setitem(sys.modules, example.__name__, example)
        cloudpickle.register_pickle_by_value(example)
        try:
            soil = example.Soil(0.1, 0.3)
            found, wanted = example.through_dask(soil, 4), example.through_one_process(soil, 4)
            assert len(set(found)) == 4
            same(found, wanted)
        finally:
            cloudpickle.unregister_pickle_by_value(example)


# ---- xarray -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def xr():
    return pytest.importorskip("xarray")


@pytest.fixture(params=[False, True], ids=["numpy", "dask"])
def labelled(request, xr):
    array = xr.DataArray(
        DATA, dims=("time", "cell"), coords={"time": np.arange(60) * 2}, name="t", attrs={"units": "m"}
    )
    if request.param:
        pytest.importorskip("dask.array")
        array = array.chunk({"time": 25, "cell": 300})
    return array


class TestXarray:
    @one
    def test_calls_keep_names_coordinates_and_laziness(self, xr, labelled, function, plain):
        got = function(labelled)
        assert isinstance(got, xr.DataArray) and type(got.data) is type(labelled.data)
        assert got.dims == labelled.dims and got.name == "t" and got.attrs == labelled.attrs
        assert got.time.equals(labelled.time)
        same(got, plain(DATA))
        data = function(labelled.to_dataset(name="a"))
        assert isinstance(data, xr.Dataset)
        same(data["a"], plain(DATA))
        same(function(labelled.variable), plain(DATA))

    @one
    def test_the_other_ways_to_apply_a_function_give_the_same(self, xr, labelled, function, plain):
        if labelled.chunks:
            ways = [
                xr.apply_ufunc(function, labelled, dask="parallelized", output_dtypes=[float]),
                xr.apply_ufunc(function, labelled, dask="allowed"),
                xr.map_blocks(function, labelled, template=labelled),
            ]
            assert all(way.chunks for way in ways)
        else:
            ways = [xr.apply_ufunc(function, labelled)]
        ways.append(labelled.to_dataset(name="a").map(function)["a"])
        half = xr.DataArray(np.arange(60) // 30, dims="time", name="half")
        ways.append(labelled.groupby(half).map(function))
        for way in ways:
            same(way, plain(DATA))

    def test_arrays_are_aligned_by_their_coordinates_and_dimensions(self, xr, labelled):
        weights = xr.DataArray(np.arange(1.0, 501), dims="cell")
        same(weigh(labelled, weights), weigh(DATA, np.arange(1.0, 501)))
        later = labelled.isel(time=slice(10, None))
        same(weigh(labelled, later), weigh(DATA[10:], DATA[10:]))
        same(lanefn.add(later, labelled), DATA[10:] + DATA[10:])

    def test_several_results(self, labelled):
        for got, wanted in zip(both(labelled, 2.0), both(DATA, 2.0)):
            assert got.chunks is None or labelled.chunks
            assert (got.chunks is None) == (labelled.chunks is None)
            same(got, wanted)


# ---- pandas -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pd():
    return pytest.importorskip("pandas")


class TestPandas:
    @one
    def test_calls_give_what_they_got(self, pd, function, plain):
        values = DATA[0]
        series = pd.Series(values, index=pd.date_range("2020", periods=500), name="n")
        got = function(series)
        assert isinstance(got, pd.Series) and got.name == "n" and got.index.equals(series.index)
        same(got, plain(values))
        frame = pd.DataFrame({"a": values, "b": np.arange(500)})
        got = function(frame)
        assert isinstance(got, pd.DataFrame) and list(got) == ["a", "b"]
        same(got["a"], plain(values))
        same(got["b"], function(np.arange(500)))
        got = function(pd.Index(values))
        assert isinstance(got, pd.Index)
        same(got, plain(values))
        same(function(series, out=pd.Series(np.zeros(500), series.index)), plain(values))

    @one
    def test_the_other_ways_to_apply_a_function_give_the_same(self, pd, function, plain):
        values = DATA[0]
        frame = pd.DataFrame({"k": np.arange(500) % 7, "a": values})
        a = frame["a"]
        ways = [
            a.transform(function),
            a.apply(function),
            a.map(function),
            a.pipe(function),
            frame[["a"]].apply(function)["a"],
            frame.groupby("k")["a"].transform(function),
            frame.assign(b=lambda f: function(f.a))["b"],
        ]
        for way in ways:
            same(way.astype(float), plain(values))

    def test_series_are_aligned_by_their_index(self, pd):
        x = pd.Series([1.0, 2.0, 3.0], index=list("abc"))
        got = weigh(x, pd.Series([30.0, 10.0, 20.0], index=list("cab")))
        assert list(got.index) == list("abc")
        same(got, weigh([1.0, 2.0, 3.0], [10.0, 20.0, 30.0]))
        same(weigh(x, 2.0), weigh([1.0, 2.0, 3.0], 2.0))
        same(weigh(2.0, x), weigh(2.0, [1.0, 2.0, 3.0]))

    def test_missing_values_stay_missing(self, pd):
        for dtype in ("Float64", "Int64"):
            got = problem(pd.Series([1, None, 3], dtype=dtype))
            assert got.dtype == dtype and got.isna().tolist() == [False, True, False]
            assert got.dropna().tolist() == [0, 4]
        got = lanefn.exp(pd.Series([1, None, 3], dtype="Int64"))
        assert got.dtype == "Float64"
        same(got.dropna().astype(float), lanefn.exp([1.0, 3.0]))
        if _has("pyarrow"):
            got = problem(pd.Series([1, None, 3], dtype="float64[pyarrow]"))
            assert got.isna().tolist() == [False, True, False] and got.dropna().tolist() == [0, 4]

    def test_several_results_are_series(self, pd):
        x = pd.Series(DATA[0], name="n")
        for got, wanted in zip(both(x, 2.0), both(DATA[0], 2.0)):
            assert isinstance(got, pd.Series) and got.name == "n"
            same(got, wanted)

    @pytest.mark.parametrize("name", ["add", "pow", "truediv", "maximum", "equal", "eq"])
    def test_a_user_s_function_is_not_taken_for_another_of_its_name(self, pd, name, tmp_path):
        path = tmp_path / "named.py"
        path.write_text(f"def {name}(x, y):\n    return x * y + 100\n")
        function = lanefn.vectorize(getattr(imported(path), name))
        assert function.__name__ == name
        x = pd.Series(DATA[0])
        for f in (function, pickle.loads(pickle.dumps(function))):
            same(f(x, x), DATA[0] * DATA[0] + 100)
            same(f(x, y=2.0), DATA[0] * 2.0 + 100)
        assert function.reduce(x) == function.reduce(DATA[0])

    def test_operators_of_built_ins_are_pandas_own(self, pd):
        # As NumPy's are: pandas goes by the name.
        x, y = pd.Series([4, 5, 6]), pd.Series([2, 0, 3])
        for name in ("floor_divide", "pow", "add", "less"):
            wanted = getattr(np, name)(x, y)
            assert getattr(lanefn, name)(x, y).equals(wanted)
        assert lanefn.floor_divide(x, y)[1] == np.inf

    def test_arguments_with_defaults_and_excluded_ones(self, pd):
        x = pd.Series(DATA[0])
        scale = lanefn.vectorize(lambda x, k=3.0: x * k)
        same(scale(x), DATA[0] * 3)
        same(scale(x, k=x), DATA[0] * DATA[0])
        named = lanefn.vectorize(lambda x, how: x * 2 if how == "twice" else x, excluded={"how"})
        same(named(x, how="twice"), DATA[0] * 2)

    @pytest.mark.filterwarnings("ignore::lanefn.FallbackWarning")
    def test_strings_run_by_python(self, pd):
        length = lanefn.vectorize(lambda s: len(s))
        assert np.asarray(length(pd.Series(["a", "bcd"]))).tolist() == [1, 3]


def _has(package):
    return importlib.util.find_spec(package) is not None


# ---- polars -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pl():
    return pytest.importorskip("polars")


class TestPolars:
    @one
    def test_series_give_series(self, pl, function, plain):
        values = DATA[0]
        got = function(pl.Series("n", values))
        assert isinstance(got, pl.Series) and got.name == "n"
        same(got, plain(values))
        pieces = pl.concat([pl.Series("n", values[:100]), pl.Series("n", values[100:])], rechunk=False)
        same(function(pieces), plain(values))
        same(function(pl.Series("n", values)[3:-3]), plain(values[3:-3]))

    @one
    def test_nulls_stay_nulls(self, pl, function, plain):
        got = function(pl.Series([1.0, None, 3.0]))
        assert got.null_count() == 1
        same(got.drop_nulls(), plain(np.array([1.0, 3.0])))

    @one
    def test_expressions_eager_lazy_and_streaming(self, pl, function, plain):
        frame = pl.DataFrame({"a": DATA[0], "k": np.arange(500) % 5})
        ways = [function(pl.col("a")), pl.col("a").map_batches(function, return_dtype=pl.Float64)]
        for way in ways:
            same(frame.select(way)["a"], plain(DATA[0]))
            same(frame.lazy().select(way).collect()["a"], plain(DATA[0]))
            same(frame.lazy().select(way).collect(engine="streaming")["a"], plain(DATA[0]))
            same(frame.with_columns(way.over("k"))["a"], plain(DATA[0]))

    def test_several_columns_meet(self, pl):
        frame = pl.DataFrame({"a": DATA[0], "b": DATA[1]})
        same(weigh(frame["a"], frame["b"]), weigh(DATA[0], DATA[1]))
        same(weigh(frame["a"], 2.0), weigh(DATA[0], 2.0))
        same(frame.select(weigh(pl.col("a"), pl.col("b")))["a"], weigh(DATA[0], DATA[1]))

    def test_whole_numbers_keep_their_dtype(self, pl):
        more = lanefn.vectorize(lambda x: x + 1)
        for dtype in (pl.Int8, pl.UInt8, pl.Int16, pl.UInt32, pl.Int64, pl.UInt64, pl.Float32):
            for function in (more, lanefn.negative):
                got = function(pl.Series([1, 2, 0], dtype=dtype))
                assert got.dtype == dtype
                same(got, function(np.array([1, 2, 0], got.to_numpy().dtype)))

    def test_float32_stays_float32(self, pl):
        series, values = pl.Series([1.0, 0.5], dtype=pl.Float32), np.array([1.0, 0.5], "f4")
        for function in (getattr(lanefn, name) for name in lanefn._functions):
            if function.nout == 1 and f"{'f' * function.nin}->f" in function.types:
                got = function(*[series] * function.nin)
                assert got.dtype == pl.Float32, function
                same(got, function(*[values] * function.nin))


# ---- DataFusion and Arrow -----------------------------------------------------------------------------


def over_arrow(function):
    """A function of float64 Arrow arrays: it reads their buffers in place, and its result is one."""
    import pyarrow as pa

    def call(*arrays):
        values = [np.frombuffer(a.buffers()[1], np.float64, len(a), a.offset * 8) for a in arrays]
        valid = None
        if any(a.null_count for a in arrays):
            valid = ~np.logical_or.reduce([a.is_null().to_numpy(zero_copy_only=False) for a in arrays])
            valid = pa.py_buffer(np.packbits(valid, bitorder="little"))
        result = function(*values)
        return pa.Array.from_buffers(pa.float64(), len(result), [valid, pa.py_buffer(result)])

    return call


class TestArrow:
    @pytest.mark.parametrize("function", [lanefn.hypot, weigh], ids=["built-in", "user"])
    def test_buffers_are_not_copied(self, function):
        pa = pytest.importorskip("pyarrow")
        seen = []

        def spy(*values):
            seen.extend(values)
            seen.append(function(*values))
            return seen[-1]

        x, y = pa.array(DATA[0]), pa.array(DATA[1])[3:]
        got = over_arrow(spy)(x[3:], y)
        start = [a.buffers()[1].address + 24 for a in (x, y)]
        assert [v.ctypes.data for v in seen[:2]] == start
        assert got.buffers()[1].address == seen[2].ctypes.data
        same(got.to_numpy(), function(DATA[0, 3:], DATA[1, 3:]))

    @pytest.mark.parametrize("function", [lanefn.hypot, weigh], ids=["built-in", "user"])
    def test_a_datafusion_udf_has_the_bits_of_one_call(self, function):
        pa = pytest.importorskip("pyarrow")
        datafusion = pytest.importorskip("datafusion")
        n = 100_000
        rng = np.random.default_rng(8)
        x, y = rng.normal(size=n) + 10, rng.normal(size=n) + 20
        gone = rng.random(n) < 0.01
        table = pa.table({"i": np.arange(n), "x": x, "y": pa.array(y, mask=gone)})
        context = datafusion.SessionContext()
        context.from_arrow(table, name="t")
        number = pa.float64()
        context.register_udf(
            datafusion.udf(over_arrow(function), [number, number], number, "immutable", "f")
        )
        got = context.sql("select i, f(x, y) as r from t where i % 3 = 1 order by i").to_arrow_table()
        assert got["i"].to_pylist() == list(range(1, n, 3))
        result = got["r"].combine_chunks()
        same(result.is_null().to_numpy(zero_copy_only=False), gone[1::3])
        same(result.drop_null().to_numpy(), function(x, y)[1::3][~gone[1::3]])


# ---- joblib and thread limits -------------------------------------------------------------------------


class TestJoblib:
    @pytest.mark.parametrize("backend", ["loky", "threading"])
    def test_both_kinds_of_workers_have_the_bits_of_one_process(self, backend):
        joblib = pytest.importorskip("joblib")
        functions = [*(p.values for p in ONE), (Nest(1.5), Nest(1.5))]
        # Above max_nbytes arrays arrive as read-only files in memory.
        with joblib.Parallel(2, backend=backend, max_nbytes=10_000) as parallel:
            for x in (list(DATA[:6]), [DATA, DATA[::-1], DATA.T]):
                results = parallel(joblib.delayed(f)(part) for f, _ in functions for part in x)
                for got, wanted in zip(results, [plain(part) for _, plain in functions for part in x]):
                    same(got, wanted)

    @linux
    def test_the_limit_that_joblib_sets_is_honoured(self):
        joblib = pytest.importorskip("joblib")
        with joblib.parallel_config(backend="loky", n_jobs=2, inner_max_num_threads=3):
            for result, threads in joblib.Parallel()(joblib.delayed(large)(problem, 2) for _ in range(2)):
                assert result == problem(np.linspace(-3, 9, 400_000)).tobytes()
                assert threads == 3 - 1


@linux
@pytest.mark.parametrize(
    "variables, threads",
    [
        ({"OMP_NUM_THREADS": "1"}, 0),
        ({"OMP_NUM_THREADS": "3"}, 2),
        ({"OMP_NUM_THREADS": "3", "RAYON_NUM_THREADS": "2"}, 1),
        ({"OMP_NUM_THREADS": "3", "RAYON_NUM_THREADS": "2", "LANEFN_NUM_THREADS": "4"}, 3),
    ],
    ids=str,
)
def test_variables_that_limit_threads_are_honoured_and_bits_are_the_same(variables, threads):
    code = f"import test_engines as t; t.show({threads})"
    names = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "LANEFN_NUM_THREADS")
    env = {k: v for k, v in os.environ.items() if k not in names}
    folder = os.path.dirname(__file__)
    env |= {"PYTHONPATH": os.pathsep.join([folder, *sys.path]), **variables}
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, env=env, capture_output=True, text=True, timeout=60)
    *started, bits = done.stdout.split()
    assert started == [str(threads)] * len(LARGE), done.stderr
    assert bits == hashlib.sha256(b"".join(large(f, None)[0] for f in LARGE)).hexdigest()
