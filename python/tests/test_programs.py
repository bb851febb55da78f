"""Programs written at random give what Python gives, or raise what it raises."""

import linecache
import math
import random

import numpy as np
import pytest

import lanefn


class Writer:
    """Writes a function of two numbers, whose values stay small and whose loops end. Floats have no tables,
    and are sometimes NaN."""

    def __init__(self, seed, floats=False):
        self.random = random.Random(seed)
        self.floats = floats
        self.lines = []
        self.loops = 0
        self.statements = 0

    def one_of(self, *choices):
        return self.random.choice(choices)

    def name(self):
        return self.one_of("x", "y", "a", "b", "c")

    def number(self, depth=0):
        if depth > 2 or self.random.random() < 0.3:
            return self.one_of(self.name(), self.name(), str(self.random.randint(-3, 9)))
        left, right = self.number(depth + 1), self.number(depth + 1)
        if self.floats and self.random.random() < 0.6:
            return self.one_of(
                f"({left} / {self.one_of('2', '3', '0.7')})",
                f"math.sqrt(abs({left}))",
                f"min({left}, {right}, 4.5)",
                f"max(-2.5, {left}, {right})",
                f"({left} if {self.truth(depth + 1)} else 0.25)",
                f"abs({left})",
                f"float({left})",
                f"-({left})",
                f"({left} * {right}) % 11.5",
                f"({left} + 1) ** 2 % 7",
                f"round(({left}) % 100, 1)",
                f"whole({left})",
            )
        if self.floats:
            return self.one_of(
                f"({left} + {right})",
                f"({left} - {right})",
                f"({left} or {right})",
                f"({left} and {right})",
            )
        return self.one_of(
            f"({left} + {right})",
            f"({left} - {right})",
            f"({left} * {right}) % 11",
            f"({left} // {self.random.randint(1, 4)})",
            f"max({left}, {right})",
            f"abs({left})",
            f"({left} if {self.truth(depth + 1)} else {right})",
            f"({left} or {right})",
            f"({left} and {right})",
            f"TABLE[{left} % 5]",
            f"MAPPING.get({left}, {right})",
            f"helper({left}, {right})",
            f"({left} > {right})",
        )

    def truth(self, depth=0):
        left, right = self.number(depth + 1), self.number(depth + 1)
        if depth > 1:
            return f"{left} < {right}"
        return self.one_of(
            f"{left} < {right}",
            f"{left} == {right}",
            f"{left} % 2",
            f"{left} <= {right} != {self.name()}",
            f"not ({self.truth(depth + 1)})",
            f"({self.truth(depth + 1)} and {self.truth(depth + 1)})",
            f"({self.truth(depth + 1)} or {self.truth(depth + 1)})",
            f"{left} in (1, 2, 5)",
        )

    def block(self, indent, depth, loop):
        for _ in range(self.random.randint(1, 3)):
            self.statement(indent, depth, loop)

    def write(self, indent, text):
        self.lines.append("    " * indent + text)

    def statement(self, indent, depth, loop):
        self.statements += 1
        kinds = ["assign"] * 5 + ["augment"] * 2
        if self.statements < 40 and depth < 4:
            kinds += ["if"] * 4 + ["for", "while", "unrolled", "try"]
        if depth:
            kinds += ["return", "raise"] + (["break", "continue"] if loop else [])
        kind = self.random.choice(kinds)
        if kind == "assign":
            self.write(indent, f"{self.one_of('a', 'b', 'c')} = {self.number()}")
        elif kind == "augment":
            self.write(indent, f"{self.one_of('a', 'b', 'c')} += {self.number(1)}")
        elif kind == "return":
            self.write(indent, f"return {self.number(1)}")
        elif kind == "raise":
            self.write(indent, f"raise {self.one_of('KeyError', 'ValueError')}('here')")
        elif kind in ("break", "continue"):
            self.write(indent, f"if {self.truth(1)}:")
            self.write(indent + 1, kind)
        elif kind == "if":
            self.write(indent, f"if {self.truth()}:")
            self.block(indent + 1, depth + 1, loop)
            if self.random.random() < 0.4:
                self.write(indent, f"elif {self.truth()}:")
                self.block(indent + 1, depth + 1, loop)
            if self.random.random() < 0.6:
                self.write(indent, "else:")
                self.block(indent + 1, depth + 1, loop)
        elif kind == "try":
            self.write(indent, "try:")
            self.block(indent + 1, depth + 1, loop)
            self.write(indent + 1, f"{self.one_of('a', 'b')} = {self.number(1)} // {self.name()}")
            self.write(indent, f"except {self.one_of('KeyError', 'ValueError', 'ArithmeticError')}:")
            self.block(indent + 1, depth + 1, loop)
            if self.random.random() < 0.3:
                self.write(indent, "except Exception:")
                self.block(indent + 1, depth + 1, loop)
            if self.random.random() < 0.3:
                self.write(indent, "else:")
                self.block(indent + 1, depth + 1, loop)
        else:
            self.loops += 1
            k = f"k{self.loops}"
            if kind == "for":
                self.write(
                    indent,
                    f"for {k} in range({self.one_of('20', f'whole(abs({self.name()}) % 6)', '3, 30, 2')}):",
                )
            elif kind == "unrolled":
                self.write(indent, f"for {k} in {self.one_of('(1, 3, 2)', 'range(4)', '(x, y)')}:")
            else:
                self.write(indent, f"{k} = 0")
                self.write(indent, f"while {k} < {self.random.randint(2, 9)} and {self.truth(1)}:")
                self.write(indent + 1, f"{k} += 1")
            self.write(indent + 1, f"{self.one_of('a', 'b')} += {k}")
            self.block(indent + 1, depth + 1, True)
            self.write(indent + 1, f"{self.one_of('a', 'b')} = ({self.number(1)}) % 101")
            if self.random.random() < 0.4:
                self.write(indent, "else:")
                self.block(indent + 1, depth + 1, loop)

    def function(self, name):
        self.write(0, f"def {name}(x, y):")
        if self.random.random() < 0.8:
            self.write(1, "a, b, c = x, y, 1")
        else:
            self.write(1, "a = b = x")
            self.write(1, "if y > 0: c = 2")
        for _ in range(self.random.randint(2, 5)):
            self.statement(1, 0, False)
        self.write(1, "return (a, b + c)" if self.random.random() < 0.2 else "return a + b * c")
        return "\n".join(self.lines) + "\n"


