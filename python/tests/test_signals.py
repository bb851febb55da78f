"""Ctrl-C ends a long call, and nothing is lost."""

import os
import select
import signal
import subprocess
import sys
import time

import pytest

CODE = """
import sys, threading, time, os, signal
import numpy as np
import lanefn

x = np.full(20_000_000, 0.5)
own = lanefn.vectorize(lambda x: np.exp(x) * np.sin(x))

@lanefn.vectorize
def slow(a, b):
    for _ in range(3000):
        a = a * 0.5 + b
    return a

ones, indices = np.ones(1), np.zeros(100, int)
f = {
    "own": own,
    "built-in": lanefn.gamma,
    "reduction": lanefn.logaddexp.reduce,
    "at": lambda x: slow.at(ones, indices, 1.0),
}[sys.argv[1]]
f(x[:10])
assert own(x[:10]).size and own.compiled
if sys.argv[1] == "reduction":
    # A minute, if nobody stops it.
    x = np.broadcast_to(x[0], 3_000_000_000)
if sys.argv[1] == "at":
    # Some seconds.
    indices = np.zeros(1_000_000, int)
print("ready", flush=True)
try:
    while True:
        f(x)
except KeyboardInterrupt:
    print("interrupted", flush=True)
assert f is not own or np.array_equal(f(x[:5]), f(x)[:5])
print("works", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as Unix does")
@pytest.mark.parametrize("kind", ["own", "built-in", "reduction", "at"])
@pytest.mark.parametrize("threads", ["1", "2"])
def test_ctrl_c_ends_a_long_call_and_the_process_goes_on(kind, threads, tmp_path):
    # A file: a function whose source is nowhere would run by Python.
    program = tmp_path / "program.py"
    program.write_text(CODE)
    interrupted(program, kind, {**os.environ, "LANEFN_NUM_THREADS": threads})


def interrupted(program, kind, env):
    child = subprocess.Popen(
        [sys.executable, str(program), kind],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    )
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        begin = time.monotonic()
        # It may never come.
        assert select.select([child.stdout], [], [], 30)[0]
        assert child.stdout.readline() == "interrupted\n"
        # A second; a machine that does other things besides may take another.
        assert time.monotonic() - begin < 2
        rest = child.stdout.read()
        child.wait(timeout=30)
        assert child.returncode == 0 and rest.split() == ["works"]
    finally:
        child.kill()


ENDLESS = """
import sys
import numpy as np
import lanefn

@lanefn.vectorize
def forever(x):
    while x > 0:
        x = x * 0.5 + 1.0
    return x

@lanefn.vectorize
def both(a, b):
    while a + b > 0:
        a = a * 0.5 + 1.0
    return a

@lanefn.vectorize
def nested(x):
    n = 0.0
    while x > 0:
        y = x
        while y > 0:
            y = y * 0.5 + 1.0
            n = n + 1.0
        x = x + 1.0
    return n

many = np.zeros(400_000)
many[-1] = 1.0
f, x = {
    "one element": (forever, 1.0),
    "a loop in a loop": (nested, 1.0),
    "a few": (forever, np.ones(5000)),
    "the last of many": (forever, many),
    "reduce": (both.reduce, np.ones(3)),
    "accumulate": (both.accumulate, np.ones(3)),
    "outer": (lambda x: both.outer(x, x), np.ones(3)),
    "at": (lambda x: both.at(x.copy(), [2, 0], 1.0), np.ones(3)),
}[sys.argv[1]]
f(x * 0 - 1.0)
assert forever.compiled and both.compiled and nested.compiled
print("ready", flush=True)
try:
    f(x)
except KeyboardInterrupt:
    print("interrupted", flush=True)
assert forever(-2.0) == -2.0 and (forever(np.full(5000, -2.0)) == -2.0).all()
f(x * 0 - 1.0)
print("works", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as Unix does")
@pytest.mark.parametrize("level", ["baseline", None])
@pytest.mark.parametrize(
    "kind",
    ["one element", "a loop in a loop", "a few", "the last of many", "reduce", "accumulate", "outer", "at"],
)
def test_ctrl_c_ends_a_loop_without_end(kind, level, tmp_path):
    # The first level has no machine code.
    program = tmp_path / "program.py"
    program.write_text(ENDLESS)
    env = {**os.environ, "LANEFN_NUM_THREADS": "2"}
    if level:
        env["LANEFN_LEVEL"] = level
    interrupted(program, kind, env)
