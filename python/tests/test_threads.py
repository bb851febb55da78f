"""How many threads calls use: settings, contexts, limits that others set."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import lanefn


def run(code, **variables):
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_context_counts_for_its_thread_and_is_put_back():
    before = lanefn.get_num_threads()
    seen = []
    with lanefn.num_threads(3):
        assert lanefn.get_num_threads() == 3
        with lanefn.num_threads(2):
            assert lanefn.get_num_threads() == 2
        assert lanefn.get_num_threads() == 3
        other = threading.Thread(target=lambda: seen.append(lanefn.get_num_threads()))
        other.start()
        other.join()
    assert lanefn.get_num_threads() == before
    assert seen == [before]


def test_a_context_is_put_back_after_an_exception():
    before = lanefn.get_num_threads()
    with pytest.raises(KeyError), lanefn.num_threads(3):
        raise KeyError
    assert lanefn.get_num_threads() == before


def test_the_setting_counts_from_then_on():
    code = "import lanefn; lanefn.set_num_threads(3); print(lanefn.get_num_threads())"
    assert run(code) == ["3"]


@pytest.mark.parametrize("name", ["LANEFN_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"])
def test_the_usual_variables_are_honoured(name):
    variables = {n: "" for n in ("LANEFN_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS")}
    code = "import lanefn; print(lanefn.get_num_threads())"
    assert run(code, **{**variables, name: "5"}) == ["5"]


@pytest.mark.parametrize("n", [0, 1 << 16])
def test_other_numbers_are_refused(n):
    with pytest.raises(ValueError, match=str(n)):
        lanefn.set_num_threads(n)
    with pytest.raises(ValueError, match=str(n)), lanefn.num_threads(n):
        pass


def test_results_do_not_depend_on_the_number():
    x = np.random.default_rng(1).normal(size=2_000_000)
    f = lanefn.vectorize(lambda x: x * 1.5 if x > 0 else np.exp(x))
    with lanefn.num_threads(1):
        want = f(x), lanefn.add.reduce(x)
    for n in (2, 3, 7):
        with lanefn.num_threads(n):
            assert np.array_equal(f(x), want[0]) and lanefn.add.reduce(x) == want[1]


def test_threadpoolctl_sees_and_limits():
    pytest.importorskip("threadpoolctl")
    code = """
import threadpoolctl, lanefn
lanefn.set_num_threads(4)
found = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "lanefn"]
with threadpoolctl.threadpool_limits(2, user_api="lanefn"):
    print(len(found), found[0]["num_threads"], lanefn.get_num_threads())
print(lanefn.get_num_threads())
"""
    assert run(code) == ["1", "4", "2", "4"]
