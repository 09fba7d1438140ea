"""The native engine: whole stretches of training in one call of a C++ extension, without Python.

A plan that has a part without a kernel is refused with :class:`NoKernelError`, which says which.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.graph import LOSS, Graph
from chainrule.core.plan import Plan
from chainrule.engines.base import Arrays, Run, Sums
from chainrule.engines.kernels import Kernels
from chainrule.engines.lowering import Lowering
from chainrule.engines.sharing import USUAL, WORTH, class_of
from chainrule.engines.updating import lower_update
from chainrule.errors import MissingEngineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

TAKEN = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")
"""Types of data that are converted row by row; others are converted before."""

FEW = 64
"""Rows that a prediction is ready for at once."""


def useful_threads(work: float) -> int:
    """How many threads pay for a batch of so many floating-point operations."""
    return max(1, min(config.get_threads(), int(work / WORTH)))


@cache
def kernels() -> Kernels:
    """The extension's kernels for this machine.

    Raises:
        MissingEngineError: chainrule was installed without its extension.
    """
    try:
        from chainrule import _native
    except ImportError as error:
        raise MissingEngineError(
            "chainrule was installed without its native engine, for want of a C++ compiler, and "
            f"runs on NumPy: install a compiler and chainrule anew. ({error})"
        ) from None
    return Kernels(_native)


class NativeEngine:
    """Runs plans all of whose rules have a kernel."""

    name = "native"

    def build(self, plan: Plan) -> NativeProgram:
        """A program for ``plan``.

        Raises:
            NoKernelError: A part of the plan has no kernel.
        """
        return NativeProgram(plan, kernels())


class NativeProgram:
    """A plan as lists of operations: one for training, one for evaluation, one for prediction."""

    def __init__(self, plan: Plan, table: Kernels) -> None:
        self.plan, self.kernels = plan, table
        self.dtype = np.dtype(plan.dtype)
        self._outputs = tuple(sorted({m.output for m in plan.measurements}))
        self._totals = (LOSS, *(array for _, array in plan.tracked))
        self._lowered: dict[tuple[Any, ...], tuple[Lowering, Any]] = {}
        self._converted: dict[str, tuple[Array, Array]] = {}
        self._targets = tuple(head.y_true for head in plan.heads)
        self._lower("predict", {}, FEW)
        if plan.train is not None:  # find out now whether it can be trained
            self._lower("train", {}, USUAL)

    # ------------------------------------------------------------ what programs do

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
        assert self.plan.train is not None  # noqa: S101  (the host compiles first)
        lowering, program = self._lower("train", data, batch_size)
        samples = len(order) // passes
        steps = math.ceil(samples / batch_size) * passes
        table = np.array([scalars[name] for name in lowering.scalars], np.float64)
        table = table.reshape(len(lowering.scalars), steps)
        order = np.ascontiguousarray(order, np.int64)
        made = self._records(self.plan.train, len(order))
        totals = self._call(
            lowering, program, run, data, made, samples, batch_size, order, table, passes
        )
        run.step += steps
        return self._sums(data, made, totals, samples, order)

    def evaluate(self, run: Run, data: Arrays, batch_size: int) -> Sums:
        """See :class:`chainrule.engines.base.Program`."""
        assert self.plan.evaluate is not None  # noqa: S101  (the host compiles first)
        lowering, program = self._lower("evaluate", data, batch_size)
        samples = _samples(data)
        made = self._records(self.plan.evaluate, samples)
        totals = self._call(lowering, program, run, data, made, samples, batch_size)
        return self._sums(data, made, totals, samples, slice(None))

    def predict(self, run: Run, data: Arrays, batch_size: int) -> tuple[Array, ...]:
        """See :class:`chainrule.engines.base.Program`."""
        lowering, program = self._lower("predict", data, batch_size)
        samples, graph = _samples(data), self.plan.predict
        made = {name: self._record(graph, name, samples) for name in dict.fromkeys(graph.outputs)}
        self._call(lowering, program, run, data, made, samples, batch_size)
        return tuple(made[name] for name in graph.outputs)

    # ------------------------------------------------------------ how

    def _lower(self, mode: str, data: Arrays, batch: int) -> tuple[Lowering, Any]:
        """The operations for these data, and the extension's program of them."""
        weights = {
            head.sample_weight: math.prod(data[head.sample_weight].shape[1:])
            for head in self.plan.heads
            if head.sample_weight in data
        }
        known = mode, class_of(batch) if mode == "train" else 0, *weights.items()
        if known not in self._lowered or self._lowered[known][0].batch < batch:
            graph: Graph = getattr(self.plan, mode)
            lowering = Lowering(self.plan, graph, self.kernels, batch)
            if mode == "predict":
                lowering.read(self.plan.inputs, {})
                lowering.forward()
                lowering.results(tuple(dict.fromkeys(graph.outputs)), ())
            else:
                lowering.read((), weights)
                lowering.weigh(weights)
                lowering.read((*self.plan.inputs, *self._targets), {})
                lowering.draw()
                lowering.forward()
                if mode == "train":
                    lowering.backward()
                lowering.results(self._outputs, self._totals)
                if mode == "train":
                    lower_update(lowering)
            self._lowered[known] = lowering, lowering.program()
        return self._lowered[known]

    def _call(
        self,
        lowering: Lowering,
        program: Any,
        run: Run,
        data: Arrays,
        made: Arrays,
        samples: int,
        batch: int,
        order: Array | None = None,
        table: Array | None = None,
        passes: int = 1,
    ) -> Array:
        """Run; returns each pass's totals."""
        totals = np.zeros((passes, len(lowering.totals)))
        program.run(
            theta=run.theta,
            states=[run.states[name] for name in lowering.states],
            sources=[self._source(name, data[name]) for name in lowering.sources],
            order=order,
            samples=samples,
            batch=min(batch, max(samples, 1)),
            passes=passes,
            table=table,
            seed=run.seed,
            step=run.step,
            records=[made[name] for name in lowering.records],
            totals=totals,
            threads=useful_threads(lowering.work * min(batch, samples) / lowering.batch),
        )
        return totals

    def _source(self, name: str, array: Array) -> Array:
        """An array whose rows the extension can read: side by side, of a type that it knows.

        One that has to be converted is kept, since the next stretch brings the same.
        """
        known = array.dtype.isnative and array.dtype.str[1:] in TAKEN
        if known and array.flags.c_contiguous:
            return array
        if name not in self._converted or self._converted[name][0] is not array:
            made = np.ascontiguousarray(array, None if known else self.dtype)
            self._converted[name] = array, made
        return self._converted[name][1]

    def quick(self, theta: Array) -> Any:
        """A function that predicts a few rows without a look at what cannot have changed.

        Args:
            theta: The flat parameter vector, which is read whenever the function is called.

        Returns:
            From an array to the prediction, or to ``None`` where the array has to be looked at;
            ``None`` if the model is not one of one array.
        """
        graph = self.plan.predict
        if len(self.plan.inputs) != 1 or len(graph.outputs) != 1:
            return None
        _, program = self._lower("predict", {}, FEW)
        (x,), (y,), shapes = self.plan.inputs, graph.outputs, graph.shapes
        if x in self.plan.labels:
            return None
        return self.kernels.module.Quick(program, theta, shapes[x][1:], shapes[y][1:])

    def _records(self, graph: Graph, samples: int) -> dict[str, Array]:
        return {name: self._record(graph, name, samples) for name in self._outputs}

    def _record(self, graph: Graph, name: str, samples: int) -> Array:
        return np.empty((samples, *(n or 0 for n in graph.shapes[name][1:])), self.dtype)

    def _sums(self, data: Arrays, made: Arrays, totals: Array, samples: int, rows: Any) -> Sums:
        """Each pass's loss and metrics, from the predictions of each batch at its time."""
        sums = Sums(samples, totals[:, 0])
        for m in self.plan.measurements:
            dtype = np.int64 if m.y_true in self.plan.labels else self.dtype
            y_true = data[m.y_true][rows].astype(dtype, copy=False)
            given = data.get(m.sample_weight or "")
            weight = None if given is None else given[rows]
            found = m.measure.sums_of_passes(y_true, made[m.output], weight, len(totals))
            sums.measures[m.name] = found
        for place, (name, _) in enumerate(self.plan.tracked, start=1):
            sums.measures[name] = np.stack(
                [totals[:, place], np.full(len(totals), samples, float)], axis=1
            )
        return sums


def _samples(data: Arrays) -> int:
    return len(next(iter(data.values())))
