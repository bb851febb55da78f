"""Functions of one element, run as branchless SIMD kernels over whole NumPy arrays.

Every function is a ``ufunc``, which is called as NumPy's are and has their methods. ``vectorize`` makes one
of an ordinary Python function, ``compile`` of an expression, and ``evaluate`` calls that at once.
"""

from . import _lanefn
from ._lanefn import *  # noqa: F403
from ._lanefn import __version__, _functions
from ._cache import CacheInfo, cache_info
from ._evaluate import compile, evaluate
from ._threads import num_threads
from ._vectorize import FallbackWarning, Refusal, from_bytes, vectorize

__all__ = [
    "CacheInfo",
    "FallbackWarning",
    "Refusal",
    "cache_info",
    "can_cast",
    "compile",
    "evaluate",
    "from_bytes",
    "get_num_threads",
    "num_threads",
    "promote_types",
    "result_type",
    "set_num_threads",
    "ufunc",
    "vectorize",
    *_functions,
]
