"""``lanefn.vectorize``: ``np.vectorize``'s interface, compiled where the function allows it."""

import builtins
import copy
import inspect
import json
import operator
import pickle
import sys
import types
import warnings

import numpy as np

from ._lanefn import _Builder, _Calls, _made, ufunc
from ._values import Refusal, is_number, is_simple, name_of

__all__ = ["FallbackWarning", "Refusal", "from_bytes", "vectorize"]

MAGIC = b"lanefn vectorize 1\n"
KEYWORDS = ("out", "where", "casting", "order", "dtype", "subok", "signature")
_NONE = np._NoValue


class FallbackWarning(UserWarning):
    """A function can't be compiled and runs as Python, element by element.

    The message names the line and the construct. `vectorize` gives it once for each function; with
    ``strict=True`` it raises `Refusal` in its place.

    See Also
    --------
    Refusal, vectorize

    Examples
    --------
    >>> import warnings
    >>> import lanefn
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     f = lanefn.vectorize(lambda name: len(name.split("-")))
    >>> caught[0].category
    <class 'lanefn._vectorize.FallbackWarning'>
    >>> f(["a-b", "a-b-c"])
    array([2, 3])
    """


class _Python(np.vectorize):
    """``np.vectorize``, but for its dtype: all results decide that, not the first one alone."""

    def _vectorize_call(self, func, args):
        if self.signature is not None or self.otypes is not None or not args:
            return super()._vectorize_call(func, args)
        of, otypes = self._get_ufunc_and_otypes(func=func, args=args)
        outputs = of(*[np.asanyarray(a, dtype=object) for a in args])
        if of.nout == 1:
            return _unified(outputs, otypes[0])
        return tuple(_unified(o, t) for o, t in zip(outputs, otypes))


def _unified(results, first):
    """Results as the dtype of the first one, or the one in which it meets the others."""
    dtype = np.dtype(first)
    if dtype.kind in "biufc":
        flat = results.ravel() if isinstance(results, np.ndarray) else [results]
        for kind in set(map(type, flat)):
            if kind in (int, float, complex):
                dtype = np.result_type(dtype, kind(0))
            elif kind is not bool and issubclass(kind, np.generic):
                dtype = np.result_type(dtype, kind)
    return np.asanyarray(results, dtype=dtype if dtype != np.dtype(first) else first)


class _Parameters:
    """The parameters of a function: which must be given, and which have defaults."""

    def __init__(self, required, optional, names):
        # The required ones are names or, of builtins, numbers; the optional ones have names.
        self.required, self.optional, self.names = required, optional, names

    @classmethod
    def of(cls, function):
        code = getattr(function, "__code__", None)
        if type(function) is types.FunctionType and not code.co_flags & 0x0C:
            names = list(code.co_varnames[: code.co_argcount])
            defaults = function.__defaults__ or ()
            n = len(names) - len(defaults)
            optional = dict(zip(names[n:], defaults))
            required, only = names[:n], function.__kwdefaults__ or {}
            for name in code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]:
                if name in only:
                    optional[name] = only[name]
                else:
                    required.append(name)
            return cls(required, optional, names)
        if isinstance(function, (np.ufunc, ufunc)):
            return cls(list(range(function.nin)), {}, [])
        if type(function) is types.MethodType:
            inner = cls.of(function.__func__)
            if not inner.names:
                raise Refusal("a method without a named self")
            first = inner.names[0]
            inner.names = inner.names[1:]
            inner.required = [n for n in inner.required if n != first]
            return inner
        inner = getattr(function, "pyfunc", None)
        if isinstance(function, (np.vectorize, vectorize)) and callable(inner):
            return cls.of(inner)
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            raise Refusal(f"the parameters of {name_of(function)} are not known") from None
        required, optional, names = [], {}, []
        for i, p in enumerate(signature.parameters.values()):
            if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
                raise Refusal(f"{name_of(function)} takes any number of arguments")
            named = p.kind != p.POSITIONAL_ONLY
            if p.default is not p.empty:
                if named:
                    optional[p.name] = p.default
            else:
                required.append(p.name if named else i)
            if named and p.kind != p.KEYWORD_ONLY:
                names.append(p.name)
        return cls(required, optional, names)


def _weak(value):
    """Whether a default can become an input: a number as Python writes it."""
    return type(value) is float or (type(value) is int and -(2**63) <= value < 2**63)


