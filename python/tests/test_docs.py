"""Docstrings: that everything public has one with the sections that apply, that what they say is so, and that their
examples hold, by lanefn and by an oracle. And the program of examples/problem_class.py."""

import ast
import contextlib
import doctest
import inspect
import itertools
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import lanefn
from lanefn import _docs
from oracle import DTYPES, FLOATS, INTEGERS
from plain import Oracle

ROOT = Path(__file__).parents[2]
UFUNCS = {f.__name__: f for f in (getattr(lanefn, name) for name in lanefn._functions)}
CANNOT_RAISE = ["cache_info"]
SECTIONS = ["Parameters", "Attributes", "Methods", "Returns", "Raises", "See Also", "Notes", "Examples"]


def documented():
    """Everything public: what `lanefn` has, and what its classes have."""
    for name in sorted({*lanefn.__all__, *(n for n in dir(lanefn) if not n.startswith("_"))}):
        value = getattr(lanefn, name)
        if not inspect.ismodule(value):
            yield name, value
        if inspect.isclass(value):
            for own in dir(value):
                here = next(c for c in value.__mro__ if own in vars(c))
                # The fields of a named tuple are described by its class.
                field = own in getattr(value, "_fields", ())
                if not own.startswith("_") and here.__module__ != "builtins" and not field:
                    yield f"{name}.{own}", inspect.getattr_static(value, own)


DOCUMENTED = dict(documented())
each = pytest.mark.parametrize("name", DOCUMENTED)
each_ufunc = pytest.mark.parametrize("name", UFUNCS)


def sections(text):
    """The sections of a docstring by their titles; what stands in front of them under the empty one."""
    parts = re.split(r"^([A-Z][\w ]+)\n(-+)\n", inspect.cleandoc(text), flags=re.M)
    found = {"": parts[0]}
    for title, line, body in zip(parts[1::3], parts[2::3], parts[3::3]):
        assert len(line) == len(title) and title not in found
        found[title] = body.strip("\n")
    return found


def heads(body):
    """What a section describes: its lines that are not indented."""
    return [line for line in body.splitlines() if re.match(r"\S", line)]


def parameters(value):
    """Names of parameters. What `**kwargs` stands for has names of its own."""
    try:
        known = inspect.signature(value).parameters.values()
    except ValueError:
        return []
    return [p.name for p in known if p.name != "self" and p.kind != p.VAR_KEYWORD]


def test_there_is_much_that_is_documented():
    assert len(DOCUMENTED) >= 175 and len(UFUNCS) >= 110
    for name in ("exp", "ufunc.reduce", "ufunc.types", "vectorize.explain", "vectorize.nin", "Refusal", "num_threads"):
        assert name in DOCUMENTED
    examples = [doctest.DocTestParser().get_examples(v.__doc__) for v in DOCUMENTED.values()]
    assert sum(map(len, examples)) >= 650


@each
def test_docstrings_have_the_sections_that_apply(name):
    value = DOCUMENTED[name]
    assert isinstance(value.__doc__, str)
    found = sections(value.__doc__)
    assert [t for t in SECTIONS if t in found] == [t for t in found if t], "another section, or another order"
    assert len(found[""].strip()) > 10 and "Examples" in found
    if not callable(value):
        return
    body = found.get("Attributes" if hasattr(value, "_fields") else "Parameters", "")
    described = {n.strip().lstrip("*") for h in heads(body) for n in h.split(" : ")[0].split(",")}
    wanted = set(parameters(value))
    if isinstance(value, type) and issubclass(value, Warning):
        wanted = set()
    assert wanted <= described, wanted - described
    if not isinstance(value, type):
        no_result = name in ("set_num_threads", "vectorize.refresh")
        assert ("Returns" in found) != no_result
        assert "Raises" in found or name in CANNOT_RAISE


@each
def test_the_examples_of_docstrings_hold(name):
    run(DOCUMENTED[name].__doc__, name, {"__name__": "__main__"})


def run(text, name, names):
    """Runs examples, of which there must be some. Warnings are errors."""
    test = doctest.DocTestParser().get_doctest(text, names, name, None, 0)
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = doctest.DocTestRunner().run(test, out=said.append)
    assert result.attempted and not result.failed, "".join(said)


@each
def test_what_is_to_be_seen_also_is_there(name):
    found = sections(DOCUMENTED[name].__doc__).get("See Also")
    for also in found.replace("\n", " ").split(", ") if found else []:
        there = np if also.startswith("numpy.") else lanefn
        for part in also.removeprefix("numpy.").split("."):
            there = getattr(there, part)
        assert also != name


def test_importing_reads_no_docstrings():
    code = "import sys, lanefn; lanefn.exp(1.0); sys.exit('lanefn._docs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=300).returncode == 0


