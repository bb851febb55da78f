"""What the tests share: dtypes, values, and how results are compared with NumPy's."""

import numpy as np

import lanefn

INTEGERS = [np.dtype(c) for c in "bhilBHIL"]
FLOATS = [np.dtype("f4"), np.dtype("f8")]
DTYPES = [np.dtype(bool), *INTEGERS, *FLOATS]

# Computed, not exact: NumPy has errors of its own here, so results may be this many units in the last
# place apart. The bounds of lanefn's own errors are held elsewhere, against better oracles.
ULPS = 4
APPROXIMATE = set(
    """exp exp2 expm1 log log2 log10 log1p pow power float_power cbrt hypot logaddexp logaddexp2
    sin cos tan asin arcsin acos arccos atan arctan atan2 arctan2 sinh cosh tanh asinh arcsinh acosh
    arccosh atanh arctanh deg2rad rad2deg degrees radians""".split()
)


def numpys(name):
    """NumPy's ufunc of this name, if it has one."""
    for module in (np, np._core.umath):
        found = getattr(module, name, None)
        if isinstance(found, np.ufunc):
            return found
    return None


SHARED = sorted(name for name in lanefn._functions if numpys(name))


def values(dtype, rng, count=12):
    """Special values of a dtype, and some at random."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        special = [0, 1, 2, 3, 7, info.min, info.min + 1, info.max, info.max - 1]
        if dtype.kind == "i":
            special += [-1, -2, -7]
        noise = rng.integers(info.min, info.max, count, dtype=dtype, endpoint=True)
        return np.concatenate([np.array(special, dtype), noise])
    info = np.finfo(dtype)
    special = [0.0, 1.0, 0.5, 1.5, 2.0, 2.5, 3.0, np.pi, info.tiny, info.smallest_subnormal, info.max]
    special += [info.eps, 1 + info.eps, 1e10, 709.0, 88.0, np.inf, np.nan]
    noise = rng.standard_normal(count) * 10.0 ** rng.integers(-5, 6, count)
    positive = np.concatenate([np.array(special, dtype), noise.astype(dtype)])
    return np.concatenate([positive, -positive])


def ulps(a, b):
    """How many numbers of their dtype apart; infinity against NaN."""
    bits = np.dtype(f"i{a.dtype.itemsize}")

    def ordered(x):
        i = x.view(bits)
        return np.where(i < 0, np.iinfo(bits).min - i, i)

    i, j = ordered(np.ascontiguousarray(a)), ordered(np.ascontiguousarray(b))
    apart = np.where(i > j, i.view(f"u{a.dtype.itemsize}") - j.view(f"u{a.dtype.itemsize}"),
                     j.view(f"u{a.dtype.itemsize}") - i.view(f"u{a.dtype.itemsize}"))
    apart = apart.astype(float)
    nan_a, nan_b = np.isnan(a), np.isnan(b)
    apart[nan_a & nan_b] = 0
    apart[nan_a != nan_b] = np.inf
    return apart


def same(got, wanted, within=0, signed_zeros=True):
    """Nothing if the results agree, otherwise what differs. With `within` 0 every bit is compared, but
    those of a NaN."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.dtype != wanted.dtype:
        return f"dtype {got.dtype}, NumPy has {wanted.dtype}"
    if got.shape != wanted.shape:
        return f"shape {got.shape}, NumPy has {wanted.shape}"
    if got.dtype.kind != "f":
        differs = got != wanted
    else:
        got, wanted = np.atleast_1d(got), np.atleast_1d(wanted)
        differs = ulps(got, wanted) > within
        if not signed_zeros:
            differs &= got != wanted
    if not differs.any():
        return None
    where = np.argwhere(differs)[0]
    at = tuple(where)
    return f"{differs.sum()} of {differs.size} differ; at {at}: {got[at]!r}, NumPy has {wanted[at]!r}"


def outcome(function, *args, **kwargs):
    """What a call gives, or the kind of its exception."""
    try:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        for kind in (OverflowError, np.exceptions.AxisError, IndexError, TypeError, ValueError):
            if isinstance(error, kind):
                return kind
        raise
