"""The syntax tree of a Python function, found again from its code object.

``inspect.getsource`` reads a function by its tokens, which takes longer than everything else that is done
to compile it, and finds no lambda within a line. Here lines are taken until they parse, and among
several lambdas the one is taken whose place or code is that of the function.
"""

import ast
import linecache


class Missing(Exception):
    """There is no source, or it can't be told which part of it is the function's."""


_known = {}


def definition(function):
    """The ``FunctionDef`` or ``Lambda`` of a function, with the line numbers of its file.

    Parameters
    ----------
    function : function
        A Python function.

    Returns
    -------
    ast.FunctionDef or ast.Lambda

    Raises
    ------
    Missing
        With what is missing.
    """
    code = function.__code__
    found = _known.get(code)
    if found is None:
        if len(_known) > 512:
            _known.clear()
        found = _known[code] = _find(function, code)
    return found


def _find(function, code):
    name = code.co_filename
    lines = linecache.getlines(name, function.__globals__)
    first = code.co_firstlineno - 1
    if not lines or first >= len(lines):
        raise Missing(f"its source is not there ({name})")
    if code.co_name == "<lambda>":
        node = _lambda(code, lines, first)
    else:
        node = next(_statements(lines, first), None)
    if isinstance(node, ast.AsyncFunctionDef):
        raise Missing("it is a coroutine")
    if not isinstance(node, (ast.FunctionDef, ast.Lambda)) or not _alike(node, code):
        raise Missing(f"its source has changed since ({name}, line {first + 1})")
    return node


def _alike(node, code):
    if isinstance(node, ast.FunctionDef) and node.name != code.co_name:
        return False
    names = [a.arg for a in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
    return names == list(code.co_varnames[: len(names)]) and len(names) == (
        code.co_argcount + code.co_kwonlyargcount
    )


def _statements(lines, first):
    """The statement that begins at a line, as often as more lines still parse."""
    head = lines[first]
    indent = len(head) - len(head.lstrip())
    # Empty lines before it give it the line numbers of its file. An `if` around it allows for any
    # indentation, and for strings that have none.
    before = "\n" * (first - 1) + "if 1:\n" if indent else "\n" * first
    for end in range(first + 1, min(len(lines), first + 2000) + 1):
        if end < len(lines):
            line = lines[end]
            text = line.lstrip()
            if not text or text[0] in "#)]}" or len(line) - len(text) > indent:
                continue
        try:
            module = ast.parse(before + "".join(lines[first:end]))
        except SyntaxError:
            continue
        node = module.body[0]
        yield node.body[0] if indent else node


def _lambda(code, lines, first):
    def candidates(tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.Lambda) and _alike(node, code):
                if node.lineno <= first + 1 <= (node.end_lineno or node.lineno):
                    yield node

    for node in _statements(lines, first):
        # The first lines of a lambda may well be one, too; and it may begin within a statement.
        found = [n for n in candidates(node) if _holds(n.body, code)]
        if found or node.end_lineno > first + 40:
            break
    else:
        found = []
    if not found:
        try:
            found = [n for n in candidates(ast.parse("".join(lines))) if _holds(n.body, code)]
        except SyntaxError:
            raise Missing(f"the statement around it does not parse (line {first + 1})") from None
    # Of lambdas in lambdas, the innermost.
    found = [n for n in found if not any(m is not n and _within(m, n) for m in found)]
    if len(found) > 1:
        found = [n for n in found if _same_code(n, code)] or found
    if len({ast.dump(n) for n in found}) > 1:
        raise Missing(f"several lambdas stand in line {first + 1}; give each a line of its own")
    if not found:
        raise Missing(f"no lambda stands in line {first + 1}")
    return found[0]


def _ends(node):
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _within(inner, outer):
    return _ends(outer)[0] <= _ends(inner)[0] and _ends(inner)[1] <= _ends(outer)[1]


def _holds(body, code):
    """Whether the places of a code object's instructions lie in an expression, as far as they are known."""
    begin, end = _ends(body)
    if not hasattr(code, "co_positions"):
        return all(begin[0] <= line <= end[0] for _, _, line in code.co_lines() if line is not None)
    places = [p for p in code.co_positions() if None not in p and p[3] > p[2]]
    return all(begin <= (p[0], p[2]) and (p[1], p[3]) <= end for p in places)


def _same_code(node, code):
    expression = ast.fix_missing_locations(ast.Expression(body=node))
    made = compile(expression, code.co_filename, "eval").co_consts
    return any(
        hasattr(c, "co_code") and c.co_code == code.co_code and c.co_consts == code.co_consts
        for c in made
    )
