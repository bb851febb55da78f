"""The examples in docstrings, and the program of examples/problem_class.py."""

import doctest
import subprocess
import sys
from pathlib import Path

import lanefn._evaluate
import lanefn._vectorize
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", [lanefn._evaluate, lanefn._vectorize], ids=lambda m: m.__name__)
def test_the_examples_of_docstrings_hold(module):
    result = doctest.testmod(module)
    assert result.attempted >= 5 and not result.failed


def test_everything_public_has_words():
    for name in lanefn.__all__:
        assert getattr(lanefn, name).__doc__, name
    for name, value in vars(lanefn.vectorize).items():
        if not name.startswith("_"):
            assert value.__doc__, name


def test_the_program_of_the_problem_runs():
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/problem_class.py"), "fork", "spawn", "forkserver"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    for method in ("fork", "spawn", "forkserver"):
        assert f"{method}, before use" in done.stdout and f"{method}, after use" in done.stdout
    assert "np.vectorize" in done.stdout
