"""One iteration of the methods that choose a direction, then a step length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from chainrule.optimizers.full_batch.line_search import LineSearch, Trial
from chainrule.optimizers.full_batch.point import Move, Point, point_at
from chainrule.optimizers.full_batch.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


LOST = 100.0
"""A fall that is promised to be less than so many relative spacings of the loss cannot be seen."""
AT_ROUNDING = "what is left to gain is lost in the rounding of the loss"


class Walk(Protocol):
    """What goes from point to point, and may remember the points before."""

    def step(self, point: Point) -> Move:
        """One iteration."""
        ...


class Direction:
    """Where to go from a point. A subclass says it, and may learn from each step.

    Attributes:
        numbers: What it tells of the latest direction, for the logs.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, float] = {}

    def towards(self, point: Point) -> Array:
        """The direction p, float64, shape (P,)."""
        return -point.gradient

    def first_step(self, point: Point, slope: float) -> float:
        """The step length to try first; ``slope`` is gᵀp."""
        return 1.0

    def learn(self, before: Point, after: Point) -> None:
        """Take in a step that was done."""

    def forget(self) -> bool:
        """Drop what was learned; whether there was anything."""
        return False


class SearchWalk:
    """A direction, then a line search along it.

    Args:
        problem: What is minimized.
        direction: Where to go.
        flat: c₂ of the line search.
    """

    def __init__(self, problem: Problem, direction: Direction, flat: float) -> None:
        self._problem, self._direction, self._flat = problem, direction, flat

    def step(self, point: Point) -> Move:
        """A step that lowers the loss.

        Where none is found, what was learned is dropped, and the steepest descent tried.
        """
        evaluations, promised = 0, math.inf
        while True:
            direction = self._direction.towards(point)
            slope = float(point.gradient @ direction)
            if slope < 0:
                promised = min(promised, -slope)
                search = self._search(point, direction, slope)
                found = search.find(self._direction.first_step(point, slope))
                evaluations += search.evaluations
                if found is not None:
                    self._direction.learn(point, found.point)
                    numbers = {"step_length": found.step, "evaluations": evaluations}
                    return Move(found.point, numbers | self._direction.numbers)
            if not self._direction.forget():
                lost = promised <= LOST * self._problem.precision * abs(point.loss)
                why = AT_ROUNDING if lost else "the line search found no step that lowers the loss"
                numbers = {"step_length": 0.0, "evaluations": evaluations}
                return Move(None, numbers | self._direction.numbers, why, failed=not lost)

    def _search(self, point: Point, direction: Array, slope: float) -> LineSearch:
        def along(step: float) -> Trial:
            reached = point_at(self._problem, point.theta + step * direction)
            return Trial(step, reached, float(reached.gradient @ direction))

        return LineSearch(along, Trial(0.0, point, slope), self._flat, self._problem.precision)
