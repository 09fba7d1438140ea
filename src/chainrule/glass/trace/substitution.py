"""Follows one cell of a result through the lines of a rule, down to the numbers that were read.

The syntax tree is walked with the cell's place: element-wise operators follow broadcasting, a
matrix product becomes a sum of products, a reduction the list of what it reduces, and whatever
only moves elements (a transposition, a slice, a reshape) is asked where the element came from.
What cannot be followed so stands as its number, with a line that names the arrays it was made of.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from chainrule.core.source import Line
from chainrule.glass.trace import writing
from chainrule.glass.trace.application import Application, Index, Source
from chainrule.glass.trace.labels import left_side, line_text, place_text
from chainrule.glass.trace.moving import Origin, moved
from chainrule.glass.trace.sheet import BINARY, COMPARE, Sheet, Unreadable
from chainrule.glass.trace.writing import Part, Read, number_text

MARKS: Final[Mapping[type[ast.operator], str]] = {
    ast.Add: "+",
    ast.Sub: "−",
    ast.Mult: "·",
    ast.Div: "/",
}
COMPARISONS: Final[Mapping[type[ast.cmpop], str]] = {
    ast.Eq: "=",
    ast.NotEq: "≠",
    ast.Lt: "<",
    ast.LtE: "≤",
    ast.Gt: ">",
    ast.GtE: "≥",
}
WORDS: Final = {"log": "ln", "absolute": "abs", "heaviside": "step"}
"""Functions of one name in NumPy and another in an equation."""

OPERATORS: Final = {"add": "+", "subtract": "−", "multiply": "·", "divide": "/"}
REDUCTIONS: Final = ("sum", "mean", "max", "min", "amax", "amin", "prod", "any", "all")
RUNNING: Final = {"cumsum": "+", "cumprod": "·"}
UNCHANGED: Final = ("asarray", "array", "ascontiguousarray", "astype", "copy")
"""Calls that give back the array that they were given, perhaps in another type."""


class Unfollowed(Exception):  # noqa: N818  (not an error: the reader falls back)
    """An expression of which one cell does not say which cells it was made of."""


class Follower:
    """Follows cells of one application of a rule's function.

    Args:
        applied: The application.
        output: Which of its results is followed.
        digits: Significant digits of numbers.
        most: How many terms of a sum are written out.
        shown: From the shape of a line's value and a place there to the place that is written;
            for flat vectors, where a reader knows a parameter's own shape.

    Attributes:
        notes: The lines that the cells so far needed, as text, by line and place.
        followed: Whether every one was followed to single numbers.
    """

    def __init__(
        self,
        applied: Application,
        output: int,
        digits: int,
        most: int,
        shown: Callable[[tuple[int, ...], Index], Index] = lambda shape, index: index,
    ) -> None:
        self._shown, self._ends = shown, applied.ends(output)
        self.sheet: Sheet = applied.sheet
        self.sources: Mapping[str, Source] = applied.sources
        self.digits, self.most = digits, most
        self.notes: dict[tuple[int, Index, int], str] = {}
        self.followed = True
        self._known: dict[tuple[int, Index], tuple[Part, dict[tuple[int, Index, int], str]]] = {}

    # ------------------------------------------------------------ any expression

    def cell(self, place: int, tree: ast.expr, index: Index) -> Part:
        """One cell of an expression of a line, as text and value."""
        try:
            return self._cell(place, tree, index)
        except (Unfollowed, Unreadable):
            return self._whole(place, tree, index)

    def _cell(self, place: int, tree: ast.expr, index: Index) -> Part:
        match tree:
            case ast.Constant(value=value):
                return self._number(value)
            case ast.Name(id=name):
                return self._name(place, name, index)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                part = self._operand(place, operand, index)
                if isinstance(operand, ast.Constant):
                    return self._number(-part.value)
                return writing.negative(part, -part.value)
            case ast.BinOp():
                return self._binary(place, tree, index)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                a, b = (self._operand(place, side, index) for side in (left, right))
                return writing.condition(
                    COMPARISONS[type(op)], a, b, COMPARE[type(op)](a.value, b.value)
                )
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.cell(place, body if self._value(place, test) else orelse, index)
            case ast.Call():
                return self._call(place, tree, index)
            case ast.Subscript() | ast.Attribute():
                return self._moved(place, tree, index)
        raise Unfollowed(ast.unparse(tree))

    def _operand(self, place: int, tree: ast.expr, index: Index) -> Part:
        """The cell of an operand that broadcasting puts at ``index``."""
        shape = np.shape(self._value(place, tree))
        own = index[len(index) - len(shape) :]
        return self.cell(
            place, tree, tuple(0 if n == 1 else at for at, n in zip(own, shape, strict=True))
        )

    def _value(self, place: int, tree: ast.expr) -> Any:
        return self.sheet.value(place, tree)

    def _number(self, value: Any) -> Part:
        if not np.isscalar(value) and np.ndim(value):
            raise Unfollowed(repr(value))
        found = value[()] if isinstance(value, np.ndarray) else value
        if not isinstance(found, int | float | np.number | np.bool_):
            raise Unfollowed(repr(value))
        return writing.number(found, self.digits)

    # ------------------------------------------------------------ names

    def _name(self, place: int, name: str, index: Index) -> Part:
        made = self.sheet.line_of(place, name)
        if made is not None:
            return self._local(made, index)
        value = self.sheet.arguments.get(name)
        if name not in self.sources:
            found = self._value(place, ast.Name(name, ast.Load())) if value is None else value
            return self._number(found[index] if np.ndim(found) else found)
        entry, at = self.sources[name].locate(index)
        number = np.asarray(value)[index]
        return writing.number(number, self.digits, (Read(entry, at, number),))

    def _local(self, made: int, index: Index) -> Part:
        """A cell of what an earlier line computed: its number here, its own line in the notes."""
        tree = self.sheet.trees[made]
        if made in self._ends:
            entry, at = self._ends[made].locate(index)
            number = np.asarray(self._value(made, tree))[index]
            return writing.number(number, self.digits, (Read(entry, at, number),))
        if self._only_moves(made, tree):
            return self.cell(made, tree, index)
        key = made, index
        if key not in self._known:
            outer, self.notes = self.notes, {}
            part = self.cell(made, tree, index)
            array = np.asarray(self._value(made, tree))
            value = array[index]
            text = number_text(value, self.digits)
            label = self._label(self.sheet.lines[made], self._shown(array.shape, index))
            own = {**self.notes, (made, index, 1): line_text(label, part, text)}
            self.notes = outer
            self._known[key] = writing.number(value, self.digits, part.reads), own
        part, own = self._known[key]
        self.notes |= own
        return part

    def _label(self, line: Line, index: Index) -> str:
        left, mark = left_side(line.equation)
        return f"{left or line.names[0]}{place_text(index)} {mark}"

    def _only_moves(self, place: int, tree: ast.expr) -> bool:
        """Whether an expression only moves the elements of one array."""
        while not isinstance(tree, ast.Name):
            origin = self._origin(place, tree)
            if origin is None or len(origin.trees) != 1 or origin.sorts:
                return False
            (tree,) = origin.trees
        return True

    # ------------------------------------------------------------ operators

    def _binary(self, place: int, tree: ast.BinOp, index: Index) -> Part:
        if isinstance(tree.op, ast.MatMult):
            return self._product(place, tree.left, tree.right, index)
        a, b = (self._operand(place, side, index) for side in (tree.left, tree.right))
        with np.errstate(all="ignore"):
            value = BINARY[type(tree.op)](a.value, b.value)
        if isinstance(tree.op, ast.BitAnd | ast.BitOr):
            word = "and" if isinstance(tree.op, ast.BitAnd) else "or"
            return writing.joined_conditions(word, (a, b), value)
        if isinstance(tree.op, ast.Pow):
            return writing.power(a, b, value)
        if type(tree.op) in MARKS:
            return writing.binary(MARKS[type(tree.op)], a, b, value)
        return self._number(value) if not (a.reads or b.reads) else self._raise(tree)

    def _raise(self, tree: ast.expr) -> Part:
        raise Unfollowed(ast.unparse(tree))

    def _product(self, place: int, left: ast.expr, right: ast.expr, index: Index) -> Part:
        """A cell of a matrix product: Σₖ aᵢₖ bₖⱼ."""
        a, b = (np.shape(self._value(place, side)) for side in (left, right))
        if len(a) < 1 or len(b) < 1:
            raise Unfollowed("matrix product")
        rows = index if len(b) == 1 else index[:-1]
        batch = rows if len(a) == 1 else rows[:-1]

        def term(k: int) -> Part:
            at = (k,) if len(a) == 1 else (*_batch(batch, a), rows[-1], k)
            other = (k,) if len(b) == 1 else (*_batch(batch, b), k, index[-1])
            x, y = self.cell(place, left, at), self.cell(place, right, other)
            return writing.binary("·", x, y, x.value * y.value)

        return self._sum([lambda k=k: term(k) for k in range(a[-1])])  # type: ignore[misc]

    def _sum(self, terms: list[Callable[[], Part]], mean: bool = False) -> Part:
        parts, shown = self._several(terms)
        with np.errstate(all="ignore"):
            value = np.sum(np.array([part.value for part in parts])) if parts else 0
        found = writing.total(parts, shown, value)
        if not mean:
            return found
        return writing.binary("/", found, self._number(len(parts)), value / len(parts))

    def _several(self, terms: list[Callable[[], Part]]) -> tuple[list[Part], list[Part | None]]:
        """All parts, and those that are written: of many the first ones and the last."""
        written = range(len(terms)) if len(terms) <= self.most else {*range(self.most - 2), -1}
        last = len(terms) - 1
        parts: list[Part] = []
        shown: list[Part | None] = []
        for at, term in enumerate(terms):
            is_shown = at in written or (at == last and -1 in written)
            outer = self.notes
            self.notes = outer if is_shown else {}
            parts.append(term())
            self.notes = outer
            if is_shown:
                shown.append(parts[-1])
            elif shown[-1] is not None:
                shown.append(None)
        return parts, shown

    # ------------------------------------------------------------ calls

    def _call(self, place: int, tree: ast.Call, index: Index) -> Part:
        if isinstance(tree.func, ast.Name) and not self.sheet.depends(place, tree, self.sources):
            return self._number(self._value(place, tree))  # Python's own max, of lengths
        name, args = self._called(place, tree)
        words = {word.arg or "": word.value for word in tree.keywords}
        if name in UNCHANGED and np.shape(self._value(place, args[0])) == np.shape(
            self._value(place, tree)
        ):
            return self.cell(place, args[0], index)
        if name == "matmul":
            return self._product(place, args[0], args[1], index)
        if name == "where" and len(args) == 3:
            test = self._operand(place, args[0], index)
            holds = bool(test.value)
            return writing.chosen(self._operand(place, args[1 if holds else 2], index), test, holds)
        if name in REDUCTIONS:
            return self._reduction(place, name, args, words, index)
        if name in RUNNING and len(args) == 1:
            return self._running(place, name, args[0], words, index)
        if name == "clip" and not words:
            parts = [self._operand(place, arg, index) for arg in args]
            return writing.function("clip", parts, np.clip(*(part.value for part in parts)))
        if not words and isinstance(getattr(np, name, None), np.ufunc):
            return self._ufunc(place, name, args, index)
        return self._moved(place, tree, index)

    def _called(self, place: int, tree: ast.Call) -> tuple[str, list[ast.expr]]:
        """The name of a NumPy function or an array's method, and what it is given."""
        match tree.func:
            case ast.Attribute(value=ast.Name(id="np"), attr=name):
                return name, list(tree.args)
            case ast.Attribute(value=owner, attr=name) if isinstance(
                self._value(place, owner), np.ndarray | np.generic
            ):
                return name, [owner, *tree.args]
        raise Unfollowed(ast.unparse(tree))

    def _ufunc(self, place: int, name: str, args: list[ast.expr], index: Index) -> Part:
        """An element-wise function of NumPy."""
        made: np.ufunc = getattr(np, name)
        if made.nout != 1 or made.signature is not None:
            raise Unfollowed(name)
        parts = [self._operand(place, arg, index) for arg in args]
        with np.errstate(all="ignore"):
            value = made(*(part.value for part in parts))
        match name, parts:
            case "absolute" | "abs", [part]:
                return writing.magnitude(part, value)
            case "sqrt", [part]:
                return writing.root(part, value)
            case "square", [part]:
                return writing.power(part, Part("2", 2), value)
            case "power", [base, exponent]:
                return writing.power(base, exponent, value)
            case "negative", [part]:
                return writing.negative(part, value)
            case "log1p", [part]:
                inner = writing.binary("+", Part("1", 1), part, 1 + part.value)
                return writing.function("ln", [inner], value)
            case "expm1", [part]:
                inner = writing.function("exp", [part], value + 1)
                return writing.binary("−", inner, Part("1", 1), value)
            case "maximum" | "minimum", _:
                return writing.function(name[:3], parts, value)
            case _, [a, b] if name in OPERATORS:
                return writing.binary(OPERATORS[name], a, b, value)
        return writing.function(WORDS.get(name, name), parts, value)

    def _reduction(
        self,
        place: int,
        name: str,
        args: list[ast.expr],
        words: Mapping[str, ast.expr],
        index: Index,
    ) -> Part:
        """A sum, mean, maximum … over some axes: of the cells that fall on this one."""
        if not set(words) <= {"axis", "keepdims", "initial", "dtype"} or len(args) > 2:
            raise Unfollowed(name)
        shape = np.shape(self._value(place, args[0]))
        axis_tree = args[1] if len(args) > 1 else words.get("axis")
        axis = None if axis_tree is None else self._value(place, axis_tree)
        keeps = bool(self._value(place, words["keepdims"])) if "keepdims" in words else False
        terms: list[Callable[[], Part]] = [
            lambda at=at: self.cell(place, args[0], at)  # type: ignore[misc]
            for at in _reduced(shape, axis, keeps, index)
        ]
        if "initial" in words:
            terms.insert(0, lambda: self.cell(place, words["initial"], ()))
        if name in ("sum", "mean"):
            return self._sum(terms, mean=name == "mean")
        parts, shown = self._several(terms)
        values = np.array([part.value for part in parts])
        value = getattr(np, name)(values)
        if name in ("any", "all") and all(part.rank == writing.CONDITION for part in parts):
            word = "or" if name == "any" else "and"
            written = [Part("…", 0, writing.CONDITION) if p is None else p for p in shown]
            found = writing.joined_conditions(word, written, value)
            return Part(found.text, value, found.rank, _all_reads(parts))
        written = [Part("…", 0) if part is None else part for part in shown]
        found = writing.function(name.removeprefix("a")[:4], written, value)
        return Part(found.text, value, found.rank, _all_reads(parts))

    def _running(
        self, place: int, name: str, arg: ast.expr, words: Mapping[str, ast.expr], index: Index
    ) -> Part:
        """A running sum or product: of the cells up to this one."""
        shape = np.shape(self._value(place, arg))
        axis = self._value(place, words["axis"]) if "axis" in words else None
        if set(words) > {"axis"} or (axis is None and len(shape) != 1) or not index:
            raise Unfollowed(name)
        at = (axis or 0) % len(shape)
        places = [(*index[:at], k, *index[at + 1 :]) for k in range(index[at] + 1)]
        if name == "cumsum":
            return self._sum([lambda p=p: self.cell(place, arg, p) for p in places])  # type: ignore[misc]
        found = self.cell(place, arg, places[0])
        for where in places[1:]:
            part = self.cell(place, arg, where)
            found = writing.binary("·", found, part, found.value * part.value)
        return found

    # ------------------------------------------------------------ elements that move

    def _origin(self, place: int, tree: ast.expr) -> Origin | None:
        """Where the elements of an expression come from, if it only moves them."""
        return moved(self.sheet, place, tree)

    def _moved(self, place: int, tree: ast.expr, index: Index) -> Part:
        origin = self._origin(place, tree)
        if origin is not None:
            which, at = origin.locate(index)
            return self.cell(place, origin.trees[which], at)
        if not self.sheet.depends(place, tree, self.sources):
            value = self._value(place, tree)
            return self._number(value[index] if np.ndim(value) else value)
        raise Unfollowed(ast.unparse(tree))

    # ------------------------------------------------------------ what cannot be followed

    def _whole(self, place: int, tree: ast.expr, index: Index) -> Part:
        """An expression as its number, with a line that names the arrays that were read."""
        self.followed = False
        value = np.asarray(self._value(place, tree))[index]
        names = self._entries(place, tree)
        text = number_text(value, self.digits)
        note = f"{' '.join(ast.unparse(tree).split())}{place_text(index)} = {text}"
        read = ", ".join(dict.fromkeys(names))
        self.notes[place, index, -len(self.notes) - 1] = f"{note}, from {read}"
        return writing.number(value, self.digits, tuple(Read(n, None, None) for n in names))

    def _entries(self, place: int, tree: ast.expr) -> list[str]:
        """The entries that an expression depends on."""
        read = self.sheet.arguments_in(place, tree)
        names = (self.sources[name].names for name in read if name in self.sources)
        return list(dict.fromkeys(itertools.chain(*names)))


def _all_reads(parts: list[Part]) -> tuple[Read, ...]:
    return tuple(read for part in parts for read in part.reads)


def _batch(index: Index, shape: tuple[int, ...]) -> Index:
    """The place among the matrices of a stack that broadcasting gives."""
    own = index[len(index) - (len(shape) - 2) :] if len(shape) > 2 else ()
    return tuple(0 if n == 1 else at for at, n in zip(own, shape, strict=False))


def _reduced(shape: tuple[int, ...], axis: Any, keeps: bool, index: Index) -> list[Index]:
    """The places that a reduction takes together."""
    rank = len(shape)
    axes = range(rank) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = {int(one) % rank for one in axes} if rank else set()
    kept = iter(
        [at for place, at in enumerate(index) if place not in gone] if keeps else list(index)
    )
    fixed = [None if place in gone else next(kept) for place in range(rank)]
    free = [range(n) if at is None else (at,) for n, at in zip(shape, fixed, strict=True)]
    return list(itertools.product(*free))
