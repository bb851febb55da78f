"""Times NumPy's ufuncs for benches/math.rs: a request a line on stdin, nanoseconds on stdout.

A request: function, dtype, number of elements, then the low and high end of each argument's range.
The answer: the least time of some calls with the output given, in nanoseconds an element.
"""

import sys
import time

import numpy as np

made = {}


def operands(dtype, n, ranges):
    key = (dtype, n, tuple(ranges))
    if key not in made:
        random = np.random.default_rng(1)
        made[key] = [random.uniform(low, high, n).astype(dtype) for low, high in ranges]
    return made[key]


for line in sys.stdin:
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
