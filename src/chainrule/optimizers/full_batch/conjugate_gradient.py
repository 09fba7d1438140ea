"""Nonlinear conjugate gradients: each direction keeps what the last one gained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.optimizers.full_batch.full_batch import GTOL, SelfPaced
from chainrule.optimizers.full_batch.point import Point
from chainrule.optimizers.full_batch.problem import Problem
from chainrule.optimizers.full_batch.walk import Direction, SearchWalk, Walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

FLAT = 0.1
"""c₂: conjugate directions need a more exact search than others (Nocedal & Wright, section 5.2)."""


class ConjugateGradient(SelfPaced):
    """Nonlinear conjugate gradients by Polak and Ribière (1969), with restarts.

    p ← −g′ + β p with β = max(0, g′ᵀ(g′ − g) / gᵀg) (Nocedal & Wright, 2006, eqs. 5.44 and 5.45),
    and a line search along p. It keeps two vectors only.

    Args:
        gtol: See :class:`FullBatch`.
        ftol: See :class:`FullBatch`.
        name: Shown in messages.
    """

    def __init__(self, gtol: float = GTOL, ftol: float = 0.0, name: str | None = None) -> None:
        super().__init__({}, gtol, ftol, name)

    def begin(self, problem: Problem) -> Walk:
        return SearchWalk(problem, _Conjugate(), FLAT)


class _Conjugate(Direction):
    """The direction that is conjugate to those before, where the loss is quadratic."""

    def __init__(self) -> None:
        super().__init__()
        self._last: Array | None = None  # the direction before
        self._beta, self._fall = 0.0, 0.0
        self._now: Array = np.zeros(0)

    def towards(self, point: Point) -> Array:
        self._now = -point.gradient
        if self._last is not None:
            self._now = self._now + self._beta * self._last
        return self._now

    def first_step(self, point: Point, slope: float) -> float:
        """That which would bring the latest fall once more (eq. 3.60); at first a unit's length."""
        if self._fall > 0:
            return 2.02 * self._fall / -slope
        return min(1.0, 1 / float(np.linalg.norm(point.gradient)))

    def learn(self, before: Point, after: Point) -> None:
        turn = after.gradient - before.gradient
        self._beta = max(
            0.0, float(after.gradient @ turn) / float(before.gradient @ before.gradient)
        )
        self._last, self._fall = self._now, before.loss - after.loss

    def forget(self) -> bool:
        had, self._last, self._fall = self._last is not None, None, 0.0
        return had
