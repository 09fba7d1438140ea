"""Data that come batch by batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from chainrule.errors import ArgumentError, DataError


class PyDataset:
    """Base of data sets that make their batches one at a time, for ``fit(dataset)``.

    A subclass has ``__getitem__``, which gives a batch: ``(x, y)``, ``(x, y, sample_weight)`` or
    ``x``; and ``__len__``, the number of batches, or :attr:`num_batches`.

    Args:
        workers: Kept for Keras' signature, as are the next two: batches are made when they are
            needed, in the program's own thread.
        use_multiprocessing: See above.
        max_queue_size: See above.

    Example:
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, index):
        ...         return [index], [index**2]
        >>> list(Squares())
        [([0], [0]), ([1], [1])]
    """

    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """The batch of that number, from 0."""
        raise NotImplementedError(f"{type(self).__name__} must implement `__getitem__(index)`.")

    @property
    def num_batches(self) -> int | None:
        """Batches in an epoch; ``None`` in a subclass's own if there is no end to them.

        Raises:
            NotImplementedError: There is no ``__len__``.
        """
        length = getattr(self, "__len__", None)
        if length is None:
            raise NotImplementedError(
                f"{type(self).__name__} must implement `__len__()` or the property `num_batches`."
            )
        return int(length())

    def __iter__(self) -> Iterator[Any]:
        batches = self.num_batches
        for index in itertools.count() if batches is None else range(batches):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called before every epoch."""

    def on_epoch_end(self) -> None:
        """Called after every epoch."""


Sequence = PyDataset
"""The name of :class:`PyDataset` before Keras 3."""


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Inputs, targets and weights as ``fit`` takes them from a data set.

    Args:
        x: Inputs.
        y: Targets, or ``None``.
        sample_weight: Weights, or ``None``.

    Returns:
        ``(x, y, sample_weight)``, ``(x, y)``, ``(x,)``, or ``x`` if that is no list or tuple.

    Raises:
        ArgumentError: There are weights without targets. (Keras drops the weights.)
    """
    if y is None:
        if sample_weight is not None:
            raise ArgumentError("`sample_weight` needs `y`.", y=None)
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """The three parts of a batch; ``None`` for those that it lacks.

    Args:
        data: ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Raises:
        DataError: It has more parts, or none.
    """
    if not isinstance(data, tuple | list):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise DataError(
            "A batch must be x, (x,), (x, y) or (x, y, sample_weight).", parts=len(data)
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight
