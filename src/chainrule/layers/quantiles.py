"""Quantiles of data that come in batches: a short summary of each, merged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def boundaries_of(batches: Iterable[Array], bins: int, epsilon: float) -> list[float]:
    """Boundaries that cut the data into bins of equally many numbers.

    Args:
        batches: The data.
        bins: How many bins.
        epsilon: How closely, as a fraction of the data: a summary keeps 1/ε numbers.
    """
    values, weights = np.zeros(0, np.float32), np.zeros(0, np.float32)
    for batch in batches:
        own_values, own_weights = _summary(batch, epsilon)
        values = np.concatenate([own_values, values])
        weights = np.concatenate([own_weights, weights])
        order = np.argsort(values)
        values, weights = _compressed(values[order], weights[order], epsilon)
    edges, _ = _compressed(values, weights, 1 / bins)
    return [float(edge) for edge in edges[:-1]]


def _summary(batch: Array, epsilon: float) -> tuple[Array, Array]:
    """Numbers evenly spaced in the sorted data, and how many each stands for."""
    ordered = np.sort(np.asarray(batch, np.float32), axis=None)
    step = max(ordered.size / (1 / epsilon), 1.0)
    chosen = ordered[int(step - 1) :: int(step)]
    return chosen, np.full(chosen.size, step, np.float32)


def _compressed(values: Array, weights: Array, epsilon: float) -> tuple[Array, Array]:
    """At most 1/ε numbers, at evenly spaced fractions of the whole weight."""
    if values.size * epsilon < 1:
        return values, weights
    fractions = epsilon + np.arange(0.0, 1.0, epsilon)
    passed = np.cumsum(weights)
    share = passed / passed[-1]
    found = np.interp(fractions, share, values)
    reached = np.interp(fractions, share, passed)
    return found.astype(np.float32), np.diff(reached, prepend=0).astype(np.float32)
