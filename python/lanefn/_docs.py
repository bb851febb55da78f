"""Docstrings of functions, in NumPy's form. Each is made when somebody asks for it: of what the function itself
says of its names, loops and bounds, and of the words and examples in `_functions.txt`."""

import functools
import re
import textwrap
from pathlib import Path

import numpy as np

FLOATS = [np.dtype(c) for c in "fd"]
INTEGERS = [np.dtype(c) for c in "bhilBHIL"]
DTYPES = [np.dtype("?"), *INTEGERS, *FLOATS]
WIDTH = 79
KEYWORDS = "where=True, casting='same_kind', order='K', dtype=None, subok=True, signature=None"

IMPORTS = ">>> import numpy as np\n>>> import lanefn\n"

CLASS = """A function of elements, which goes over whole arrays as NumPy's ufuncs do.

The built-in functions are ufuncs, `compile` and `vectorize` make more. They are called as
``f(x, y, /, out=None, *, where=True, casting='same_kind', order='K', dtype=None, subok=True, signature=None)``.

Parameters
----------
*inputs : array_like
    As many as `nin`. They are broadcast to one shape. Other types' ``__array_ufunc__`` is honoured.
out : ndarray, tuple of ndarrays or ..., optional
    Where results are written; of several results a tuple, in which None stands for a new array. With ``...``
    results are arrays even where they have no axes.
where : array_like of bool, optional
    Which elements are computed and written. In a new array all others are left as the memory was.
casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}, optional
    Which casts from inputs to the loop, and from the loop to `out`, are allowed.
order : {'K', 'A', 'C', 'F'}, optional
    The memory order of new results; with 'K' that of the inputs, as nearly as can be.
dtype : dtype, optional
    The dtype that results are to have, and the loop.
subok : bool, optional
    Whether results may be of a subclass of `numpy.ndarray`, as inputs are.
signature : str or tuple of dtypes, optional
    The loop that is to compute: letters such as ``'dd->d'``, or a dtype or None for each input and
    output.

Returns
-------
ndarray or scalar, or tuple of these
    Of the broadcast shape; NumPy's scalars where it has no axes.

Raises
------
TypeError
    If there is no loop for the dtypes, or `casting` forbids a cast.
ValueError
    If shapes can't be broadcast to one.
FloatingPointError
    If `numpy.errstate` is set to raise what elements meet.

See Also
--------
compile, vectorize, numpy.ufunc

Examples
--------
>>> import numpy as np
>>> import lanefn
>>> isinstance(lanefn.exp, lanefn.ufunc)
True
>>> x = np.array([1.0, 2.0, 3.0])
>>> out = np.zeros(3)
>>> lanefn.multiply(x, 2, out=out, where=x > 1)
array([0., 4., 6.])
>>> lanefn.multiply(x, 2, dtype=np.float32)
array([2., 4., 6.], dtype=float32)
"""


def docstring(of):
    """The docstring of a function; without one, that of the class."""
    if of is None:
        return CLASS
    summary, aliases = of._about
    own = table().get(of.__name__) if of._text() is None else None
    parts = [signature(of)]
    if own is None and summary:
        # A user's own words stand as they are.
        return "\n\n".join([*parts, summary])
    if own is None:
        parts.append(filled(f"What `{of.__name__}` computes, compiled; see `lanefn.compile`."))
    else:
        parts.append(filled(words(summary)))
    gives = own.gives if own else []
    entries = {
        "Parameters": parameters(of),
        "Returns": returns(of, gives),
        "Raises": raises(of, own),
        "See Also": ", ".join(own.see if own else ["compile", "vectorize"]),
        "Notes": "\n\n".join(notes(of, own, aliases)),
        "Examples": own and IMPORTS + own.examples,
    }
    parts += [f"{title}\n{'-' * len(title)}\n{text}" for title, text in entries.items() if text]
    return "\n\n".join(parts) + "\n"


def signature(of):
    out = "None" if of.nout == 1 else f"({', '.join(['None'] * of.nout)})"
    # Of an expression the name is the text.
    name = of.__name__ if re.fullmatch(r"[\w.<>]+( \(vectorized\))?", of.__name__) else "f"
    return f"{name}({', '.join(of._arguments)}, /, out={out}, *, {KEYWORDS})"


