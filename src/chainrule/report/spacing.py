"""Things on a line that must not touch: the nearest places that keep them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def spread(wanted: Array, weights: Array, step: float) -> Array:
    """The nearest places to those wanted, in weighted squares, ``step`` apart and in order.

    Neighbours that are too near are pooled, as in isotonic regression (Ayer et al., 1955).
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    shift = step * np.arange(len(wanted))
    for value, weight in zip(wanted - shift, weights, strict=True):
        mean, total, members = float(value), float(weight), 1
        while pools and pools[-1][0] > mean:
            other, more, count = pools.pop()
            mean = (mean * total + other * more) / (total + more)
            total, members = total + more, members + count
        pools.append((mean, total, members))
    return np.repeat([mean for mean, _, _ in pools], [n for _, _, n in pools]) + shift
