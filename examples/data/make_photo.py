"""Makes photo.npy from the astronaut's photograph in the PyPI package scikit-image.

    pip install numpy pillow && pip install --no-deps scikit-image==0.25.2
    python examples/data/make_photo.py
"""

import importlib.util
import pathlib

import numpy as np
from PIL import Image

package = importlib.util.find_spec("skimage")
if package is None:
    raise SystemExit("scikit-image is missing: pip install --no-deps scikit-image==0.25.2")
photo = np.asarray(Image.open(pathlib.Path(package.origin).parent / "data" / "astronaut.png"))

# A square of it, as fractions of the largest value: what sRGB's curve is defined on.
square = photo[8:200, 128:320, :3].astype(np.float32) / np.float32(255)
target = pathlib.Path(__file__).with_name("photo.npy")
np.save(target, square)
print(f"{target}: {square.shape}, {square.min()} to {square.max()}")
