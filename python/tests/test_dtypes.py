"""Casting and promotion are NumPy's for every pair of dtypes."""

import itertools

import numpy as np
import pytest

import lanefn
from oracle import DTYPES


@pytest.mark.parametrize("casting", ["no", "equiv", "safe", "same_kind", "unsafe"])
def test_can_cast_is_numpys(casting):
    for a, b in itertools.product(DTYPES, repeat=2):
        assert lanefn.can_cast(a, b, casting) == np.can_cast(a, b, casting), (a, b)


def test_promote_types_is_numpys():
    for a, b in itertools.product(DTYPES, repeat=2):
        # NumPy promotes two dtypes by this function; a float16 can't come of those that lanefn has.
        assert lanefn.promote_types(a, b) == np.promote_types(a, b), (a, b)


def test_result_type_is_numpys():
    for operands in itertools.product([*DTYPES, 1, 1.5, True], repeat=3):
        assert lanefn.result_type(*operands) == np.result_type(*operands), operands
    assert lanefn.result_type(np.zeros(1, "i1"), np.float32(1), 3) == np.float32
    with pytest.raises(ValueError):
        lanefn.result_type()


def test_dtypes_in_the_other_byte_order_are_the_same():
    assert lanefn.can_cast(">i4", "i8")
    assert lanefn.promote_types(">i4", ">f4") == np.float64


def test_can_cast_refuses_numbers_and_unknown_rules():
    with pytest.raises(TypeError):
        lanefn.can_cast(1, "f4")
    with pytest.raises(ValueError):
        lanefn.can_cast("i4", "f4", "perhaps")
