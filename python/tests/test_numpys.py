"""NumPy's own tests of `np.vectorize`, from the installed package, with `lanefn.vectorize` in its place."""

import warnings

import numpy as np
import pytest

import lanefn

with warnings.catch_warnings():
    # Marks that NumPy's own configuration knows.
    warnings.simplefilter("ignore", pytest.PytestUnknownMarkWarning)
    import numpy.lib.tests.test_function_base as numpys

pytestmark = pytest.mark.filterwarnings("ignore::lanefn.FallbackWarning")


@pytest.fixture(autouse=True)
def in_its_place(monkeypatch):
    monkeypatch.setattr(np, "vectorize", lanefn.vectorize)
    monkeypatch.setattr(numpys, "vectorize", lanefn.vectorize)


TestVectorize = numpys.TestVectorize


def test_all_of_them_are_run():
    names = [n for n in vars(numpys.TestVectorize) if n.startswith("test_")]
    assert len(names) >= 40
    assert np.vectorize is lanefn.vectorize is numpys.vectorize
