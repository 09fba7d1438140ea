"""Arrays scaled to length 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def normalize(x: Any, axis: int = -1, order: float = 2) -> NDArray[Any]:
    """Divide vectors by their norm; those of norm 0 stay as they are.

    Args:
        x: Numbers of any shape, of one axis at least.
        axis: The axis along which the vectors lie. (Keras takes 0 for the last one.)
        order: Which norm: 2 the Euclidean, 1 the sum of magnitudes, ``np.inf`` the largest.

    Returns:
        x / ‖x‖ of the same shape (Keras gives a single vector a second axis); float32 stays
        float32, integers become float64.

    Raises:
        DataError: ``x`` does not hold numbers.
        ArgumentError: There is no such axis.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "iufb":
        raise DataError("`x` must hold real numbers.", dtype=str(array.dtype))
    if not isinstance(axis, int) or not -array.ndim <= axis < array.ndim:
        raise ArgumentError(
            f"`axis` must be one of the {array.ndim} axes of `x`.", axis=axis, shape=array.shape
        )
    norm = np.linalg.norm(array, order, axis, keepdims=True)
    return array / np.where(norm == 0, np.ones_like(norm), norm)