def test_stubs_name_what_is_public():
    stub = ast.parse(Path(lanefn.__file__).with_name("__init__.pyi").read_text())
    named = {}
    for node in stub.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            named[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            named[node.target.id] = node
    assert {n for n in DOCUMENTED if "." not in n} <= set(named)

    def members(node):
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in named:
                yield from members(named[base.id])
        for inner in node.body:
            yield inner.target.id if isinstance(inner, ast.AnnAssign) else getattr(inner, "name", None)

    for name in DOCUMENTED:
        owner, _, own = name.partition(".")
        assert not own or own in members(named[owner]), name


# ---- what docstrings of ufuncs say ------------------------------------------------------------------------------


@each_ufunc
def test_the_examples_hold_by_an_oracle(name):
    run(_docs.table()[name].examples, name, {"np": np, "lanefn": Oracle()})


def test_the_table_has_every_function():
    assert list(_docs.table()) == list(UFUNCS)
    for name, entry in _docs.table().items():
        assert len(entry.gives) == (UFUNCS[name].nout if UFUNCS[name].nout > 1 else 0)
        assert f"lanefn.{name}(" in entry.examples or f"lanefn.{name}." in entry.examples


# These are another function of the catalogue, or refuse what the kernel takes.
OWN_WORDS = ["conjugate", "pow", "float_power"]


def test_special_values_are_those_of_the_kernels():
    """What the kernels' documentation says beyond its first paragraph stands in the table, too."""
    said, comment = {}, []
    for file in [*(ROOT / "kernels/src/math").glob("*.rs"), ROOT / "kernels/src/problem.rs"]:
        for line in map(str.strip, file.read_text().splitlines()):
            declared = re.match(r"(?:pub fn )?(\w+)(?:<[^(]*>)?\(", line)
            if line.startswith("///"):
                comment.append(line[3:].strip())
            elif declared and comment:
                said.setdefault(declared[1], "\n".join(comment).split("\n\n")[1:])
            if not line.startswith(("///", "#[")):
                comment = []
    for name, entry in _docs.table().items():
        if name not in OWN_WORDS:
            kernels = [" ".join(_docs.words(p).split()) for p in said[name]]
            assert kernels == [" ".join(n.split()) for n in entry.notes], name


def dtypes(text):
    """The dtypes that words name."""
    named = {np.dtype(n) for n in re.findall(r"\b(?:bool|u?int\d+|float\d+)\b", text)}
    return named | set(INTEGERS) if re.search(r"\bintegers?\b", text) else named


def stated(text):
    """Each dtype that an input is said to be able to have, and the one in which is computed."""
    first, *others = filter(None, text.replace("All inputs are broadcast to one shape.", "").strip().split("."))
    found = {d: d for d in dtypes(first.removeprefix("Of dtype "))}
    for other in others:
        of, loop = re.split(r" (?:is|are) computed as ", other)
        for dtype in dtypes(of):
            assert dtype not in found
            found[dtype] = np.dtype(loop)
    return found


def said_of_inputs(of):
    """For each input, what is said of its dtypes."""
    described = {}
    for head, words in entries(of, "Parameters"):
        names, _, kind = head.partition(" : ")
        if kind == "array_like":
            described.update(dict.fromkeys(names.split(", "), stated(words)))
    return [described[name] for name in of._arguments]


def entries(of, section):
    """What a section describes, and the words on it in one line."""
    parts = re.split(r"^(\S.*)\n", sections(of.__doc__)[section], flags=re.M)
    return [(head, " ".join(words.split())) for head, words in zip(parts[1::2], parts[2::2])]


def notes(of):
    return " ".join(sections(of.__doc__).get("Notes", "").split())


@each_ufunc
@pytest.mark.filterwarnings("ignore")
def test_dtypes_are_as_said(name):
    of = UFUNCS[name]
    inputs = said_of_inputs(of)
    loops = {t.split("->")[0] for t in of.types}
    for i, said in enumerate(inputs):
        assert {d for d in said if said[d] == d} == {np.dtype(loop[i]) for loop in loops}
    given = []
    for head, words in entries(of, "Returns"):
        dtype = re.search(r"Its dtype is (?:(\w+)|that of the computation)\.$", words)[1]
        given += [dtype and np.dtype(dtype)] * (len(head.split(", ")) if " : " in head else 1)
    alike = all(said == inputs[0] for said in inputs)
    for i in range(1 if alike else of.nin):
        for dtype in DTYPES:
            others = min(loops)
            arguments = [np.ones(1, dtype if alike or i == n else others[n]) for n in range(of.nin)]
            if dtype not in inputs[i]:
                with pytest.raises(TypeError):
                    of(*arguments)
                continue
            results = of(*arguments) if of.nout > 1 else (of(*arguments),)
            computed = inputs[0][arguments[0].dtype]
            assert [r.dtype for r in results] == [g or computed for g in given]


@each_ufunc
def test_bounds_are_as_said(name):
    of = UFUNCS[name]
    bounds = {}
    for loop, bound in of.error_bounds.items():
        assert bounds.setdefault(np.dtype(loop[0]), bound) == bound
    text = notes(of)
    said = {d: float(bound) for bound, of_ in re.findall(r"([\d.]+) ULP \(([^)]*)\)", text) for d in dtypes(of_)}
    if exact := re.search(r"Those of ([\w ,]+) are exact", text):
        said.update(dict.fromkeys(dtypes(exact[1]), 0.0))
    if "Results are exact." in text:
        said = dict.fromkeys(bounds, 0.0)
    assert said == bounds
    assert ("nearest numbers" in text) == (max(bounds.values(), default=0) == 0.5)


@each_ufunc
def test_names_and_reductions_are_as_said(name):
    of = UFUNCS[name]
    text = notes(of)
    also = {n for n in lanefn._functions if getattr(lanefn, n) is of} - {name}
    said = re.search(r"The same function is (.*?)\.$", text)
    assert also == (set(re.findall(r"`lanefn\.(\w+)`", said[1])) if said else set())
    if "`reduce` of no elements" not in text:
        # None of its results could be an input again.
        assert of.nin != 2 or of.nout != 1 or not any(len(set(t.replace("->", ""))) == 1 for t in of.types)
        return
    joined = {}
    for from_, to in re.findall(r"Elements of ([\w ,]+) are joined as (\w+)", text):
        joined.update(dict.fromkeys(dtypes(from_), np.dtype(to)))
    for dtype in DTYPES:
        with contextlib.suppress(TypeError):
            assert of.reduce(np.ones(2, dtype)).dtype == joined.get(dtype, dtype)
            if identity := re.search(r"of no elements gives ([-\w.]+)\.", text):
                value = {"True": True, "False": False}.get(identity[1]) if identity[1][0] in "TF" else float(identity[1])
                if dtype.kind == "i" or value == float("-inf"):
                    assert of.reduce(np.ones(0, dtype)) == value
            else:
                with pytest.raises(ValueError):
                    of.reduce(np.ones(0, dtype))


def met(of):
    """What elements of all kinds meet."""
    kinds = set()
    rng = np.random.default_rng(5)
    with np.errstate(all="call", call=lambda kind, _: kinds.add(kind)):
        for dtype in [*FLOATS, np.dtype("l")]:
            if dtype.kind == "f":
                info = np.finfo(dtype)
                values = [0.0, -0.0, 0.5, 1.0, -1.0, 2.5, -3.0, 700.0, -800.0, 1e-30, 1e30, info.max, -info.max]
                values += [info.tiny, -info.tiny, info.smallest_subnormal, np.inf, -np.inf, np.nan]
                values = np.array(values, dtype)
            else:
                values = np.array([0, 1, 2, 3, 7, 1000])
            if of.nin <= 2:
                operands = list(np.meshgrid(*[values] * of.nin))
            else:
                operands = list(rng.choice(values, (of.nin, 3000)))
            if of.types[0][1:2] == "i":
                operands[1] = np.nan_to_num(operands[1], posinf=9, neginf=-9).clip(-5000, 5000).astype("l")
            with contextlib.suppress(TypeError):
                of(*operands)
    return kinds


@each_ufunc
def test_what_elements_meet_is_as_said(name):
    text = notes(UFUNCS[name])
    said = re.search(r"Elements can meet (.*?)\. ", text)
    kinds = set(re.split(r", | or ", said[1])) if said else set()
    assert kinds == met(UFUNCS[name])
    assert ("FloatingPointError" in sections(UFUNCS[name].__doc__)["Raises"]) == bool(kinds)


def test_functions_made_at_run_time_have_docstrings():
    f = lanefn.compile("x > 2 ? x + 1 : x - y")
    found = sections(f.__doc__)
    assert found[""].startswith("f(x, y, /, out=None,") and "x > 2 ? x + 1 : x - y" in found[""]
    assert {"Parameters", "Returns", "Raises"} < set(found)

    @lanefn.vectorize
    def mine(x):
        """Words of the user's.

        Examples
        --------
        None.
        """
        return x + 1

    assert mine.__doc__.startswith("Words of the user's.")
    assert mine._ready.__doc__.startswith("mine(x, /,") and mine._ready.__doc__.count("Examples") == 1


def test_docstrings_cannot_be_set():
    with pytest.raises(AttributeError):
        lanefn.exp.__doc__ = "other words"
    assert isinstance(lanefn.ufunc.__doc__, str) and lanefn.ufunc.__doc__ != lanefn.exp.__doc__


# ---- the program ------------------------------------------------------------------------------------------------


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
