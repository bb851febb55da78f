"""Functions after fork: in a thousand children in a row, while other threads compute, in children of children;
and signals, forkserver and the end of the interpreter.

The storms run in an interpreter of their own, so that nothing else has threads or locks in it.
"""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import lanefn

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

# Large enough that calls use the pool of threads.
LARGE = np.linspace(-3, 9, 100_000)
SMALL = LARGE[::300].copy()


@lanefn.vectorize
def problem(x):
    return x + 1 if x > 2 else x - 1


@lanefn.vectorize
def compiled_before(x):
    total = 0.0
    for k in range(4):
        total += x / (k + 1)
    return total


def calls(x):
    """A built-in, a user's function, and one that the parent has called: their bits."""
    return [f(x).tobytes() for f in (lanefn.exp, problem, compiled_before)]


def child(task, seconds=30):
    """Runs a task in a forked child. Raises if it raises, dies or hangs."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            task()
            code = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    end, nap = time.monotonic() + seconds, 0.0002
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0, f"a child ended with status {status}"
            return
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError(f"a child hung for {seconds} s")
        time.sleep(nap)
        nap = min(nap * 1.5, 0.01)


def equal(x, wanted):
    if calls(x) != wanted:
        raise AssertionError("other bits in the child")


def new_function():
    """Compiles something that the parent did not."""
    made = lanefn.vectorize(lambda x, y: x * y - 3)
    if made(2.0, 5.0) != 7.0 or made.reduce([1.0, 2.0]) != -1.0 or lanefn.evaluate("3 * 4") != 12:
        raise AssertionError("a new function is wrong")


def storm(n):
    """Children in a row, every twentieth with calls that use threads."""
    compiled_before(LARGE)
    small, large = calls(SMALL), calls(LARGE)
    for i in range(n):
        if i % 20:
            child(lambda: equal(SMALL, small))
        else:
            child(lambda: (equal(LARGE, large), new_function()))
    equal(LARGE, large)


def storm_beside_threads(n):
    """The same, while threads compute, compile and evaluate texts."""
    stop, wrong = threading.Event(), []
    small, large = calls(SMALL), calls(LARGE)
    # First uses while the process forks are another test's.
    new_function()

    def busy(seed):
        k = seed
        while not stop.is_set():
            k += 2
            made = lanefn.vectorize(lambda x: x * k)
            if calls(LARGE) != large or made(2.0) != 2.0 * k or lanefn.evaluate(f"1 + {k}") != 1 + k:
                wrong.append(k)

    threads = [threading.Thread(target=busy, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    try:
        for i in range(n):
            if i % 20:
                child(lambda: equal(SMALL, small))
            else:
                child(lambda: (equal(LARGE, large), new_function()))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong


def held_locks(n):
    """Forks at a moment when another thread holds what guards the texts of `evaluate`."""
    from lanefn import _evaluate

    for i in range(n):
        with _evaluate._lock:
            child(lambda: lanefn.evaluate(f"{i} + 1"), 5)


def first_uses(n):
    """Children that fork while their threads use for the first time what the parent has not used."""

    def task():
        threads = [threading.Thread(target=new_function) for _ in range(2)]
        for thread in threads:
            thread.start()
        end = time.perf_counter() + 0.004
        while time.perf_counter() < end:
            pass
        child(new_function, 5)
        for thread in threads:
            thread.join()

    for _ in range(n):
        child(task, 10)


def generations(n):
    """Children of children, each of which computes before and after its own."""
    large = calls(LARGE)

    def generation(left):
        equal(LARGE, large)
        new_function()
        if left:
            child(lambda: generation(left - 1))
        equal(LARGE, large)

    child(lambda: generation(n), 60)


def threads_in_children(n):
    """Children that start threads, which call one new function at once."""
    wanted = LARGE * 7 - 3

    def task():
        made = lanefn.vectorize(lambda x: x * 7 - 3)
        wrong = []

        def run():
            if made(LARGE).tobytes() != wanted.tobytes():
                wrong.append(1)

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if wrong:
            raise AssertionError("other bits in a thread of a child")

    calls(LARGE)
    for _ in range(n):
        child(task)


def slow_call(seconds):
    """A function and an argument whose call takes about so long."""

    @lanefn.vectorize
    def slow(x, n):
        k = 0
        while k < n:
            x = x * 1.0000001 + 1e-9
            k += 1
        return x

    x = np.ones(400_000)
    slow(x, 1)
    start = time.perf_counter()
    slow(x, 20)
    n = int(20 * seconds / (time.perf_counter() - start))
    return lambda: slow(x, n)


def ctrl_c(seconds):
    """Prints how long after Ctrl-C a call of so many seconds ends, and by what."""
    call = slow_call(float(seconds))
    sent = []

    def send():
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.2, send).start()
    try:
        call()
        time.sleep(1)
        print("nothing")
    except KeyboardInterrupt:
        print("KeyboardInterrupt", time.perf_counter() - sent[0])
    before = calls(LARGE)
    equal(LARGE, before)


def exit_beside_a_daemon(seconds):
    """The interpreter ends while a thread is in a call."""
    call = slow_call(float(seconds))
    threading.Thread(target=call, daemon=True).start()
    time.sleep(0.1)
    print("end")


def in_a_worker(x):
    return calls(x)


def forkserver(n):
    """A fork server that has the package and this module, and computed nothing yet."""
    import multiprocessing

    import test_forks

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["lanefn", "test_forks"])
    wanted = calls(LARGE)
    with context.Pool(2, maxtasksperchild=1) as pool:
        for got in pool.imap(test_forks.in_a_worker, [LARGE] * n, chunksize=1):
            assert got == wanted


def alone(task, amount, seconds=80, threads=2):
    """Runs a task of this file in an interpreter of its own and gives what it printed."""
    folder = os.path.dirname(os.path.abspath(__file__))
    names = ("RAYON_NUM_THREADS", "LANEFN_NUM_THREADS")
    env = {k: v for k, v in os.environ.items() if k not in names}
    env |= {"PYTHONPATH": os.pathsep.join([folder, *sys.path]), "OMP_NUM_THREADS": str(threads)}
    run = [sys.executable, __file__, task, str(amount)]
    done = subprocess.run(run, env=env, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("threads", [2, 1])
def test_a_thousand_forks_in_a_row(threads):
    alone("storm", 1000 if threads == 2 else 50, threads=threads)


def test_many_forks_while_other_threads_compute_and_compile():
    alone("storm_beside_threads", 200)


def test_a_lock_held_at_the_fork_does_not_stop_the_child():
    alone("held_locks", 2)


def test_forks_while_other_threads_use_things_for_the_first_time():
    alone("first_uses", 30)


def test_children_of_children_compute():
    alone("generations", 6)


def test_children_with_threads_of_their_own_compute():
    alone("threads_in_children", 20)


def test_a_forkserver_that_has_loaded_the_package():
    alone("forkserver", 6)


def test_the_interpreter_ends_while_a_thread_is_in_a_call():
    assert alone("exit_beside_a_daemon", 1.5).split() == ["end"]


def test_ctrl_c_ends_a_long_call_within_a_second_and_nothing_is_lost():
    what, after = alone("ctrl_c", 4).split()
    assert what == "KeyboardInterrupt" and float(after) < 1


if __name__ == "__main__":
    globals()[sys.argv[1]](int(sys.argv[2]) if sys.argv[2].isdigit() else sys.argv[2])
