"""The NumPy engine: an interpreter of the plan that one can step through in a debugger.

It is the reference that every other engine is checked against.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.graph import LOSS, Graph
from chainrule.core.plan import Head, Plan, weighting
from chainrule.engines import interpret
from chainrule.engines.base import Arrays, Run, Sums
from chainrule.engines.noise import draw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


_KEPT = 16
"""Sizes of batches whose weights are kept: usually there are two, the last being shorter."""


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
        self._ones: dict[tuple[str, int], tuple[Array, float]] = {}

    def train(
        self,
        run: Run,
        data: Arrays,
        order: Array,
        batch_size: int,
        scalars: Mapping[str, Array],
        passes: int = 1,
    ) -> Sums:
        """See :class:`chainrule.engines.base.Program`."""
        orders = np.split(order, passes)
        steps = math.ceil(len(orders[0]) / batch_size)
        found = [
            self._pass(
                run, data, own, batch_size, {n: s[at : at + steps] for n, s in scalars.items()}
            )
            for own, at in zip(orders, range(0, passes * steps, steps), strict=True)
        ]
        names = found[0].measures
        measures = {name: np.concatenate([one.measures[name] for one in found]) for name in names}
        return Sums(found[0].samples, np.concatenate([one.losses for one in found]), measures)

    def _pass(
        self,
        run: Run,
        data: Arrays,
        order: Array,
        batch_size: int,
        scalars: Mapping[str, Array],
    ) -> Sums:
        assert self.plan.train is not None  # noqa: S101  (the host compiles first)
        sums = Sums()
        numbers = {name: steps.tolist() for name, steps in scalars.items()}
        assigned = self.plan.train.assigned
        parameters = self.plan.layout.views(run.theta) if assigned else {}
        with np.errstate(all="ignore"):
            for index, start in enumerate(range(0, len(order), batch_size)):
                rows = order[start : start + batch_size]
                batch = self.batch(run, _take(data, rows), len(rows))
                at_step = {name: steps[index] for name, steps in numbers.items()}
                values, moved = interpret.step(self.plan, run.theta, run.states, batch, at_step)
                run.theta[self.plan.layout.trainable] = moved["theta"]
                for name, state in run.states.items():
                    state[...] = moved[name]
                for name, array in assigned.items():
                    parameters[name][...] = values[array]
                run.step += 1
                sums.add(self._measured(values, len(rows)))
        return sums

    def batch(self, run: Run, part: Arrays, samples: int) -> interpret.Values:
        """All that the coming training step takes from outside: data, weights, divisors, noises.

        Args:
            run: Says which step and seed the noises are drawn for.
            part: Inputs, targets and weights of the batch, each with ``samples`` rows.
            samples: Samples in the batch.
        """
        assert self.plan.train is not None  # noqa: S101  (the host compiles first)
        batch = self._batch(self.plan.train, part, samples)
        for noise in self.plan.train.noises:
            batch[noise.name] = draw(noise, run.seed, run.step, samples, self.dtype)
        return batch

    def evaluate(self, run: Run, data: Arrays, batch_size: int) -> Sums:
        """See :class:`chainrule.engines.base.Program`."""
        graph, parameters = self.plan.evaluate, self.plan.layout.views(run.theta)
        assert graph is not None  # noqa: S101  (the host compiles first)
        sums = Sums()
        with np.errstate(all="ignore"):
            for rows in _slices(data, batch_size):
                part = _take(data, rows)
                samples = len(part[self.plan.inputs[0]])
                values = interpret.forward(graph, self._batch(graph, part, samples) | parameters)
                sums.add(self._measured(values, samples))
        return sums

    def predict(self, run: Run, data: Arrays, batch_size: int) -> tuple[Array, ...]:
        """See :class:`chainrule.engines.base.Program`."""
        parts = []
        for rows in _slices(data, batch_size):
            values = self.prediction(run, _take(data, rows))
            parts.append([values[output] for output in self.plan.predict.outputs])
        return tuple(np.concatenate(part) for part in zip(*parts, strict=True))

    def prediction(self, run: Run, part: Arrays) -> interpret.Values:
        """Every array of the prediction for some rows, by name."""
        batch = {name: self._cast(name, array) for name, array in part.items()}
        with np.errstate(all="ignore"):
            return interpret.forward(self.plan.predict, batch | self.plan.layout.views(run.theta))

    def _cast(self, name: str, array: Array) -> Array:
        """An array from outside in the plan's float type, or integers for class numbers."""
        return array.astype(np.int64 if name in self.plan.labels else self.dtype, copy=False)

    def _batch(self, graph: Graph, part: Arrays, samples: int) -> interpret.Values:
        """The arrays from outside for one batch, with the weights and divisors of its losses."""
        batch: interpret.Values = {name: self._cast(name, array) for name, array in part.items()}
        for head in self.plan.heads:
            weight, labels = part.get(head.sample_weight), batch[head.y_true]
            if weight is None and head.ignored is None:
                found = self._unweighted(graph, head, samples)
            else:
                shape = _lengths(graph, head, samples)
                found = weighting(head, shape, labels, weight, self.dtype)
            batch[head.weight], batch[head.divisor] = found
            if head.ignored is not None:
                batch[head.y_true] = np.where(labels == head.ignored, 0, labels)
        return batch

    def _unweighted(self, graph: Graph, head: Head, samples: int) -> tuple[Array, float]:
        """Weights that are all 1, kept for the next batch of as many samples: 2 of 130 µs."""
        key = head.losses, samples
        if key not in self._ones:
            if len(self._ones) > _KEPT:
                self._ones.clear()
            shape = _lengths(graph, head, samples)
            self._ones[key] = weighting(head, shape, np.zeros(0), None, self.dtype)
        return self._ones[key]

    def _measured(self, values: interpret.Values, samples: int) -> Sums:
        """The sums of one batch."""
        measures: dict[str, Array] = {}
        for m in self.plan.measurements:
            weight = values.get(m.sample_weight or "")
            sums = m.measure.sums(values[m.y_true], values[m.output], weight)
            measures[m.name] = np.asarray(sums)[None]
        for name, array in self.plan.tracked:
            measures[name] = np.array([[float(values[array]) * samples, samples]])
        return Sums(samples, np.array([float(values[LOSS]) * samples]), measures)


def _lengths(graph: Graph, head: Head, samples: int) -> tuple[int, ...]:
    """Shape of a head's losses for a batch."""
    return tuple(samples if n is None else n for n in graph.shapes[head.losses])


def _take(data: Arrays, rows: Any) -> dict[str, Array]:
    return {name: array[rows] for name, array in data.items()}


def _slices(data: Arrays, batch_size: int) -> list[slice]:
    samples = len(next(iter(data.values())))
    return [slice(at, at + batch_size) for at in range(0, max(samples, 1), batch_size)]
