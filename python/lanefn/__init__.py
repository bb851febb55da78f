"""Functions of one element, run as branchless SIMD kernels over whole NumPy arrays.

Every function is a ``ufunc``, which is called as NumPy's are and has their methods.
"""

from . import _lanefn
from ._lanefn import *  # noqa: F403
from ._lanefn import __version__, _functions

__all__ = ["can_cast", "promote_types", "result_type", "ufunc", *_functions]
