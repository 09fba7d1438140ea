"""What the optimizers of the whole batch share: when to stop, and their place among optimizers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from chainrule.core.layout import Layout
from chainrule.core.plan import Update
from chainrule.core.rule import UpdateRule
from chainrule.errors import ArgumentError
from chainrule.optimizers.optimizer import Constrained, Optimizer
from chainrule.optimizers.settings import Rate, not_negative

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.optimizers.full_batch.point import Iterate, Point
    from chainrule.optimizers.full_batch.problem import Problem
    from chainrule.optimizers.full_batch.walk import Walk

    Array = NDArray[Any]

GTOL = 1e-5
"""Largest magnitude in a gradient that counts as none, as in SciPy."""


class FullBatch(Optimizer):
    """Base of the optimizers that look at all samples before each step.

    One epoch of ``fit`` is one iteration. Every ``fit`` begins anew: what a method learned of the
    curvature in the last one is not kept.

    Args:
        settings: The method's own arguments by name.
        gtol: Stop where no element of the gradient is larger in magnitude.
        ftol: Stop where an iteration lowers the loss by no more than so much, times the loss if
            that is more than 1 (0 to go on).
        name: Shown in messages.
        learning_rate: The step size, of a method that has one.

    Attributes:
        stopped: Why the last ``fit`` ended before its last epoch; empty if it did not.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        gtol: float,
        ftol: float,
        name: str | None,
        learning_rate: Rate = 1.0,
    ) -> None:
        own = {
            **settings,
            "gtol": not_negative("gtol", gtol),
            "ftol": not_negative("ftol", ftol),
        }
        self._own = own
        super().__init__(learning_rate, own, name=name)
        self.stopped = ""

    # ------------------------------------------------------------ the method

    def begin(self, problem: Problem) -> Walk:
        """The method with nothing learned yet. For a subclass to write."""
        raise NotImplementedError

    def iterates(self, problem: Problem, theta: Array) -> Iterator[Iterate]:
        """Minimize a function.

        Args:
            problem: The function.
            theta: Where to begin, shape (P,).

        Yields:
            The beginning, and the point after each iteration, until one of them says why it is the
            last. If that is a failure, it is the best point of all. Only the first can have a loss
            that is no number.
        """
        from chainrule.optimizers.full_batch.point import Iterate, point_at

        start = point_at(problem, np.array(theta, np.float64))
        walk, point = self.begin(problem), start
        why = "" if start.is_finite else "the loss or its gradient is not finite at the beginning"
        failed = bool(why)
        why = why or self._converged(start)
        yield Iterate.at(start, {"evaluations": 1}, why, failed)
        best = start
        while not why:
            move = walk.step(point)
            why = move.why
            if move.point is not None:
                why = why or self._converged(move.point, point)
                point = move.point
                best = min(best, point, key=lambda one: one.loss)
            yield Iterate.at(best if move.failed else point, move.numbers, why, move.failed)

    def _converged(self, point: Point, before: Point | None = None) -> str:
        """Why to stop at a point; empty if there is no reason."""
        gtol, ftol = self._own["gtol"], self._own["ftol"]
        if point.gradient_norm <= gtol:
            return f"no element of the gradient is larger than gtol={gtol:g}"
        if before is not None and ftol:
            fall = before.loss - point.loss
            if fall <= ftol * max(abs(before.loss), abs(point.loss), 1):
                return f"the loss fell by no more than ftol={ftol:g}"
        return ""

    # ------------------------------------------------------------ among the other optimizers

    def rules(self) -> tuple[UpdateRule, ...]:
        return ()

    def update(self, layout: Layout, constraints: Mapping[str, Constrained] = {}) -> Update:
        """Nothing that an engine could do batch by batch.

        Raises:
            ArgumentError: Weights have constraints.
        """
        if constraints:
            raise ArgumentError(
                f"{type(self).__name__} cannot keep constraints of weights. Drop them, or use an "
                "optimizer of mini-batches, such as Adam.",
                constraints=list(constraints),
            )
        return Update((), {}, layout.moved)

    def apply(self, grads: Any, trainable_variables: Any = None) -> NoReturn:
        """Not possible: a step needs the loss at several points.

        Raises:
            ArgumentError: Always; says what to use instead.
        """
        raise ArgumentError(
            f"{type(self).__name__} needs the loss at several points for one step: use `fit`, or "
            "`iterates` for a function of your own."
        )

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> NoReturn:
        """Not possible, as :meth:`apply`."""
        self.apply(grads_and_vars)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, **self._own}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._own.items())
        return f"{type(self).__name__}({shown})"


class SelfPaced(FullBatch):
    """A method that finds its own step lengths."""

    @property
    def learning_rate(self) -> float:
        """1: a full step."""
        return 1.0

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> NoReturn:
        raise ArgumentError(
            f"{type(self).__name__} finds its own step lengths: it has no `learning_rate` to set.",
            learning_rate=value,
        )
