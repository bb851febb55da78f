"""Random expressions, and what Python's own parser makes of them, as calls; `!` where it makes nothing.

    python3 python_expressions.py > python_expressions.txt

Only what this language has in common with Python's is written. Signs of numbers are part of them, as the
language has it, and `**` never has a 2 behind it.
"""

import ast
import random
import sys
import warnings

OPERATORS = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide",
    ast.FloorDiv: "floor_divide", ast.Mod: "remainder", ast.Pow: "pow",
    ast.BitAnd: "bitwise_and", ast.BitOr: "bitwise_or", ast.BitXor: "bitwise_xor",
    ast.LShift: "left_shift", ast.RShift: "right_shift",
    ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater", ast.GtE: "greater_equal",
    ast.Eq: "equal", ast.NotEq: "not_equal",
    ast.And: "logical_and", ast.Or: "logical_or", ast.Not: "logical_not",
    ast.USub: "negative", ast.UAdd: "positive", ast.Invert: "invert",
}


class Other(Exception):
    """Something that this language has not, such as a tuple."""


def call(operator, *args):
    return f"{OPERATORS[type(operator)]}({', '.join(args)})"


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def calls(node):
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=value):
            return repr(value)
        case ast.BinOp(left=left, op=op, right=right):
            return call(op, calls(left), calls(right))
        case ast.BoolOp(op=op, values=[first, *rest]):
            joined = calls(first)
            for value in rest:
                joined = call(op, joined, calls(value))
            return joined
        case ast.UnaryOp(op=op, operand=operand):
            x = calls(operand)
            if number(x) is not None and isinstance(op, ast.UAdd):
                return x
            if number(x) is not None and isinstance(op, ast.USub):
                return repr(-ast.literal_eval(x))
            return call(op, x)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            left, joined = calls(left), None
            for op, right in zip(ops, map(calls, comparators)):
                truth = call(op, left, right)
                joined = truth if joined is None else call(ast.And(), joined, truth)
                left = right
            return joined
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return f"where({calls(test)}, {calls(body)}, {calls(orelse)})"
        case ast.Call(func=ast.Name(id="sin"), args=[x], keywords=[]):
            return f"sin({calls(x)})"
    raise Other


LEAVES = ["x", "y", "z", "x", "y", "z", "1", "3", "0.5"]
BETWEEN = "+ - * / // % ** & | ^ << >> < <= > >= == != and or".split()
TOKENS = LEAVES + BETWEEN + ["(", ")", "(", ")", "not", "-", "+", "~", "if", "else", "sin("]


def expression(depth):
    kind = random.random()
    if depth == 0 or kind < 0.15:
        return random.choice(LEAVES)
    if kind < 0.65:
        return f"{expression(depth - 1)} {random.choice(BETWEEN)} {expression(depth - 1)}"
    if kind < 0.8:
        return random.choice(["-", "+", "~", "not "]) + expression(depth - 1)
    if kind < 0.92:
        return random.choice(["(", "sin("]) + expression(depth - 1) + ")"
    return f"{expression(depth - 1)} if {expression(depth - 1)} else {expression(depth - 1)}"


def main(count=3000, seed=1):
    warnings.simplefilter("ignore")
    random.seed(seed)
    while count:
        if random.random() < 0.7:
            text = expression(random.randint(1, 5))
        else:
            text = " ".join(random.choices(TOKENS, k=random.randint(1, 9)))
        if len(text) > 70:
            continue
        try:
            meant = calls(ast.parse(text, mode="eval").body)
        except SyntaxError:
            meant = "!"
        except Other:
            continue
        print(f"{text}\t{meant}")
        count -= 1


main(*map(int, sys.argv[1:]))
