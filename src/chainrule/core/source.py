"""Read rules line by line: name, equation, code, place and, while one runs, every value."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

from chainrule.errors import ArgumentError


@dataclass(frozen=True)
class Line:
    """One line of a rule.

    Attributes:
        names: What the line computes; for a ``return``, the name of the result.
        equation: The comment at the end of the line.
        code: The right-hand side as written.
        file: Source file.
        number: Line number there, from 1.
    """

    names: tuple[str, ...]
    equation: str
    code: str
    file: str
    number: int


@dataclass(frozen=True)
class Reading:
    """A line and what it computed."""

    line: Line
    value: Any


@cache
def lines(function: FunctionType, result: str = "y") -> tuple[Line, ...]:
    """The computing lines of a rule's function, in order.

    Args:
        function: A straight-line function: assignments, then one ``return``.
        result: What to call the returned value.

    Raises:
        ArgumentError: The body has another kind of statement.
        OSError: Nobody kept its source, or it is a lambda.
    """
    text, tree, first = _parsed(function)
    comments = _comments(text)
    file = inspect.getsourcefile(function) or "<unknown>"
    found = []
    for statement in _body(tree, function):
        names, value = _parts(statement, function, result)
        place = first + statement.lineno - 1
        equation = comments.get(statement.end_lineno or statement.lineno, "")
        code = ast.get_source_segment(text, value) or ast.unparse(value)
        found.append(Line(names, equation, code, file, place))
    return tuple(found)


@cache
def traced(function: FunctionType, result: str = "y") -> Callable[..., tuple[Any, list[Reading]]]:
    """A version of ``function`` that also returns a reading of every line.

    The function's own syntax tree is run, with one statement added after each assignment that
    hands over the value; so what is reported is what was computed.
    """
    _, tree, first = _parsed(function)
    described = lines(function, result)
    body: list[ast.stmt] = []
    for index, statement in enumerate(_body(tree, function)):
        value = statement.value  # type: ignore[attr-defined]
        report = ast.Call(ast.Name("__read__", ast.Load()), [ast.Constant(index), value], [])
        statement.value = report  # type: ignore[attr-defined]
        body.append(statement)
    tree.body, tree.decorator_list = body, []
    module = ast.fix_missing_locations(ast.Module([tree], []))
    ast.increment_lineno(module, first - 1)
    code = compile(module, described[0].file, "exec")

    def run(*arrays: Any, **options: Any) -> tuple[Any, list[Reading]]:
        readings: list[Reading] = []

        def read(index: int, value: Any) -> Any:
            readings.append(Reading(described[index], value))
            return value

        namespace = {**function.__globals__, "__read__": read}
        exec(code, namespace)  # noqa: S102  (the function's own source)
        return namespace[function.__name__](*arrays, **options), readings

    return run


def _parsed(function: FunctionType) -> tuple[str, ast.FunctionDef, int]:
    source, first = inspect.getsourcelines(function)
    text = inspect.cleandoc("\n" + "".join(source)) if source[0][:1].isspace() else "".join(source)
    tree = ast.parse(text).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise OSError(f"{function.__name__} has no lines: it is not made by a def statement.")
    return text, tree, first


def _body(tree: ast.FunctionDef, function: FunctionType) -> list[ast.stmt]:
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    for statement in body:
        _parts(statement, function, "")
    if not isinstance(body[-1], ast.Return):
        raise ArgumentError(f"{function.__name__} must end with its only return.")
    return body


def _parts(
    statement: ast.stmt, function: FunctionType, result: str
) -> tuple[tuple[str, ...], ast.expr]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return (name,), value
        case ast.Return(value=ast.Tuple(elts=elements) as value):
            return tuple(ast.unparse(element) for element in elements), value
        case ast.Return(value=ast.expr() as value):
            return (result,), value
    raise ArgumentError(
        f"{function.__name__} must be straight lines: assignments to a name, then a return.",
        line=ast.unparse(statement),
    )


def _comments(text: str) -> dict[int, str]:
    """The comment at the end of each line, by line number."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
