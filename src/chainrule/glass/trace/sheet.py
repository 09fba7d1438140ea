"""A rule's lines as a sheet of values: what every part of every expression is, as an array.

A small interpreter of the syntax tree, with NumPy's own functions: it computes in the order in
which Python would, and keeps what each part is, so that one cell can be followed through it.
"""

from __future__ import annotations

import ast
import builtins
import operator
from collections.abc import Callable, Container, Mapping
from typing import Any, Final

import numpy as np

from chainrule.core.source import Line, lines

BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
UNARY: Final[Mapping[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}


class Unreadable(Exception):  # noqa: N818  (not an error: the reader falls back)
    """An expression that this interpreter does not know."""


class Sheet:
    """The lines of one function, for the arguments that it was given.

    Args:
        function: A rule's function, a straight line of assignments and a return.
        arguments: Its arguments by name.

    Attributes:
        lines: Its lines; none if the source cannot be read.
        trees: Their right-hand sides.
        origins: Where the elements of expressions come from, once somebody asked.
    """

    def __init__(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        self.arguments = {**(getattr(function, "__kwdefaults__", None) or {}), **arguments}
        self._globals: Mapping[str, Any] = getattr(function, "__globals__", {})
        try:
            self.lines: tuple[Line, ...] = lines(function)
        except OSError:
            self.lines = ()
        self.trees = tuple(ast.parse(f"({line.code})", mode="eval").body for line in self.lines)
        self._line_of = self._scopes()
        self.origins: dict[tuple[int, int], Any] = {}
        self._values: dict[tuple[int, int], Any] = {}

    def _scopes(self) -> list[dict[str, int]]:
        """For each line, the line that each local name was last given a value by."""
        scopes: list[dict[str, int]] = []
        known: dict[str, int] = {}
        for place, line in enumerate(self.lines):
            scopes.append(dict(known))
            if place < len(self.lines) - 1:
                known[line.names[0]] = place
        return scopes

    def line_of(self, place: int, name: str) -> int | None:
        """The line that gave ``name`` the value it has in line ``place``; ``None``: an argument."""
        return self._line_of[place].get(name)

    def result(self, output: int) -> tuple[int, ast.expr]:
        """Where an output is computed: a line and the expression.

        A last line that only names what was computed before stands for those lines.
        """
        place = len(self.lines) - 1
        tree = self.trees[place]
        if isinstance(tree, ast.Tuple):
            tree = tree.elts[output]
            if isinstance(tree, ast.Name) and (made := self.line_of(place, tree.id)) is not None:
                return made, self.trees[made]
        return place, tree

    def needed(self, output: int, ends: Container[int] = ()) -> frozenset[int]:
        """The lines that an output depends on, but for ``ends`` and what they depend on."""
        place, tree = self.result(output)
        found = {place}
        waiting = [(place, tree)]
        while waiting:
            place, tree = waiting.pop()
            for node in ast.walk(tree):
                made = self.line_of(place, node.id) if isinstance(node, ast.Name) else None
                if made is not None and made not in found and made not in ends:
                    found.add(made)
                    waiting.append((made, self.trees[made]))
        return frozenset(found)

    def arguments_of(self, output: int) -> tuple[str, ...]:
        """The arguments that an output depends on."""
        return self.arguments_in(*self.result(output))

    def arguments_in(self, place: int, tree: ast.expr) -> tuple[str, ...]:
        """The arguments that an expression depends on, through earlier lines too."""
        found: dict[str, None] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                made = self.line_of(place, node.id)
                inner = () if made is None else self.arguments_in(made, self.trees[made])
                found |= dict.fromkeys(inner if made is not None else (node.id,))
        return tuple(name for name in found if name in self.arguments)

    def depends(self, place: int, tree: ast.AST, arrays: Container[str]) -> bool:
        """Whether a value depends on the numbers of ``arrays``, not only on shapes and types."""
        match tree:
            case ast.Attribute(attr="shape" | "dtype" | "ndim" | "size"):
                return False
            case ast.Call(func=ast.Attribute(attr="zeros_like" | "ones_like")):
                return False
            case ast.Name(id=name):
                made = self.line_of(place, name)
                if made is not None:
                    return self.depends(made, self.trees[made], arrays)
                return name in arrays
        return any(self.depends(place, part, arrays) for part in ast.iter_child_nodes(tree))

    # ------------------------------------------------------------ values

    def value(self, place: int, tree: ast.expr) -> Any:
        """What an expression of a line is.

        Raises:
            Unreadable: It has parts that are not known here.
        """
        key = place, id(tree)
        if key not in self._values:
            with np.errstate(all="ignore"):
                self._values[key] = self._computed(place, tree)
        return self._values[key]

    def _computed(self, place: int, tree: ast.expr) -> Any:
        def of(part: ast.expr) -> Any:
            return self.value(place, part)

        match tree:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._named(place, name)
            case ast.BinOp(left=left, op=op, right=right):
                return BINARY[type(op)](of(left), of(right))
            case ast.UnaryOp(op=op, operand=operand):
                return UNARY[type(op)](of(operand))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARE:
                return COMPARE[type(op)](of(left), of(right))
            case ast.BoolOp(op=ast.And(), values=parts):
                return all(of(part) for part in parts)
            case ast.BoolOp(values=parts):
                return any(of(part) for part in parts)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return of(body) if of(test) else of(orelse)
            case ast.Tuple(elts=parts):
                return tuple(map(of, parts))
            case ast.List(elts=parts):
                return list(map(of, parts))
            case ast.Slice(lower=lower, upper=upper, step=step):
                ends = (None if end is None else of(end) for end in (lower, upper, step))
                return slice(*ends)
            case ast.Subscript(value=value, slice=where):
                return of(value)[of(where)]
            case ast.Attribute(value=value, attr=attr):
                return getattr(of(value), attr)
            case ast.Call(func=func, args=args, keywords=keywords):
                named = {word.arg: of(word.value) for word in keywords if word.arg}
                return of(func)(*map(of, args), **named)
        raise Unreadable(ast.unparse(tree))

    def _named(self, place: int, name: str) -> Any:
        made = self.line_of(place, name)
        if made is not None:
            return self.value(made, self.trees[made])
        for space in (self.arguments, self._globals, vars(builtins)):
            if name in space:
                return space[name]
        raise Unreadable(name)
