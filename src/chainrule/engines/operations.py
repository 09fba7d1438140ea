"""The native engine's list of operations: arrays as places in memory, and kernels on them.

An operation names a kernel of the C++ extension and the arrays that it takes and makes; it says how
threads share it, and whether they must meet before it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chainrule.core.shapes import Shape
from chainrule.engines.sharing import BLOCKS, TILE_ROWS
from chainrule.errors import NoKernelError

ALIGNMENT = 64
"""Bytes: a cache line, and the widest vector."""


class Size(NamedTuple):
    """How many elements: so many for each sample, or a fixed number."""

    per_sample: int
    fixed: int

    def of(self, samples: int) -> int:
        """For so many samples."""
        return self.per_sample * samples + self.fixed


def size_of(shape: Shape) -> Size:
    """The size of an array of the graph, ``None`` being the number of samples.

    Raises:
        NoKernelError: A length is known only when there are data.
    """
    if None in shape[1:]:
        raise NoKernelError("an axis other than the samples' has no known length")
    if shape and shape[0] is None:
        return Size(math.prod(n or 0 for n in shape[1:]), 0)
    return Size(0, math.prod(n or 0 for n in shape))


ONE_PER_SAMPLE = Size(1, 0)


class Place(NamedTuple):
    """Where an array lies.

    Attributes:
        memory: ``"arena"``, ``"parameters"`` or ``"state"``.
        state: Which of the optimizer's vectors.
        offset: From the beginning: in bytes in the arena, else in elements.
        per_sample: Elements for each sample.
        fixed: Elements otherwise.
        item: Bytes of an element.
    """

    memory: str
    state: int
    offset: int
    per_sample: int
    fixed: int
    item: int

    @property
    def size(self) -> Size:
        """How many elements."""
        return Size(self.per_sample, self.fixed)

    def overlaps(self, other: Place, samples: int) -> bool:
        """Whether the two share memory."""
        if (self.memory, self.state) != (other.memory, other.state):
            return False
        (a, b), (c, d) = self._span(samples), other._span(samples)
        return a < d and c < b

    def _span(self, samples: int) -> tuple[int, int]:
        unit = self.item if self.memory == "arena" else 1
        return self.offset, self.offset + self.size.of(samples) * unit


class Memory:
    """Hands out places.

    Args:
        samples: The most samples in a batch.
        item: Bytes of a float.
    """

    def __init__(self, samples: int, item: int) -> None:
        self.samples, self.item = samples, item
        self.places: list[Place] = []
        self.bytes = 0

    def add(self, place: Place) -> int:
        """The index of a place; two arrays at one place are one."""
        if place in self.places:
            return self.places.index(place)
        self.places.append(place)
        return len(self.places) - 1

    def room(self, size: Size, item: int = 0) -> int:
        """New room in the arena."""
        item = item or self.item
        index = self.add(Place("arena", 0, self.bytes, *size, item))
        taken = size.of(self.samples) * item
        self.bytes += -(-max(taken, 1) // ALIGNMENT) * ALIGNMENT
        return index

    def part(self, index: int, first: int, count: int) -> int:
        """Some elements of an array that does not grow with the samples."""
        place = self.places[index]
        unit = place.item if place.memory == "arena" else 1
        return self.add(place._replace(offset=place.offset + first * unit, fixed=count))


@dataclass
class Operation:
    """One step of a program.

    Attributes:
        kind: ``"kernel"``; or ``"gather"``, ``"weigh"``, ``"mask"``, ``"record"``, ``"total"``,
            ``"fused"``: see ``native/src/program.h``.
        name: For messages.
        takes: Arrays that it reads.
        makes: Arrays that it writes.
        shared: What is shared among threads: ``"samples"``; ``"alone"`` by one thread;
            ``"own"``, a partition of its own; or another name, of a partition of several.
        extent: How many of these there are.
        grain: The least number that one thread gets.
        stretch: Elements in each.
        when: Place in the table of the scalar that switches it; -1 for always.
        meets: Whether threads must meet before it.
        blocks: Equal parts of whole grains, each of which one thread gets; 0 for as it comes.
        more: What its kind needs besides.
    """

    kind: str
    name: str
    takes: Sequence[int]
    makes: Sequence[int]
    shared: str = "samples"
    extent: Size = ONE_PER_SAMPLE
    grain: int = 1
    stretch: int = 1
    when: int = -1
    meets: bool = True
    blocks: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)

    def cut_in_blocks(self) -> None:
        """Share it by blocks of its extent, as all do that are of the same extent."""
        self.shared, self.grain, self.blocks = f"{self.extent.fixed} in blocks", TILE_ROWS, BLOCKS

    def data(self) -> dict[str, Any]:
        """What the extension takes."""
        return {
            "kind": self.kind,
            "name": self.name,
            "arrays": [*self.takes, *self.makes],
            "alone": self.shared == "alone",
            "extent": tuple(self.extent),
            "grain": self.grain,
            "blocks": self.blocks,
            "stretch": self.stretch,
            "when": self.when,
            "meets": self.meets,
            **self.more,
        }


def find_meetings(operations: Sequence[Operation], memory: Memory) -> None:
    """Say before which operations threads must meet.

    They need not where everything that an operation touches was last touched by the same thread:
    by operations that are shared in the same way, or all done by one thread alone.
    """
    touched: list[tuple[Place, bool, str]] = []
    for number, operation in enumerate(operations):
        how = f"own {number}" if operation.shared == "own" else operation.shared
        own = [(memory.places[index], False) for index in operation.takes]
        own += [(memory.places[index], True) for index in operation.makes]
        operation.meets = number == 0 or any(
            (writes or written) and before != how and place.overlaps(other, memory.samples)
            for place, writes in own
            for other, written, before in touched
        )
        if operation.meets:
            touched = []
        touched += [(place, writes, how) for place, writes in own]
