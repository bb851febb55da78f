"""lanefn.vectorize against np.vectorize, NumPy's own way of writing, and numba.

    python benches/python/run.py            all of it
    python benches/python/run.py --users    functions as people write them (users.py) alone

Makes an environment of its own under the target folder, builds the package into it (some minutes the first
time), and prints ratios: how many times longer the others take. The rounds take turns, one thread.
"""

import os
import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "python-bench"
PACKAGES = ["numba==0.68.1", "numpy==2.4.6"]


def environment():
    """The Python of the environment, with this package built anew."""
    python = HOME / "bin" / "python"
    if not python.exists():
        venv.create(HOME, with_pip=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PACKAGES], check=True)
    subprocess.run([*pip, "--no-deps", str(ROOT)], check=True)
    return python


def users():
    """How many of the functions in users.py compile, and what that is worth."""
    import math
    import time
    import warnings

    import numpy as np

    import lanefn
    from users import ARRAYS, NUMERIC, OBJECTS, SIZE

    lanefn.set_num_threads(1)
    warnings.simplefilter("ignore", lanefn.FallbackWarning)

    def least(function, args, runs):
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            function(*args)
            times.append(time.perf_counter() - start)
        return min(times)

    ratios, refused = {}, {}
    for function, names in NUMERIC:
        name = getattr(function, "__qualname__", repr(function))
        args = [ARRAYS[n] for n in names]
        loop = np.vectorize(function)
        try:
            ours = lanefn.vectorize(function, strict=True)
            with np.errstate(all="ignore"):
                got = ours(*args)
        except lanefn.Refusal as refusal:
            refused[name] = str(refusal)
            continue
        # np.vectorize has the dtype of its first result; told the right one, it gives the right numbers.
        dtypes = [g.dtype for g in got] if isinstance(got, tuple) else [got.dtype]
        wanted = np.vectorize(function, otypes=dtypes)(*args)
        for g, w in zip(*(r if isinstance(r, tuple) else (r,) for r in (got, wanted))):
            np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-12, err_msg=name)
        # Turn about, so that both meet the same machine.
        rounds = [(least(loop, args, 1), least(ours, args, 5)) for _ in range(3)]
        ratios[name] = min(r[0] for r in rounds) / min(r[1] for r in rounds)
    print(f"{len(NUMERIC)} functions of numbers as people write them, {SIZE} elements, one thread")
    print(f"  compile: {len(ratios)} of {len(NUMERIC)}, {len(ratios) / len(NUMERIC):.0%}")
    mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
    print(f"  np.vectorize takes {mean:.0f} times as long (geometric mean)")
    for name, ratio in sorted(ratios.items(), key=lambda r: r[1]):
        print(f"    {name:<36} {ratio:8.0f}")
    for name, reason in refused.items():
        print(f"  does not compile: {name}: {reason}")
    ratios = {}
    for function, names in OBJECTS:
        args = [ARRAYS[n][: SIZE // 10] for n in names]
        ours, loop = lanefn.vectorize(function), np.vectorize(function)
        got, wanted = ours(*args), np.vectorize(function, otypes=[object])(*args)
        assert all(g == w or g != g and w != w for g, w in zip(got.tolist(), wanted.tolist())), function
        rounds = [(least(loop, args, 1), least(ours, args, 1)) for _ in range(3)]
        ratios[function.__name__] = min(r[0] for r in rounds) / min(r[1] for r in rounds)
    mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
    print(f"{len(OBJECTS)} functions of strings, dates and objects, which Python runs")
    print(f"  np.vectorize takes {mean:.2f} times as long (geometric mean)")
    for name, ratio in sorted(ratios.items(), key=lambda r: r[1]):
        print(f"    {name:<36} {ratio:8.2f}")


def main():
    import gc
    import pickle
    import time

    import numba
    import numpy as np

    import lanefn

    lanefn.set_num_threads(1)

    def problem(arg):
        if arg > 2:
            return arg + 1
        else:
            return arg - 1

    def seconds(function, *args):
        """The least of some runs."""
        least, begin = float("inf"), time.perf_counter()
        while (start := time.perf_counter()) - begin < 0.002:
            function(*args)
            least = min(least, time.perf_counter() - start)
        return least

    def turns(rows, rounds=100):
        """The least of each row, the rows taking turns of some milliseconds: neighbours that make the machine
        slow for a while do so to all of them."""
        least = dict.fromkeys(rows, float("inf"))
        for _ in range(rounds):
            for name, (function, *args) in rows.items():
                least[name] = min(least[name], seconds(function, *args))
        return least

    def table(title, least, ours):
        print(title)
        for name, value in least.items():
            print(f"  {name:<24} {value * 1e9:14,.0f} ns   {value / least[ours]:10.2f}")

    gc.disable()
    ours = lanefn.vectorize(problem, otypes=[np.float64])
    loop = np.vectorize(problem, otypes=[np.float64])
    compiled = numba.vectorize(["float64(float64)"])(problem)
    print("numpy", np.__version__, "numba", numba.__version__, "lanefn", lanefn.__version__)
    assert ours.compiled
    x = np.random.default_rng(1).uniform(0, 4, 1_000_000)
    np.testing.assert_array_equal(ours(x), loop(x))
    out = np.empty_like(x)
    table(
        "a million float64 through problem; times lanefn's",
        turns(
            {
                "lanefn": (lambda: ours(x, out=out),),
                "lanefn, new array": (ours, x),
                "np.where": (lambda: np.where(x > 2, x + 1, x - 1),),
                "numba": (lambda: compiled(x, out=out),),
                "np.vectorize": (loop, x),
            }
        ),
        "lanefn",
    )
    for n in (4096, 65_536):
        few, result = x[:n].copy(), np.empty(n)
        rows = {
            "lanefn": (lambda: ours(few, out=result),),
            "numba": (lambda: compiled(few, out=result),),
        }
        table(f"{n} elements, output given", turns(rows), "lanefn")
    one = np.array([3.0])
    to = np.empty(1)
    table(
        "one element, output given",
        turns(
            {
                "lanefn.add": (lambda: lanefn.add(one, one, out=to),),
                "np.add": (lambda: np.add(one, one, out=to),),
                "lanefn, the function": (lambda: ours(one, out=to),),
                "numba, the function": (lambda: compiled(one, out=to),),
                "np.vectorize": (loop, one),
            }
        ),
        "lanefn.add",
    )
    table(
        "one element, a new array",
        turns(
            {
                "lanefn.add": (lambda: lanefn.add(one, one),),
                "np.add": (lambda: np.add(one, one),),
                "lanefn, the function": (lambda: ours(one),),
                "numba, the function": (lambda: compiled(one),),
            }
        ),
        "lanefn.add",
    )

    # First calls: functions that differ, so that nothing is found that was made before.
    def fresh(k):
        names = {}
        text = f"def f{k}(x):\n    return x + {k}.25 if x > {k} else x * {k}.5 - 1\n"
        name = HOME / f"fresh_{k}.py"
        name.write_text(text)
        exec(compile(text, str(name), "exec"), names)
        return names[f"f{k}"]

    def first(make, k):
        function = fresh(k)
        start = time.perf_counter()
        make(function)(one)
        return time.perf_counter() - start

    firsts = [first(lambda f: lanefn.vectorize(f, otypes=[float]), k) for k in range(1, 21)]
    numbas = [first(lambda f: numba.vectorize(["float64(float64)"])(f), k) for k in range(21, 24)]
    print(f"from source to a first result: lanefn {min(firsts) * 1e6:,.0f} us, numba {min(numbas) * 1e6:,.0f} us")
    data = pickle.dumps(ours)
    read = turns({"loads": (pickle.loads, data)})["loads"]
    print(f"pickle of {len(data)} bytes read in {read * 1e6:.1f} us")


if __name__ == "__main__":
    if "--here" in sys.argv:
        if "--users" not in sys.argv:
            main()
        users()
    else:
        python = environment()
        sys.exit(subprocess.run([python, __file__, "--here", *sys.argv[1:]], cwd=HOME).returncode)