class vectorize(_Calls):
    """vectorize(pyfunc=np._NoValue, otypes=None, doc=None, excluded=None, cache=False, signature=None, *, strict=False)

    A function of one element as a function of whole arrays.

    It is used as `numpy.vectorize` is. An ordinary function of numbers is compiled: it then runs on SIMD
    lanes and all cores, looks like a ufunc, and pickles by its content. Any other function runs by Python,
    one element at a time, and a `FallbackWarning` says why.

    Parameters
    ----------
    pyfunc : callable, optional
        A function of numbers. Without it, the object is a decorator.
    otypes : str or list of dtypes, optional
        The dtypes of the results. Without it they follow from the dtypes of the arguments, as if the
        function were called with NumPy's scalars.
    doc : str, optional
        The docstring; that of `pyfunc` otherwise.
    excluded : set, optional
        Names or positions of arguments that are passed as they are, and are constants when the function
        is compiled.
    cache : bool, optional
        Whether a function that runs by Python is spared the first call, which finds the dtype.
    signature : str, optional
        A generalised signature, such as ``(m,n),(n)->(m)``. Such functions run by Python.
    strict : bool, optional
        Whether to raise what otherwise is a `FallbackWarning`.

    Attributes
    ----------
    pyfunc : callable
        The function; None if the object comes from a pickle.
    excluded : set
        As it was given.
    cache : bool
        As it was given.
    nin, nout, nargs : int
        The numbers of inputs, results, and both.
    types : list of str
        The dtypes that it computes with, as letters; for all inputs of one dtype.

    Methods
    -------
    reduce, accumulate, reduceat, outer, at
        Those of `ufunc`, if the function is compiled.
    explain, refresh, to_bytes, as_numpy_ufunc
        What it was compiled to; compiling anew; the function for other processes, and for NumPy.

    Raises
    ------
    Refusal
        With `strict`, where the function can't be compiled.

    See Also
    --------
    numpy.vectorize

    Examples
    --------
    >>> import numpy as np
    >>> import lanefn
    >>> @lanefn.vectorize
    ... def problem(x):
    ...     return x + 1 if x > 2 else x - 1
    >>> problem(np.array([1.0, 2.0, 3.0]))
    array([0., 1., 4.])
    """

    def __init__(
        self,
        pyfunc=_NONE,
        otypes=None,
        doc=None,
        excluded=None,
        cache=False,
        signature=None,
        *,
        strict=False,
    ):
        # It checks its arguments, and reports what is wrong with them.
        python = _Python(pyfunc, otypes, doc, excluded, cache, signature)
        self._begin(python, pyfunc, python.otypes, doc, python.excluded, cache, signature, strict)
        if pyfunc is not _NONE:
            self._name(pyfunc)
            self._compile(creating=True)

    def _begin(self, python, pyfunc, otypes, doc, excluded, cache, signature, strict):
        self._python, self.pyfunc, self._otypes, self._doc = python, pyfunc, otypes, doc
        self.excluded, self.cache, self._signature, self._strict = excluded, cache, signature, strict
        self._warned = self._settled = False
        self._primary = self._full = self._refusal = self._parameters = None
        self._translations = {}

    def _name(self, pyfunc):
        name = name_of(pyfunc)
        self.__name__ = name
        self.__qualname__ = getattr(pyfunc, "__qualname__", name)
        self.__module__ = getattr(pyfunc, "__module__", None)
        self.__doc__ = getattr(pyfunc, "__doc__", None) if self._doc is None else self._doc

    # ---- compiling ----------------------------------------------------------------------------------

    def _compile(self, creating=False):
        """Compiles what calls with the required arguments run, or finds out why it can't be."""
        self._settled, self._primary, self._full, self._refusal = True, None, None, None
        self._translations = {}
        try:
            if self._signature is not None:
                raise Refusal("a function with signature= works on arrays, not on numbers")
            self._parameters = _Parameters.of(self.pyfunc)
            if not self._parameters.required and not self._parameters.optional:
                raise Refusal("the function has no arguments")
            if not self.excluded:
                first = self._parameters.required or list(self._parameters.optional)[:1]
                self._primary = self._translated(first, {})
        except Refusal as refusal:
            if creating and refusal.construct.endswith("is not defined"):
                # It may be by the time of the first call.
                self._settled = False
            elif self._strict:
                raise
            else:
                self._refusal = refusal
                self._warn(refusal, 4 if creating else 5)
        self._route()

    def _translated(self, inputs, constants):
        """A ufunc of these inputs. What is in neither has its default."""
        # What compiles is read by those alone who compile.
        from ._translate import translate

        made = translate(self.pyfunc, inputs, constants, _Builder)
        doc = self.__doc__ if isinstance(self.__doc__, str) else ""
        try:
            return made.builder.finish(_apart(self._called()), doc, tuple(made.raises) or None)
        except TypeError as error:
            raise Refusal(str(error)) from None

    def _words(self):
        """The docstring for bytes: all of what was given for it, or how that of the function begins."""
        doc = self.__doc__
        if not isinstance(doc, str) or self._doc is not None:
            return self._doc
        return doc if len(doc) < 300 else doc.partition("\n\n")[0][:300]

    def _called(self):
        return str(getattr(self, "__name__", None) or name_of(self.pyfunc))

    def _warn(self, refusal, level):
        if not self._warned:
            self._warned = True
            name = self._called()
            warnings.warn(f"{name} runs by Python: {refusal}", FallbackWarning, stacklevel=level)

    def _route(self):
        """Lets calls go straight to the ufunc, where nothing stands against it."""
        of = self._primary
        if of is not None and self._otypes is not None:
            of = self._giving(of)
        if of is None or self.excluded or self._signature is not None:
            self._set_ready(None, False, False)
            return
        # Where other types would take the name for that of another function, `_run` looks at the operands.
        looks = _taken(self._called(), of.nout)
        p = self._parameters
        own = {*p.names, *p.optional, *p.required}
        self._set_ready(of, not looks, own.isdisjoint(KEYWORDS))

    def _giving(self, of):
        """A ufunc with the dtypes that `otypes` asks for; None if it can't give them."""
        if of is None or self._otypes is None:
            return of
        try:
            return of._giving([np.dtype(t) for t in self._otypes])
        except (TypeError, ValueError):
            return None

    def _all(self):
        """The ufunc of all arguments that are numbers, those with defaults too; None if there is none."""
        if self._full is None:
            self._full = (None,)
            p = self._parameters
            more = [n for n, v in p.optional.items() if _weak(v)] if p is not None else []
            if more and self.pyfunc is not None and self._primary is not None:
                try:
                    self._full = (self._translated(self._order([*p.required, *more]), {}), more)
                except Refusal:
                    pass
        return self._full

    def _order(self, names):
        """Names in the order of the parameters."""
        order = {n: i for i, n in enumerate(self._parameters.names)}
        return sorted(names, key=lambda n: order.get(n, len(order)))

    # ---- calling ------------------------------------------------------------------------------------

    def _failed(self, error, args):
        """A call for whose operands there is no loop: Python's results, or its error."""
        own = _over_dask(self._ready, args)
        if own is not None:
            return own
        if self.pyfunc is None:
            raise error
        return self._by_python(args, {}, Refusal(str(error)))

    def _by_python(self, args, kwargs, why=None):
        if self.pyfunc is None:
            p = self._parameters
            for name in kwargs:
                if name not in (*p.names, *p.required, *p.optional):
                    # Polars knows by this text that it is to call without the name.
                    raise TypeError(f"{self._called()}() got an unexpected keyword argument '{name}'")
            raise TypeError(
                f"{self._called()} can't be called so: it was loaded from its compiled form alone, and this"
                " call needs its Python function"
            )
        if why is not None:
            if self._strict:
                raise why
            self._warn(why, 4)
        python = self._python
        python.pyfunc, python.otypes, python.cache = self.pyfunc, self._otypes, self.cache
        return python._call_as_normal(*args, **kwargs)

    def _call(self, args, kwargs):
        """A call that does not go straight to the ufunc."""
        kwargs = kwargs or {}
        if self.pyfunc is _NONE:
            if len(args) != 1 or kwargs or not callable(args[0]):
                raise TypeError("a decorator takes one function")
            self.pyfunc = args[0]
            self._name(args[0])
            self._compile(creating=True)
            return self
        if not self._settled:
            self._compile()
            return self(*args, **kwargs)
        if self._refusal is not None or not (args or kwargs):
            return self._by_python(args, kwargs)
        p = self._parameters
        known = set(p.names) | set(p.optional) | {n for n in p.required if isinstance(n, str)}
        how = {k: v for k, v in kwargs.items() if k in KEYWORDS and k not in known}
        given = {k: v for k, v in kwargs.items() if k not in how}
        if self.excluded:
            return self._with_constants(args, given, how, self.excluded)
        ordered, extra = self._arguments(args, given, how)
        if ordered is None:
            words = self._words_among(args, given) if extra is not None else ()
            if words:
                return self._with_constants(args, given, how, words)
            return self._by_python(args, kwargs, extra)
        of, inputs = ordered
        if of is self._primary and self._ready is not None:
            of = self._ready
        else:
            of = self._giving(of)
        if of is None:
            return self._by_python(args, kwargs)
        try:
            return self._run(of, (*inputs, *extra), how)
        except (TypeError, OverflowError) as error:
            if how or extra or self.pyfunc is None or _numbers(inputs):
                raise
            return self._by_python(args, kwargs, Refusal(str(error)))

    def _run(self, of, args, how):
        """Calls a ufunc. Other types' own `__array_ufunc__` gets `of`, which has no other arguments or results
        than these and a name of its own, and not this object."""
        own = _over_dask(of, args) if not how else None
        if own is not None:
            return own
        if (of is not self._ready or self.excluded) and _foreign(args):
            return of(*args, **how)
        return self._through(of, args, how or None)

    def _arguments(self, args, given, how):
        """The ufunc for these arguments and its inputs, and outputs given by position; or None and, if it
        is worth a word, why there is none."""
        p = self._parameters
        required = p.required or list(p.optional)[:1]
        if not given and len(args) == len(required) + self.nout and len(args) > len(p.names):
            return (self._primary, args[: len(required)]), args[len(required) :]
        if len(args) > max(len(p.names), len(required)):
            return None, None
        names = p.names if p.names else required
        values = dict(zip(names, args))
        if any(k in values for k in given):
            return None, None
        values.update(given)
        if any(n not in values for n in p.required):
            return None, None
        if any(n not in p.optional and n not in p.required for n in values):
            return None, None
        if set(values) == set(required):
            return (self._primary, [values[n] for n in required]), ()
        full, *more = self._all()
        if full is None:
            return None, None
        for n in more[0]:
            values.setdefault(n, p.optional[n])
        inputs = self._order([*p.required, *more[0]])
        if any(n not in inputs for n in values):
            return None, Refusal("an argument is given whose default is no number")
        return (full, [values[n] for n in inputs]), ()

    def _words_among(self, args, given):
        """The arguments that surely are no arrays, by place or name."""
        pairs = [*enumerate(args), *given.items()]
        return {k for k, v in pairs if v is None or isinstance(v, (str, bool))}

    def _with_constants(self, args, given, how, excluded):
        """A call with excluded arguments: they are constants, and each has a translation of its own."""
        if self.pyfunc is None:
            return self._by_python(args, given)
        names = self._parameters.names
        constants, inputs, values = {}, [], []
        for i, value in enumerate(args):
            name = names[i] if i < len(names) else i
            if i in excluded:
                constants[name] = value
            else:
                inputs.append(name)
                values.append(value)
        for name, value in given.items():
            if name in excluded:
                constants[name] = value
            else:
                inputs.append(name)
                values.append(value)
        if not inputs:
            return self._by_python(args, given)
        try:
            key = (tuple(inputs), tuple((k, _key(v)) for k, v in sorted(constants.items())))
        except TypeError:
            key = None
        of = self._translations.get(key)
        if of is None:
            try:
                of = self._translated(inputs, constants)
            except Refusal as refusal:
                of = refusal
            if key is not None:
                if len(self._translations) > 64:
                    self._translations.clear()
                self._translations[key] = of
        if isinstance(of, Refusal):
            return self._by_python(args, {**given, **how}, of)
        of = self._giving(of)
        if of is None:
            return self._by_python(args, {**given, **how})
        try:
            return self._run(of, tuple(values), how)
        except (TypeError, OverflowError) as error:
            if how or _numbers(values):
                raise
            return self._by_python(args, given, Refusal(str(error)))

    # ---- what it looks like -------------------------------------------------------------------------

    @property
    def otypes(self):
        """The dtypes of the results as `numpy.vectorize` keeps them: a str or list of dtypes, or None. They can be
        set.

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> f = lanefn.vectorize(lambda x: 2 * x, otypes="f")
        >>> f.otypes
        'f'
        >>> f(np.arange(3))
        array([0., 2., 4.], dtype=float32)
        """
        return self._otypes

    @otypes.setter
    def otypes(self, otypes):
        self._otypes = otypes
        self._route()

    @property
    def nin(self):
        """The number of arguments that have no default: an int.

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> lanefn.vectorize(lambda x, y, scale=2.0: scale * (x + y)).nin
        2
        """
        if self._primary is not None:
            return self._primary.nin
        return len(self._parameters.required) if self._parameters is not None else 1

    @property
    def nout(self):
        """The number of results: an int.

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> lanefn.vectorize(lambda x: (x - 1, x + 1)).nout
        2
        """
        if self._primary is not None:
            return self._primary.nout
        return len(self._otypes) if self._otypes is not None else 1

    @property
    def nargs(self):
        """The number of arguments and results: an int.

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> lanefn.vectorize(lambda x, y: x * y).nargs
        3
        """
        return self.nin + self.nout

    @property
    def types(self):
        """The dtypes that it computes with, as NumPy's letters: a list of str, for all inputs of one dtype.

        A function that runs by Python takes objects.

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> lanefn.vectorize(lambda x: x / 2).types[-2:]
        ['d->d', '?->d']
        """
        of = self._giving(self._primary)
        if of is None:
            return ["O" * self.nin + "->" + "O" * self.nout]
        # In NumPy's order, truths apart: polars takes the first one to which it can cast.
        return sorted(of.types, key=lambda t: "bBhHiIlLqQfd?".find(t[0]))

    @property
    def ntypes(self):
        """The number of `types`: an int.

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> f = lanefn.vectorize(lambda x: x / 2)
        >>> f.ntypes == len(f.types)
        True
        """
        return len(self.types)

    @property
    def identity(self):
        """None: what a reduction of no elements gives is not known.

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> print(lanefn.vectorize(lambda x, y: x + y).identity)
        None
        """
        return None

    @property
    def signature(self):
        """The generalised signature: a str, or None for a function of elements.

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> print(lanefn.vectorize(lambda x: 2 * x).signature)
        None
        """
        return self._signature

    @property
    def compiled(self):
        """Whether it runs compiled: a bool. What can be compiled only later, since a name is not defined yet,
        is tried once more here.

        See Also
        --------
        vectorize.explain

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> lanefn.vectorize(lambda x: x + 1).compiled
        True
        """
        if not self._settled and self.pyfunc is not _NONE:
            self._compile()
        return self._primary is not None

    def __repr__(self):
        if self.pyfunc is _NONE:
            return "<lanefn.vectorize decorator>"
        how = "" if self._primary is not None or not self._settled else " by Python"
        return f"<lanefn.vectorize '{self._called()}'{how}>"

    def _method(self, name):
        if not self.compiled:
            raise TypeError(f"{self._called()} runs by Python and has no {name}()")
        of = self._giving(self._primary)
        if of is None:
            raise TypeError(f"{name}() can't give the dtypes {self._otypes}")
        return getattr(of, name)

    def reduce(self, *args, **kwargs):
        """Joins the elements along axes, from the first to the last; as `ufunc.reduce`.

        Parameters
        ----------
        *args, **kwargs
            ``array, axis=0, dtype=None, out=None, keepdims=False, initial=<no value>, where=True``, as there.

        Returns
        -------
        ndarray or scalar
            Of the shape of the array without the axes that are joined.

        Raises
        ------
        TypeError
            If the function runs by Python, or has no loop for the dtype.
        ValueError
            If it has not two inputs and one result, or there are no elements and no `initial`.

        See Also
        --------
        ufunc.reduce

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> f = lanefn.vectorize(lambda x, y: x * 10 + y)
        >>> f.reduce(np.array([[1, 2, 3], [4, 5, 6]]), axis=1)
        array([123, 456])
        """
        return self._method("reduce")(*args, **kwargs)

    def accumulate(self, *args, **kwargs):
        """Every result of `reduce` on the way; as `ufunc.accumulate`.

        Parameters
        ----------
        *args, **kwargs
            ``array, axis=0, dtype=None, out=None``, as there.

        Returns
        -------
        ndarray
            Of the shape of the array.

        Raises
        ------
        TypeError
            If the function runs by Python, or has no loop for the dtype.
        ValueError
            If it has not two inputs and one result.

        See Also
        --------
        ufunc.accumulate

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> f = lanefn.vectorize(lambda x, y: x * 10 + y)
        >>> f.accumulate(np.array([1, 2, 3, 4]))
        array([   1,   12,  123, 1234])
        """
        return self._method("accumulate")(*args, **kwargs)

    def reduceat(self, *args, **kwargs):
        """`reduce` over slices; as `ufunc.reduceat`.

        Parameters
        ----------
        *args, **kwargs
            ``array, indices, axis=0, dtype=None, out=None``, as there.

        Returns
        -------
        ndarray
            Of the shape of the array, with as many elements along the axis as there are indices.

        Raises
        ------
        TypeError
            If the function runs by Python, or has no loop for the dtype.
        ValueError
            If it has not two inputs and one result.
        IndexError
            If an index is not within the axis.

        See Also
        --------
        ufunc.reduceat

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> f = lanefn.vectorize(lambda x, y: x * 10 + y)
        >>> f.reduceat(np.array([1, 2, 3, 4, 5]), [0, 3])
        array([123,  45])
        """
        return self._method("reduceat")(*args, **kwargs)

    def outer(self, *args, **kwargs):
        """The function of every pair of elements; as `ufunc.outer`.

        Parameters
        ----------
        *args, **kwargs
            ``A, B``, and what a call takes by name, as there.

        Returns
        -------
        ndarray or scalar, or tuple of these
            Of the shape of `A` followed by that of `B`.

        Raises
        ------
        TypeError
            If the function runs by Python, or has no loop for the dtypes.
        ValueError
            If it has not two inputs.

        See Also
        --------
        ufunc.outer

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> f = lanefn.vectorize(lambda x, y: x * 10 + y)
        >>> f.outer(np.array([1, 2]), np.array([3, 4, 5]))
        array([[13, 14, 15],
               [23, 24, 25]])
        """
        return self._method("outer")(*args, **kwargs)

    def at(self, *args, **kwargs):
        """Applies the function in place at indices; as `ufunc.at`.

        Parameters
        ----------
        *args, **kwargs
            ``a, indices, b``, as there.

        Returns
        -------
        None

        Raises
        ------
        TypeError
            If the function runs by Python, or has no loop for the dtypes.
        ValueError
            If it has more than two inputs or one result, or `b` is missing or one too many.
        IndexError
            If an index is not within its axis.

        See Also
        --------
        ufunc.at

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> f = lanefn.vectorize(lambda x, y: x * 10 + y)
        >>> x = np.array([1, 2, 3])
        >>> f.at(x, [0, 2, 2], 7)
        >>> x
        array([ 17,   2, 377])
        """
        return self._method("at")(*args, **kwargs)

    def as_numpy_ufunc(self):
        """The function as a ufunc of NumPy's own, for what asks for one.

        Returns
        -------
        numpy.ufunc
            Its loops are those of this function, its dispatch is NumPy's.

        Raises
        ------
        TypeError
            If the function runs by Python, or its elements can raise.

        See Also
        --------
        ufunc.as_numpy_ufunc

        Examples
        --------
        >>> import numpy as np
        >>> import lanefn
        >>> f = lanefn.vectorize(lambda x: x + 1 if x > 2 else x - 1).as_numpy_ufunc()
        >>> isinstance(f, np.ufunc)
        True
        """
        return self._method("as_numpy_ufunc")()

    def explain(self):
        """What the function was compiled to, or why it was not.

        Returns
        -------
        str
            A line for each operation, and the exceptions that elements can raise.

        Raises
        ------
        Refusal
            With `strict`, where a name that was not defined yet still is not.

        Examples
        --------
        >>> import lanefn
        >>> print(lanefn.vectorize(lambda x: 2 * x).explain(), end="")
        <lambda> is compiled:
        %0: int = 2
        %1 = input x
        %2 = multiply %0 %1
        give %2
        """
        if not self.compiled:
            why = self._refusal
            if why is None and self.excluded:
                why = "compiled for each set of the excluded arguments"
            return f"{self._called()} runs by Python: {why}"
        text = f"{self._called()} is compiled:\n{self._primary._text()}"
        for code, (kind, message) in enumerate(self._primary._raises or (), 1):
            text += f"exception {code}: {kind.__name__}: {message}\n"
        return text

    def refresh(self):
        """Takes the values that the function captured anew: of globals, closures and `self`.

        A compiled function holds those of its creation.

        Raises
        ------
        TypeError
            If the function comes from a pickle, and has no Python function to read.
        Refusal
            With `strict`, where the function can't be compiled now.

        Examples
        --------
        >>> import lanefn
        >>> scale = 2
        >>> f = lanefn.vectorize(lambda x: scale * x)
        >>> scale = 10
        >>> int(f(3))
        6
        >>> f.refresh()
        >>> int(f(3))
        30
        """
        if self.pyfunc is None or self.pyfunc is _NONE:
            raise TypeError("there is no Python function to read")
        self._compile()

    # ---- as data ------------------------------------------------------------------------------------

    def _content(self):
        """What it computes, and nothing of what it is called."""
        if not self.compiled:
            return None
        full, *more = self._all()
        return (
            self._primary.to_bytes(),
            full.to_bytes() if full is not None else b"",
            _codes(self._otypes),
            tuple((k.__name__, t) for k, t in self._primary._raises or ()),
        )

    def to_bytes(self):
        """The compiled function as bytes, for channels that are not trusted.

        Returns
        -------
        bytes
            Equal for functions of equal content and name, in every process.

        Raises
        ------
        TypeError
            If the function runs by Python.

        See Also
        --------
        from_bytes

        Examples
        --------
        >>> import lanefn
        >>> f = lanefn.vectorize(lambda x: 2 * x)
        >>> data = f.to_bytes()
        >>> len(data) < 500
        True
        >>> int(lanefn.from_bytes(data)(21))
        42
        """
        if not self.compiled:
            raise TypeError(f"{self.explain()}; so there is nothing to write down")
        full, *more = self._all()
        p = self._parameters
        primary, rest = self._primary.to_bytes(), full.to_bytes() if full is not None else b""

        def raises(of):
            return [[_builtin(k), t] for k, t in (of._raises or ())]

        head = {
            "name": self._called(),
            "doc": self._words(),
            "names": p.names,
            "required": p.required,
            "optional": {n: v if _weak(v) else None for n, v in p.optional.items()},
            "more": more[0] if more else [],
            "otypes": _codes(self._otypes),
            "raises": [raises(self._primary), raises(full) if full is not None else []],
            "lengths": [len(primary), len(rest)],
        }
        text = json.dumps(head, separators=(",", ":"), sort_keys=True)
        return MAGIC + text.encode() + b"\n" + primary + rest

    def __reduce__(self):
        if self._empty:
            return _handed, (self._of,)
        if self.pyfunc is not _NONE and self.compiled and _codes(self._otypes) is not False:
            # Exceptions of the program's own go beside the bytes.
            own = [
                of._raises
                if of is not None
                and any(getattr(builtins, k.__name__, 0) is not k for k, _ in of._raises or ())
                else None
                for of in (self._primary, self._all()[0])
            ]
            state = self._state()
            if not state and own == [None, None]:
                return _load, (self.to_bytes(),)
            return _load, (self.to_bytes(),), (state, own)
        pyfunc = self.pyfunc
        if pyfunc is not _NONE:
            found = _importable(pyfunc)
            if found is self and not _by_value():
                return self.__qualname__
            if found is not pyfunc and type(pyfunc) is types.FunctionType and not _by_value():
                why = f" ({self._refusal})" if self._refusal is not None else ""
                raise pickle.PicklingError(
                    f"{self._called()} runs by Python{why}, and pickle can't carry its function"
                    f" {pyfunc.__module__}.{pyfunc.__qualname__}: it can't be imported by that name; define it"
                    " at the top of a module, or use cloudpickle"
                )
        options = (self._otypes, self._doc, self.excluded, self.cache, self._signature, self._strict)
        return _again, (None if pyfunc is _NONE else pyfunc, options)

    def _handed(self):
        """What other types' `__array_ufunc__` gets: the same, but operands without elements will do, with which
        such types ask what a result will be, and of which they may have some."""
        if self._empty:
            return self
        new = copy.copy(self)
        new._empty, new._of = True, self
        return new

    def _state(self):
        """Attributes that somebody else has set."""
        return {k: v for k, v in self.__dict__.items() if k not in OWN and not k.startswith("_")}

    def __setstate__(self, state):
        attributes, own = _beside(state, (self._primary, self._full[0]))
        self.__dict__.update(attributes)
        if own[0] is not None:
            self._primary = self._primary._raising(own[0])
        if own[1] is not None and self._full[0] is not None:
            self._full = (self._full[0]._raising(own[1]), *self._full[1:])
        self._route()

    def __copy__(self):
        new = vectorize.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new._translations = dict(self._translations)
        new._python = copy.copy(self._python)
        new._route()
        return new

    def __deepcopy__(self, memo):
        new = self.__copy__()
        memo[id(self)] = new
        new.pyfunc = copy.deepcopy(self.pyfunc, memo)
        return new

    def __eq__(self, other):
        if not isinstance(other, vectorize):
            return NotImplemented
        mine = self._content()
        if mine is not None:
            return mine == other._content()
        return (
            other._content() is None
            and self.pyfunc == other.pyfunc
            and (self._otypes, self.excluded, self._signature)
            == (other._otypes, other.excluded, other._signature)
        )

    def __hash__(self):
        mine = self._content()
        return hash(mine) if mine is not None else hash((self.pyfunc, self._signature))

    def __dask_tokenize__(self):
        mine = self._content()
        if mine is not None:
            import hashlib

            return "lanefn.vectorize", hashlib.sha256(repr(mine).encode()).hexdigest()
        from dask.base import normalize_token

        options = (repr(self._otypes), sorted(map(str, self.excluded)), self._signature)
        return "lanefn.vectorize", normalize_token(self.pyfunc), options


