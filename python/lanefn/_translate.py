"""From an ordinary Python function of one element to a graph.

The function is not run: its syntax tree is walked once, with `_values` in the place of objects. What is
known now is computed now, by Python itself; what depends on the arguments becomes nodes. Both arms of an
`if` are walked and what they leave in names is joined by a choice; a `return` in the middle becomes an
`Exit`; a loop becomes a masked loop that carries the names it changes.
"""

import ast
import builtins
import math
import operator
import sys
import types

import numpy as np

from . import _calls
from ._source import Missing, definition
from ._values import (
    UNBOUND,
    Again,
    Const,
    Exit,
    Frame,
    Lane,
    Local,
    Maybe,
    Mixed,
    Refusal,
    Region,
    Row,
    Several,
    is_number,
    is_simple,
    name_of,
)

BINARY = {
    ast.Add: ("add", operator.add),
    ast.Sub: ("subtract", operator.sub),
    ast.Mult: ("multiply", operator.mul),
    ast.Div: ("divide", operator.truediv),
    ast.FloorDiv: ("floor_divide", operator.floordiv),
    ast.Mod: ("remainder", operator.mod),
    ast.Pow: ("pow", operator.pow),
    ast.BitAnd: ("bitwise_and", operator.and_),
    ast.BitOr: ("bitwise_or", operator.or_),
    ast.BitXor: ("bitwise_xor", operator.xor),
    ast.LShift: ("left_shift", operator.lshift),
    ast.RShift: ("right_shift", operator.rshift),
}
COMPARISONS = {
    ast.Lt: ("less", operator.lt),
    ast.LtE: ("less_equal", operator.le),
    ast.Gt: ("greater", operator.gt),
    ast.GtE: ("greater_equal", operator.ge),
    ast.Eq: ("equal", operator.eq),
    ast.NotEq: ("not_equal", operator.ne),
}
UNARY = {
    ast.USub: ("negative", operator.neg),
    ast.UAdd: ("positive", operator.pos),
    ast.Invert: ("invert", operator.invert),
}
BITS = ("bitwise_and", "bitwise_or", "bitwise_xor")

# Loops over this many known things, or fewer, are written out.
UNROLL = 12
# No function may become more nodes than this.
NODES = 50_000
# Arithmetic on arrays of this many numbers, or fewer, is written out.
LONGEST = 128
# Helpers within helpers.
DEPTH = 24
# What a loop carries beside its names: nothing, whether it has stopped, the number of the exit that was
# taken, and that with a test that is an exit itself.
STOP, CODE, TESTED = 1, 2, 3
# Kinds of exceptions with codes, 0 being none.
RAISES = 255


class Raise:
    """An exception that an element can raise."""

    def __init__(self, type, text):
        self.type, self.text = type, text

    def key(self):
        return (self.type, self.text)


class Slot:
    """A name that a loop carries: what it was before, as numbers, and their kinds."""

    def __init__(self, name, like, firsts, kinds, maybe):
        self.name, self.like, self.firsts, self.kinds, self.maybe = name, like, firsts, kinds, maybe


class Translation:
    """What a function became.

    Attributes
    ----------
    builder : Builder
        The graph. If the function can raise, its last output is the number of the exception, from 1, or 0.
    nout : int
        The number of results.
    raises : list of (type, str)
        The exceptions.
    """

    def __init__(self, builder, nout, raises):
        self.builder, self.nout, self.raises = builder, nout, raises


def translate(function, inputs, constants, make):
    """Translates a Python function.

    Parameters
    ----------
    function : callable
        A function, method, builtin, or partial of one.
    inputs : list of str or int
        The parameters that are arrays, in order: by name, or a number for what has no name.
    constants : dict
        Parameters that are known, by name; those that are in neither have their defaults.
    make : callable
        Makes an empty builder.

    Returns
    -------
    Translation

    Raises
    ------
    Refusal
        Where it can't be done.
    """
    facts = {"loops": {}, "kinds": {}}
    for _ in range(64):
        try:
            return Translator(make(), facts).run(function, inputs, constants)
        except Again:
            continue
        except Missing as missing:
            raise Refusal(f"{name_of(function)} can't be read: {missing}") from None
        except RecursionError:
            raise Refusal("the function is nested too deeply") from None
        except OverflowError as error:
            raise Refusal(f"a number is too large for 64 bits ({error})") from None
    raise Refusal("the function is too involved")


def escaped(text):
    """A text as a format that gives it."""
    return text.replace("{", "{{").replace("}", "}}")


