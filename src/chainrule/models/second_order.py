"""How the gradient of a model's loss turns: the rules themselves, read over dual numbers.

All is computed in float64 by the interpreter of the NumPy engine, whatever engine trains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.dual import Dual
from chainrule.core.dual_numpy import namespace
from chainrule.core.graph import LOSS, Graph
from chainrule.core.plan import Plan
from chainrule.core.rebind import rebind
from chainrule.engines import interpret
from chainrule.engines.base import Run
from chainrule.engines.numpy import NumpyProgram
from chainrule.errors import ArgumentError, NoCurvatureError
from chainrule.models.data import Data

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

SQUARED = "mean_squared_error"
"""The loss whose Gauss-Newton matrix is known."""


class SecondOrder:
    """Second derivatives of the loss of all rows together.

    Args:
        plan: A plan whose ``train`` graph is what is differentiated.
        data: Checked rows.
        rows: Rows computed at once.
    """

    def __init__(self, plan: Plan, data: Data, rows: int) -> None:
        assert plan.train is not None  # noqa: S101  (it is compiled)
        self._plan = replace(plan, dtype="float64")
        self._graph = plan.train
        self._data, self._rows = data, rows
        self._program = NumpyProgram(self._plan)
        own = [node for node in self._graph.nodes if node.layer == LOSS]
        self._losses = replace(self._graph, nodes=tuple(own))
        network = tuple(node for node in self._graph.nodes if node.layer != LOSS)
        self._network = replace(self._graph, nodes=network)

    def product(self, theta: Array, v: Array) -> Array:
        """H v, forward over reverse.

        Args:
            theta: All parameters.
            v: A direction for those that training moves, shape (P,).

        Returns:
            Float64, shape (P,).
        """
        found = np.zeros(len(v))
        for batch, share in self._batches():
            values = {**batch, **self._parameters(theta, v)}
            with np.errstate(all="ignore"):
                interpret.forward(self._graph, values, along)
                bars = interpret.backward(self._graph, self._plan.differentiated, values, along)
            found += share * self._turned(bars)
        return found

    def hessian(self, theta: Array) -> Array:
        """H, shape (P, P): a product for each parameter."""
        size = self._plan.layout.trainable_size
        found = np.empty((size, size))
        for row, direction in enumerate(np.eye(size)):
            found[row] = self.product(theta, direction)
        return (found + found.T) / 2

    def gauss_newton(self, theta: Array) -> Array:
        """Jᵀ D J, with the predictions' derivatives J and the loss's second ones D, shape (P, P).

        What regularizers of weights add is there exactly; those of activities are left out.

        Raises:
            ArgumentError: A loss is not the mean squared error.
        """
        self._check_squares()
        size = self._plan.layout.trainable_size
        found = self._penalties(theta)
        for batch, share in self._batches():
            values = {**batch, **self._plan.layout.views(theta)}
            with np.errstate(all="ignore"):
                interpret.forward(self._network, values)
                bends = np.concatenate([bend.reshape(-1) for bend in self._bends(values)])
                jacobian = np.empty((len(bends), size))
                for place, direction in enumerate(np.eye(size)):
                    carried = {**batch, **self._parameters(theta, direction)}
                    interpret.forward(self._network, carried, along)
                    changes = [_change(carried[output]) for output in self._outputs]
                    jacobian[:, place] = np.concatenate([one.reshape(-1) for one in changes])
            found += share * (jacobian.T * bends) @ jacobian
        return found

    # ------------------------------------------------------------ parts

    @cached_property
    def _outputs(self) -> tuple[str, ...]:
        """The predictions that have a loss."""
        return tuple(dict.fromkeys(head.output for head in self._plan.heads))

    def _batches(self) -> Iterator[tuple[interpret.Values, float]]:
        """All that a step takes from outside, for each part of the rows, and the part's share."""
        run = Run(np.zeros(0), {}, 0, 0)
        for start in range(0, self._data.rows, self._rows):
            part = self._data.take(slice(start, start + self._rows))
            batch = self._program.batch(run, part.arrays, part.rows)
            yield batch, part.rows / self._data.rows

    def _parameters(self, theta: Array, v: Array) -> interpret.Values:
        """Parameters that move along ``v``; those that training does not move stay."""
        layout = self._plan.layout
        moved = np.zeros(layout.size)
        moved[: len(v)] = v
        values, changes = layout.views(theta), layout.views(moved)
        return {
            slot.name: Dual(values[slot.name], changes[slot.name])
            if slot.trainable
            else values[slot.name]
            for slot in layout
        }

    def _turned(self, bars: interpret.Values) -> Array:
        """How the gradient changes, as one vector."""
        changes = {name: _change(bar) for name, bar in bars.items()}
        return np.asarray(interpret.flat_gradient(self._plan, changes))

    def _check_squares(self) -> None:
        for head in self._plan.heads:
            maker = self._graph.maker(head.losses)
            if maker is None or maker.rule.name != SQUARED:
                name = maker.rule.name if maker else head.losses
                raise ArgumentError(
                    "GaussNewton is for losses 'mean_squared_error'. For others there are "
                    "NewtonCG, BFGS and LBFGS.",
                    loss=name,
                )

    def _bends(self, values: interpret.Values) -> list[Array]:
        """Second derivatives of the loss in each element of each prediction.

        A squared error's gradient at one element depends on that element alone, so one run with
        all of them moving gives all.
        """
        moving = dict(values)
        for output in self._outputs:
            moving[output] = Dual(values[output], np.ones_like(values[output]))
        bars = self._bars(self._losses, moving, self._outputs)
        return [_change(bars[output]) for output in self._outputs]

    def _penalties(self, theta: Array) -> Array:
        """The Hessian of what regularizers of weights add to the loss."""
        size = self._plan.layout.trainable_size
        found = np.zeros((size, size))
        weights = [slot.name for slot in self._plan.layout if slot.trainable]
        read = {array for node in self._losses.nodes for array in node.inputs.values()}
        if read.isdisjoint(weights):
            return found
        batch, _ = next(iter(self._batches()))
        values = interpret.forward(self._network, {**batch, **self._plan.layout.views(theta)})
        for row, direction in enumerate(np.eye(size)):
            moving = {**values, **self._parameters(theta, direction)}
            found[row] = self._turned(self._bars(self._losses, moving, weights))
        return (found + found.T) / 2

    def _bars(
        self, graph: Graph, values: interpret.Values, wanted: Iterable[str]
    ) -> interpret.Values:
        interpret.forward(graph, values, along)
        return interpret.backward(graph, graph.differentiated(frozenset(wanted)), values, along)


def along(node: Any, function: Any, arguments: interpret.Values) -> Any:
    """Run one function of a rule over dual numbers, if it is given any.

    Raises:
        NoCurvatureError: It does something that dual numbers cannot follow.
    """
    if not any(isinstance(value, Dual) for value in arguments.values()):
        return function(**arguments)
    try:
        return rebind(function, namespace)(**arguments)
    except TypeError as error:
        raise NoCurvatureError(
            f"Rule {node.rule.name!r} of layer {node.layer!r} has no second derivative here: in "
            f"{function.__name__}, {error}. A rule's functions may use arithmetic and functions of "
            "`np` with known derivatives."
        ) from error


def _change(x: Any) -> Array:
    """How fast an array changes; a constant does not."""
    return np.asarray(x.change if isinstance(x, Dual) else np.zeros(np.shape(x)))
