"""Cut data in two: to train on, and to test with."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, DataError

Size = int | float


def split_dataset(
    dataset: Any,
    left_size: Size | None = None,
    right_size: Size | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Cut arrays in two along their first axis.

    Keras gives ``tf.data`` data sets; here both parts have the structure of what was given, and
    without shuffling they are views of its arrays. The order of a seed is that of Keras.

    Args:
        dataset: An array, or a list, tuple or dictionary of arrays with as many samples each.
        left_size: Samples on the left: a number of them, or a fraction between 0 and 1. What is
            not on the right by default.
        right_size: Samples on the right: the last ones. What is not on the left by default.
        shuffle: Whether to draw an order of the samples first.
        seed: Makes that order repeatable; by default it depends on Python's ``random``.
        preferred_backend: Kept for Keras' signature.

    Returns:
        Left and right.

    Raises:
        ArgumentError: A size is out of range, both are missing, they are too large together, or a
            part would be empty.
        DataError: ``dataset`` is something else, is empty, or its arrays have unequal lengths.
    """
    lengths = {len(array) for array in _arrays(dataset)}
    if len(lengths) != 1:
        raise DataError(
            "`dataset` must be an array, or a list, tuple or dictionary of arrays with the same "
            "number of samples each.",
            lengths=sorted(lengths),
        )
    total = lengths.pop()
    left, right = _sizes(left_size, right_size, total)
    if not shuffle:
        first, last = slice(0, left), slice(total - right, total)
        return _map(lambda array: array[first], dataset), _map(lambda array: array[last], dataset)
    order = list(range(total))
    random.Random(random.randint(0, 10**6) if seed is None else seed).shuffle(order)
    before, after = np.array(order[:left]), np.array(order[total - right :])
    return _map(lambda array: array[before], dataset), _map(lambda array: array[after], dataset)


def _arrays(dataset: Any) -> Iterator[np.ndarray[Any, Any]]:
    if isinstance(dataset, np.ndarray) and dataset.ndim:
        yield dataset
    elif isinstance(dataset, list | tuple | dict):
        for part in dataset.values() if isinstance(dataset, dict) else dataset:
            yield from _arrays(part)
    else:
        raise DataError(
            "`dataset` must be an array, or a list, tuple or dictionary of arrays.",
            dataset=type(dataset).__name__,
        )


def _map(function: Callable[[Any], Any], dataset: Any) -> Any:
    if isinstance(dataset, dict):
        return {name: _map(function, part) for name, part in dataset.items()}
    if isinstance(dataset, list):
        return [_map(function, part) for part in dataset]
    if isinstance(dataset, tuple):
        return tuple(_map(function, part) for part in dataset)
    return function(dataset)


def _sizes(left_size: Size | None, right_size: Size | None, total: int) -> tuple[int, int]:
    """Numbers of samples: fractions are rounded, halves to even as Python does."""
    given = {"left_size": left_size, "right_size": right_size}
    if left_size is None and right_size is None:
        raise ArgumentError("At least one of `left_size` and `right_size` must be given.", **given)
    left, right = (_samples(name, size, total) for name, size in given.items())
    if (
        isinstance(left_size, float)
        and isinstance(right_size, float)
        and left_size + right_size > 1
    ):
        raise ArgumentError("`left_size` and `right_size` must not exceed 1 together.", **given)
    if left is None:
        left = total - (right or 0)
    if right is None:
        right = total - left
    if left + right > total:
        raise ArgumentError(
            f"`left_size` and `right_size` must not exceed the {total} samples together.", **given
        )
    if not (left and right):
        raise ArgumentError(f"One side of {total} samples would be empty.", **given)
    return left, right


def _samples(name: str, size: Size | None, total: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, float | np.floating) and 0 < size < 1:
        return round(float(size) * total)
    if isinstance(size, int | np.integer) and not isinstance(size, bool) and 0 < size < total:
        return int(size)
    raise ArgumentError(
        f"`{name}` must be a number of samples from 1 to {total - 1}, or a fraction between 0 and "
        "1.",
        **{name: size},
    )