class Translator:
    def __init__(self, builder, facts):
        self.b = builder
        self.facts = facts
        self.cond = True
        self.region = None
        self.frame = None
        self.node = None
        self.last = None, None
        self.depth = 0
        self.active = []
        self.catching = []
        self.raises = []
        self.loops = 0
        self.hidden = 0

    def run(self, function, inputs, constants):
        args, kwargs = [], {k: Const(v) for k, v in constants.items()}
        self.inputs = {}
        for name in inputs:
            own = name if isinstance(name, str) else f"x{name}"
            lane = Lane(self.b.input(own))
            self.inputs[lane.id] = own
            if isinstance(name, str):
                kwargs[name] = lane
            else:
                args.append(lane)
        self.region = Region(None, True)
        self.frame = Frame({}, {}, None, None, name_of(function), None, self.region)
        value = self.call(Const(function), args, kwargs)
        several = isinstance(value, Several)
        if several and value.type is not tuple:
            self.refuse("the function gives a list", "return a tuple, or numbers")
        items = value.items if several else [value]
        if several and len(items) < 2:
            self.refuse(f"the function gives a tuple of {len(items)}", "return a number")
        for item in items:
            self.b.output(self.result(item))
        raises = [e for e in self.region.exits if e.kind == "raise"]
        if raises:
            code = self.int(0)
            for e in reversed(raises):
                code = self.choose(e.cond, self.int(e.what), code)
            self.b.output(self.b.convert(np.uint8, code.id))
        known = [(r.type, r.text) for r in self.raises] if raises else []
        return Translation(self.b, len(items), known)

    def result(self, value):
        if isinstance(value, Maybe):
            value = value.value
        if isinstance(value, Mixed):
            self.refuse_mixed(value)
        if isinstance(value, Lane):
            return value.id
        if isinstance(value, Const):
            if value.value is None:
                self.refuse("the function returns None", "end every path with a return of a number")
            if is_number(value.value):
                return self.lane(value).id
        self.refuse(f"the function returns {self.describe(value)}", "only numbers can be compiled")

    # ---- refusals -----------------------------------------------------------------------------------

    def refuse(self, construct, advice=""):
        raise Refusal(construct, advice, *self.place())

    def place(self):
        """The file and line that are looked at."""
        if self.node is None:
            return self.last
        return self.frame.file, self.node.lineno

    def mixed(self, why):
        return Mixed(why, self.place())

    def refuse_mixed(self, value):
        raise Refusal(value.why, value.advice, *value.place)

    def describe(self, value):
        if isinstance(value, Const):
            v = value.value
            if isinstance(v, (str, int, float, type(None))):
                return repr(v)[:60]
            return f"an object of type {type(v).__name__}"
        if isinstance(value, Several):
            return f"a {value.type.__name__}"
        if isinstance(value, Local):
            return "a function"
        return "a number of each element" if isinstance(value, Lane) else "what can't be compiled"

    # ---- nodes --------------------------------------------------------------------------------------

    def int(self, value):
        return Lane(self.b.int(value), "i")

    def call_node(self, name, args, kind="n", output=0):
        if len(self.b) > NODES:
            self.refuse(
                f"the function becomes more than {NODES} operations", "use loops with fewer turns"
            )
        return Lane(self.b.call(name, [a.id for a in args], output), kind)

    def lane(self, value):
        """A value as a node."""
        if isinstance(value, Lane):
            return value
        if isinstance(value, Mixed):
            self.refuse_mixed(value)
        if isinstance(value, Const):
            v = value.value
            if isinstance(v, np.ndarray) and v.ndim == 0:
                v = v[()]
            if isinstance(v, (bool, np.bool_)):
                return Lane(self.b.bool(bool(v)), "b")
            if isinstance(v, np.generic) and is_number(v):
                kind = "f" if v.dtype.kind == "f" else "i"
                return Lane(self.b.constant(v.item(), v.dtype), kind)
            if isinstance(v, int):
                if -(2**63) <= v < 2**63:
                    return Lane(self.b.int(int(v)), "i")
                if v < 2**64 and v > 0:
                    return Lane(self.b.constant(int(v), np.uint64), "i")
                self.refuse(f"{v} is too large for 64 bits")
            if isinstance(v, float):
                return Lane(self.b.float(float(v)), "f")
        self.refuse(f"{self.describe(value)} is used as a number")

    def number(self, value):
        """As in arithmetic, where truths are 0 and 1."""
        if isinstance(value, Const) and isinstance(value.value, bool):
            return self.int(int(value.value))
        lane = self.lane(value)
        if lane.kind == "b":
            return Lane(self.b.choose(lane.id, self.b.int(1), self.b.int(0)), "i")
        return lane

    def truth(self, value):
        """Whether a value counts as true: a bool, or a truth of each element."""
        if isinstance(value, Const):
            try:
                return bool(value.value)
            except Exception as error:
                self.refuse(f"the truth of {self.describe(value)} is not known ({error})")
        if is_array(value):
            self.refuse("the truth of an array", "use np.any or np.all")
        if isinstance(value, Several):
            return bool(value.items)
        if isinstance(value, (Local, Row)):
            return True
        lane = self.lane(value)
        if lane.kind == "b":
            return lane
        return self.call_node("not_equal", [lane, self.int(0)], "b")

    def both(self, a, b):
        if a is False or b is False:
            return False
        if a is True:
            return b
        if b is True or b.id == a.id:
            return a
        return self.call_node("logical_and", [a, b], "b")

    def either(self, a, b):
        if a is True or b is True:
            return True
        if a is False:
            return b
        if b is False or b.id == a.id:
            return a
        return self.call_node("logical_or", [a, b], "b")

    def opposite(self, a):
        if isinstance(a, bool):
            return not a
        return self.call_node("logical_not", [a], "b")

    def condition(self, cond):
        return Lane(self.b.bool(cond), "b") if isinstance(cond, bool) else cond

    def choose(self, cond, yes, no):
        """A choice between two numbers."""
        if isinstance(cond, bool):
            return yes if cond else no
        if yes.id == no.id:
            return yes
        kind = yes.kind if yes.kind == no.kind else "n"
        return Lane(self.b.choose(cond.id, yes.id, no.id), kind)

    def merge(self, cond, yes, no):
        """What is there after two paths have met."""
        if yes is no or isinstance(cond, bool):
            return no if cond is False else yes
        if isinstance(yes, Mixed) or isinstance(no, Mixed):
            return yes if isinstance(yes, Mixed) else no
        missing = isinstance(yes, (Maybe, type(UNBOUND))), isinstance(no, (Maybe, type(UNBOUND)))
        if any(missing):
            bad_yes = self.missing(yes)
            bad_no = self.missing(no)
            bad = self.either(self.both(cond, bad_yes), self.both(self.opposite(cond), bad_no))
            if yes is UNBOUND:
                value = no.value if isinstance(no, Maybe) else no
            elif no is UNBOUND:
                value = yes.value if isinstance(yes, Maybe) else yes
            else:
                value = self.merge(
                    cond,
                    yes.value if isinstance(yes, Maybe) else yes,
                    no.value if isinstance(no, Maybe) else no,
                )
            return value if bad is False else Maybe(value, bad)
        if isinstance(yes, Const) and isinstance(no, Const):
            a, b = yes.value, no.value
            if a is b or (type(a) is type(b) and isinstance(a, (int, float, str)) and same(a, b)):
                return yes
        if isinstance(yes, Several) and isinstance(no, Several):
            if len(yes.items) == len(no.items) and yes.type is no.type:
                items = [self.merge(cond, a, b) for a, b in zip(yes.items, no.items)]
                return Several(items, yes.type)
            return self.mixed("paths leave tuples of different lengths")
        if is_scalar(yes) and is_scalar(no):
            return self.choose(cond, self.lane(yes), self.lane(no))
        value = self.mixed(f"paths leave {self.describe(yes)} and {self.describe(no)}")
        value.advice = "only numbers can be compiled"
        return value

    def missing(self, value):
        if value is UNBOUND:
            return True
        return value.bad if isinstance(value, Maybe) else False

    # ---- paths --------------------------------------------------------------------------------------

    def pending(self):
        """Whether an element has left by a break or continue of a loop that is written out."""
        cond = False
        for e in self.region.exits:
            if e.owner is not None:
                cond = self.either(cond, e.cond)
        return cond

    def leave(self, kind, what=None, env=None, owner=None):
        cond = self.both(self.cond, self.opposite(self.pending()))
        if cond is not False:
            self.region.exits.append(Exit(cond, kind, what, env, owner))

    def fail(self, cond, type, text):
        """The elements on this path for which `cond` holds raise an exception."""
        cond = self.both(cond, self.cond)
        if cond is False:
            return
        new = Raise(type, text)
        for code, known in enumerate(self.raises, 1):
            if known.key() == new.key():
                break
        else:
            self.raises.append(new)
            code = len(self.raises)
            if code > RAISES:
                self.refuse(f"the function raises in more than {RAISES} ways")
        outer, self.cond = self.cond, cond
        self.leave("raise", code, self.caught_env())
        self.cond = outer

    def caught_env(self):
        """What a handler of this function would find in its names, if there may be one."""
        return dict(self.frame.env) if self.frame.tries else None

    def catches(self, type):
        """Whether somebody catches exceptions of this type here, so that they have to be told of."""
        return any(issubclass(type, t) for types in self.catching for t in types)

    def alive(self):
        """Which elements are on this path and have not left."""
        cond, region = self.cond, self.region
        while region is not None:
            for e in region.exits:
                cond = self.both(cond, self.opposite(e.cond))
            if region.loop:
                break
            region = region.parent
        return cond

    def under(self, cond, work):
        """Does work on the path where `cond` holds."""
        outer, self.cond = self.cond, self.both(self.cond, cond)
        try:
            return work()
        finally:
            self.cond = outer

    def merge_env(self, cond, yes, no):
        if yes is no:
            return yes
        env = {}
        for name in {**yes, **no}:
            env[name] = self.merge(cond, yes.get(name, UNBOUND), no.get(name, UNBOUND))
        return env

    # ---- functions ----------------------------------------------------------------------------------

    def call(self, function, args, kwargs):
        """A call of anything."""
        if isinstance(function, Local):
            node, frame = function.node, function.frame
            made = Frame(
                frame.globals, {}, frame, frame.file, getattr(node, "name", "<lambda>"), node, None
            )
            return self.inline(made, node, function.defaults, function.keyword_defaults, args, kwargs)
        if not isinstance(function, Const):
            self.refuse(f"{self.describe(function)} is called")
        target = function.value
        known = _calls.find(target)
        if known is not None:
            return known(self, target, args, kwargs)
        if isinstance(target, types.MethodType):
            return self.call(Const(target.__func__), [Const(target.__self__), *args], kwargs)
        if isinstance(target, types.FunctionType):
            return self.inline_function(target, args, kwargs)
        inner = _calls.wrapped(target)
        if inner is not None:
            function, first, named = inner
            named = {k: Const(v) for k, v in named.items()}
            return self.call(Const(function), [*map(Const, first), *args], {**named, **kwargs})
        name = getattr(target, "__qualname__", type(target).__name__)
        module = getattr(target, "__module__", None)
        full = f"{module}.{name}" if module and module != "builtins" else name
        if isinstance(target, type):
            self.refuse(f"an object of {full} is made", "pass numbers")
        self.refuse(f"{full} is called, which has no kernel", "use math or numpy functions")

    def inline_function(self, function, args, kwargs):
        code = function.__code__
        if code in self.active:
            self.refuse(f"{function.__name__} calls itself", "write a loop")
        if code.co_flags & 0x2A0:
            self.refuse(f"{function.__name__} is a generator or coroutine")
        try:
            node = definition(function)
        except Missing as missing:
            self.refuse(f"{function.__name__} can't be read: {missing}")
        closure = {}
        for name, cell in zip(code.co_freevars, function.__closure__ or ()):
            try:
                closure[name] = Const(cell.cell_contents)
            except ValueError:
                closure[name] = UNBOUND
        frame = Frame(
            function.__globals__, closure, None, code.co_filename, function.__name__, node, None
        )
        defaults = [Const(v) for v in function.__defaults__ or ()]
        named = {k: Const(v) for k, v in (function.__kwdefaults__ or {}).items()}
        self.active.append(code)
        try:
            return self.inline(frame, node, defaults, named, args, kwargs)
        finally:
            self.active.pop()

    def inline(self, frame, node, defaults, keyword_defaults, args, kwargs):
        if self.depth >= DEPTH:
            self.refuse(f"more than {DEPTH} functions call each other", "write a loop")
        frame.env.update(self.bind(frame.name, node.args, defaults, keyword_defaults, args, kwargs))
        region = Region(self.region, False)
        frame.region = region
        saved = self.frame, self.region, self.node, self.cond
        self.frame, self.region = frame, region
        self.depth += 1
        try:
            if isinstance(node, ast.Lambda):
                value = self.eval(node.body)
                region.exits.append(Exit(True, "return", value))
            elif self.block(node.body):
                region.exits.append(Exit(True, "return", Const(None)))
            value = self.returned(region)
        finally:
            self.depth -= 1
            self.last = self.place()
            self.frame, self.region, self.node, self.cond = saved
        before = False
        last = max((i for i, e in enumerate(region.exits) if e.kind == "raise"), default=-1)
        for e in region.exits[: last + 1]:
            if e.kind == "raise":
                cond = self.both(e.cond, self.opposite(before))
                cond = self.both(cond, self.opposite(self.pending()))
                if cond is not False:
                    self.region.exits.append(Exit(cond, "raise", e.what, self.caught_env()))
            before = self.either(before, e.cond)
        return value

    def returned(self, region):
        """What a function gives: the values of its returns, joined."""
        returns = [e for e in region.exits if e.kind == "return"]
        if not returns:
            # Every path raises, so it does not matter what is given.
            return self.int(0)
        value = returns[-1].what
        for e in reversed(returns[:-1]):
            value = self.merge(e.cond, e.what, value)
        nothing = any(isinstance(e.what, Const) and e.what.value is None for e in returns)
        if isinstance(value, Mixed) and nothing:
            value = self.mixed(f"{self.frame.name} returns None on some path")
            value.advice = "end every path with a return of a number, or a raise"
        return value

    def bind(self, name, spec, defaults, keyword_defaults, args, kwargs):
        env = {}
        kwargs = dict(kwargs)
        positional = spec.posonlyargs + spec.args
        names = [a.arg for a in positional]
        for n, value in zip(names, args):
            env[n] = value
        if len(args) > len(names):
            if spec.vararg is None:
                self.refuse(f"{name}() takes {len(names)} arguments, not {len(args)}")
        if spec.vararg is not None:
            env[spec.vararg.arg] = Several(args[len(names) :])
        only = {a.arg for a in spec.posonlyargs}
        for n in names[len(args) :]:
            if n in kwargs and n not in only:
                env[n] = kwargs.pop(n)
        for n, value in zip(names[len(names) - len(defaults) :], defaults):
            env.setdefault(n, value)
        for a in spec.kwonlyargs:
            if a.arg in kwargs:
                env[a.arg] = kwargs.pop(a.arg)
            elif a.arg in keyword_defaults:
                env[a.arg] = keyword_defaults[a.arg]
        for n in names + [a.arg for a in spec.kwonlyargs]:
            if n not in env:
                self.refuse(f"{name}() gets no argument {n}")
        if kwargs:
            self.refuse(f"{name}() takes no argument {next(iter(kwargs))}")
        if spec.kwarg is not None:
            env[spec.kwarg.arg] = Const({})
        return env

    # ---- statements ---------------------------------------------------------------------------------

    def block(self, statements):
        """Walks statements. False if every path has left."""
        for statement in statements:
            self.node = statement
            walk = getattr(self, "do_" + type(statement).__name__, None)
            if walk is None:
                self.refuse(STATEMENTS.get(type(statement), "a statement that can't be compiled"))
            if not walk(statement):
                return False
            if self.cond is False:
                return False
        return True

    def do_Pass(self, node):
        return True

    def do_Expr(self, node):
        if not isinstance(node.value, ast.Constant):
            self.eval(node.value)
        return True

    def do_Assign(self, node):
        value = self.eval(node.value)
        for target in node.targets:
            self.assign(target, value)
        return True

    def do_AnnAssign(self, node):
        if node.value is not None:
            self.assign(node.target, self.eval(node.value))
        return True

    def do_AugAssign(self, node):
        if not isinstance(node.target, ast.Name):
            self.assign(node.target, None)
        read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        old = self.eval(read)
        self.assign(node.target, self.binary(type(node.op), old, self.eval(node.value)))
        return True

    def assign(self, target, value):
        if isinstance(target, ast.Name):
            self.frame.env[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = self.items(value)
            if items is None:
                self.refuse(f"{self.describe(value)} is taken apart")
            star = [i for i, t in enumerate(target.elts) if isinstance(t, ast.Starred)]
            if star:
                after = len(target.elts) - star[0] - 1
                if len(items) < star[0] + after:
                    self.refuse("there are too few values to take apart")
                end = len(items) - after
                items = [*items[: star[0]], Several(items[star[0] : end], list), *items[end:]]
            if len(items) != len(target.elts):
                self.refuse(f"{len(items)} values are assigned to {len(target.elts)} names")
            for t, item in zip(target.elts, items):
                self.assign(t.value if isinstance(t, ast.Starred) else t, item)
        elif isinstance(target, ast.Subscript):
            owner, index = self.eval(target.value), self.eval(target.slice)
            if not (isinstance(owner, Several) and isinstance(index, Const)):
                self.refuse("an item is assigned", "only lists of the function's own can be changed")
            self.changes(owner)
            try:
                owner.items[operator.index(index.value)] = value
            except (TypeError, IndexError) as error:
                self.refuse(str(error))
        elif isinstance(target, ast.Attribute):
            self.refuse(
                "an attribute is assigned", "a compiled function changes nothing; use local names"
            )
        else:
            self.refuse("an assignment that can't be compiled")

    def changes(self, owner):
        """Makes sure that all elements change a list, which was made in this function."""
        region, whole = self.region, self.cond is True
        while region is not None:
            whole = whole and not region.exits
            if region.loop:
                break
            region = region.parent
        if owner.type is tuple or not whole or region is None or region.parent is not None:
            self.refuse(
                f"a {owner.type.__name__} is changed where not all elements come by",
                "use local names, or change it outside of conditions and loops",
            )

    def do_Return(self, node):
        if self.region.loop:
            # What it gives is computed once the loop has ended, from what the loop carries.
            self.leave("return", node, dict(self.frame.env))
            return False
        value = Const(None) if node.value is None else self.eval(node.value)
        self.leave("return", value)
        return False

    def do_Break(self, node):
        return self.out_of_loop("break")

    def do_Continue(self, node):
        return self.out_of_loop("continue")

    def out_of_loop(self, kind):
        owner = self.frame.loops[-1]
        self.leave(kind, None, dict(self.frame.env), owner)
        return False

    def do_If(self, node):
        return self.branch(
            self.test(node.test), lambda: self.block(node.body), lambda: self.block(node.orelse)
        )

    def branch(self, cond, yes, no):
        """Two paths that meet again. Each answers whether it goes on."""
        if isinstance(cond, bool):
            return yes() if cond else no()
        before = self.frame.env
        self.frame.env = dict(before)
        yes_alive = self.under(cond, yes)
        yes_env = self.frame.env
        self.frame.env = dict(before)
        no_alive = self.under(self.opposite(cond), no)
        no_env = self.frame.env
        if yes_alive and no_alive:
            self.frame.env = self.merge_env(cond, yes_env, no_env)
        else:
            self.frame.env = yes_env if yes_alive else no_env
        return yes_alive or no_alive

    def do_Assert(self, node):
        text = self.message([node.msg]) if node.msg is not None else ""
        self.fail(self.opposite(self.test(node.test)), AssertionError, text)
        return True

    def do_Raise(self, node):
        if node.exc is None:
            self.refuse("raise without an exception")
        args = []
        kind = node.exc
        if isinstance(kind, ast.Call):
            kind, args = kind.func, kind.args
        type_ = self.eval(kind)
        if not (
            isinstance(type_, Const)
            and isinstance(type_.value, type)
            and issubclass(type_.value, Exception)
        ):
            self.refuse("raise of what is no class of exceptions", "raise ValueError('...')")
        self.fail(True, type_.value, self.message(args))
        return False

    def message(self, args):
        """The text of an exception, as a format of the inputs. What else depends on the element stays as
        it is written."""
        texts = []
        for arg in args:
            parts = arg.values if isinstance(arg, ast.JoinedStr) else [arg]
            texts.append("".join(map(self.part_of_message, parts)))
        return ", ".join(texts)

    def part_of_message(self, part):
        spec, conversion = "", ""
        if isinstance(part, ast.FormattedValue):
            if part.conversion != -1:
                conversion = "!" + chr(part.conversion)
            if part.format_spec is not None:
                spec = ast.unparse(part.format_spec)[2:-1]
            part = part.value
        try:
            value = self.under(False, lambda: self.eval(part))
        except Refusal:
            value = None
        if isinstance(value, Lane) and value.id in self.inputs and is_simple(spec):
            return "{" + self.inputs[value.id] + conversion + (f":{spec}" if spec else "") + "}"
        if isinstance(value, Const):
            try:
                return escaped(format(value.value, spec))
            except (TypeError, ValueError):
                pass
        return escaped("{" + ast.unparse(part) + "}")

    def do_FunctionDef(self, node):
        if node.decorator_list:
            self.refuse("a decorated function inside the function", "define it outside")
        self.frame.env[node.name] = self.local(node)
        return True

    def local(self, node):
        defaults = [self.eval(d) for d in node.args.defaults]
        named = {
            a.arg: self.eval(d)
            for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults)
            if d is not None
        }
        return Local(node, self.frame, defaults, named)

    def do_Import(self, node):
        for alias in node.names:
            module = self.module(alias.name)
            if alias.asname is None:
                module = self.module(alias.name.split(".")[0])
            self.frame.env[alias.asname or alias.name.split(".")[0]] = Const(module)
        return True

    def do_ImportFrom(self, node):
        if node.level or node.module is None:
            self.refuse("a relative import inside the function", "import at the top of the file")
        module = self.module(node.module)
        for alias in node.names:
            if not hasattr(module, alias.name):
                self.refuse(f"{node.module} has no {alias.name}")
            self.frame.env[alias.asname or alias.name] = Const(getattr(module, alias.name))
        return True

    def module(self, name):
        if name not in sys.modules:
            self.refuse(f"{name} is imported inside the function", "import it at the top of the file")
        return sys.modules[name]

    def do_With(self, node):
        for item in node.items:
            call = item.context_expr
            known = isinstance(call, ast.Call) and self.eval(call.func)
            if not (isinstance(known, Const) and known.value is np.errstate):
                self.refuse("a with statement", "only np.errstate(...) is understood")
        return self.block(node.body)

    def do_Try(self, node):
        if node.finalbody:
            self.refuse("a finally clause", "a compiled function has nothing to clean up")
        handlers = []
        for h in node.handlers:
            value = Const(Exception) if h.type is None else self.eval(h.type)
            types_ = value.items if isinstance(value, Several) else [value]
            for t in types_:
                if not (isinstance(t, Const) and isinstance(t.value, type)):
                    self.refuse("an except clause for what is no class of exceptions")
            handlers.append(tuple(t.value for t in types_))
        region, first = self.region, len(self.region.exits)
        self.catching.append([t for types_ in handlers for t in types_])
        self.frame.tries += 1
        alive = self.block(node.body)
        self.frame.tries -= 1
        self.catching.pop()
        env = self.frame.env

        # An exception that is caught is no way out any more: the exits after it have to leave its elements
        # alone, and it those before.
        exits = region.exits[first:]
        del region.exits[first:]
        caught, before, paths = False, False, [[] for _ in handlers]
        for e in exits:
            cond = self.both(e.cond, self.opposite(caught))
            kind = self.raises[e.what - 1].type if e.kind == "raise" else None
            for types_, path in zip(handlers, paths):
                if kind is not None and issubclass(kind, types_):
                    cond = self.both(cond, self.opposite(before))
                    path.append((cond, e.env))
                    caught = self.either(caught, cond)
                    break
            else:
                if cond is not False:
                    region.exits.append(Exit(cond, e.kind, e.what, e.env, e.owner))
                before = self.either(before, e.cond)
        if alive and node.orelse:
            self.frame.env = dict(env)
            alive = self.under(self.opposite(caught), lambda: self.block(node.orelse))
            env = self.frame.env
        for h, path in zip(node.handlers, paths):
            if not path:
                continue
            cond, found = path[-1]
            for one, other in reversed(path[:-1]):
                cond, found = self.either(one, cond), self.merge_env(one, other, found)
            self.frame.env = dict(found)
            if h.name:
                self.frame.env[h.name] = self.mixed("the text of an exception is used")
            if self.under(cond, lambda body=h.body: self.block(body)):
                self.frame.env.pop(h.name, None)
                env = self.merge_env(cond, self.frame.env, env) if alive else self.frame.env
                alive = True
        self.frame.env = dict(env)
        return alive

    def do_Match(self, node):
        subject = self.eval(node.subject)

        def case(i):
            if i == len(node.cases):
                return True
            of = node.cases[i]
            self.node = of.pattern
            cond, names = self.pattern(of.pattern, subject)
            before = dict(self.frame.env)
            if cond is not False:
                self.frame.env.update(names)
                if of.guard is not None:
                    cond = self.both(cond, self.under(cond, lambda: self.test(of.guard)))
            bound = self.frame.env
            self.frame.env = before

            def yes():
                self.frame.env = dict(bound)
                return self.block(of.body)

            return self.branch(cond, yes, lambda: case(i + 1))

        return case(0)

    def pattern(self, pattern, subject):
        if isinstance(pattern, ast.MatchValue):
            return self.truth(self.compare(ast.Eq, subject, self.eval(pattern.value))), {}
        if isinstance(pattern, ast.MatchSingleton):
            if isinstance(subject, Const):
                return subject.value is pattern.value, {}
            if pattern.value is None:
                return False, {}
        if isinstance(pattern, ast.MatchOr):
            cond = False
            for p in pattern.patterns:
                one, names = self.pattern(p, subject)
                if names:
                    self.refuse("a pattern with names in alternatives")
                cond = self.either(cond, one)
            return cond, {}
        if isinstance(pattern, ast.MatchAs):
            cond, names = (True, {})
            if pattern.pattern is not None:
                cond, names = self.pattern(pattern.pattern, subject)
            return cond, ({**names, pattern.name: subject} if pattern.name else names)
        if isinstance(pattern, ast.MatchSequence):
            items = self.items(subject)
            if items is not None and not any(isinstance(p, ast.MatchStar) for p in pattern.patterns):
                if len(items) != len(pattern.patterns):
                    return False, {}
                cond, names = True, {}
                for p, item in zip(pattern.patterns, items):
                    one, more = self.pattern(p, item)
                    cond, names = self.both(cond, one), {**names, **more}
                return cond, names
        self.refuse("a pattern that can't be compiled", "match numbers, or use if")

    # ---- loops --------------------------------------------------------------------------------------

    def do_While(self, node):
        return self.loop(node, lambda: self.test(node.test), None)

    def do_For(self, node):
        over = self.eval(node.iter)
        if isinstance(over, Const) and isinstance(over.value, _calls.LaneRange):
            over = over.value
        else:
            items = self.items(over, most=100_000)
            if items is None:
                self.refuse(f"a loop over {self.describe(over)}", "loop over range(...) or a tuple")
            plain = isinstance(over, Const) and isinstance(over.value, range)
            if len(items) <= UNROLL:
                return self.written_out(node, items)
            if plain:
                r = over.value
                over = _calls.LaneRange(Const(r.start), Const(r.stop), r.step, len(r) > 0)
            elif all(isinstance(i, Const) and is_number(i.value) for i in items):
                return self.over_table(node, [i.value for i in items], over)
            elif len(items) <= 512:
                return self.written_out(node, items)
            else:
                self.refuse(f"a loop over {len(items)} values that are no numbers known before")
        counter = f".{self.hidden}"
        self.hidden += 1
        self.frame.env[counter] = over.start
        stop = self.number(over.stop)
        step = over.step
        compare = ast.Lt if step > 0 else ast.Gt

        def test():
            return self.truth(self.compare(compare, self.frame.env[counter], stop))

        def begin():
            self.assign(node.target, self.frame.env[counter])

        def advance(inside):
            return self.binary(ast.Add, inside, Const(step))

        return self.loop(node, test, (counter, begin, advance, over.some))

    def over_table(self, node, values, over):
        """A loop over numbers: over their places, each looked up."""
        counter = f".{self.hidden}"
        self.hidden += 1
        self.frame.env[counter] = Const(0)
        table = over.value if isinstance(over, Const) else values

        def test():
            return self.truth(self.compare(ast.Lt, self.frame.env[counter], Const(len(values))))

        def begin():
            index = self.frame.env[counter]
            self.assign(node.target, _calls.entry(self, values, table, index))

        def advance(inside):
            return self.binary(ast.Add, inside, Const(1))

        return self.loop(node, test, (counter, begin, advance, True))

    def written_out(self, node, items):
        """A loop over things that are known: its body as often."""
        mark = object()
        outer = self.cond
        region, broken = self.region, []
        self.frame.loops.append(mark)
        alive = True
        for item in items:
            self.assign(node.target, item)
            alive = self.block(node.body)
            here = [e for e in region.exits if e.owner is mark]
            region.exits[:] = [e for e in region.exits if e.owner is not mark]
            alive = self.resume([e for e in here if e.kind == "continue"], alive)
            for e in here:
                if e.kind == "break":
                    broken.append(e)
                    self.cond = self.both(self.cond, self.opposite(e.cond))
            if not alive or self.cond is False:
                alive = False
                break
        self.frame.loops.pop()
        if alive and node.orelse:
            alive = self.block(node.orelse)
        self.cond = outer
        return self.resume(broken, alive)

    def resume(self, exits, alive):
        """Goes on after exits that lead here, and answers whether anybody does."""
        if not exits:
            return alive
        env = self.frame.env
        if not alive:
            env, exits = exits[-1].env, exits[:-1]
        for e in reversed(exits):
            env = self.merge_env(e.cond, e.env, env)
        self.frame.env = dict(env)
        return True

    def loop(self, node, test, ranged):
        """A masked loop. `ranged` is what a `for` adds: its counter, what begins and ends a turn, and
        whether there surely is one."""
        number = self.loops
        self.loops += 1
        mode = self.facts["loops"].get(number, 0)
        active = self.alive()
        counter, begin, advance, some = ranged or (None, None, None, False)
        frame = self.frame
        frame.env = dict(frame.env)
        names = assigned(node) + ([counter] if counter else [])
        slots = self.slots(number, node, names, counter)
        firsts = [lane.id for slot in slots for lane in slot.firsts]
        if mode == STOP:
            firsts.append(self.b.bool(False))
        elif mode >= CODE:
            firsts.append(self.b.int(0))
        if not firsts:
            self.refuse("a loop that changes nothing")
        loop, inside = self.b.begin_loop(firsts)
        for name in names:
            if not isinstance(frame.env.get(name), Mixed):
                frame.env[name] = UNBOUND
        flag = self.enter(slots, inside, frame.env)
        start = frame.env.get(counter)
        entered = dict(frame.env)

        outer_region, outer_cond = self.region, self.cond
        self.region, self.cond = Region(outer_region, True), True
        frame.loops.append(None)
        checked = test()
        if self.region.exits and mode < TESTED:
            self.again(number, TESTED)
        go = active
        if mode == TESTED:
            self.under(self.opposite(checked), lambda: self.leave("done", None, entered))
        else:
            go = self.both(go, checked)
        if mode == STOP:
            go = self.both(go, self.opposite(Lane(flag, "b")))
        elif mode >= CODE:
            go = self.both(go, self.call_node("equal", [Lane(flag), self.int(0)], "b"))
        if begin:
            begin()
        alive = self.block(node.body)
        frame.loops.pop()
        exits, end = self.region.exits, frame.env
        self.region, self.cond = outer_region, outer_cond
        kinds = {e.kind for e in exits}
        if kinds & {"return", "raise"} and mode < CODE:
            self.again(number, CODE)
        if "break" in kinds and mode < STOP:
            self.again(number, STOP)
        if go is True or (mode == 0 and checked is True):
            self.refuse("a loop that never ends", "give it a condition or a break")

        nexts = []
        for slot in slots:
            if slot.name == counter:
                nexts.append(self.lane(advance(start)))
                continue
            final = self.parts(slot, end if alive else entered)
            # An element that raises is done, whatever its values are.
            ways = [(e.cond, self.parts(slot, e.env)) for e in exits if e.env is not None]
            if not alive and exits and exits[-1].env is not None:
                final = ways.pop()[1]
            for i, lane in enumerate(final):
                for cond, parts in reversed(ways):
                    lane = self.choose(cond, parts[i], lane)
                nexts.append(lane)
        self.learn(number, slots, nexts)
        codes = {}
        if mode == STOP:
            stop = not alive and exits[-1].kind == "break"
            for e in reversed(exits if alive else exits[:-1]):
                if e.kind == "break":
                    stop = self.either(e.cond, stop)
                else:
                    stop = self.both(self.opposite(e.cond), stop)
            nexts.append(self.condition(stop))
        elif mode >= CODE:
            numbers = {"continue": 0, "break": -1, "done": -2}
            code = None if not alive else self.int(0)
            for n, e in reversed(list(enumerate(exits, 1))):
                if e.kind in ("return", "raise"):
                    codes[n] = e
                one = self.int(numbers.get(e.kind, n))
                code = one if code is None else self.choose(e.cond, one, code)
            nexts.append(code)
        go = self.condition(go)
        after = self.b.end_loop(loop, go.id, [lane.id for lane in nexts])

        env = dict(end)
        for name in names:
            if not isinstance(env.get(name), Mixed):
                env[name] = UNBOUND
        flag = self.enter(slots, after, env)
        if some:
            # The loop runs at least once, so what its body surely assigns is there.
            for name in surely(node):
                if isinstance(env.get(name), Maybe):
                    env[name] = env[name].value
        frame.env = env
        cond = self.cond
        for n, e in codes.items():
            self.cond = self.both(cond, self.call_node("equal", [Lane(flag), self.int(n)], "b"))
            if e.kind == "raise":
                self.leave("raise", e.what, self.caught_env())
            else:
                self.do_Return(e.what)
            self.cond = cond
        if checked is True and "break" not in kinds:
            return False
        if not node.orelse:
            return True
        broken = False
        if mode == STOP:
            broken = Lane(flag, "b")
        elif mode >= CODE:
            broken = self.call_node("equal", [Lane(flag), self.int(-1)], "b")
        return self.branch(broken, lambda: True, lambda: self.block(node.orelse))

    def slots(self, number, node, names, counter):
        """What a loop carries: the names that it changes and that somebody reads."""
        needed = read_elsewhere(self.frame.node, node)
        slots = []
        for name in names:
            value = self.frame.env.get(name, UNBOUND)
            if value is UNBOUND and name not in needed:
                continue
            bad = self.missing(value)
            value = value.value if isinstance(value, Maybe) else value
            if isinstance(value, Mixed) or not (value is UNBOUND or self.flat(value)):
                self.frame.env[name] = self.mixed(f"{name} changes in a loop and is not a number")
                continue
            known = self.facts["kinds"]
            if value is UNBOUND:
                # Nobody sees this one.
                value = Const(False) if known.get((number, name, 0)) == "b" else Const(0)
                firsts = [Lane(self.lane(value).id, "b" if value.value is False else "?")]
            else:
                firsts = self.leaves(value)
            n = len(firsts)
            kinds = [known.get((number, name, i), lane.kind) for i, lane in enumerate(firsts)]
            if bad is not False:
                firsts.append(self.condition(bad))
            slots.append(Slot(name, value, firsts, kinds[:n], bad is not False))
        return slots

    def enter(self, slots, ids, env):
        """Gives names the values that a loop carries; answers what is left, which is its flag."""
        at = 0
        for slot in slots:
            n = len(slot.kinds)
            lanes = [Lane(i, k.replace("?", "n")) for i, k in zip(ids[at : at + n], slot.kinds)]
            value = self.rebuild(slot.like, lanes)
            at += n
            if slot.maybe:
                value = Maybe(value, Lane(ids[at], "b"))
                at += 1
            env[slot.name] = value
        return ids[at] if at < len(ids) else None

    def parts(self, slot, env):
        """The numbers of a name at the end of a turn, in the order in which the loop carries them."""
        value = env.get(slot.name, UNBOUND)
        bad = self.missing(value)
        value = value.value if isinstance(value, Maybe) else value
        if isinstance(value, Mixed):
            self.refuse_mixed(value)
        if value is UNBOUND:
            value = slot.like
        if bad is not False and not slot.maybe:
            self.refuse(f"{slot.name} may have no value at the end of the loop's body")
        if not self.flat(value) or not alike(value, slot.like):
            self.refuse(f"{slot.name} does not stay a number in a loop")
        return self.leaves(value) + ([self.condition(bad)] if slot.maybe else [])

    def learn(self, number, slots, nexts):
        """Begins again if what a loop carries is not of the kind that it began with."""
        at, new = 0, False
        for slot in slots:
            for i, kind in enumerate(slot.kinds):
                got = nexts[at + i].kind
                if got != kind and kind != "n":
                    key = (number, slot.name, i)
                    first = kind == "?" and key not in self.facts["kinds"]
                    self.facts["kinds"][key] = got if first and got == "b" else "n"
                    new = True
            at += len(slot.firsts)
        if new:
            raise Again

    def again(self, number, mode):
        self.facts["loops"][number] = mode
        raise Again

    def flat(self, value):
        """Whether a value is numbers alone."""
        if isinstance(value, Several):
            return all(self.flat(v) for v in value.items)
        return is_scalar(value)

    def leaves(self, value):
        """The numbers that a value consists of."""
        if isinstance(value, Several):
            return [leaf for v in value.items for leaf in self.leaves(v)]
        return [self.lane(value)]

    def rebuild(self, like, lanes):
        """The value of the same form with these numbers."""
        if isinstance(like, Several):
            items, at = [], 0
            for v in like.items:
                n = len(self.leaves(v))
                items.append(self.rebuild(v, lanes[at : at + n]))
                at += n
            return Several(items, like.type)
        return lanes[0]

    # ---- expressions --------------------------------------------------------------------------------

    def eval(self, node):
        outer, self.node = self.node, node
        walk = getattr(self, "of_" + type(node).__name__, None)
        if walk is None:
            self.refuse(EXPRESSIONS.get(type(node), "an expression that can't be compiled"))
        value = walk(node)
        self.node = outer
        return value

    def test(self, node):
        """An expression of which the truth alone is asked."""
        outer, self.node = self.node, node
        if isinstance(node, ast.BoolOp):
            meet = isinstance(node.op, ast.And)
            cond = meet
            for part in node.values:
                if cond is (not meet):
                    break
                reached = cond if meet else self.opposite(cond)
                one = self.under(reached, lambda part=part: self.test(part))
                cond = self.both(cond, one) if meet else self.either(cond, one)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            cond = self.opposite(self.test(node.operand))
        else:
            cond = self.truth(self.eval(node))
        self.node = outer
        return cond

    def of_Constant(self, node):
        return Const(node.value)

    def of_Name(self, node):
        return self.bound(self.lookup(node.id), node.id)

    def bound(self, value, name):
        if isinstance(value, Mixed):
            self.refuse_mixed(value)
        if value is UNBOUND:
            self.refuse(f"{name} has no value here", "assign it before")
        if isinstance(value, Maybe):
            self.fail(
                value.bad,
                UnboundLocalError,
                f"cannot access local variable '{name}' where it is not associated with a value",
            )
            return value.value
        return value

    def lookup(self, name):
        frame = self.frame
        while frame is not None:
            if name in frame.env:
                return frame.env[name]
            if name in frame.closure:
                return frame.closure[name]
            last, frame = frame, frame.outer
        if name in last.globals:
            return Const(last.globals[name])
        if hasattr(builtins, name):
            return Const(getattr(builtins, name))
        self.refuse(f"{name} is not defined")

    def of_NamedExpr(self, node):
        value = self.eval(node.value)
        self.assign(node.target, value)
        return value

    def of_Tuple(self, node):
        return self.gathered(node, tuple)

    def of_List(self, node):
        return self.gathered(node, list)

    def of_Set(self, node):
        value = self.gathered(node, list)
        if all(isinstance(i, Const) for i in value.items):
            return Const({i.value for i in value.items})
        return value

    def gathered(self, node, type_):
        items = []
        for e in node.elts:
            if isinstance(e, ast.Starred):
                more = self.items(self.eval(e.value))
                if more is None:
                    self.refuse("a * of what is no tuple")
                items.extend(more)
            else:
                items.append(self.eval(e))
        return Several(items, type_)

    def of_Dict(self, node):
        made = {}
        for k, v in zip(node.keys, node.values):
            if k is None:
                self.refuse("a dict made of another")
            key = self.eval(k)
            if not isinstance(key, Const):
                self.refuse("a dict whose keys depend on the element", "use if")
            made[key.value] = self.eval(v)
        if all(isinstance(v, Const) for v in made.values()):
            return Const({k: v.value for k, v in made.items()})
        return Const(_calls.Choices(made))

    def of_Lambda(self, node):
        return self.local(node)

    def of_JoinedStr(self, node):
        text = ""
        for part in node.values:
            value = self.eval(part.value if isinstance(part, ast.FormattedValue) else part)
            if not isinstance(value, Const) or (
                isinstance(part, ast.FormattedValue) and (part.format_spec or part.conversion != -1)
            ):
                self.refuse("a string made of numbers", "only numbers can be compiled")
            text += str(value.value)
        return Const(text)

    def of_BinOp(self, node):
        return self.binary(type(node.op), self.eval(node.left), self.eval(node.right))

    def of_UnaryOp(self, node):
        if isinstance(node.op, ast.Not):
            cond = self.test(node)
            return Const(cond) if isinstance(cond, bool) else cond
        name, python = UNARY[type(node.op)]
        return self.unary(name, python, self.eval(node.operand))

    def unary(self, name, python, value):
        if isinstance(value, Const):
            return self.fold(python, value)
        if is_array(value):
            return self.each(lambda v: self.unary(name, python, v), value)
        lane = self.number(value)
        return self.call_node(name, [lane], lane.kind)

    def fold(self, python, *values):
        """What Python makes of values that are known."""
        try:
            with np.errstate(all="ignore"):
                return Const(python(*(v.value for v in values)))
        except ArithmeticError as error:
            self.fail(True, type(error), str(error))
            return self.int(0)
        except Exception as error:
            self.refuse(f"{type(error).__name__}: {error}")

    def binary(self, op, left, right):
        if op not in BINARY:
            self.refuse("an operator that can't be compiled", "use numbers")
        name, python = BINARY[op]
        if isinstance(left, Const) and isinstance(right, Const):
            return self.fold(python, left, right)
        if is_array(left) or is_array(right):
            return self.each(lambda a, b: self.binary(op, a, b), left, right)
        if isinstance(left, Several) or isinstance(right, Several):
            return self.sequences(name, left, right)
        if name in BITS:
            a, b = self.lane(left), self.lane(right)
            if a.kind == b.kind == "b":
                return self.call_node(name, [a, b], "b")
        a, b = self.number(left), self.number(right)
        if name in ("divide", "floor_divide", "remainder"):
            self.check_divisor(b, right)
        if name == "pow":
            return self.power(a, b, right)
        if name == "divide":
            kind = "f"
        elif "f" in (a.kind, b.kind):
            kind = "f"
        else:
            kind = "i" if a.kind == b.kind == "i" else "n"
        return self.call_node(name, [a, b], kind)

    def check_divisor(self, lane, value):
        """Division by zero is Python's error where somebody catches that, and IEEE's elsewhere."""
        if self.catches(ZeroDivisionError) and not (isinstance(value, Const) and value.value != 0):
            zero = self.call_node("equal", [lane, self.int(0)], "b")
            self.fail(zero, ZeroDivisionError, "division by zero")

    def check_overflow(self, result, *args):
        """A result that is too large is Python's error where somebody catches that."""
        if self.catches(OverflowError):
            bad = self.call_node("isinf", [result], "b")
            for a in args:
                bad = self.both(bad, self.call_node("isfinite", [a], "b"))
            self.fail(bad, OverflowError, "math range error")
        return result

    def power(self, a, b, exponent):
        known = exponent.value if isinstance(exponent, Const) else None
        if self.catches(ZeroDivisionError) and not (known is not None and known >= 0):
            zero = self.call_node("equal", [a, self.int(0)], "b")
            negative = self.call_node("less", [b, self.int(0)], "b")
            self.fail(self.both(zero, negative), ZeroDivisionError, "zero to a negative power")
        return self.check_overflow(self.raised_to(a, b, exponent), a, b)

    def raised_to(self, a, b, exponent):
        if isinstance(exponent, Const) and not isinstance(exponent.value, np.generic):
            n = exponent.value
            if n == 2 and isinstance(n, int):
                return self.call_node("multiply", [a, a], a.kind)
            if n == 1 and isinstance(n, int):
                return a
            if n == 0.5:
                # The power of a negative zero is a positive one.
                whole = self.call_node("add", [a, Lane(self.b.float(0.0), "f")], "f")
                return self.call_node("sqrt", [whole], "f")
            if isinstance(n, int) and n < 0:
                # Python's whole numbers become floats here.
                one = Lane(self.b.float(1.0), "f")
                if n == -1:
                    return self.call_node("divide", [one, a], "f")
                a = self.call_node("multiply", [a, one], "f")
                return self.call_node("pow", [a, Lane(self.b.float(float(n)), "f")], "f")
        kind = "f" if "f" in (a.kind, b.kind) else "n"
        return self.call_node("pow", [a, b], kind)

    def each(self, function, *values):
        """A function of elements on arrays with one axis, and on numbers with them."""
        lists = [self.items(v) if is_array(v) or isinstance(v, Several) else None for v in values]
        lengths = {len(items) for items in lists if items is not None}
        lengths.discard(1)
        if len(lengths) > 1:
            self.refuse("arrays of different lengths meet")
        n = lengths.pop() if lengths else 1
        if n > LONGEST:
            self.refuse(f"arithmetic on an array of {n} numbers", "write a loop over it")
        rows = [
            [v] * n if items is None else items * n if len(items) == 1 else items
            for v, items in zip(values, lists)
        ]
        return Several([function(*row) for row in zip(*rows)], np.ndarray)

    def sequences(self, name, left, right):
        if name == "add":
            a, b = self.items(left), self.items(right)
            if a is not None and b is not None:
                type_ = left.type if isinstance(left, Several) else right.type
                return Several(a + b, type_)
        if name == "multiply":
            if isinstance(left, Const):
                left, right = right, left
            if isinstance(right, Const) and isinstance(right.value, int):
                if right.value * len(left.items) <= 4096:
                    return Several(left.items * right.value, left.type)
        self.refuse("arithmetic on tuples or lists", "use numbers")

    def of_Compare(self, node):
        left = self.eval(node.left)
        if len(node.ops) == 1:
            return self.compare(type(node.ops[0]), left, self.eval(node.comparators[0]))
        cond = True
        for op, comparator in zip(node.ops, node.comparators):
            if cond is False:
                break
            right = self.under(cond, lambda c=comparator: self.eval(c))
            one = self.under(cond, lambda: self.truth(self.compare(type(op), left, right)))
            cond = self.both(cond, one)
            left = right
        return Const(cond) if isinstance(cond, bool) else cond

    def compare(self, op, left, right):
        if op in (ast.Is, ast.IsNot):
            if isinstance(left, Const) and isinstance(right, Const):
                return Const((left.value is right.value) == (op is ast.Is))
            known = left if isinstance(left, Const) else right
            if isinstance(known, Const) and not is_number(known.value):
                return Const(op is ast.IsNot)
            self.refuse("`is` between numbers", "use ==")
        if op in (ast.In, ast.NotIn):
            cond = _calls.contains(self, right, left)
            cond = self.opposite(cond) if op is ast.NotIn else cond
            return Const(cond) if isinstance(cond, bool) else cond
        name, python = COMPARISONS[op]
        if isinstance(left, Const) and isinstance(right, Const):
            return self.fold(python, left, right)
        if is_array(left) or is_array(right):
            return self.each(lambda a, b: self.compare(op, a, b), left, right)
        for value in (left, right):
            if isinstance(value, Const) and not is_number(value.value):
                if op in (ast.Eq, ast.NotEq) and isinstance(
                    value.value, (str, bytes, type(None), tuple, type)
                ):
                    return Const(op is ast.NotEq)
                self.refuse(f"a number is compared with {self.describe(value)}")
        if isinstance(left, Several) and isinstance(right, Several) and op in (ast.Eq, ast.NotEq):
            cond = len(left.items) == len(right.items)
            for a, b in zip(left.items, right.items):
                cond = self.both(cond, self.truth(self.compare(ast.Eq, a, b)))
            cond = self.opposite(cond) if op is ast.NotEq else cond
            return Const(cond) if isinstance(cond, bool) else cond
        a, b = self.lane(left), self.lane(right)
        if a.kind == "b" and b.kind != "b" or b.kind == "b" and a.kind != "b":
            a, b = self.number(a), self.number(b)
        return self.call_node(name, [a, b], "b")

    def of_BoolOp(self, node):
        meet = isinstance(node.op, ast.And)
        value = self.eval(node.values[0])
        for part in node.values[1:]:
            truth = self.truth(value)
            if isinstance(truth, bool):
                if truth != meet:
                    return value
                value = self.eval(part)
                continue
            reached = truth if meet else self.opposite(truth)
            other = self.under(reached, lambda p=part: self.eval(p))
            if isinstance(value, Lane) and value.kind == "b":
                if isinstance(other, Lane) and other.kind == "b":
                    value = self.both(truth, other) if meet else self.either(truth, other)
                    continue
            value = self.merge(truth, other, value) if meet else self.merge(truth, value, other)
        return value

    def of_IfExp(self, node):
        cond = self.test(node.test)
        if isinstance(cond, bool):
            return self.eval(node.body if cond else node.orelse)
        yes = self.under(cond, lambda: self.eval(node.body))
        no = self.under(self.opposite(cond), lambda: self.eval(node.orelse))
        return self.merge(cond, yes, no)

    def of_Attribute(self, node):
        value = self.eval(node.value)
        name = node.attr
        if isinstance(value, Const):
            if isinstance(value.value, _calls.Choices):
                return Const(_calls.Method(value, name))
            return self.attribute(value.value, name)
        if isinstance(value, Lane) and name in ("real", "imag"):
            return value if name == "real" else self.call_node("multiply", [value, self.int(0)])
        return Const(_calls.Method(value, name))

    def attribute(self, object, name):
        found = getattr(type(object), name, None)
        if isinstance(found, property) and not isinstance(object, (np.ndarray, np.generic)):
            if isinstance(found.fget, types.FunctionType):
                return self.call(Const(found.fget), [Const(object)], {})
        try:
            value = getattr(object, name)
        except AttributeError as error:
            self.refuse(str(error))
        return Const(value)

    def of_Subscript(self, node):
        value = self.eval(node.value)
        if isinstance(node.slice, ast.Slice):
            parts = [
                Const(None) if p is None else self.eval(p)
                for p in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            if not all(isinstance(p, Const) for p in parts):
                self.refuse("a slice that depends on the element")
            index = Const(slice(*(p.value for p in parts)))
        else:
            index = self.eval(node.slice)
        return _calls.subscript(self, value, index)

    def of_Call(self, node):
        function = self.eval(node.func)
        if len(node.args) == 1 and not node.keywords and isinstance(function, Const):
            joined = self.generator(function.value, node.args[0])
            if joined is not None:
                return joined
        args = []
        for a in node.args:
            if isinstance(a, ast.Starred):
                items = self.items(self.eval(a.value))
                if items is None:
                    self.refuse("a * of what is no tuple")
                args.extend(items)
            else:
                args.append(self.eval(a))
        kwargs = {}
        for k in node.keywords:
            value = self.eval(k.value)
            if k.arg is None:
                if not (isinstance(value, Const) and isinstance(value.value, dict)):
                    self.refuse("a ** of what is not known")
                kwargs.update({n: Const(v) for n, v in value.value.items()})
            else:
                kwargs[k.arg] = value
        self.node = node
        return self.call(function, args, kwargs)

    def generator(self, function, node):
        """`sum`, `any` or `all` over many turns, as a loop; None for anything else."""
        if function not in (sum, any, all) or not isinstance(node, (ast.GeneratorExp, ast.ListComp)):
            return None
        of = node.generators[0]
        if len(node.generators) > 1 or of.is_async:
            return None
        over = self.eval(of.iter)
        if not isinstance(over, Const):
            return None
        if not isinstance(over.value, _calls.LaneRange):
            if not isinstance(over.value, range) or len(over.value) <= UNROLL:
                return None
        saved, name = dict(self.frame.env), f".{self.hidden}"
        self.hidden += 1
        target = ast.Name(name, ast.Store())
        if function is sum:
            step = [ast.AugAssign(target, ast.Add(), node.elt)]
        else:
            test = node.elt if function is any else ast.UnaryOp(ast.Not(), node.elt)
            found = ast.Assign([target], ast.Constant(function is any))
            step = [ast.If(test, [found, ast.Break()], [])]
        for test in reversed(of.ifs):
            step = [ast.If(test, step, [])]
        loop = ast.copy_location(ast.For(of.target, of.iter, step, []), node)
        self.frame.env[name] = Const(0 if function is sum else function is all)
        self.do_For(ast.fix_missing_locations(loop))
        value = self.frame.env[name]
        self.frame.env = saved
        return value

    def of_ListComp(self, node):
        return Several(self.comprehension(node), list)

    def of_GeneratorExp(self, node):
        return Several(self.comprehension(node), list)

    def comprehension(self, node):
        saved, self.frame.env = self.frame.env, dict(self.frame.env)
        items = []

        def level(n):
            if n == len(node.generators):
                items.append(self.eval(node.elt))
                return
            of = node.generators[n]
            over = self.items(self.eval(of.iter), most=4096)
            if over is None or of.is_async:
                self.refuse("a comprehension over what is not known", "write a loop")
            for item in over:
                self.assign(of.target, item)
                keep = True
                for test in of.ifs:
                    one = self.test(test)
                    if not isinstance(one, bool):
                        self.refuse("a comprehension whose length depends on the element")
                    keep = keep and one
                if keep:
                    level(n + 1)

        level(0)
        self.frame.env = saved
        return items

    def items(self, value, most=4096):
        """The items of a tuple or anything else that is known; None if it is not."""
        if isinstance(value, Several):
            return value.items
        if isinstance(value, Row):
            return None
        if isinstance(value, Const):
            v = value.value
            if isinstance(v, (tuple, list, range, dict, set, frozenset, str, np.ndarray, *_calls.VIEWS)):
                if isinstance(v, np.ndarray) and v.ndim == 0:
                    return None
                if len(v) > most:
                    self.refuse(f"{len(v)} values are taken one by one")
                return [i if isinstance(i, (Lane, Const, Several)) else Const(i) for i in v]
        return None


def is_array(value):
    """Whether a value is an array with one axis."""
    if isinstance(value, Const):
        return isinstance(value.value, np.ndarray) and value.value.ndim == 1
    return isinstance(value, Several) and value.type is np.ndarray


def is_scalar(value):
    return isinstance(value, Lane) or (isinstance(value, Const) and is_number(value.value))


def same(a, b):
    """Equal to the sign of zero."""
    if a != a and b != b:
        return True
    return a == b and (not isinstance(a, float) or math.copysign(1, a) == math.copysign(1, b))


def alike(a, b):
    if isinstance(a, Several) or isinstance(b, Several):
        return (
            isinstance(a, Several)
            and isinstance(b, Several)
            and len(a.items) == len(b.items)
            and all(map(alike, a.items, b.items))
        )
    return True


def assigned(loop):
    """The names that a loop assigns, each once."""
    names = {}

    def visit(node):
        if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.GeneratorExp)):
            if isinstance(node, ast.FunctionDef):
                names[node.name] = None
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] = None
        if isinstance(node, ast.MatchAs) and node.name:
            names[node.name] = None
        for child in ast.iter_child_nodes(node):
            visit(child)

    if isinstance(loop, ast.For):
        visit(loop.target)
    else:
        visit(loop.test)
    for statement in loop.body:
        visit(statement)
    return list(names)


