"""Where an optimizer went: a list of points, and going down a function of two variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from chainrule import optimizers
from chainrule.errors import ArgumentError
from chainrule.glass.surfaces import SURFACES, Surface
from chainrule.optimizers import FullBatch, Function, Optimizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

FARTHEST = 1e12
"""A path that is so far away will not come back."""


class Walk(Protocol):
    """What has been somewhere: a :class:`Path`, or a callback that recorded one.

    Attributes:
        name: Shown beside it.
        points: Shape (T, P): the weights at each of T moments.
    """

    @property
    def name(self) -> str: ...
    @property
    def points(self) -> Array: ...


@dataclass(frozen=True, eq=False)
class Path:
    """Points in the order in which an optimizer came to them.

    Attributes:
        name: The optimizer's.
        points: Shape (T, P), float64; the first is where it started.
    """

    name: str
    points: Array


def descend(
    surface: str | Surface,
    optimizer: Any,
    steps: int = 100,
    start: Sequence[float] | None = None,
    name: str | None = None,
) -> Path:
    """Run an optimizer down a function of two variables.

    Args:
        surface: Its name (``"rosenbrock"``; all are in ``SURFACES``) or the function itself.
        optimizer: Name or :class:`Optimizer`; one of the whole batch too.
        steps: How many steps at most: a path that runs away to infinity ends there.
        start: (x, y); the surface's own start if not given.
        name: Of the path; the optimizer's if not given.

    Returns:
        The start and the point after each step.

    Example:
        >>> from chainrule.optimizers import SGD
        >>> path = descend("bowl", SGD(0.5), steps=2, start=(1.0, 0.0))
        >>> path.points[:, 0]
        array([1.  , 0.5 , 0.25])
    """
    found = SURFACES.find(surface) if isinstance(surface, str) else surface
    chosen = optimizers.get(optimizer)
    point = np.array(found.start if start is None else start, np.float64)
    if point.shape != (2,):
        raise ArgumentError("`start` must be (x, y).", start=start)
    points = [point.copy()]
    for reached in islice(_reached(found, chosen, point), steps):
        if not (np.abs(reached) < FARTHEST).all():
            break
        points.append(reached.copy())
    return Path(name or chosen.name, np.array(points))


def _reached(surface: Surface, optimizer: Optimizer, point: Array) -> Iterator[Array]:
    """The point after each step."""
    if isinstance(optimizer, FullBatch):
        function = Function(lambda at: (surface.loss(at), surface.gradient(at)), surface.hessian)
        yield from (found.theta for found in islice(optimizer.iterates(function, point), 1, None))
        return
    while True:
        optimizer.apply([surface.gradient(point)], [point])
        yield point
