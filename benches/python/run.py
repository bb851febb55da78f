"""lanefn.vectorize against np.vectorize, NumPy's own way of writing, and numba.

    python benches/python/run.py

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


def main():
    import gc
    import pickle
    import time

    import numba
    import numpy as np

    import lanefn

    lanefn_threads = getattr(lanefn, "set_num_threads", None)
    if lanefn_threads:
        lanefn_threads(1)

    def problem(arg):
        if arg > 2:
            return arg + 1
        else:
            return arg - 1

    def seconds(function, *args):
        """The least of some runs."""
        least, begin, runs = float("inf"), time.perf_counter(), 0
        while runs < 3 or time.perf_counter() - begin < 0.05:
            start = time.perf_counter()
            function(*args)
            least = min(least, time.perf_counter() - start)
            runs += 1
        return least

    def turns(rows, rounds=5):
        """The least of each row, the rows taking turns."""
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
            },
            rounds=3,
        ),
        "lanefn",
    )
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
    print(f"pickle of {len(data)} bytes read in {seconds(pickle.loads, data) * 1e6:.1f} us")


if __name__ == "__main__":
    if "--here" in sys.argv:
        main()
    else:
        python = environment()
        sys.exit(subprocess.run([python, __file__, "--here"], cwd=HOME).returncode)
