"""Ctrl-C ends a long call, and nothing is lost."""

import os
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
    for _ in range(300):
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
    indices = np.zeros(10_000_000, int)
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
    child = subprocess.Popen(
        [sys.executable, str(program), kind],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LANEFN_NUM_THREADS": threads},
    )
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    begin = time.monotonic()
    assert child.stdout.readline() == "interrupted\n"
    # A second; a machine that does other things besides may take another.
    assert time.monotonic() - begin < 2
    rest = child.stdout.read()
    child.wait(timeout=30)
    assert child.returncode == 0 and rest.split() == ["works"]
