"""Class numbers and one-hot rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def to_categorical(x: Any, num_classes: int | None = None) -> NDArray[Any]:
    """Class numbers as one-hot rows.

    Args:
        x: Class numbers of any shape; a last axis of length 1 is dropped.
        num_classes: Length of a row; the largest number + 1 by default.

    Returns:
        Zeros and ones of the global float type, shape ``(*x.shape, num_classes)``.

    Raises:
        DataError: A number is no integer, negative, or not below ``num_classes``.
    """
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    whole = labels.astype(np.int64)
    if not np.array_equal(whole, labels):
        raise DataError("`x` must hold integer class numbers.", x=x)
    classes = num_classes or int(whole.max(initial=-1)) + 1
    if whole.size and (whole.min() < 0 or whole.max() >= classes):
        raise DataError(
            f"Class numbers must be from 0 to {classes - 1}.",
            smallest=int(whole.min()),
            largest=int(whole.max()),
        )
    return (whole[..., None] == np.arange(classes)).astype(config.floatx())
