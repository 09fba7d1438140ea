"""The loss of a model on all rows of some data, as a function of the weights, with its gradient.

Data are checked and made ready once; then the function is called as often as one likes. It is what
``evaluate`` measures: Dropout rests, and normalization uses its moving averages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.plan import Head, Plan, State, Update, weighting
from chainrule.engines.base import Run
from chainrule.engines.choice import Wanted, choose
from chainrule.errors import ShapeError
from chainrule.models.data import Data
from chainrule.optimizers import pipeline
from chainrule.optimizers.planning import node_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.core.graph import Graph
    from chainrule.models.second_order import SecondOrder

    Array = NDArray[Any]

ROWS = 1024
"""Rows computed at once where none are given: their activations fit the caches of most machines."""

_SUM = "grad_sum"


class EmpiricalLoss:
    """L(θ): the loss of all rows together, as if they were one batch.

    The rows are computed in parts, and parts are added up in float64, so any number of them fits.

    Args:
        plan: A compiled model's plan.
        data: Checked inputs, targets and weights.
        theta: The model's parameters; those that training does not move are taken from here, as
            they are at each call.
        engine: Which engine is wanted.
        rows: Rows computed at once.

    Attributes:
        size: P, how many parameters training moves.
        samples: N.
        parts: How many parts the rows are computed in.
        engine: ``"native"`` or ``"numpy"``.
    """

    def __init__(
        self, plan: Plan, data: Data, theta: Array, engine: Wanted = "auto", rows: int = ROWS
    ) -> None:
        assert plan.evaluate is not None  # noqa: S101  (the host compiles first)
        self.size, self.samples = plan.layout.trainable_size, data.rows
        self._theta = theta
        self._data, heads = _separable(plan, data)
        whole = any(not plan.evaluate.shapes[head.losses] for head in heads)  # one ℓ for all rows
        self._rows = data.rows if whole else min(rows, data.rows)
        self.parts = -(-data.rows // self._rows)
        self.plan = _gradient_plan(plan, plan.evaluate, heads)
        choice = choose(self.plan, engine)
        self._program, self.engine = choice.program, choice.engine

    @property
    def precision(self) -> float:
        """The relative spacing of numbers in the model's float type."""
        return float(np.finfo(self.plan.dtype).eps)

    def loss(self, theta: Any = None) -> float:
        """L(θ), in the loss's unit.

        Args:
            theta: The parameters that training moves, shape (P,), or all of them; those that the
                model has if not given.

        Raises:
            ShapeError: ``theta`` has another size.
        """
        run = self._run(theta)
        sums = self._program.evaluate(run, self._data.arrays, self._rows)
        return float(sums.mean_losses[0])

    def gradient(self, theta: Any = None) -> tuple[float, Array]:
        """L(θ) and ∂L/∂θ of the parameters that training moves: float64, shape (P,).

        Each part is computed in the model's float type.
        """
        run = self._run(theta)
        loss, gradient = 0.0, np.zeros(self.size)
        for rows in self._slices():
            run.states[_SUM][...] = 0
            order = np.arange(rows.start, rows.stop)
            sums = self._program.train(run, self._data.arrays, order, len(order), {})
            loss += float(sums.losses[0])
            gradient += run.states[_SUM] * (len(order) / self.samples)
        return loss / self.samples, gradient

    def hessian_vector(self, theta: Any, v: Any) -> Array:
        """The Hessian of L at ``theta`` times ``v``: float64, shape (P,).

        Args:
            theta: As for :meth:`loss`.
            v: A direction, shape (P,).

        Raises:
            ShapeError: ``theta`` or ``v`` has another size.
            NoCurvatureError: A rule's derivatives cannot be differentiated.
        """
        direction = np.asarray(v, np.float64)
        if direction.shape != (self.size,):
            raise ShapeError(f"`v` must have shape ({self.size},).", shape=direction.shape)
        return self._second.product(self._exact(theta), direction)

    def hessian(self, theta: Any = None) -> Array:
        """The Hessian of L at ``theta``: float64, symmetric, shape (P, P). Raises as above."""
        return self._second.hessian(self._exact(theta))

    def gauss_newton(self, theta: Any = None) -> Array:
        """The Hessian that L would have if predictions were linear in θ: shape (P, P).

        Raises:
            ArgumentError: A loss is not the mean squared error.
            NoCurvatureError: A rule's derivatives cannot be differentiated.
        """
        return self._second.gauss_newton(self._exact(theta))

    @cached_property
    def _second(self) -> SecondOrder:
        from chainrule.models.second_order import SecondOrder  # not before it must

        return SecondOrder(self.plan, self._data, self._rows)

    def _exact(self, theta: Any) -> Array:
        """All parameters in float64, rounded as the model holds them."""
        return self.whole(theta).astype(np.float64)

    def whole(self, theta: Any = None) -> Array:
        """All parameters, where ``theta`` may be only those that training moves.

        Raises:
            ShapeError: ``theta`` has another size.
        """
        found = self._theta.copy()
        if theta is None:
            return found
        given = np.asarray(theta)
        if given.shape not in ((self.size,), found.shape):
            raise ShapeError(
                f"`theta` must have the shape ({self.size},) of the parameters that training "
                f"moves, or {found.shape} of all.",
                shape=given.shape,
            )
        found[: given.size] = given
        return found

    def _run(self, theta: Any) -> Run:
        states = {_SUM: np.zeros(self.size, self.plan.dtype)}
        return Run(self.whole(theta), states, 0, 0)

    def _slices(self) -> Iterator[slice]:
        for start in range(0, self.samples, self._rows):
            yield slice(start, min(start + self._rows, self.samples))


def _gradient_plan(plan: Plan, graph: Graph, heads: tuple[Head, ...]) -> Plan:
    """A plan whose training step adds the gradient to a state vector, and moves nothing."""
    node = replace(
        node_of(pipeline.accumulate, {}),
        inputs={"grad": "grad", "accumulated": _SUM},
        outputs={"accumulated": _SUM},
    )
    moved = plan.layout.moved
    update = Update((node,), {_SUM: State(moved)}, moved)
    return replace(plan, train=graph, heads=heads, tracked=(), measurements=(), update=update)


def _separable(plan: Plan, data: Data) -> tuple[Data, tuple[Head, ...]]:
    """Data and heads such that the loss of all rows is the mean of the losses of equal parts.

    A plain mean over samples is so already. For another reduction, or where some targets do not
    count, each sample's weight takes in what its loss is divided by.
    """
    assert plan.evaluate is not None  # noqa: S101  (the host compiles first)
    arrays, heads = dict(data.arrays), []
    for head in plan.heads:
        mean = head.reduction in ("sum_over_batch_size", "mean") and head.ignored is None
        shape = plan.evaluate.shapes[head.losses]
        if not shape or mean:
            heads.append(head)
            continue
        lengths = (data.rows, *(length or 0 for length in shape[1:]))
        labels, given = arrays[head.y_true], arrays.get(head.sample_weight)
        weights, divided_by = weighting(head, lengths, labels, given, np.float64)
        arrays[head.sample_weight] = weights * (weights.size / divided_by)
        if head.ignored is not None:
            arrays[head.y_true] = np.where(labels == head.ignored, 0, labels)
        heads.append(head._replace(reduction="sum_over_batch_size", ignored=None))
    return Data(arrays, data.rows), tuple(heads)