# ---- sections ---------------------------------------------------------------------------------------------


def parameters(of):
    lines = []
    groups = {}
    for i, name in enumerate(of._arguments):
        groups.setdefault(tuple(accepted(of, i).items()), []).append(name)
    for where, names in groups.items():
        text = taken(dict(where))
        if of.nin > 1:
            text += " All inputs are broadcast to one shape."
        lines += [f"{', '.join(names)} : array_like", filled(text, "    ")]
    if of.nout == 1:
        lines += ["out : ndarray or ..., optional", filled("Where the result is written.", "    ")]
    else:
        text = "Where the results are written; None stands for a new array."
        lines += ["out : tuple of ndarrays or ..., optional", filled(text, "    ")]
    lines += ["where : array_like of bool, optional"]
    lines += [filled("Which elements are computed and written; the others of `out` stay.", "    ")]
    lines += ["casting, order, dtype, subok, signature : optional"]
    lines += [filled("As in every function of this kind: see `lanefn.ufunc`.", "    ")]
    return "\n".join(lines)


def returns(of, gives):
    shape = "Of the shape of the input" if of.nin == 1 else "Of the shape to which the inputs are broadcast"
    scalars = "a scalar where that has no axes" if of.nout == 1 else "scalars where that has no axes"
    given = result_dtypes(of)
    if of.nout == 1 or len(set(given)) == 1:
        names = ", ".join(gives) + " : " if gives else ""
        kinds = "ndarray or scalar" if of.nout == 1 or names else "tuple of ndarrays or of scalars"
        return f"{names}{kinds}\n" + filled(f"{shape}, {scalars}. {given[0]}", "    ")
    lines = []
    for name, dtype in zip(gives or [f"result{i}" for i in range(of.nout)], given):
        lines += [f"{name} : ndarray or scalar", filled(f"{shape}, {scalars}. {dtype}", "    ")]
    return "\n".join(lines)


def raises(of, own):
    negative = of.__name__ == "pow"
    value = "an integer has a negative integer for its power" if negative else ""
    if of.nin > 1:
        shapes = "the shapes can't be broadcast to one, or `out` has another"
    else:
        shapes = "`out` or `where` has another shape, to which the input can't be broadcast"
    dtype = "an input has a dtype that is" if of.nin == 1 else "inputs have a dtype, or meet in one, that is"
    entries = [
        ("TypeError", f"If {dtype} not named above, or `casting` forbids a cast."),
        ("ValueError", f"If {shapes}{'; if ' if value else ''}{value}."),
    ]
    if of.nin > 1 and any(t[0] in "bhilq" and t[-1] != "?" for t in of.types):
        entries.append(("OverflowError", "If a Python int has no place in the dtype of the other inputs."))
    if own and own.meets:
        entries.append(("FloatingPointError", "If `numpy.errstate` is set to raise what elements meet; see the notes."))
    return "\n".join(f"{name}\n{filled(text, '    ')}" for name, text in entries)


def notes(of, own, aliases):
    """Paragraphs."""
    if own:
        for note in own.notes:
            yield note if note.startswith("|") else filled(" ".join(note.split()))
    if of.error_bounds:
        yield filled(error(of.error_bounds))
    if own and own.meets:
        met = " or ".join(filter(None, [", ".join(own.meets[:-1]), own.meets[-1]]))
        yield filled(f"Elements can meet {met}. That is a warning, or what else `numpy.errstate` makes of it.")
    if of.nin == 2 and of.nout == 1 and own:
        text = reduction(of)
        if text:
            yield filled(text)
    if aliases:
        also = " and ".join(f"`lanefn.{a}`" for a in aliases)
        yield filled(f"The same function is {also}.")


def error(bounds):
    """How far results may be off."""
    by_dtype = {np.dtype(loop[0]): bound for loop, bound in bounds.items()}
    if not any(by_dtype.values()):
        return "Results are exact."
    by_bound = {}
    for dtype, bound in sorted(by_dtype.items(), key=lambda pair: DTYPES.index(pair[0])):
        by_bound.setdefault(bound, []).append(dtype)
    exact = by_bound.pop(0.0, None)
    text = ", ".join(f"{bound} ULP ({listed(dtypes)})" for bound, dtypes in by_bound.items())
    text = f"Results are within {text} of the truth, in units in the last place"
    if set(by_bound) == {0.5}:
        text += ": they are the nearest numbers"
    return f"{text}. Those of {listed(exact)} are exact." if exact else f"{text}."


