"""One iteration of the methods that damp a step until the loss falls as foretold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.optimizers.full_batch.point import Move, Point, point_at
from chainrule.optimizers.full_batch.problem import Problem
from chainrule.optimizers.full_batch.walk import AT_ROUNDING, LOST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

TRIALS = 40
"""Dampings tried for one step: each of the later ones is many times the one before."""
ENOUGH = 0.1
"""The share of the foretold fall that makes a step good (Nocedal & Wright, algorithm 4.1)."""


class DampedWalk:
    """Steps p = −(|B| + μ I)⁻¹ g, with a matrix B that stands for the curvature.

    |B| is B with the magnitudes of its eigenvalues, so that p descends. μ shrinks after a step that
    lowers the loss about as the model gᵀp + ½ pᵀ|B|p foretells, and grows until one does (Nielsen,
    1999).

    Args:
        problem: What is minimized.
        matrix: Gives B at a point, shape (P, P).
        damping: The first μ, as a share of the largest eigenvalue.
        tells_lowest: Whether the lowest eigenvalue goes to the logs.
    """

    def __init__(
        self,
        problem: Problem,
        matrix: Callable[[Array], Array],
        damping: float,
        tells_lowest: bool = False,
    ) -> None:
        self._problem, self._matrix, self._share = problem, matrix, damping
        self._tells_lowest = tells_lowest
        self._damping, self._growth = 0.0, 2.0

    def step(self, point: Point) -> Move:
        """A step that lowers the loss."""
        values, vectors = np.linalg.eigh(self._matrix(point.theta))
        sizes, slopes = np.abs(values), vectors.T @ point.gradient
        largest = float(sizes.max())
        self._damping = self._damping or self._share * (largest or 1.0)
        least = max(np.finfo(np.float64).eps * largest, float(np.finfo(np.float64).tiny))
        told = {"lowest_curvature": float(values[0])} if self._tells_lowest else {}
        promised = 0.0
        for evaluations in range(1, TRIALS + 1):
            self._damping = max(self._damping, least)
            told |= {"evaluations": evaluations, "damping": self._damping}
            along = -slopes / (sizes + self._damping)
            foretold = -float(slopes @ along + 0.5 * along @ (sizes * along))
            promised = max(promised, foretold)
            reached = point_at(self._problem, point.theta + vectors @ along)
            gain = (point.loss - reached.loss) / foretold if reached.is_finite else -1.0
            if gain >= ENOUGH:
                self._damping *= max(1 / 3, 1 - (2 * gain - 1) ** 3)
                self._growth = 2.0
                return Move(reached, told)
            self._damping *= self._growth
            self._growth *= 2
        lost = promised <= LOST * self._problem.precision * abs(point.loss)
        why = AT_ROUNDING if lost else "no damping made a step that lowers the loss"
        return Move(None, told, why, failed=not lost)
