"""Expressions: ``lanefn.evaluate`` and ``lanefn.compile``. A text is read, never run by Python."""

import os
import sys
import threading

import numpy as np

from . import _lanefn
from ._lanefn import _expression
from ._vectorize import _foreign

__all__ = ["compile", "evaluate"]

# The texts that were used last, and what they became.
_known = {}
_lock = threading.Lock()
if hasattr(os, "register_at_fork"):
    # Another thread may hold it while this one forks.
    os.register_at_fork(after_in_child=_lock._at_fork_reinit)
_KEPT = 256


def compile(text):
    """The function that an expression says, as a ufunc.

    Parameters
    ----------
    text : str
        An expression in Python's and NumPy's way of writing: arithmetic, comparisons, ``where``, ``a if c
        else b``, tables ``[1.0, 2.0][i]``, and every function of this package by its name. Its names are
        the inputs, in the order in which they first appear; ``x, y -> ...`` says another order.

    Returns
    -------
    ufunc
        It pickles by its content.

    Raises
    ------
    SyntaxError
        Where the text has no meaning.

    See Also
    --------
    evaluate, vectorize

    Examples
    --------
    >>> import numpy as np
    >>> import lanefn
    >>> f = lanefn.compile("x > 2 ? x + 1 : x - 1")
    >>> f(np.array([1.0, 2.0, 3.0]))
    array([0., 1., 4.])
    """
    return _expression(str(text), False)[0]


def evaluate(text, local_dict=None, global_dict=None, out=None, order="K", casting="safe"):
    """Evaluates an expression over arrays, as `numexpr.evaluate` does.

    Parameters
    ----------
    text : str
        The expression; see `compile`. It is never run as Python. The whole of it may be ``sum(...)``,
        ``prod(...)``, ``min(...)``, ``max(...)``, ``mean(...)``, ``any(...)`` or ``all(...)``, which make
        one value of all elements.
    local_dict, global_dict : mapping, optional
        Where its names are looked up, one after the other; by default the variables of the caller.
    out : ndarray or tuple of ndarrays, optional
        Where the results are written.
    order : {'K', 'A', 'C', 'F'}, optional
        The memory order of new results.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}, optional
        Which casts from results to `out` are allowed.

    Returns
    -------
    ndarray or tuple of ndarrays
        The results; arrays also where they have no axes. Of other types' arrays, such as dask's, what these
        types make of it.

    Raises
    ------
    SyntaxError
        Where the text has no meaning.
    KeyError
        If a name has no value.

    See Also
    --------
    compile

    Examples
    --------
    >>> import numpy as np
    >>> import lanefn
    >>> a = np.arange(3)
    >>> lanefn.evaluate("2 * a + 3 * a")
    array([ 0,  5, 10])
    """
    text = str(text)
    known = _known.get(text)
    if known is None:
        known = _expression(text, True)
        with _lock:
            if len(_known) >= _KEPT:
                _known.pop(next(iter(_known)))
            _known[text] = known
    of, reduction = known
    if local_dict is None:
        frame = sys._getframe(1)
        local_dict = frame.f_locals
        if global_dict is None:
            global_dict = frame.f_globals
    values = []
    for name in of._arguments:
        if name in local_dict:
            values.append(local_dict[name])
        elif global_dict is not None and name in global_dict:
            values.append(global_dict[name])
        elif of.nin == 1 and name == "unused":
            values.append(0)
        else:
            raise KeyError(name)
    if reduction is not None:
        return _reduced(np.asanyarray(of(*values)), *reduction, out)
    if out is None and _foreign(values):
        # They know neither order nor casting, and may be lazy.
        return of(*values)
    given = {} if out is None else {"out": out}
    results = of(*values, **given, order=order, casting=casting)
    if isinstance(results, tuple):
        return tuple(np.asanyarray(r) for r in results)
    return np.asanyarray(results)


def _reduced(values, name, function, out):
    """One value of all."""
    result = getattr(_lanefn, function).reduce(values, axis=None)
    if name == "mean":
        result = result / values.size
    if out is None:
        return np.asanyarray(result)
    np.copyto(out, result, casting="same_kind")
    return out
