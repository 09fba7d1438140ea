"""Gradient descent over all samples: with a fixed step size, or a line search."""

from __future__ import annotations

from typing import Any

from chainrule.optimizers.full_batch.full_batch import GTOL, FullBatch
from chainrule.optimizers.full_batch.point import Move, Point, point_at
from chainrule.optimizers.full_batch.problem import Problem
from chainrule.optimizers.full_batch.walk import Direction, SearchWalk, Walk
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Rate

FLAT = 0.9


class GradientDescent(FullBatch):
    """θ ← θ − α g, with the gradient g of the loss of all samples.

    Args:
        learning_rate: The step size α: a number, a schedule, or a function without arguments that
            is called at every step. With a line search, the step length that is tried first.
        line_search: Whether to look for an α that meets the strong Wolfe conditions.
        gtol: See :class:`FullBatch`.
        ftol: See :class:`FullBatch`.
        name: Shown in messages.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        line_search: bool = False,
        gtol: float = GTOL,
        ftol: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__({"line_search": bool(line_search)}, gtol, ftol, name, learning_rate)

    def begin(self, problem: Problem) -> Walk:
        if self._own["line_search"]:
            return SearchWalk(problem, _Steepest(self), FLAT)
        return _FixedWalk(problem, self)

    def get_config(self) -> dict[str, Any]:
        rate = Optimizer.get_config(self)["learning_rate"]
        return {"name": self.name, "learning_rate": rate, **self._own}

    def __repr__(self) -> str:
        return super().__repr__().replace("(", f"(learning_rate={self._learning_rate!r}, ", 1)


class _FixedWalk:
    """Steps of the learning rate's length, whatever they lead to."""

    def __init__(self, problem: Problem, optimizer: GradientDescent) -> None:
        self._problem, self._optimizer = problem, optimizer

    def step(self, point: Point) -> Move:
        rate = self._optimizer.learning_rate
        reached = point_at(self._problem, point.theta - rate * point.gradient)
        if reached.is_finite:
            return Move(reached, {"step_length": rate, "evaluations": 1})
        numbers = {"step_length": 0.0, "evaluations": 1}
        why = f"a step of the learning rate {rate:g} led to a loss that is no number"
        return Move(None, numbers, why, failed=True)


class _Steepest(Direction):
    """Downhill; the step tried first is that which would bring the latest fall once more."""

    def __init__(self, optimizer: GradientDescent) -> None:
        super().__init__()
        self._optimizer, self._fall = optimizer, 0.0

    def first_step(self, point: Point, slope: float) -> float:
        return 2.02 * self._fall / -slope if self._fall > 0 else self._optimizer.learning_rate

    def learn(self, before: Point, after: Point) -> None:
        self._fall = before.loss - after.loss