OWN = frozenset(("pyfunc", "excluded", "cache", "__name__", "__qualname__", "__module__", "__doc__"))


def _taken(name, nout):
    """Whether other types take the name for that of a function that they compute themselves: pandas those of
    operators and NumPy's ufuncs, dask also others where there are several results."""
    if hasattr(operator, f"__{name}__"):
        return True
    known = getattr(np, name, None)
    return isinstance(known, np.ufunc) or (nout > 1 and known is not None)


def _apart(name):
    """The name that a ufunc has, so that nobody takes it for another; said as `numpy.frompyfunc` says it."""
    return f"{name} (vectorized)" if _taken(name, 2) else name


def _foreign(values):
    """Whether one of these has its own `__array_ufunc__`."""
    default = np.ndarray.__array_ufunc__
    return any(getattr(type(v), "__array_ufunc__", default) != default for v in values)


def _over_dask(of, args):
    """Several results for dask arrays, for which dask needs to be told; None where there is nothing to tell."""
    array = sys.modules.get("dask.array") if of is not None and of.nout > 1 else None
    if array is None or not any(isinstance(a, array.Array) for a in args):
        return None
    args = [a if isinstance(a, array.Array) or type(a) in (int, float, bool) else array.asarray(a) for a in args]
    results = of(*[np.empty(0, a.dtype) if isinstance(a, array.Array) else a for a in args])
    arrays = [a for a in args if isinstance(a, array.Array)]
    axes = [tuple(range(a.ndim))[::-1] for a in arrays]
    _, arrays = array.core.unify_chunks(*[x for pair in zip(arrays, axes) for x in pair])
    arrays = iter(arrays)
    args = [next(arrays) if isinstance(a, array.Array) else a for a in args]
    signature = "->".join(",".join(["()"] * n) for n in (of.nin, of.nout))
    return array.apply_gufunc(of, signature, *args, output_dtypes=[r.dtype for r in results])


