"""Gauss and Newton's method for squared losses, damped by Levenberg and Marquardt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.optimizers.full_batch.full_batch import GTOL, SelfPaced
from chainrule.optimizers.full_batch.point import Move, Point, point_at
from chainrule.optimizers.full_batch.problem import Problem
from chainrule.optimizers.full_batch.walk import AT_ROUNDING, LOST, Walk
from chainrule.optimizers.settings import positive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

TRIALS = 40
"""Dampings tried for one step: each of the later ones is many times the one before."""


class GaussNewton(SelfPaced):
    """The method of Levenberg (1944) and Marquardt (1963) for mean squared errors.

    Near a good fit the Hessian of a sum of squares is nearly G = 2 JᵀJ, with the predictions'
    derivatives J. A step solves (G + μ I) p = −g. The damping μ shrinks after a step that lowers
    the loss about as G foretells, and grows until one lowers it (Nielsen, 1999). There is no line
    search.

    Args:
        damping: The first μ, as a share of the largest element on G's diagonal.
        gtol: See :class:`FullBatch`.
        ftol: See :class:`FullBatch`.
        name: Shown in messages.
    """

    def __init__(
        self,
        damping: float = 1e-3,
        gtol: float = GTOL,
        ftol: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__({"damping": positive("damping", damping)}, gtol, ftol, name)

    def begin(self, problem: Problem) -> Walk:
        return _DampedWalk(problem, self._own["damping"])


LevenbergMarquardt = GaussNewton
"""The same optimizer by its inventors' names."""


class _DampedWalk:
    """Steps that are damped until they lower the loss."""

    def __init__(self, problem: Problem, damping: float) -> None:
        self._problem, self._share = problem, damping
        self._damping, self._growth = 0.0, 2.0

    def step(self, point: Point) -> Move:
        matrix = self._problem.gauss_newton(point.theta)
        values, vectors = np.linalg.eigh(matrix)
        values = np.maximum(values, 0.0)
        slopes = vectors.T @ point.gradient
        if not self._damping:
            self._damping = self._share * (float(np.max(np.diag(matrix))) or 1.0)
        least, promised = np.finfo(np.float64).eps * float(values[-1]), 0.0
        for evaluations in range(1, TRIALS + 1):
            self._damping = max(self._damping, least, np.finfo(np.float64).tiny)
            along = -slopes / (values + self._damping)
            foretold = -float(slopes @ along + 0.5 * along @ (values * along))
            promised = max(promised, foretold)
            reached = point_at(self._problem, point.theta + vectors @ along)
            gain = (point.loss - reached.loss) / foretold if reached.is_finite else -1.0
            if gain > 0:
                numbers = {"evaluations": evaluations, "damping": self._damping}
                self._damping *= max(1 / 3, 1 - (2 * gain - 1) ** 3)
                self._growth = 2.0
                return Move(reached, numbers)
            self._damping *= self._growth
            self._growth *= 2
        lost = promised <= LOST * self._problem.precision * abs(point.loss)
        why = AT_ROUNDING if lost else "no damping made a step that lowers the loss"
        numbers = {"evaluations": TRIALS, "damping": self._damping}
        return Move(None, numbers, why, failed=not lost)
