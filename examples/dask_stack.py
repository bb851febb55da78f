"""A stack of arrays that is larger than the memory of the workers, through a local dask cluster.

Each layer of the stack is made, computed on and summed up block by block. The functions are a built-in one and
one of a class that is made in ``__init__``; they travel to the workers as their content. A checksum over every
bit of the results says that they are those of one process, however the work was divided::

    python examples/dask_stack.py --layers 96 --memory 350
"""

import argparse
import hashlib
import time

import numpy as np

import lanefn

SIDE = 1024


class Soil:
    """A model of a field of cells."""

    def __init__(self, wilting, capacity):
        self.wilting, self.capacity = wilting, capacity
        self.uptake = lanefn.vectorize(self.uptake_of_a_cell, otypes=[np.float64])

    def uptake_of_a_cell(self, water):
        if water <= self.wilting:
            return 0.0
        share = (water - self.wilting) / (self.capacity - self.wilting)
        return share if share < 1 else 1.0 + 0.1 * (share - 1)


def layer(number):
    """The layer of a number: the same numbers wherever it is made."""
    return np.random.default_rng(number).normal(0.25, 0.1, (1, SIDE, SIDE))


def compute(soil, water):
    """What is computed of arrays of either kind, NumPy's or dask's."""
    return lanefn.exp(-water) * soil.uptake(water)


def digests(block):
    """A number of 60 bits for every layer, out of all bits of its results."""
    return np.array([int(hashlib.sha256(one.tobytes()).hexdigest()[:15], 16) for one in block])


def through_dask(soil, layers):
    """The digests of all layers, from the workers of the cluster that dask is connected to."""
    import dask.array as da

    # One block for each layer, which nobody has made yet.
    numbers = da.arange(layers, chunks=1)
    water = numbers.map_blocks(
        lambda n: layer(int(n[0])),
        dtype=np.float64,
        new_axis=[1, 2],
        chunks=((1,) * layers, (SIDE,), (SIDE,)),
    )
    result = compute(soil, water)
    assert result.shape == (layers, SIDE, SIDE)
    return result.map_blocks(digests, dtype=np.int64, drop_axis=[1, 2]).compute()


def through_one_process(soil, layers):
    """The same without dask, layer by layer."""
    return np.concatenate([digests(compute(soil, layer(n))) for n in range(layers)])


def main():
    from distributed import Client, LocalCluster

    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--layers", type=int, default=96, help="arrays of 8 MB in the stack")
    options.add_argument("--memory", type=int, default=350, help="MB that a worker may use")
    options = options.parse_args()

    soil = Soil(wilting=0.1, capacity=0.3)
    megabytes = options.layers * SIDE * SIDE * 8 / 1e6
    print(f"a stack of {megabytes:.0f} MB; two workers with {options.memory} MB each")

    workers = dict(n_workers=2, threads_per_worker=1, memory_limit=f"{options.memory}MB")
    with LocalCluster(dashboard_address=None, **workers) as cluster, Client(cluster):
        start = time.perf_counter()
        found = through_dask(soil, options.layers)
        print(f"dask cluster: {time.perf_counter() - start:.1f} s")

    start = time.perf_counter()
    wanted = through_one_process(soil, options.layers)
    print(f"one process: {time.perf_counter() - start:.1f} s")

    same = np.array_equal(found, wanted)
    print("every bit is the same" if same else "the results differ")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