def _numbers(values):
    """Whether all of these are numbers that kernels take."""
    for value in values:
        dtype = getattr(value, "dtype", None)
        if dtype is None:
            try:
                dtype = np.asarray(value).dtype
            except ValueError:
                return False
        if getattr(dtype, "kind", "O") not in "biuf" or dtype.char in "eg":
            return False
    return True


def _key(value):
    """A value as a key: equal for what translates equally."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf":
            raise TypeError
        return "array", value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *map(_key, value))
    if isinstance(value, (bool, int, float, str, type(None))):
        return type(value).__name__, repr(value)
    if is_number(value):
        return "scalar", value.dtype.str, value.tobytes()
    raise TypeError


def _codes(otypes):
    """otypes as names; None for none, False if there are others than lanefn's."""
    if otypes is None:
        return None
    codes = [np.dtype(t) for t in otypes]
    if any(c.kind not in "biuf" or c.char in "eg" for c in codes):
        return False
    return tuple(c.name for c in codes)


def _builtin(kind):
    """The name of the nearest exception that is Python's own."""
    for base in kind.__mro__:
        if base.__module__ == "builtins" and getattr(builtins, base.__name__, None) is base:
            return base.__name__
    return "Exception"


def _importable(function):
    """What stands where a function says that it does."""
    found = sys.modules.get(getattr(function, "__module__", None) or "")
    for part in (getattr(function, "__qualname__", "") or "").split("."):
        found = getattr(found, part, None)
    return found


