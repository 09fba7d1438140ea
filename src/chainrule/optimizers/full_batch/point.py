"""Where an optimizer stands, and what it tells of each iteration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.optimizers.full_batch.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True)
class Point:
    """A vector with the value and the gradient there.

    Attributes:
        theta: Float64, shape (P,).
        loss: L(θ).
        gradient: ∂L/∂θ, float64, shape (P,).
    """

    theta: Array
    loss: float
    gradient: Array

    @property
    def is_finite(self) -> bool:
        """Whether value and gradient are numbers."""
        return math.isfinite(self.loss) and bool(np.isfinite(self.gradient).all())

    @property
    def gradient_norm(self) -> float:
        """The largest magnitude of an element of the gradient."""
        return float(np.max(np.abs(self.gradient), initial=0.0))


@dataclass(frozen=True)
class Iterate(Point):
    """A point that an optimizer came to.

    Attributes:
        numbers: What the iteration was like: ``"evaluations"`` of the loss and its gradient,
            ``"step_length"``, and what else the method has.
        stopped: Why this is the last; empty if it is not.
        failed: Whether it is the last because no better point was found, though the gradient is
            not small.
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    stopped: str = ""
    failed: bool = False

    @classmethod
    def at(
        cls, point: Point, numbers: Mapping[str, float], stopped: str = "", failed: bool = False
    ) -> Iterate:
        """The iterate at ``point``."""
        return cls(point.theta, point.loss, point.gradient, numbers, stopped, failed)


@dataclass(frozen=True)
class Move:
    """What one iteration led to.

    Attributes:
        point: The new point; ``None`` if no better one was found.
        numbers: See :class:`Iterate`.
        why: Why none was found.
        failed: Whether there should have been one.
    """

    point: Point | None
    numbers: Mapping[str, float] = field(default_factory=dict)
    why: str = ""
    failed: bool = False


def point_at(problem: Problem, theta: Array) -> Point:
    """Value and gradient at ``theta``."""
    return Point(theta, *problem.gradient(theta))
