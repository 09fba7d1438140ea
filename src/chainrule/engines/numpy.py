"""The NumPy engine: an interpreter of the plan that one can step through in a debugger.

It is the reference that every other engine is checked against.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.plan import DIVISOR, LOSS, WEIGHT, Y_TRUE, Graph, Plan, X, divisor
from chainrule.core.rng import stream
from chainrule.engines import interpret
from chainrule.engines.base import Run, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

LOSSES = f"{LOSS}/values"
"""The array of per-sample losses."""


class NumpyEngine:
    """Runs any plan."""

    name = "numpy"

    def build(self, plan: Plan) -> NumpyProgram:
        """A program for ``plan``."""
        return NumpyProgram(plan)


class NumpyProgram:
    """A plan run node by node."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.dtype = np.dtype(plan.dtype)

    def train(
        self,
        run: Run,
        x: Array,
        y: Array,
        weight: Array | None,
        order: Array,
        batch_size: int,
        scalars: Mapping[str, Array],
    ) -> Sums:
        """See :class:`chainrule.engines.base.Program`."""
        assert self.plan.train is not None  # noqa: S101  (the host compiles first)
        sums = Sums()
        numbers = {name: steps.tolist() for name, steps in scalars.items()}
        with np.errstate(all="ignore"):
            for index, start in enumerate(range(0, len(order), batch_size)):
                rows = order[start : start + batch_size]
                batch = self._batch(self.plan.train, x[rows], y[rows], _rows(weight, rows))
                self._draw(run, batch, len(rows))
                at_step = {name: steps[index] for name, steps in numbers.items()}
                values, moved = interpret.step(self.plan, run.theta, run.states, batch, at_step)
                run.theta[self.plan.layout.trainable] = moved["theta"]
                for name, state in run.states.items():
                    state[...] = moved[name]
                run.step += 1
                self._measure(sums, self.plan.train, values)
        return sums

    def evaluate(self, run: Run, x: Array, y: Array, weight: Array | None, batch_size: int) -> Sums:
        """See :class:`chainrule.engines.base.Program`."""
        assert self.plan.evaluate is not None  # noqa: S101  (the host compiles first)
        sums = Sums()
        parameters = self.plan.layout.views(run.theta)
        with np.errstate(all="ignore"):
            for start in range(0, len(x), batch_size):
                rows = slice(start, start + batch_size)
                batch = self._batch(self.plan.evaluate, x[rows], y[rows], _rows(weight, rows))
                values = interpret.forward(self.plan.evaluate, batch | parameters)
                self._measure(sums, self.plan.evaluate, values)
        return sums

    def predict(self, run: Run, x: Array, batch_size: int) -> Array:
        """See :class:`chainrule.engines.base.Program`."""
        graph, parameters = self.plan.predict, self.plan.layout.views(run.theta)
        parts = []
        with np.errstate(all="ignore"):
            for start in range(0, max(len(x), 1), batch_size):
                batch = {X: np.asarray(x[start : start + batch_size]).astype(self.dtype)}
                parts.append(interpret.forward(graph, batch | parameters)[graph.output])
        return np.concatenate(parts)

    def _batch(self, graph: Graph, x: Array, y: Array, weight: Array | None) -> interpret.Values:
        """The arrays from outside, in the plan's float type."""
        losses = [len(x) if axis is None else axis for axis in graph.shapes[LOSSES]]
        if weight is None:
            weights = np.ones(losses, self.dtype)
        else:
            column = weight.reshape(len(x), *(1,) * (len(losses) - 1))
            weights = np.broadcast_to(column.astype(self.dtype), losses)
        return {
            X: np.asarray(x).astype(self.dtype, copy=False),
            Y_TRUE: y if self.plan.sparse_targets else y.astype(self.dtype, copy=False),
            WEIGHT: weights,
            DIVISOR: divisor(self.plan.reduction, weights),
        }

    def _draw(self, run: Run, batch: interpret.Values, samples: int) -> None:
        """The step's random inputs, from streams keyed by seed, name and step."""
        assert self.plan.train is not None  # noqa: S101
        for noise in self.plan.train.noises:
            generator = stream(
                run.seed if noise.seed is None else noise.seed, noise.stream, run.step
            )
            shape = [samples if axis is None else axis for axis in noise.shape]
            batch[noise.name] = (generator.random(shape, np.float32) < noise.keep).astype(
                self.dtype
            )

    def _measure(self, sums: Sums, graph: Graph, values: interpret.Values) -> None:
        samples = len(values[X])
        measures = {
            name: measure.sums(
                values[Y_TRUE], values[graph.output], values[WEIGHT] if weighted else None
            )
            for name, measure, weighted in self.plan.measures
        }
        sums.add(samples, float(values[LOSS]) * samples, measures)


def _rows(weight: Array | None, rows: Any) -> Array | None:
    return None if weight is None else weight[rows]