def _by_value():
    """Whether the pickler at work can carry functions by value."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_globals.get("__name__", "").split(".")[0] in ("cloudpickle", "dill"):
            return True
        frame = frame.f_back
    return False


def _again(pyfunc, options):
    """The inverse of a pickle of a function that runs by Python."""
    otypes, doc, excluded, cache, signature, strict = options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        return vectorize(
            _NONE if pyfunc is None else pyfunc, otypes, doc, excluded, cache, signature, strict=strict
        )


def _check_format(text, arguments):
    """Makes sure that a text of an exception names inputs, and no more."""
    import string

    for _, name, spec, conversion in string.Formatter().parse(text):
        if name is not None and not (
            name in arguments and is_simple(spec or "") and conversion in (None, "r", "s", "a")
        ):
            raise ValueError("the text of an exception asks for more than an argument")


def _handed(of):
    """The inverse of a pickle of what was handed over."""
    return of._handed()


def _beside(state, functions):
    """What a pickle has beside the bytes: attributes, and the exceptions of each function, as many as it had."""
    try:
        attributes, own = state
        good = type(attributes) is dict and len(own) == 2
        for name in attributes:
            good &= type(name) is str and name not in OWN and not name.startswith("_")
        for raises, of in zip(own, functions):
            if raises is not None and of is not None:
                good &= len(raises) == len(of._raises)
                for kind, text in raises:
                    good &= issubclass(kind, Exception) and isinstance(text, (str, type(None)))
    except (TypeError, ValueError, AttributeError):
        good = False
    if not good:
        raise pickle.UnpicklingError("a pickle of a vectorized function is damaged: what stands beside its bytes")
    return attributes, own


def _load(data):
    """The inverse of a pickle of a compiled function."""
    return from_bytes(data)


def from_bytes(data):
    """The function of bytes that `vectorize.to_bytes` gave.

    The bytes may come from anybody: they are checked, and nothing in them is run but the operations of the
    function when that is called.

    Parameters
    ----------
    data : bytes
        What `to_bytes` gave.

    Returns
    -------
    vectorize
        The function. It holds no Python function, so it has no `refresh`.

    Raises
    ------
    ValueError
        If these are no such bytes.

    See Also
    --------
    vectorize.to_bytes

    Examples
    --------
    >>> import lanefn
    >>> f = lanefn.vectorize(lambda x: 2 * x)
    >>> lanefn.from_bytes(f.to_bytes()) == f
    True
    """
    data = bytes(memoryview(data))
    if not data.startswith(MAGIC):
        raise ValueError("these bytes are no function of lanefn.vectorize")
    head, _, rest = data[len(MAGIC) :].partition(b"\n")
    try:
        head = json.loads(head)
        first, second = head["lengths"]
        names, required, optional = head["names"], head["required"], head["optional"]
        more, name, doc, otypes = head["more"], head["name"], head["doc"], head["otypes"]
        raises = [tuple((getattr(builtins, k), t) for k, t in one) or None for one in head["raises"]]
        fits = (
            isinstance(name, str)
            and (doc is None or isinstance(doc, str))
            and all(isinstance(n, str) for n in [*names, *optional, *more])
            and all(isinstance(n, (str, int)) for n in required)
            and all(v is None or _weak(v) for v in optional.values())
            and all(_weak(optional.get(n)) for n in more)
            and all(isinstance(n, int) and n >= 0 for n in (first, second))
            and len(raises) == 2
            and first + second == len(rest)
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"the bytes of the function are damaged: {error}") from None
    if not fits:
        raise ValueError("the bytes of the function are damaged")
    try:
        primary = _made(_apart(name), rest[:first], raises[0], None, True)
        full = _made(_apart(name), rest[first:], raises[1], None, True) if second else None
        wanted = len(required) or 1
        if primary.nin != wanted or (full is not None and full.nin != len(required) + len(more)):
            raise ValueError("the function has other arguments than it says")
        if otypes is not None:
            primary._giving([np.dtype(t) for t in otypes])
        for of in (primary, full):
            for _, text in (of._raises or ()) if of is not None else ():
                _check_format(text, of._arguments)
    except TypeError as error:
        raise ValueError(f"the bytes of the function are damaged: {error}") from None
    new = vectorize.__new__(vectorize)
    otypes = None if otypes is None else [np.dtype(t) for t in otypes]
    new._begin(None, None, otypes, doc, set(), False, None, False)
    new._settled = True
    new.__name__ = new.__qualname__ = name
    new.__module__ = None
    new.__doc__ = doc
    new._parameters = _Parameters(required, optional, names)
    new._primary = primary
    new._full = (full, more) if full is not None else (None,)
    new._route()
    return new
