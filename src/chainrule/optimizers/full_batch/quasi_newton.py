"""BFGS and L-BFGS: the curvature is learned from how the gradient changes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.optimizers.full_batch.full_batch import GTOL, SelfPaced
from chainrule.optimizers.full_batch.point import Point
from chainrule.optimizers.full_batch.problem import Problem
from chainrule.optimizers.full_batch.walk import Direction, SearchWalk, Walk
from chainrule.optimizers.settings import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

FLAT = 0.9
"""c₂ of quasi-Newton methods (Nocedal & Wright, section 3.1)."""
LARGEST = 20_000
"""Parameters for which P² numbers are kept at most: 3.2 GB."""
FTOL = 2.2e-9
"""L-BFGS' least fall of the loss, as in SciPy."""


class BFGS(SelfPaced):
    """The method of Broyden, Fletcher, Goldfarb and Shanno.

    The direction is −H g, where H is learned from step to step: an approximation of the inverse
    Hessian that stays positive definite (Nocedal & Wright, 2006, eq. 6.17). At first it is the
    identity, or larger where the first step shows a flat loss (eq. 6.20). It keeps P² numbers: for
    networks of up to some thousands of weights; for larger ones there is :class:`LBFGS`.

    Args:
        gtol: See :class:`FullBatch`.
        ftol: See :class:`FullBatch`.
        name: Shown in messages.
    """

    def __init__(self, gtol: float = GTOL, ftol: float = 0.0, name: str | None = None) -> None:
        super().__init__({}, gtol, ftol, name)

    def begin(self, problem: Problem) -> Walk:
        return SearchWalk(problem, _Learned(), FLAT)


class LBFGS(SelfPaced):
    """BFGS with a short memory (Nocedal, 1980).

    H is never formed: −H g is computed from the last few steps and changes of the gradient
    (Nocedal & Wright, 2006, algorithm 7.4).

    Args:
        memory: How many steps are remembered.
        gtol: See :class:`FullBatch`.
        ftol: See :class:`FullBatch`.
        name: Shown in messages.
    """

    def __init__(
        self,
        memory: int = 10,
        gtol: float = GTOL,
        ftol: float = FTOL,
        name: str | None = None,
    ) -> None:
        super().__init__({"memory": whole("memory", memory, 1)}, gtol, ftol, name)

    def begin(self, problem: Problem) -> Walk:
        return SearchWalk(problem, _Remembered(self._own["memory"]), FLAT)


def is_useful(moved: Array, turned: Array) -> bool:
    """Whether a step s and the gradient's change y have sᵀy > 0, so that H stays definite."""
    floor = np.finfo(np.float64).eps * float(np.linalg.norm(moved) * np.linalg.norm(turned))
    return bool(moved @ turned > floor)


def unit_step(point: Point) -> float:
    """What goes a unit's length at most down the gradient: all that can be said at first."""
    return min(1.0, 1 / float(np.linalg.norm(point.gradient)))


class _Learned(Direction):
    """−H g with the whole matrix H."""

    def __init__(self) -> None:
        super().__init__()
        self._inverse: Array | None = None
        self._fall = 0.0

    def towards(self, point: Point) -> Array:
        if self._inverse is None:
            return -point.gradient
        return -(self._inverse @ point.gradient)

    def first_step(self, point: Point, slope: float) -> float:
        """A full step, but none that promises more than the latest fall (eq. 3.60)."""
        if self._inverse is None:
            return unit_step(point)
        return min(1.0, 2.02 * self._fall / -slope) if self._fall > 0 else 1.0

    def learn(self, before: Point, after: Point) -> None:
        moved, turned = after.theta - before.theta, after.gradient - before.gradient
        self._fall = before.loss - after.loss
        if not is_useful(moved, turned):
            return
        product = float(moved @ turned)
        if self._inverse is None:
            if len(moved) > LARGEST:
                raise ArgumentError(
                    f"BFGS keeps P² numbers, and is for at most {LARGEST} parameters: use LBFGS.",
                    parameters=len(moved),
                )
            self._inverse = np.eye(len(moved)) * max(1.0, product / float(turned @ turned))
        # H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ with ρ = 1 / yᵀs, multiplied out
        learned = self._inverse @ turned
        scale = (1 + float(turned @ learned) / product) / product
        cross = np.outer(learned / product, moved)
        self._inverse += scale * np.outer(moved, moved) - cross - cross.T

    def forget(self) -> bool:
        had, self._inverse = self._inverse is not None, None
        return had


class _Remembered(Direction):
    """−H g by two loops over the steps remembered."""

    def __init__(self, memory: int) -> None:
        super().__init__()
        self._pairs: deque[tuple[Array, Array]] = deque(maxlen=memory)

    def towards(self, point: Point) -> Array:
        q, shares = point.gradient.copy(), []
        for moved, turned in reversed(self._pairs):
            share = float(moved @ q) / float(moved @ turned)
            q -= share * turned
            shares.append(share)
        if self._pairs:
            moved, turned = self._pairs[-1]
            q *= float(moved @ turned) / float(turned @ turned)
        for (moved, turned), share in zip(self._pairs, reversed(shares), strict=True):
            q += moved * (share - float(turned @ q) / float(moved @ turned))
        return -q

    def first_step(self, point: Point, slope: float) -> float:
        return 1.0 if self._pairs else unit_step(point)

    def learn(self, before: Point, after: Point) -> None:
        moved, turned = after.theta - before.theta, after.gradient - before.gradient
        if is_useful(moved, turned):
            self._pairs.append((moved, turned))

    def forget(self) -> bool:
        had = bool(self._pairs)
        self._pairs.clear()
        return had
