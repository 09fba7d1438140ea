"""One flat vector with named views: every parameter of a model in one array θ.

What training moves comes first, so that the part of θ which optimizers, Hessians and loss surfaces
are about is one slice.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Slot(NamedTuple):
    """One named parameter array inside the flat vector.

    Attributes:
        name: ``"dense/kernel"``.
        shape: Its shape.
        trainable: Whether gradient descent moves it.
    """

    name: str
    shape: tuple[int, ...]
    trainable: bool = True

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class Layout:
    """Where each slot lies in the flat vector: the trainable ones, then the others.

    Iteration keeps the order given.

    Example:
        >>> layout = Layout([Slot("dense/kernel", (2, 3)), Slot("dense/bias", (3,))])
        >>> layout.size, layout.name_of(5)
        (9, 'dense/kernel[1, 2]')
    """

    def __init__(self, slots: Iterable[Slot]) -> None:
        self.slots = tuple(slots)
        self._placed = sorted(self.slots, key=lambda slot: not slot.trainable)
        self._starts = np.cumsum([0, *(slot.size for slot in self._placed)]).tolist()
        self.size: int = self._starts.pop()
        pairs = zip(self._placed, self._starts, strict=True)
        self.offsets = {slot.name: start for slot, start in pairs}

    def views(self, theta: Array) -> dict[str, Array]:
        """Each slot as a shaped view of ``theta`` (shape ``(size,)``): writing there writes θ."""
        return {
            slot.name: theta[start : start + slot.size].reshape(slot.shape)
            for slot, start in ((slot, self.offsets[slot.name]) for slot in self.slots)
        }

    def name_of(self, index: int) -> str:
        """The weight at a place of the flat vector: ``"dense_1/kernel[0, 1]"``."""
        if not 0 <= index < self.size:
            raise IndexError(f"θ has {self.size} elements. Received: index={index}")
        at = bisect_right(self._starts, index) - 1
        slot = self._placed[at]
        where = np.unravel_index(index - self._starts[at], slot.shape)
        return f"{slot.name}{[int(axis) for axis in where]}" if slot.shape else slot.name

    @property
    def trainable(self) -> slice:
        """The part of θ that training moves."""
        return slice(0, self.trainable_size)

    @cached_property
    def trainable_size(self) -> int:
        """How many elements of θ training moves."""
        return sum(slot.size for slot in self.slots if slot.trainable)

    @cached_property
    def moved(self) -> Layout:
        """The layout of the part of θ that training moves."""
        return Layout(slot for slot in self.slots if slot.trainable)

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.slots)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layout) and self.slots == other.slots

    def __hash__(self) -> int:
        return hash(self.slots)

    def __repr__(self) -> str:
        return f"Layout({list(self.slots)})"
