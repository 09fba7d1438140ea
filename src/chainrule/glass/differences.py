"""Central differences: the derivative measured, to compare with the derivative derived."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

STEP = float(np.finfo(np.float64).eps ** (1 / 3))
"""Relative step that balances truncation (h²) against rounding (ε/h) in float64: 6e-6."""

KINK = 1e-3
"""Slopes to the right and to the left that differ by more than this, relative to themselves, may
have a kink between them: those of smooth functions differ by the order of the step."""

SHRINKING = 8
"""Of a smooth function the difference of the two slopes shrinks as the step does, again and again;
at a kink it stays or vanishes. So steps smaller by this factor tell a kink from a curvature."""


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
        slopes[place], fall, rise = _slopes(function, x, place, step, middle)
        if abs(rise - fall) > KINK * max(1.0, abs(rise), abs(fall)):
            smaller = (step, step / SHRINKING, step / SHRINKING**2)
            sides = [_slopes(function, x, place, step, middle)[1:] for step in smaller]
            kinks[place] = not _shrink([right - left for left, right in sides])
    return slopes, kinks


def _shrink(gaps: list[float]) -> bool:
    """Whether each is about so much smaller than the one before as its step is."""
    ratios = [before / after if after else np.inf for before, after in pairwise(gaps)]
    return all(SHRINKING / 2 < ratio < SHRINKING * 2 for ratio in ratios)


def _slopes(
    function: Callable[[Array], float], x: Array, place: Any, step: float, middle: float
) -> tuple[float, float, float]:
    """The slope over both sides of an element, and over its left and its right alone."""
    right, left = x.copy(), x.copy()
    right[place] += step
    left[place] -= step
    above, below = function(right), function(left)
    rise = float((above - middle) / (right[place] - x[place]))
    fall = float((middle - below) / (x[place] - left[place]))
    return float((above - below) / (right[place] - left[place])), fall, rise
