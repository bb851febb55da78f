"""NumPy's own tests of ufuncs, from the installed package, with lanefn's functions in the place of NumPy's.

Each module of NumPy's is compiled once more, with an `np` of its own in which `np.add` is `lanefn.add`, and so on.
Operators on arrays are calls of these as well. `numpys_suites.txt` has the tests that don't pass, by reasons; one
that passes all the same is an error, and so is a line there that no test goes by. LANEFN_SLOW=1 runs what NumPy
itself marks as slow, too.
"""

import ast
import builtins
import functools
import importlib.util
import operator
import os
import re
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

import lanefn
from oracle import DTYPES, SHARED, numpys

NUMPYS = {getattr(lanefn, name): numpys(name) for name in SHARED}
SUITES = ["errstate", "mem_overlap", "nep50_promotions", "ufunc", "umath"]
LIST = Path(__file__).parent / "numpys_suites.txt"
# Of assignments, and of what finds overlap.
WITHOUT_UFUNCS = """test_overlapping_assignments test_diophantine_fuzz test_diophantine_overflow may_share_memory
    test_shares_memory_api test_may_share_memory_manual test_may_share_memory_easy_fuzz
    test_may_share_memory_harder_fuzz test_may_share_memory_bad_max_work test_internal_overlap_diophantine
    test_internal_overlap_slices test_internal_overlap_manual test_internal_overlap_fuzz
    test_non_ndarray_inputs""".split()
# Besides those that NumPy marks.
SLOW = ["Test_ufunc_Ufunc::test_identityless_reduction_huge_array"]
OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "power", "lshift": "left_shift", "rshift": "right_shift", "and_": "bitwise_and",
    "or_": "bitwise_or", "xor": "bitwise_xor", "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal",
    "gt": "greater", "ge": "greater_equal", "neg": "negative", "pos": "positive", "invert": "invert",
}  # fmt: skip
NODES = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift", ast.BitAnd: "and_", ast.BitOr: "or_",
    ast.BitXor: "xor", ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge",
    ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert",
}  # fmt: skip


def for_us(operands):
    """Whether an operator would call a ufunc, and lanefn has the dtypes. (NumPy's scalars among themselves have
    an arithmetic of their own.)"""
    known = all(
        type(x) in (bool, int, float) or (type(x) is np.ndarray or isinstance(x, np.generic)) and x.dtype in DTYPES
        for x in operands
    )
    return known and any(type(x) is np.ndarray for x in operands)


def operate(name, *operands):
    if for_us(operands):
        return getattr(lanefn, OPERATORS[name])(*operands)
    return getattr(operator, name)(*operands)


def operate_in_place(name, a, b):
    if type(a) is np.ndarray and for_us((a, b)):
        return getattr(lanefn, OPERATORS[name])(a, b, out=a)
    return getattr(operator, f"i{name.rstrip('_')}")(a, b)


def owner_of(function):
    """The function of lanefn's that this is, or is a method of."""
    owner = function if isinstance(function, lanefn.ufunc) else getattr(function, "__self__", None)
    return owner if isinstance(owner, lanefn.ufunc) else None


def called(function, *args, **kwargs):
    """A call that NumPy makes where lanefn lacks a dtype, so that a test of many dtypes goes on to the next."""
    owner = owner_of(function)
    if owner is None:
        if isinstance(function, pytest.MarkDecorator) and function.name == "parametrize":
            args = [args[0], list(args[1])]
        if getattr(function, "__name__", "") in ("assert_raises", "assert_raises_regex", "raises"):
            args = [functools.partial(called, a) if owner_of(a) else a for a in args]
        return function(*args, **kwargs)
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        if "lanefn has no dtype" not in str(error):
            raise
    theirs = NUMPYS[owner]
    return (theirs if function is owner else getattr(theirs, function.__name__))(*args, **kwargs)


class Operators(ast.NodeTransformer):
    """Operators become calls of `operate`, calls those of `called`."""

    def call(self, function, op, *operands):
        called = ast.Name(function, ast.Load())
        return ast.Call(called, [ast.Constant(NODES[type(op)]), *operands], [])

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return self.call("operate", node.op, node.left, node.right) if type(node.op) in NODES else node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return self.call("operate", node.op, node.operand) if type(node.op) in NODES else node

    def visit_Compare(self, node):
        self.generic_visit(node)
        single = len(node.ops) == 1 and type(node.ops[0]) in NODES
        return self.call("operate", node.ops[0], node.left, node.comparators[0]) if single else node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if type(node.op) not in NODES:
            return node
        read = ast.parse(ast.unparse(node.target), mode="eval").body
        return ast.Assign([node.target], self.call("operate_in_place", node.op, read, node.value))

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and hasattr(builtins, node.func.id):
            return node
        return ast.Call(ast.Name("called", ast.Load()), [node.func, *node.args], node.keywords)

    def visit_Module(self, node):
        # What takes functions that lack certain dtypes out of NumPy's list: they are not in ours.
        removes = [
            n for n in node.body
            if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)
            and isinstance(n.value.func, ast.Attribute) and n.value.func.attr == "remove"
        ]  # fmt: skip
        node.body = [n for n in node.body if n not in removes]
        return self.generic_visit(node)


