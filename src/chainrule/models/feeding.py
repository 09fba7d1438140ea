"""Where batches come from: arrays in a drawn order, a dataset of batches, or a generator.

A feed hands out stretches of batches, so that an engine runs many in one call where it can.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.models.data import Data
from chainrule.utils.batches import PyDataset, unpack_x_y_sample_weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Permutation = Callable[..., "Array | None"]
"""Draws an order of so many things, now or so many steps later; ``None`` to leave them as they
are."""


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
    """A source of batches."""

    @property
    def steps(self) -> int | None:
        """Batches in an epoch; ``None`` if only the end will tell."""
        ...

    def begin_epoch(self) -> bool:
        """Called before an epoch's first batch; whether there is one."""
        ...

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
        permuted: Permutation = lambda rows, later=0: None,
        steps: int | None = None,
    ) -> None:
        batch_size = min(batch_size, max(data.rows, 1))  # engines make room for what they are told
        self._data, self._batch_size, self._permuted = data, batch_size, permuted
        self._whole = math.ceil(data.rows / batch_size)
        self.steps = _bounded(steps, self._whole)
        self._left = np.arange(0)

    @property
    def is_whole(self) -> bool:
        """Whether an epoch is one pass over all rows."""
        return self.steps == self._whole

    def passes(self, count: int) -> Stretch:
        """So many passes over the data, one after the other."""
        if self._whole == 1:
            return Stretch(self._data, np.tile(self._order(), count), self._batch_size)
        orders = [self._order(later * self._whole) for later in range(count)]
        return Stretch(self._data, np.concatenate(orders), self._batch_size)

    def _order(self, later: int = 0) -> Array:
        """The rows of a pass; in one batch of all of them their order means nothing."""
        order = self._permuted(self._data.rows, later) if self._whole > 1 else None
        return np.arange(self._data.rows) if order is None else order

    def begin_epoch(self) -> bool:
        """Nothing: the order goes on."""
        return True

    def take(self, batches: int) -> Iterator[Stretch]:
        """Stretches that do not cross a pass over the data."""
        while batches:
            if not len(self._left):
                self._left = self._order()
            end = batches * self._batch_size
            stretch = Stretch(self._data, self._left[:end], self._batch_size)
            self._left = self._left[end:]
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

    Raises:
        ArgumentError: There is no end to a dataset's batches, nor any ``steps``.
    """

    def __init__(
        self,
        source: Any,
        prepared: Callable[..., Data],
        permuted: Permutation = lambda rows: None,
        steps: int | None = None,
    ) -> None:
        self._source, self._prepared, self._permuted = source, prepared, permuted
        self.steps = _bounded(steps, _count(source))
        if self.steps is None and isinstance(source, PyDataset):
            raise ArgumentError(
                "A dataset without end needs `steps_per_epoch`, or `steps`.", num_batches=None
            )
        self._goes_on = steps is not None or not _restarts(source)
        self._batches: Iterator[Any] | None = None
        self._ahead: Any = None

    def begin_epoch(self) -> bool:
        """Tell the source, and begin a pass unless one was left in the middle."""
        if hasattr(self._source, "on_epoch_begin"):
            self._source.on_epoch_begin()
        if self._batches is None or not self._goes_on:
            self._batches = self._begun()
        self._ahead = self._next()
        return self._ahead is not None

    def take(self, batches: int) -> Iterator[Stretch]:
        """One batch at a time."""
        for _ in range(batches):
            made, self._ahead = self._ahead, None
            made = self._next() if made is None else made
            if made is None:
                if self.steps is not None:
                    warn_of_the_end(self.steps)
                return
            data = self._prepared(*unpack_x_y_sample_weight(made))
            yield Stretch(data, np.arange(data.rows), data.rows)

    def end_epoch(self) -> None:
        """Tell the source."""
        if hasattr(self._source, "on_epoch_end"):
            self._source.on_epoch_end()

    def _next(self) -> Any:
        assert self._batches is not None  # noqa: S101  (the epoch has begun)
        made = next(self._batches, None)
        if made is None and self.steps is not None and _restarts(self._source):
            self._batches = self._begun()  # the epoch goes on into another pass
            made = next(self._batches, None)
        return made

    def _begun(self) -> Iterator[Any]:
        count = _count(self._source)
        if count is None or not hasattr(self._source, "__getitem__"):
            return iter(self._source)
        order = self._permuted(count)
        return (self._source[int(i)] for i in (range(count) if order is None else order))


class Kept:
    """The batches of a generator, kept while they are read, so that it can be read again.

    Args:
        source: The generator.
    """

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self._seen: list[Any] = []

    def __iter__(self) -> Iterator[Any]:
        yield from self._seen
        for batch in self._source:
            self._seen.append(batch)
            yield batch


def makes_batches(x: Any) -> bool:
    """Whether ``x`` is a source of batches rather than arrays."""
    if isinstance(x, PyDataset):
        return True
    if isinstance(x, Sequence | Mapping) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__getitem__")


def warn_of_the_end(steps: int | None) -> None:
    """Say that there are not as many batches as asked for, as Keras does."""
    warnings.warn(
        "Your input ran out of data; interrupting training. Make sure that your dataset or "
        "generator can generate at least `steps_per_epoch * epochs` batches. "
        f"Received: steps_per_epoch={steps}",
        stacklevel=3,
    )


def _restarts(source: Any) -> bool:
    """Whether a second pass is possible: not over a generator."""
    return not hasattr(source, "__next__")


def _count(source: Any) -> int | None:
    """How many batches there are, if a source can tell."""
    if isinstance(source, PyDataset):
        return source.num_batches
    return len(source) if hasattr(source, "__len__") else None


def _bounded(steps: int | None, count: int | None) -> int | None:
    """Batches in an epoch: as many as asked for, but no more than a pass over the data."""
    if steps is None or count is None:
        return count if steps is None else steps
    if steps > count:
        warn_of_the_end(steps)
    return min(steps, count)