def read_elsewhere(function, loop):
    """The names that are read outside of a loop's body, or by a return within it."""
    inside = {id(n) for s in loop.body for n in ast.walk(s)}
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and id(node) in inside and node.value is not None:
            names |= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in inside:
            names.add(node.id)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            if id(node) not in inside:
                names.add(node.target.id)
    return names


def surely(loop):
    """The names that every turn of a loop assigns: those at the top of its body, before any way out."""
    names = set()
    if isinstance(loop, ast.For):
        names |= {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    for statement in loop.body:
        if any(isinstance(n, (ast.Break, ast.Continue)) for n in ast.walk(statement)):
            break
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            for n in ast.walk(statement):
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store):
                    names.add(n.id)
    return names


STATEMENTS = {
    ast.Delete: "a del statement",
    ast.Global: "a global statement",
    ast.Nonlocal: "a nonlocal statement",
    ast.ClassDef: "a class inside the function",
    ast.AsyncFunctionDef: "a coroutine inside the function",
}
EXPRESSIONS = {
    ast.Await: "an await",
    ast.Yield: "a yield",
    ast.YieldFrom: "a yield",
    ast.SetComp: "a set that is computed",
    ast.DictComp: "a dict that is computed",
    ast.Slice: "a slice",
    ast.Starred: "a * that can't be compiled",
}
