"""NumPy's validation sets of elementary functions, from the installed package, within lanefn's own bounds."""

from pathlib import Path

import numpy as np
import pytest

import lanefn

SETS = sorted((Path(np._core.__file__).parent / "tests" / "data").glob("umath-validation-set-*.csv"))


def rows(path, dtype):
    """Inputs and expected values of a dtype, which are written as their bits."""
    wanted = f"np.{dtype.name},"
    cells = [line.split(",") for line in path.read_text().splitlines() if line.startswith(wanted)]
    bits = np.array([[int(c[1], 16), int(c[2], 16)] for c in cells], f"u{dtype.itemsize}").reshape(-1, 2)
    return bits[:, 0].copy().view(dtype), bits[:, 1].copy().view(dtype)


def beyond(got, expected, bound):
    """Where results are farther than the bound from the truth, as far as the expected values tell.

    These are the truth, rounded to nearest. The truth `t` is then within half an `ulp(e)` of the expected `e`, and
    its own ULP is no larger than `ulp(e)`, the distance from `e` to the next number away from zero: should `t` lie
    in the binade below, it is half of that. So |got - t| <= bound * ulp(t) gives
    |got - e| <= (bound + 1/2) * ulp(e). Beyond the largest number, its ULP goes on.
    """
    top = np.finfo(got.dtype).max
    double = lambda x: np.asarray(x, np.longdouble)  # noqa: E731
    ulp = double(np.spacing(np.minimum(np.abs(expected), np.nextafter(top, 0, dtype=got.dtype))))
    after = double(top) + np.spacing(np.nextafter(top, 0, dtype=got.dtype))

    def finite(x):
        return np.where(np.isinf(x), np.copysign(after, double(x)), double(x))

    far = np.abs(finite(got) - finite(expected)) > (bound + 0.5) * ulp
    nan = np.isnan(expected)
    return np.where(nan, ~np.isnan(got), far | np.isnan(got) | (np.signbit(got) != np.signbit(expected)))


@pytest.mark.parametrize("path", SETS, ids=lambda p: p.stem.rpartition("-")[2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
def test_every_row_is_within_the_bound(path, dtype):
    function = getattr(lanefn, path.stem.rpartition("-")[2])
    dtype = np.dtype(dtype)
    x, expected = rows(path, dtype)
    assert len(x)
    with np.errstate(all="ignore"):
        got = function(x)
        wrong = beyond(got, expected, function.error_bounds[f"{dtype.char}->{dtype.char}"])
    assert got.dtype == dtype and not wrong.any(), [
        (a.item().hex(), b.item().hex(), c.item().hex()) for a, b, c in zip(x[wrong][:5], got[wrong], expected[wrong])
    ]


def test_the_sets_are_there_and_the_inequality_can_fail():
    assert len(SETS) >= 20
    one = np.array([1.0])
    assert not beyond(one, one, 0).any()
    assert beyond(np.nextafter(one, 2), one, 0.4).all() and not beyond(np.nextafter(one, 2), one, 0.5).any()
    assert beyond(one, np.nextafter(one, 2), 0.4).all() and beyond(-one * 0, one * 0, 9).all()
    assert beyond(one * np.inf, one * np.finfo(float).max, 0.4).all()
    assert not beyond(one * np.inf, one * np.finfo(float).max, 0.6).any() and beyond(one * np.nan, one, 9).all()