def in_their_place(module, **more):
    """The module with lanefn's functions in the place of its ufuncs."""
    copy = types.ModuleType(module.__name__, module.__doc__)
    copy.__dict__.update(vars(module))
    copy.__getattr__ = lambda name: getattr(module, name)
    for name, value in vars(module).items():
        if isinstance(value, np.ufunc) and name in lanefn._functions:
            setattr(copy, name, getattr(lanefn, name))
    copy.__dict__.update(more)
    return copy


def modules():
    """What the tests get instead of NumPy's modules."""
    umath = in_their_place(np._core.umath)
    core = in_their_place(np._core, umath=umath)
    top = in_their_place(np, _core=core, ufunc=lanefn.ufunc)
    calls = {name: lambda *operands, name=name: operate(name, *operands) for name in OPERATORS}
    operators = types.ModuleType("operator")
    operators.__dict__.update(vars(operator) | calls)
    return {"numpy": top, "numpy._core": core, "numpy._core.umath": umath, "operator": operators}


def suite(name, instead):
    """A module of NumPy's tests."""
    full = f"numpy._core.tests.test_{name}"
    path = Path(importlib.util.find_spec(full).origin)
    names = dict(vars(builtins))

    def importing(name, globals=None, locals=None, fromlist=(), level=0):
        found = builtins.__import__(name, globals, locals, fromlist, level)
        return instead.get(getattr(found, "__name__", None), found)

    names["__import__"] = importing
    names["abs"] = lambda x: lanefn.absolute(x) if for_us([x]) else abs(x)
    names["divmod"] = lambda a, b: lanefn.divmod(a, b) if for_us([a, b]) else divmod(a, b)
    module = types.ModuleType(f"numpys_{name}")
    module.__dict__.update(__builtins__=names, __file__=str(path))
    module.__dict__.update(called=called, operate=operate, operate_in_place=operate_in_place)
    # What is pickled by its name is looked for there.
    sys.modules[module.__name__] = module
    tree = ast.fix_missing_locations(Operators().visit(ast.parse(path.read_text())))
    with warnings.catch_warnings():
        # Marks that NumPy's own configuration knows.
        warnings.simplefilter("ignore", pytest.PytestUnknownMarkWarning)
        exec(compile(tree, str(path), "exec"), vars(module))
    return module


def known():
    """The tests that are known not to pass: a pattern of names, and the reason."""
    reason = None
    for line in LIST.read_text().splitlines():
        if line.startswith("["):
            reason = line.strip("[]")
        elif line and not line.startswith("#"):
            yield re.compile(re.escape(line).replace(r"\*", ".*")), reason


def name_of(item):
    return item.nodeid.partition("::")[2]


KNOWN = list(known())


@pytest.fixture(autouse=True)
def listed_or_not(request):
    slow = request.node.get_closest_marker("slow") or name_of(request.node) in SLOW
    if slow and "LANEFN_SLOW" not in os.environ:
        pytest.skip("slow")
    for pattern, reason in KNOWN:
        if pattern.fullmatch(name_of(request.node)):
            reason = f"{reason} (if it passes, take it off {LIST.name})"
            request.applymarker(pytest.mark.xfail(strict=True, reason=reason))


def test_every_line_of_the_list_is_of_a_test(request):
    option = request.config.option
    if option.keyword or option.markexpr or any("::" in a for a in request.config.args):
        pytest.skip("not all tests are here")
    names = [name_of(i) for i in request.session.items if i.module is sys.modules[__name__]]
    assert [p.pattern for p, _ in KNOWN if not any(p.fullmatch(n) for n in names)] == []
    assert len(names) > 5000


os.environ.setdefault("NUMPY_EXPERIMENTAL_DTYPE_API", "1")
INSTEAD = modules()
for _name in SUITES:
    for _key, _value in vars(suite(_name, INSTEAD)).items():
        if _key in WITHOUT_UFUNCS:
            continue
        if _key.startswith("test_") or _key.startswith("Test"):
            globals()[f"{_key[:4]}_{_name}{_key[4:]}" if _key[4] == "_" else f"Test_{_name}_{_key[4:]}"] = _value
