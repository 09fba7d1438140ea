"""Central differences: the derivative measured, to compare with the derivative derived."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

STEP = float(np.finfo(np.float64).eps ** (1 / 3))
"""Relative step that balances truncation (h²) against rounding (ε/h) in float64: 6e-6."""

KINK = 1e-3
"""A second difference larger than this, relative to the slopes, is a kink: smooth functions have
one of the order of the step."""


def central_difference(
    function: Callable[[Array], float], x: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """∂f/∂x, one element at a time.

    Args:
        function: From an array like ``x`` to a number.
        x: Where, in float64.

    Returns:
        The derivative, and where ``x`` is so near a kink that the derivative means nothing.
    """
    slopes = np.zeros(x.shape)
    kinks = np.zeros(x.shape, bool)
    middle = function(x)
    for place in np.ndindex(x.shape):
        step = STEP * max(1.0, float(np.abs(x[place])))
        right, left = x.copy(), x.copy()
        right[place] += step
        left[place] -= step
        above, below = function(right), function(left)
        rise = float((above - middle) / (right[place] - x[place]))
        fall = float((middle - below) / (x[place] - left[place]))
        slopes[place] = (above - below) / (right[place] - left[place])
        kinks[place] = abs(rise - fall) > KINK * max(1.0, abs(rise), abs(fall))
    return slopes, kinks
