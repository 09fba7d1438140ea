"""Where elements come from, in expressions that only move them: slices, reshapes, transpositions.

An array of positions is moved in the elements' place, so that any index that NumPy knows is
followed without knowing its rules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.glass.trace.application import Index
from chainrule.glass.trace.sheet import Sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOVERS: Final = (
    "reshape",
    "ravel",
    "transpose",
    "swapaxes",
    "moveaxis",
    "squeeze",
    "expand_dims",
    "broadcast_to",
    "repeat",
    "tile",
    "roll",
    "flip",
    "take",
    "take_along_axis",
)
"""NumPy functions, and methods of arrays, whose first argument is moved as the others say."""

JOINERS: Final = ("concatenate", "stack")


@dataclass(frozen=True)
class Origin:
    """Where the elements of an expression come from.

    Attributes:
        trees: The expressions that they come from.
        shapes: The shapes of those.
        positions: For each element its position: first all of the first expression, and so on.
        sorts: Whether the elements' own values say where they go.
    """

    trees: tuple[ast.expr, ...]
    shapes: tuple[tuple[int, ...], ...]
    positions: NDArray[np.int64]
    sorts: bool = False

    def locate(self, index: Index) -> tuple[int, Index]:
        """Which expression an element comes from, and its place there."""
        position = int(self.positions[index])
        for which, shape in enumerate(self.shapes):
            size = int(np.prod(shape))
            if position < size:
                inner = np.unravel_index(position, shape)
                return which, tuple(int(axis) for axis in inner)
            position -= size
        raise IndexError(index)


def moved(sheet: Sheet, place: int, tree: ast.expr) -> Origin | None:
    """Where the elements of an expression come from; ``None`` if it does not only move them."""
    key = place, id(tree)
    if key not in sheet.origins:
        sheet.origins[key] = _moved(sheet, place, tree)
    return sheet.origins[key]


def _moved(sheet: Sheet, place: int, tree: ast.expr) -> Origin | None:
    match tree:
        case ast.Subscript(value=inner, slice=where):
            source = sheet.value(place, inner)
            if isinstance(source, np.ndarray):
                return _one(inner, source, _positions(source)[sheet.value(place, where)])
        case ast.Attribute(value=inner, attr="T"):
            source = sheet.value(place, inner)
            return _one(inner, source, _positions(source).T)
        case ast.Call():
            return _call(sheet, place, tree)
    return None


def _call(sheet: Sheet, place: int, tree: ast.Call) -> Origin | None:
    words = {word.arg or "": sheet.value(place, word.value) for word in tree.keywords}
    match tree.func:
        case ast.Attribute(value=ast.Name(id="np"), attr=name) if name in MOVERS:
            inner, *others = tree.args
            source = np.asarray(sheet.value(place, inner))
            rest = [sheet.value(place, arg) for arg in others]
            return _one(inner, source, getattr(np, name)(_positions(source), *rest, **words))
        case ast.Attribute(value=ast.Name(id="np"), attr="sort") if len(tree.args) == 1:
            (inner,) = tree.args
            return _sorted(inner, sheet.value(place, inner), words.get("axis", -1))
        case ast.Attribute(value=ast.Name(id="np"), attr=name) if name in JOINERS:
            return _joined(sheet, place, tree, name, words)
        case ast.Attribute(value=inner, attr=name) if name in MOVERS:
            source = sheet.value(place, inner)
            if isinstance(source, np.ndarray):
                rest = [sheet.value(place, arg) for arg in tree.args]
                return _one(inner, source, getattr(_positions(source), name)(*rest, **words))
    return None


def _positions(source: Any) -> NDArray[np.int64]:
    return np.arange(np.size(source)).reshape(np.shape(source))


def _one(inner: ast.expr, source: Any, positions: Any) -> Origin:
    return Origin((inner,), (np.shape(source),), np.asarray(positions))


def _sorted(inner: ast.expr, source: Any, axis: int) -> Origin:
    order = np.argsort(source, axis=axis, kind="stable")
    return Origin(
        (inner,), (np.shape(source),), np.take_along_axis(_positions(source), order, axis), True
    )


def _joined(
    sheet: Sheet, place: int, tree: ast.Call, name: str, words: dict[str, Any]
) -> Origin | None:
    """Several arrays one after the other."""
    listed = tree.args[0]
    if not isinstance(listed, ast.List | ast.Tuple):
        return None
    rest = [sheet.value(place, arg) for arg in tree.args[1:]]
    sources = [np.asarray(sheet.value(place, part)) for part in listed.elts]
    starts = np.cumsum([0, *(source.size for source in sources)])
    pieces = [_positions(s) + start for s, start in zip(sources, starts[:-1], strict=True)]
    positions = getattr(np, name)(pieces, *rest, **words)
    return Origin(tuple(listed.elts), tuple(s.shape for s in sources), positions)
