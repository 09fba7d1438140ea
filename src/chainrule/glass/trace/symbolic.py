"""A rule's line in the symbols of a network: ``z₁ = x W₁ + b₁``, read off the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

import numpy as np

from chainrule.glass.trace.labels import left_side
from chainrule.glass.trace.moving import MOVERS
from chainrule.glass.trace.sheet import Sheet, Unreadable
from chainrule.glass.trace.substitution import COMPARISONS, MARKS, UNCHANGED, WORDS
from chainrule.glass.trace.writing import number_text

SUM, PRODUCT, JUXTAPOSED, POWER, ATOM = range(5)

Written = tuple[str, int]
"""A text, and how strongly it holds together."""

NAMES: Final = {
    "alpha": "α",
    "beta": "β",
    "beta_1": "β₁",
    "beta_2": "β₂",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "rate": "r",
    "learning_rate": "η",
    "weight_decay": "λ",
    "momentum": "μ",
    "step_size": "α",
}
"""What options are called in equations."""


class Unwritten(Exception):  # noqa: N818  (not an error: the reader falls back)
    """An expression that has no short form."""


def symbolic(
    sheet: Sheet,
    output: int,
    symbol: str,
    symbols: Mapping[str, str],
    ends: Mapping[int, str],
) -> str:
    """One output's line, in symbols; ``""`` where there is no short form.

    Args:
        sheet: The function's lines.
        output: Which of its results.
        symbol: What the result is called.
        symbols: What its arguments are called.
        ends: What lines are called that have entries of their own.
    """
    place, tree = sheet.result(output)
    mark = left_side(sheet.lines[place].equation)[1]
    try:
        return f"{symbol} {mark} {_Writer(sheet, symbols, ends).write(place, tree)[0]}"
    except (Unwritten, Unreadable):
        return ""


class _Writer:
    """Writes expressions of one sheet."""

    def __init__(self, sheet: Sheet, symbols: Mapping[str, str], ends: Mapping[int, str]) -> None:
        self._sheet, self._symbols, self._ends = sheet, symbols, ends

    def write(self, place: int, tree: ast.expr) -> Written:
        """An expression of a line."""
        match tree:
            case ast.Constant(value=int() | float() as value):
                return number_text(value, 6), ATOM
            case ast.Name(id=name):
                return self._name(place, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"−{self._in(place, operand, PRODUCT)}", PRODUCT
            case ast.BinOp():
                return self._binary(place, tree)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                a, b = self._in(place, left, SUM), self._in(place, right, SUM)
                return f"[{a} {COMPARISONS[type(op)]} {b}]", ATOM
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.write(place, body if self._sheet.value(place, test) else orelse)
            case ast.Attribute(value=inner, attr="T"):
                return f"{self._in(place, inner, ATOM)}ᵀ", ATOM
            case ast.Subscript(value=inner) | ast.Attribute(value=inner):
                return self._part(place, tree, inner)
            case ast.Call():
                return self._call(place, tree)
        raise Unwritten(ast.unparse(tree))

    def _in(self, place: int, tree: ast.expr, least: int) -> str:
        text, rank = self.write(place, tree)
        return f"({text})" if rank < least else text

    def _name(self, place: int, name: str) -> Written:
        made = self._sheet.line_of(place, name)
        if made is None:
            symbol = self._symbols.get(name, NAMES.get(name, name))
            return symbol, JUXTAPOSED if " " in symbol else ATOM
        if made in self._ends:
            return self._ends[made], ATOM
        tree = self._sheet.trees[made]
        if _source_of(tree) is not None:  # only moves the elements of an array
            return self.write(made, tree)
        return left_side(self._sheet.lines[made].equation)[0] or name, ATOM

    def _binary(self, place: int, tree: ast.BinOp) -> Written:
        left, right = tree.left, tree.right
        match tree.op:
            case ast.Add() | ast.Sub():
                mark = MARKS[type(tree.op)]
                other = self._in(place, right, SUM + (mark == "−"))
                return f"{self._in(place, left, SUM)} {mark} {other}", SUM
            case ast.Mult() | ast.Div():
                mark = MARKS[type(tree.op)]
                other = self._in(place, right, PRODUCT + (mark == "/"))
                return f"{self._in(place, left, PRODUCT)} {mark} {other}", PRODUCT
            case ast.MatMult():
                a, b = self._in(place, left, JUXTAPOSED), self._in(place, right, JUXTAPOSED)
                return f"{a} {b}", JUXTAPOSED
            case ast.Pow():
                return f"{self._in(place, left, ATOM)}^{self._in(place, right, ATOM)}", POWER
            case ast.BitAnd() | ast.BitOr():
                word = "∧" if isinstance(tree.op, ast.BitAnd) else "∨"
                return f"({self._in(place, left, SUM)} {word} {self._in(place, right, SUM)})", ATOM
        raise Unwritten(ast.unparse(tree))

    def _part(self, place: int, tree: ast.expr, inner: ast.expr) -> Written:
        """A number of a shape, or an array whose axes only move."""
        value = self._sheet.value(place, tree)
        if isinstance(value, int | float):
            return number_text(value), ATOM
        if isinstance(value, np.ndarray) and _same_elements(value, self._sheet.value(place, inner)):
            return self.write(place, inner)
        raise Unwritten(ast.unparse(tree))

    def _call(self, place: int, tree: ast.Call) -> Written:
        name, args = _called(tree)
        if not args:
            raise Unwritten(name)
        if name in UNCHANGED or name in MOVERS:
            if name in ("transpose", "swapaxes"):
                return f"{self._in(place, args[0], ATOM)}ᵀ", ATOM
            return self.write(place, args[0])
        if name in ("sum", "mean"):
            inside = self._in(place, args[0], JUXTAPOSED)
            return f"{'Σ' if name == 'sum' else 'mean'} {inside}", JUXTAPOSED
        if name == "matmul":
            a, b = (self._in(place, arg, JUXTAPOSED) for arg in args)
            return f"{a} {b}", JUXTAPOSED
        if name == "where" and len(args) == 3:
            test, yes, no = (self._in(place, arg, SUM) for arg in args)
            return f"({yes} if {test.removeprefix('[').removesuffix(']')}, else {no})", ATOM
        if name in ("abs", "absolute"):
            return f"|{self._in(place, args[0], SUM)}|", ATOM
        if name == "square":
            return f"{self._in(place, args[0], ATOM)}²", POWER
        if name == "sqrt":
            return f"√{self._in(place, args[0], ATOM)}", ATOM
        written = ", ".join(self._in(place, arg, SUM) for arg in args)
        return (
            f"{WORDS.get(name, {'maximum': 'max', 'minimum': 'min'}.get(name, name))}({written})",
            ATOM,
        )


def _called(tree: ast.Call) -> tuple[str, list[ast.expr]]:
    match tree.func:
        case ast.Attribute(value=ast.Name(id="np"), attr=name):
            return name, list(tree.args)
        case ast.Attribute(value=owner, attr=name):
            return name, [owner, *tree.args]
        case ast.Name(id=name):
            return name, list(tree.args)
    raise Unwritten(ast.unparse(tree))


def _source_of(tree: ast.expr) -> str | None:
    """The name of the array whose elements an expression only moves."""
    match tree:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr="T"):
            return _source_of(inner)
        case ast.Call(func=ast.Attribute(attr=name)) if name in (*MOVERS, *UNCHANGED):
            given = _called(tree)[1]
            return _source_of(given[0]) if given else None
    return None


def _same_elements(made: object, source: object) -> bool:
    """Whether an index only added axes."""
    return bool(np.size(made) == np.size(source))  # type: ignore[arg-type]
