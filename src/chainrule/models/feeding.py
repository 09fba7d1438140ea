"""Where batches come from: arrays in a drawn order, a dataset of batches, or a generator.

A feed hands out stretches of batches, so that an engine runs many in one call where it can.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.models.data import Data
from chainrule.utils.batches import PyDataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Permutation = Callable[[int], "Array | None"]
"""Draws an order of so many things; ``None`` to leave them as they are."""


class Stretch(NamedTuple):
    """Batches for one call into an engine.

    Attributes:
        data: Arrays.
        order: Their rows, batch after batch.
        batch_size: Rows in a batch; the last may have fewer.
    """

    data: Data
    order: Array
    batch_size: int

    @property
    def batches(self) -> int:
        """How many batches these are."""
        return math.ceil(len(self.order) / self.batch_size)


class Feed(Protocol):
    """A source of batches.

    Attributes:
        steps: Batches in an epoch; ``None`` if only the end will tell.
    """

    steps: int | None

    def take(self, batches: int) -> Iterator[Stretch]:
        """The next so many batches of the epoch, or fewer if it ends."""
        ...

    def end_epoch(self) -> None:
        """Called when an epoch is over."""
        ...


class ArrayFeed:
    """Rows of arrays, in a new order at every pass.

    Args:
        data: The arrays.
        batch_size: Rows in a batch.
        permuted: Draws the order.
        steps: Batches in an epoch, if not a whole pass: the next epoch goes on where one stopped.
    """

    def __init__(
        self,
        data: Data,
        batch_size: int,
        permuted: Permutation = lambda rows: None,
        steps: int | None = None,
    ) -> None:
        self._data, self._batch_size, self._permuted = data, batch_size, permuted
        whole = math.ceil(data.rows / batch_size)
        self.steps = whole if steps is None else steps
        self._left = np.arange(0)

    def take(self, batches: int) -> Iterator[Stretch]:
        """Stretches that do not cross a pass over the data."""
        while batches:
            if not len(self._left):
                order = self._permuted(self._data.rows)
                self._left = np.arange(self._data.rows) if order is None else order
            taken, self._left = np.split(self._left, [batches * self._batch_size])
            stretch = Stretch(self._data, taken, self._batch_size)
            batches -= stretch.batches
            yield stretch

    def end_epoch(self) -> None:
        """Nothing: the order goes on."""


class BatchFeed:
    """Batches that somebody else makes: a :class:`PyDataset`, an iterable or a generator.

    Args:
        source: Gives ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)`` for each batch.
        prepared: Checks one batch.
        permuted: Draws an order of a dataset's batches.
        steps: Batches in an epoch; by default all that there are.
    """

    def __init__(
        self,
        source: Any,
        prepared: Callable[..., Data],
        permuted: Permutation = lambda rows: None,
        steps: int | None = None,
    ) -> None:
        self._source, self._prepared, self._permuted = source, prepared, permuted
        self._resumes = steps is not None or not _restarts(source)
        self.steps = _count(source) if steps is None else steps
        self._batches: Iterator[Any] | None = None

    def take(self, batches: int) -> Iterator[Stretch]:
        """One batch at a time."""
        for _ in range(batches):
            made = self._next()
            if made is None:
                return
            data = self._prepared(*_unpacked(made))
            yield Stretch(data, np.arange(data.rows), data.rows)

    def end_epoch(self) -> None:
        """Begin the source anew, if it can be; a generator goes on."""
        hook = getattr(self._source, "on_epoch_end", None)
        if hook is not None:
            hook()
        if not self._resumes:
            self._batches = None

    def _next(self) -> Any:
        if self._batches is None:
            self._batches = self._begun()
        made = next(self._batches, None)
        if made is None and self.steps is not None and _restarts(self._source):
            self._batches = self._begun()  # more steps than there are batches: another pass
            made = next(self._batches, None)
        if made is None and self.steps is not None:
            warnings.warn(
                f"The data ran out before the epoch's {self.steps} batches were done; training "
                "ends here. Let the generator give more, or lower `steps_per_epoch`.",
                stacklevel=2,
            )
        return made

    def _begun(self) -> Iterator[Any]:
        if not _indexed(self._source):
            return iter(self._source)
        count = _count(self._source)
        if count is None:
            raise ArgumentError("A dataset of unknown length needs `steps_per_epoch`.", length=None)
        hook = getattr(self._source, "on_epoch_begin", None)
        if hook is not None:
            hook()
        order = self._permuted(count)
        return (self._source[int(i)] for i in (range(count) if order is None else order))


def makes_batches(x: Any) -> bool:
    """Whether ``x`` is a source of batches rather than arrays."""
    if isinstance(x, PyDataset):
        return True
    if isinstance(x, list | tuple | dict | str) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__iter__") or _indexed(x)


def _indexed(source: Any) -> bool:
    return hasattr(source, "__getitem__") and hasattr(source, "__len__")


def _restarts(source: Any) -> bool:
    """Whether a second pass is possible: not over a generator."""
    return _indexed(source) or not hasattr(source, "__next__")


def _count(source: Any) -> int | None:
    found = getattr(source, "num_batches", None)
    if found is None and hasattr(source, "__len__"):
        found = len(source)
    return None if found is None else int(found)


def _unpacked(batch: Any) -> tuple[Any, Any, Any]:
    """x, y and weights of what a source gave.

    Raises:
        ArgumentError: It gave a tuple of another length.
    """
    if not isinstance(batch, tuple):
        return batch, None, None
    if not 1 <= len(batch) <= 3:
        raise ArgumentError(
            "A batch must be x, (x,), (x, y) or (x, y, sample_weight).", length=len(batch)
        )
    x, y, weight = (*batch, None, None)[:3]
    return x, y, weight
