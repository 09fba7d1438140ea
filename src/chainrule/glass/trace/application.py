"""One function of a rule as it ran: its arguments, where they came from, and its lines' values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.source import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.core.layout import Layout
    from chainrule.glass.trace.sheet import Sheet

    Array = NDArray[Any]

Index = tuple[int, ...]
"""A place in an array; ``()`` in a number."""

Place = tuple[str, Index]
"""An entry's name and a place in its array."""


@dataclass(frozen=True)
class Whole:
    """An argument that is the array of one entry.

    Attributes:
        name: The entry.
    """

    name: str

    def locate(self, index: Index) -> Place:
        """The entry and place that an element of the argument was read from."""
        return self.name, index

    @property
    def names(self) -> tuple[str, ...]:
        """The entries that the argument is made of."""
        return (self.name,)


@dataclass(frozen=True)
class Joined:
    """An argument that is the arrays of many entries in one flat vector.

    Attributes:
        layout: Where each variable's part lies.
        entries: The entry of each variable.
    """

    layout: Layout
    entries: Mapping[str, str]

    def locate(self, index: Index) -> Place:
        """The entry and place that an element of the vector was read from."""
        (flat,) = index
        for slot in self.layout:
            start = self.layout.offsets[slot.name]
            if start <= flat < start + slot.size:
                inner = np.unravel_index(flat - start, slot.shape)
                return self.entries[slot.name], tuple(int(axis) for axis in inner)
        raise IndexError(flat)

    @property
    def names(self) -> tuple[str, ...]:
        """The entries that the argument is made of."""
        return tuple(self.entries[slot.name] for slot in self.layout)


Source = Whole | Joined


@dataclass(frozen=True, eq=False)
class Application:
    """One function of a rule as it ran.

    Attributes:
        function: The function.
        result: What its lines call the result: ``"z"``, ``"∂L/∂kernel"``.
        arguments: What it was given, by parameter.
        sources: For each parameter that is an array, where the array came from.
        readings: Its lines and what they computed; none where the source cannot be read.
        made: What it returned, one array per result.
        known: For each result that has an entry before the others, where that is.
    """

    function: Callable[..., Any]
    result: str
    arguments: Mapping[str, Any]
    sources: Mapping[str, Source] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    made: tuple[Any, ...] = ()
    known: Mapping[int, Source] = field(default_factory=dict)

    def ends(self, output: int) -> dict[int, Source]:
        """The lines behind which a reader of ``output`` need not look: they have entries."""
        return {
            self.sheet.result(other)[0]: source
            for other, source in self.known.items()
            if other != output and self.sheet.lines
        }

    @cached_property
    def sheet(self) -> Sheet:
        """The function's syntax tree with the value of every part of it."""
        from chainrule.glass.trace.sheet import Sheet

        return Sheet(self.function, self.arguments)
