"""Times NumPy for the benches: a request a line on stdin, nanoseconds on stdout.

`run CODE` executes a statement, `time CODE` gives the least nanoseconds of some runs of one; any other
request is that of benches/math.rs.

A request: function, dtype, number of elements, then the low and high end of each argument's range.
The answer: the least time of some calls with the output given, in nanoseconds an element.
"""

import sys
import time

import numpy as np

made = {}
names = {"np": np}


def operands(dtype, n, ranges):
    key = (dtype, n, tuple(ranges))
    if key not in made:
        random = np.random.default_rng(1)
        made[key] = [random.uniform(low, high, n).astype(dtype) for low, high in ranges]
    return made[key]


for line in sys.stdin:
    if line.startswith("run "):
        exec(line[4:], names)
        print("done", flush=True)
        continue
    if line.startswith("time "):
        code = compile(line[5:].strip(), "request", "exec")
        least = float("inf")
        begin = time.perf_counter_ns()
        runs = 0
        while runs < 2 or time.perf_counter_ns() - begin < 30_000_000:
            start = time.perf_counter_ns()
            exec(code, names)
            least = min(least, time.perf_counter_ns() - start)
            runs += 1
        print(least, flush=True)
        continue
    name, dtype, n, *ends = line.split()
    if name == "version":
        print(np.__version__, flush=True)
        continue
    n, ends = int(n), [float(end) for end in ends]
    function = getattr(np, name)
    x = operands(dtype, n, list(zip(ends[::2], ends[1::2])))
    with np.errstate(all="ignore"):
        out = function(*x)
        least = float("inf")
        begin = time.perf_counter_ns()
        while time.perf_counter_ns() - begin < 3_000_000:
            start = time.perf_counter_ns()
            function(*x, out=out)
            least = min(least, time.perf_counter_ns() - start)
    print(least / n, flush=True)
