"""One element of an array with its equation's numbers substituted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.trace.application import Application, Index
from chainrule.glass.trace.labels import left_side, line_text, place_text
from chainrule.glass.trace.sheet import Unreadable
from chainrule.glass.trace.substitution import Follower
from chainrule.glass.trace.writing import Part, Read, Term, as_term, number_text

if TYPE_CHECKING:
    from chainrule.glass.trace.record import Entry


@dataclass(frozen=True)
class Cell:
    """One element, with its equation.

    Attributes:
        name: The entry.
        symbol: The element's symbol: ``"z₁[0,1]"``.
        index: Its place.
        text: The equation with this cell's numbers, below the lines that it needed.
        value: What the element is.
        terms: The terms of the sum that it is; one, if it is none.
        reads: Every number that was read, once.
        equation: The equation in general.
        followed: Whether everything was followed down to single numbers.
    """

    name: str
    symbol: str
    index: Index
    text: str
    value: Any
    terms: tuple[Term, ...] = ()
    reads: tuple[Read, ...] = ()
    equation: str = ""
    followed: bool = True

    def __str__(self) -> str:
        return self.text


def cell_of(entry: Entry, index: Index, digits: int, most: int) -> Cell:
    """The cell of an entry; see :meth:`chainrule.glass.trace.Entry.cell`."""
    value = np.asarray(entry.value)[index]
    symbol = f"{entry.symbol}{place_text(index)}"
    number = number_text(value, digits)
    applied = entry.made_by
    if entry.adds:
        return _of_sum(entry, index, digits)
    if applied is None:
        return Cell(entry.name, symbol, index, f"{symbol} = {number}", value)
    if not applied.sheet.lines:
        return _named_only(entry, symbol, index, number, applied)
    follower = Follower(applied, entry.output, digits, most, _unflattened(entry))
    line, tree = applied.sheet.result(entry.output)
    try:
        with np.errstate(all="ignore"):
            part = follower.cell(line, tree, _inner(entry, index))
    except Unreadable:  # Python beyond the small interpreter's
        part = None
    if part is None or not _agrees(part, value):
        return _named_only(entry, symbol, index, number, applied)
    mark = left_side(applied.sheet.lines[line].equation)[1]
    texts = [*follower.notes.values(), line_text(f"{symbol} {mark}", part, number)]
    reads = tuple(dict.fromkeys(part.reads))
    return Cell(
        entry.name,
        symbol,
        index,
        "\n".join(texts),
        value,
        part.terms or (as_term(part),),
        reads,
        entry.equation,
        follower.followed,
    )


def _inner(entry: Entry, index: Index) -> Index:
    """The place in what the rule returned; there it may be a flat vector."""
    if entry.offset is None:
        return index
    flat = int(np.ravel_multi_index(index, entry.shape)) if index else 0
    return (entry.offset + flat,)


def _unflattened(entry: Entry) -> Callable[[tuple[int, ...], Index], Index]:
    """From a place in a flat vector to the place in the entry's parameter, if it lies there."""

    def shown(shape: tuple[int, ...], index: Index) -> Index:
        applied = entry.made_by
        if entry.offset is None or applied is None:
            return index
        inside = shape == np.shape(applied.made[entry.output]) and (
            entry.offset <= index[0] < entry.offset + np.size(entry.value)
        )
        if not inside:
            return index
        return tuple(int(a) for a in np.unravel_index(index[0] - entry.offset, entry.shape))

    return shown


def _agrees(part: Part, value: Any) -> bool:
    """Whether what was followed is what was computed, up to the rounding of a sum."""
    kind = np.asarray(value).dtype
    if kind.kind not in "fc":
        return bool(part.value == value)
    terms = [abs(float(term.value)) for term in part.terms]
    size = max([abs(float(value)), *terms], default=0.0)
    tolerance = float(np.sqrt(np.finfo(kind).eps)) * size
    with np.errstate(all="ignore"):
        return bool(
            part.value == value
            or (np.isnan(part.value) and np.isnan(value))
            or abs(float(part.value) - float(value)) <= tolerance
        )


def _named_only(entry: Entry, symbol: str, index: Index, number: str, applied: Application) -> Cell:
    """A cell that could not be followed: the equation, and the arrays that were read."""
    needed = applied.sheet.arguments_of(entry.output) if applied.sheet.lines else applied.sources
    names = dict.fromkeys(
        name
        for argument in needed
        if argument in applied.sources
        for name in applied.sources[argument].names
    )
    text = f"{symbol} = {number}, from {', '.join(names)}"
    reads = tuple(Read(name, None, None) for name in names)
    value = np.asarray(entry.value)[index]
    return Cell(entry.name, symbol, index, text, value, (), reads, entry.equation, False)


def _of_sum(entry: Entry, index: Index, digits: int) -> Cell:
    """A cell of a sum of several paths, or of a copy."""
    symbol, value = f"{entry.symbol}{place_text(index)}", np.asarray(entry.value)[index]
    numbers = [np.asarray(array)[index] for array in entry.added]
    texts = [number_text(number, digits) for number in numbers]
    shown = " + ".join(
        f"({text})" if place and text.startswith("−") else text for place, text in enumerate(texts)
    )
    reads = tuple(
        Read(name, index, number) for name, number in zip(entry.adds, numbers, strict=True)
    )
    terms = tuple(Term(t, n, (r,)) for t, n, r in zip(texts, numbers, reads, strict=True))
    text = line_text(f"{symbol} =", Part(shown, value), number_text(value, digits))
    return Cell(entry.name, symbol, index, text, value, terms, reads, entry.equation)
