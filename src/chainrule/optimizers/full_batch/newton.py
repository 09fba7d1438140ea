"""Newton's method: with the Hessian itself, or only its products with vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.optimizers.full_batch.damping import DampedWalk
from chainrule.optimizers.full_batch.full_batch import GTOL, SelfPaced
from chainrule.optimizers.full_batch.point import Move, Point, point_at
from chainrule.optimizers.full_batch.problem import Problem
from chainrule.optimizers.full_batch.walk import Direction, SearchWalk, Walk
from chainrule.optimizers.settings import positive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

FLAT = 0.9
"""c₂ of Newton's method (Nocedal & Wright, section 3.1)."""


class Newton(SelfPaced):
    """Newton's method with the exact Hessian: for networks of up to some hundreds of weights.

    A step is −B⁻¹ g, where B is the Hessian with every eigenvalue λ replaced by |λ| + μ: so it is
    positive definite, and the step descends, where the loss is not convex too (Nocedal & Wright,
    2006, section 3.4). The damping μ shrinks after a step that lowers the loss about as foretold,
    and grows until one does, as in :class:`GaussNewton`. There is no line search.

    Args:
        damping: The first μ, as a share of the largest |λ|. ``None`` for the steps of the textbook,
            θ ← θ − H⁻¹ g, whatever they lead to: that may be a saddle or a maximum, where the
            gradient is 0 too.
        gtol: See :class:`FullBatch`.
        ftol: See :class:`FullBatch`.
        name: Shown in messages.
    """

    def __init__(
        self,
        damping: float | None = 1e-6,
        gtol: float = GTOL,
        ftol: float = 0.0,
        name: str | None = None,
    ) -> None:
        share = None if damping is None else positive("damping", damping)
        super().__init__({"damping": share}, gtol, ftol, name)

    def begin(self, problem: Problem) -> Walk:
        share = self._own["damping"]
        if share is None:
            return _PureWalk(problem)
        return DampedWalk(problem, problem.hessian, share, tells_lowest=True)


class NewtonCG(SelfPaced):
    """Newton's method without the Hessian: for networks of any size.

    H p = −g is solved by conjugate gradients, which need products of H with vectors only; they
    end early far from the minimum, and where the curvature is negative (Nocedal & Wright, 2006,
    algorithm 7.1). Then follows a line search.

    Args:
        gtol: See :class:`FullBatch`.
        ftol: See :class:`FullBatch`.
        name: Shown in messages.
    """

    def __init__(self, gtol: float = GTOL, ftol: float = 0.0, name: str | None = None) -> None:
        super().__init__({}, gtol, ftol, name)

    def begin(self, problem: Problem) -> Walk:
        return SearchWalk(problem, _Solved(problem), FLAT)


class _PureWalk:
    """Full steps −H⁻¹ g, whatever they lead to."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def step(self, point: Point) -> Move:
        hessian = self._problem.hessian(point.theta)
        try:
            reached = point_at(
                self._problem, point.theta - np.linalg.solve(hessian, point.gradient)
            )
        except np.linalg.LinAlgError:
            numbers = {"step_length": 0.0, "evaluations": 0}
            return Move(None, numbers, "the Hessian has no inverse", failed=True)
        if reached.is_finite:
            return Move(reached, {"step_length": 1.0, "evaluations": 1})
        numbers = {"step_length": 0.0, "evaluations": 1}
        return Move(None, numbers, "a full step led to a loss that is no number", failed=True)


class _Solved(Direction):
    """p with H p ≈ −g, by conjugate gradients."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self._problem = problem
        self._fall, self._length = 0.0, 0.0

    def first_step(self, point: Point, slope: float) -> float:
        """A full step, but none that promises more than the latest fall (eq. 3.60).

        The first goes no farther than the weights are large: where the curvature is nearly 0, a
        full step would lead far away.
        """
        if self._fall > 0:
            return min(1.0, 2.02 * self._fall / -slope)
        return min(1.0, max(1.0, float(np.linalg.norm(point.theta))) / self._length)

    def learn(self, before: Point, after: Point) -> None:
        self._fall = before.loss - after.loss

    def towards(self, point: Point) -> Array:
        found = self._solved(point)
        self._length = float(np.linalg.norm(found))
        return found

    def _solved(self, point: Point) -> Array:
        norm = float(np.linalg.norm(point.gradient))
        enough = min(0.5, math.sqrt(norm)) * norm
        found, residual = np.zeros_like(point.gradient), point.gradient.copy()
        direction, square = -residual, norm * norm
        for products in range(1, 2 * len(found) + 2):
            turned = self._problem.hessian_vector(point.theta, direction)
            self.numbers["products"] = products
            curvature = float(direction @ turned)
            if not curvature > np.finfo(np.float64).eps * float(direction @ direction):
                return found if products > 1 else direction
            share = square / curvature
            found += share * direction
            residual += share * turned
            before, square = square, float(residual @ residual)
            if math.sqrt(square) <= enough:
                break
            direction = square / before * direction - residual
        return found
