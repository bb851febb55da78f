"""What has been compiled in this process."""

from typing import NamedTuple

from ._lanefn import _cache_info


class CacheInfo(NamedTuple):
    """What `cache_info` returns, by the names of `functools.lru_cache`.

    Attributes
    ----------
    hits : int
        How often a function found what another of equal content had compiled.
    misses : int
        How often something was compiled.
    maxsize : int
        How many functions are kept.
    currsize : int
        How many are there now.

    See Also
    --------
    cache_info

    Examples
    --------
    >>> import lanefn
    >>> info = lanefn.cache_info()
    >>> 0 <= info.currsize <= info.maxsize
    True
    """

    hits: int
    misses: int
    maxsize: int
    currsize: int


def cache_info():
    """What has been compiled in this process, by functions of Python and expressions alike.

    Each content is compiled once for each combination of dtypes, by the first call with it. A child of a
    fork begins anew.

    Returns
    -------
    CacheInfo
        A named tuple: `misses` is how often something was compiled, `hits` how often a function found what
        another of equal content had compiled; it keeps what it has found, and only its first call with some
        dtypes is counted. `currsize` functions are there now, of `maxsize` that are kept.

    Examples
    --------
    >>> import lanefn, pickle
    >>> before = lanefn.cache_info()
    >>> f = lanefn.vectorize(lambda x: x * 3 + 0.0625)
    >>> g = pickle.loads(pickle.dumps(f))
    >>> lanefn.cache_info() == before
    True
    >>> float(f(1.0)), float(g(1.0))
    (3.0625, 3.0625)
    >>> after = lanefn.cache_info()
    >>> after.misses - before.misses, after.hits - before.hits
    (1, 1)
    """
    return CacheInfo(*_cache_info())
