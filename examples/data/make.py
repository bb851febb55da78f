"""Makes wind.npy from the Seattle weather record in the PyPI package vega_datasets.

    pip install --no-deps vega_datasets==0.9.0 && python examples/data/make.py

Needs nothing else: the record is a CSV file inside the package, and the .npy format is simple
enough to be written by hand. The bytes are those that numpy.save writes.
"""

import csv
import importlib.util
import pathlib
import struct

package = importlib.util.find_spec("vega_datasets")
if package is None:
    raise SystemExit("vega_datasets is missing: pip install --no-deps vega_datasets==0.9.0")
record = pathlib.Path(package.origin).parent / "_data" / "seattle-weather.csv"

with open(record, newline="") as file:
    wind = [float(row["wind"]) for row in csv.DictReader(file)]

header = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % len(wind)
header += " " * (-(10 + len(header) + 1) % 64) + "\n"
target = pathlib.Path(__file__).with_name("wind.npy")
with open(target, "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin1"))
    file.write(struct.pack("<%dd" % len(wind), *wind))
print(f"{target}: {len(wind)} days, {min(wind)} to {max(wind)} m/s")