def helper(x, y):
    if x < 0:
        return y
    for i in range(3):
        if i == y:
            return x + i
    return x % 7


def whole(x):
    return int(x) if x == x and -1e6 < x < 1e6 else 2


TABLE = [3, 1, 4, 1, 5]
MAPPING = {1: 7, 2: -1, 30: 4}


def written(seed, floats=False):
    """A function, as a file would hold it."""
    text = Writer(seed, floats).function(f"program{seed}")
    file = f"<program {seed} {floats}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    names = {"TABLE": TABLE, "MAPPING": MAPPING, "helper": helper, "whole": whole, "math": math}
    exec(compile(text, file, "exec"), names)
    return names[f"program{seed}"], text


WX, WY = (a.ravel() for a in np.meshgrid(np.arange(-4, 9), [-3, 0, 1, 2, 5]))


SPECIAL = [0.0, -0.0, 1.0, -1.5, 2.5, 3.0, 7.25, -20.5, math.nan, math.inf]
FX, FY = (a.ravel() for a in np.meshgrid(SPECIAL, [-2.0, 0.0, 0.5, 3.75, math.nan]))


def equal(got, wanted):
    """Whether two numbers, or tuples of them, are the same ones; NaN is itself."""
    if isinstance(wanted, tuple):
        return all(map(equal, got, wanted))
    return got == wanted or (got != got and wanted != wanted)


@pytest.mark.parametrize("floats", [False, True], ids=["whole numbers", "floats"])
@pytest.mark.parametrize("block", range(8))
def test_a_program_gives_what_python_gives(block, floats):
    X, Y = (FX, FY) if floats else (WX, WY)
    compiled = 0
    for seed in range(block * 50, block * 50 + 50):
        function, text = written(seed, floats)
        wanted = []
        for x, y in zip(X.tolist(), Y.tolist()):
            try:
                wanted.append(function(x, y))
            except Exception as error:
                wanted.append(type(error))
        try:
            made = lanefn.vectorize(function, strict=True)
        except lanefn.Refusal as refusal:
            # Some give tuples and numbers, or read what may have no value at the end of a loop's body.
            assert "paths leave" in str(refusal) or "may have no value" in str(refusal), (refusal, text)
            continue
        compiled += 1
        good = [i for i, w in enumerate(wanted) if not isinstance(w, type)]
        if good:
            got = made(X[good], Y[good])
            got = list(zip(*(g.tolist() for g in got))) if isinstance(got, tuple) else got.tolist()
            for i, g in zip(good, got):
                assert equal(g, wanted[i]), (seed, X[i], Y[i], g, wanted[i], text)
        # Division by zero is an error only where somebody catches that.
        raising = [i for i, w in enumerate(wanted) if isinstance(w, type) and w is not ZeroDivisionError]
        for i in raising[:3]:
            with pytest.raises(wanted[i]):
                made(X[i], Y[i])
                raise AssertionError((seed, X[i], Y[i], wanted[i], text))
    assert compiled > 35
