"""One element of an array with its equation's numbers substituted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.application import Index

if TYPE_CHECKING:
    from chainrule.glass.trace import Entry


@dataclass(frozen=True)
class Read:
    """A number that was read.

    Attributes:
        name: The entry.
        index: Its place; ``None`` where a whole array was read in a way that cannot be followed.
        value: The number; ``None`` for a whole array.
    """

    name: str
    index: Index | None
    value: Any


@dataclass(frozen=True)
class Term:
    """One term of a sum.

    Attributes:
        text: Its factors, substituted.
        value: What it is.
        factors: The numbers that it was made of.
    """

    text: str
    value: Any
    factors: tuple[Read, ...]


@dataclass(frozen=True)
class Cell:
    """One element, with its equation.

    Attributes:
        name: The entry.
        symbol: The element's symbol: ``"z₁[0,1]"``.
        index: Its place.
        text: The equation with this cell's numbers.
        value: What the element is.
        terms: The terms of the sum that it is; one, if it is none.
        reads: Every number that was read, once.
        equation: The equation in general.
        followed: Whether it could be followed down to single numbers.
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
    """The cell of an entry."""
    return Cell(
        entry.name, entry.symbol, index, f"{entry.symbol} = ", np.asarray(entry.value)[index]
    )