def reduction(of):
    """What it is along an axis."""
    joined = {}
    for dtype in DTYPES:
        try:
            loop = of.resolve_dtypes((None, dtype, None), reduction=True)[1]
        except TypeError:
            continue
        joined.setdefault(loop, []).append(dtype)
    if not joined:
        return ""
    identity = of.identity
    text = f"A `reduce` of no elements gives {identity}." if identity is not None else (
        "It has no identity: a `reduce` of no elements needs `initial`."
    )  # fmt: skip
    for loop, dtypes in joined.items():
        others = [d for d in dtypes if d != loop]
        if others:
            text += f" Elements of {listed(others)} are joined as {loop.name}."
    return text


# ---- dtypes -----------------------------------------------------------------------------------------------


def accepted(of, i):
    """Each dtype that input `i` can have, and the one in which it is computed."""
    loops = [t.partition("->")[0] for t in of.types]
    alike = any(len(set(t)) == 1 for t in loops)
    found = {}
    for dtype in DTYPES:
        inputs = [dtype if alike or n == i else np.dtype(c) for n, c in enumerate(loops[0])]
        try:
            found[dtype] = of.resolve_dtypes((*inputs, *[None] * of.nout))[i]
        except TypeError:
            pass
    return found


def taken(found):
    """Dtypes in words."""
    # (NumPy takes None for the name of float64.)
    loops = [d for d in found if found[d] == d]
    text = f"Of dtype {listed(loops, 'or')}."
    cast = {}
    for dtype, loop in found.items():
        if dtype != loop:
            cast.setdefault(loop, []).append(dtype)
    for loop, dtypes in cast.items():
        text += f" {listed(dtypes)} {'is' if len(dtypes) == 1 else 'are'} computed as {loop.name}."
    return text


def listed(dtypes, last="and"):
    """Names of dtypes; all integers by one word."""
    names = [d.name for d in dtypes]
    if all(d in dtypes for d in INTEGERS):
        names = [d.name for d in dtypes if d not in INTEGERS]
        names.insert(names.count("bool"), "any integer" if last == "or" else "integers")
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def result_dtypes(of):
    """The dtype of each result, in words."""
    loops = [t.split("->") for t in of.types]

    def dtype(i):
        if all(outputs[i] == inputs[0] for inputs, outputs in loops):
            return "Its dtype is that of the computation."
        if len({outputs[i] for _, outputs in loops}) == 1:
            return f"Its dtype is {np.dtype(loops[0][1][i]).name}."
        return "Its dtype follows from those of the inputs; see `types`."

    return [dtype(i) for i in range(of.nout)]


# ---- words ------------------------------------------------------------------------------------------------


def words(text):
    """The kernels' words, as Python names things."""
    kinds = {"f": "float", "i": "int", "u": "uint"}
    text = re.sub(r"\b([fiu])(8|16|32|64)\b", lambda m: kinds[m[1]] + m[2], text)
    # Links of Rust's documentation.
    return re.sub(r"\[(`\w+`)\]", r"\1", text).replace("..=", " to ")


def filled(text, indent=""):
    return textwrap.fill(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


class Entry:
    """What the table says of a function."""

    def __init__(self, block):
        head, _, self.examples = block.strip().partition("\nExamples:\n")
        # Words in front of the first example stand apart from it.
        self.examples = self.examples.lstrip() if self.examples.lstrip().startswith(">>>") else self.examples
        head, _, notes = head.partition("\n\n")
        self.name, *fields = head.splitlines()
        fields = dict(line.split(": ") for line in fields)
        self.gives, self.see, self.meets = (
            fields[name].split(", ") if name in fields else [] for name in ("gives", "see", "meets")
        )
        self.notes = [n.strip() for n in notes.strip().split("\n\n") if n]


@functools.cache
def table():
    text = Path(__file__).with_name("_functions.txt").read_text("utf-8")
    entries = map(Entry, re.split(r"^== ", text, flags=re.M)[1:])
    return {entry.name: entry for entry in entries}
