"""What an expression can be while a Python function is translated.

A value is known now (``Const``), or it is a number of each element (``Lane``), or several of these
(``Several``). Where paths meet, a name may also be bound on some of them alone (``Maybe``) or hold what
can't be one value (``Mixed``).
"""

import functools
import re

import numpy as np


class Refusal(Exception):
    """Why a function can't be compiled: what `vectorize` raises with ``strict=True``.

    Parameters
    ----------
    construct : str
        What stands there.
    advice : str, optional
        What to write instead; may be empty.
    file : str, optional
        The file of the source.
    line : int, optional
        The line.

    Attributes
    ----------
    construct, advice, file, line
        The same.

    See Also
    --------
    FallbackWarning, vectorize

    Examples
    --------
    >>> import lanefn
    >>> try:
    ...     lanefn.vectorize(lambda name: name.upper(), strict=True)
    ... except lanefn.Refusal as refusal:
    ...     print(refusal.construct)
    the method upper() is called on a number of each element
    """

    def __init__(self, construct, advice="", file=None, line=None):
        super().__init__(construct, advice, file, line)
        self.construct, self.advice, self.file, self.line = construct, advice, file, line

    def __str__(self):
        place = f"{self.file}, line {self.line}: " if self.file and self.line else ""
        return place + self.construct + (f"; {self.advice}" if self.advice else "")


class Again(Exception):
    """The translation has to begin again, with a fact that it learned."""


class Const:
    """A Python object that is known now."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Lane:
    """A number of each element: a node.

    The kind is what is known of its dtype: ``'b'`` a truth, ``'i'`` a whole number and no truth, ``'f'`` a
    float, ``'n'`` any of these.
    """

    __slots__ = ("id", "kind")

    def __init__(self, id, kind="n"):
        self.id, self.kind = id, kind


class Several:
    """A tuple, a list, or a NumPy array with one axis. The type says which."""

    __slots__ = ("items", "type")

    def __init__(self, items, type=tuple):
        self.items, self.type = list(items), type


class Local:
    """A function made inside the one that is translated."""

    __slots__ = ("node", "frame", "defaults", "keyword_defaults")

    def __init__(self, node, frame, defaults, keyword_defaults):
        self.node, self.frame = node, frame
        self.defaults, self.keyword_defaults = defaults, keyword_defaults


class Row:
    """A part of a table of numbers with several axes: those after some indices."""

    __slots__ = ("array", "at")

    def __init__(self, array, at):
        self.array, self.at = array, at


class Maybe:
    """A value that is not there where `bad` holds."""

    __slots__ = ("value", "bad")

    def __init__(self, value, bad):
        self.value, self.bad = value, bad


class Mixed:
    """What paths have left that is not one value: read, it is refused, with the place where it arose."""

    __slots__ = ("why", "place", "advice")

    def __init__(self, why, place):
        self.why, self.place, self.advice = why, place, ""


class Unbound:
    """The value of a name that has none."""


UNBOUND = Unbound()


class Exit:
    """A path that leaves: a return, a break, a continue or an exception.

    Exits of a region are kept in the order of the program. An element takes the first one whose condition
    it meets, so a condition need not exclude those before it.
    """

    __slots__ = ("cond", "kind", "what", "env", "owner")

    def __init__(self, cond, kind, what=None, env=None, owner=None):
        self.cond, self.kind, self.what, self.env, self.owner = cond, kind, what, env, owner


class Region:
    """A stretch of the program whose exits are sorted out at its end: a function or a loop's body."""

    __slots__ = ("parent", "exits", "loop")

    def __init__(self, parent, loop):
        self.parent, self.exits, self.loop = parent, [], loop


class Frame:
    """A function that is being translated: its names and where it came from."""

    __slots__ = (
        "env",
        "globals",
        "closure",
        "outer",
        "file",
        "name",
        "node",
        "region",
        "loops",
        "tries",
    )

    def __init__(self, globals, closure, outer, file, name, node, region):
        self.env = {}
        self.globals, self.closure, self.outer = globals, closure, outer
        self.file, self.name, self.node, self.region = file, name, node, region
        self.loops, self.tries = [], 0


def is_number(value):
    if isinstance(value, np.generic):
        return value.dtype.kind in "biuf" and value.dtype.itemsize <= 8 and value.dtype.char != "e"
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and is_number(value[()])
    return isinstance(value, (bool, int, float))


def is_simple(spec):
    """Whether a format specification asks for nothing out of the way."""
    return re.fullmatch(r"[<>^=+\- ]*0?\d{0,3},?(\.\d{1,3})?[a-zA-Z%]?", spec) is not None


def name_of(function):
    """What a callable is called."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", None) or type(function).__name__
