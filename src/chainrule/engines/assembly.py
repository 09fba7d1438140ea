"""The operations, memory and sharing of a native program, put together kernel by kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Graph
from chainrule.core.plan import Plan
from chainrule.core.rule import Formula
from chainrule.core.shapes import Axes, Shape
from chainrule.engines.kernels import MATRIX, Kernel, Kernels
from chainrule.engines.narrow import is_narrow
from chainrule.engines.operations import (
    ALIGNMENT,
    Memory,
    Operation,
    Place,
    Size,
    find_meetings,
    size_of,
)
from chainrule.engines.sharing import (
    BLOCKS,
    TILE_ROWS,
    by_columns,
    class_of,
    samples_at_once,
)


class Assembly:
    """What a program is made of.

    Args:
        plan: The model.
        graph: The graph.
        kernels: The extension's table.
        batch: The most samples in a batch.

    Attributes:
        sources: Arrays that come from outside, in the order in which the program takes them.
        rows: For each, the elements of a sample.
        scalars: What comes anew at every step, in the order of the program's table.
        records: Arrays that go to outside after every batch.
        totals: Numbers that are added up.
        ones: Arrays that hold the number 1.
        states: The optimizer's vectors that it needs, in order.
        places: Where the graph's arrays lie, by name.
        tall: Kernels whose products are computed in blocks of rows.
        in_parts: Parameters whose gradients are computed for parts of a batch and added up.
        narrow: Whether samples lie side by side.
        scratch: Bytes that a thread's kernels need of its own.
        passing: Bytes of what passes from one part of a fused operation to the next.
        work: Floating-point operations of a full batch's matrix products.
    """

    def __init__(self, plan: Plan, graph: Graph, kernels: Kernels, batch: int) -> None:
        self.plan, self.graph, self.kernels, self.batch = plan, graph, kernels, batch
        self.item = np.dtype(plan.dtype).itemsize
        self.memory = Memory(batch, self.item)
        self.operations: list[Operation] = []
        self.sources: list[str] = []
        self.rows: list[int] = []
        self.scalars: list[str] = []
        self.records: list[str] = []
        self.totals: list[str] = []
        self.ones: list[int] = []
        self.states: list[str] = []
        self.places: dict[str, int] = {}
        self.tall: set[str] = set()
        self.in_parts: set[str] = set()
        trained = graph is plan.train
        self.narrow = trained and is_narrow(graph, kernels, batch, plan.layout.trainable_size)
        self.scratch = self.passing = 0
        self.work = 0.0
        offsets = plan.layout.offsets
        for slot in plan.layout:
            place = Place("parameters", 0, offsets[slot.name], 0, slot.size, self.item)
            self.places[slot.name] = self.memory.add(place)

    # ------------------------------------------------------------ one kernel

    def kernel(
        self,
        formula: Formula,
        result: str,
        arrays: Mapping[str, int],
        made: Sequence[int],
        shapes: Mapping[str, Shape],
        options: Mapping[str, Any],
        scalars: Sequence[str] = (),
        when: str | None = None,
    ) -> Operation:
        """The operation for one function of a rule.

        Args:
            formula: The rule.
            result: ``"y"``, or the input whose cotangent it gives; or a part of these, such as
                ``"strips"``.
            arrays: What the function may take, by its own names.
            made: Where its results go.
            shapes: Shapes of the rule's inputs.
            options: Options that stay the same.
            scalars: Options that come anew at every step.
            when: The scalar that switches the operation.
        """
        kernel = self.kernels.find(formula, result, options)
        self._check_sizes(formula, arrays, shapes)
        axes = formula.signature.bound(shapes)
        rows, sizes = rows_of(axes), _sizes(result, axes)
        if result in ("blocks", "sum"):
            sizes.append(BLOCKS)
        if result in ("kernel parts", "bias parts", "sum of parts"):
            own = [self.memory.places[made[0]].size.fixed] if result == "sum of parts" else sizes
            sizes = [*own, samples_at_once(self.batch) * rows.per_sample]
        names = list(formula.options)
        values = [options.get(name, default) for name, default in formula.options.items()]
        if formula.name in MATRIX:
            self._count(result, rows, axes)
        shared, extent, grain, stretch = self._sharing(kernel, result, axes, rows, made)
        return Operation(
            "kernel",
            f"{formula.name}: {result}",
            [arrays[name] for name in kernel.arguments],
            made,
            shared,
            extent,
            grain,
            stretch,
            -1 if when is None else self._scalar(when),
            more={
                "entry": kernel.place,
                "rows": tuple(rows),
                "sizes": sizes,
                "columns": kernel.sharing == "product" and shared == "own",
                "options": [float(0 if value is None else value) for value in values],
                "scalars": [(names.index(name), self._scalar(name)) for name in scalars],
            },
        )

    def _sharing(
        self, kernel: Kernel, result: str, axes: Axes, rows: Size, made: Sequence[int]
    ) -> tuple[str, Size, int, int]:
        """How an operation is shared: by what, how many there are, the least part, its elements."""
        lanes = self.kernels.vector // self.item
        if kernel.sharing == "alone":
            return "alone", Size(0, 1), 1, 1
        if kernel.sharing == "elements":
            size = self.memory.places[made[0]].size
            if size == Size(0, 1):
                return "alone", size, 1, 1
            if size.per_sample:
                return "samples", Size(1, 0), 1, size.per_sample
            return "own", size, 1024, 1
        if kernel.sharing == "rows":
            if result == "kernel":
                return "own", Size(0, axes["I"]), TILE_ROWS, 1
            return (
                ("samples", Size(1, 0), 1, rows.per_sample)
                if rows.per_sample
                else ("own", rows, 1, 1)
            )
        if kernel.sharing == "product" and not self.by_columns(axes, rows):
            return "samples", Size(1, 0), 1, rows.per_sample
        last = axes["I"] if result == "x" and "O" in axes else _sizes(result, axes)[-1]
        return "own", Size(0, last), 2 * lanes, 1

    def by_columns(self, axes: Axes, rows: Size) -> bool:
        """Whether threads share the columns of a matrix product, or its rows."""
        count = rows.of(class_of(self.batch))
        return not rows.per_sample or by_columns(axes["I"], axes["O"], count)

    def _check_sizes(
        self, formula: Formula, arrays: Mapping[str, int], shapes: Mapping[str, Shape]
    ) -> None:
        """What the kernels rely on: every array has the size that the rule's shape text says."""
        for name in formula.inputs:
            if name in arrays:
                size = self.memory.places[arrays[name]].size
                assert size == size_of(shapes[name]), (formula, name)  # noqa: S101

    def _count(self, result: str, rows: Size, axes: Axes) -> None:
        """Note the work of a matrix product and the room that it needs."""
        count, wide = rows.of(self.batch), 2 * self.kernels.vector
        if result in ("y", "blocks", "x", "kernel", "kernel parts"):
            self.work += 2.0 * count * axes["I"] * axes["O"]
        room = {"x": wide * axes["O"], "kernel": TILE_ROWS * count * self.item, "y": 24576}
        room |= {"blocks": room["y"], "kernel parts": room["kernel"]}
        self.scratch = max(self.scratch, room.get(result, 0) + ALIGNMENT)

    def _scalar(self, name: str) -> int:
        if name not in self.scalars:
            self.scalars.append(name)
        return self.scalars.index(name)

    # ------------------------------------------------------------ the program

    def _gather_in_blocks(self) -> None:
        """Where only tall kernels take what is gathered, a thread gathers what it will take."""
        for operation in self.operations:
            if operation.kind != "gather":
                continue
            takers = [o for o in self.operations if set(operation.makes) & set(o.takes)]
            if takers and all(taker.blocks for taker in takers):
                operation.more = {**operation.more, "columns": True}
                operation.extent = Size(0, self.rows[operation.more["source"]])
                operation.cut_in_blocks()

    def program(self) -> Any:
        """The extension's program."""
        self._gather_in_blocks()
        for operation in self.operations:
            if self.narrow:
                operation.shared = "alone"
            elif self.in_parts and operation.shared == "samples":
                operation.grain = samples_at_once(self.batch)
        find_meetings(self.operations, self.memory)
        update = self.plan.update
        states = [update.states[name] for name in self.states] if update is not None else []
        return self.kernels.module.Program(
            self.kernels.native,
            self.item == 4,
            self.memory.bytes,
            self.scratch + self.passing,
            self.plan.layout.size,
            [state.layout.size for state in states],
            self.rows,
            [tuple(place) for place in self.memory.places],
            [operation.data() for operation in self.operations],
            self.ones,
            [self.places[name] for name in self.records],
            len(self.totals),
            self.batch,
            len(self.scalars),
        )


def rows_of(axes: Axes) -> Size:
    """How many rows: the samples and the places in each."""
    leading = axes.get("*N", axes.get("*S", ()))
    return size_of(tuple(leading)) if leading else Size(0, 1)


def _sizes(result: str, axes: Axes) -> list[int]:
    """The lengths that a kernel is told: of the named axes in order, else of the whole array."""
    if result in ("bias", "bias parts", "narrow bias", "strips"):
        return [axes["O"]]
    named = [n for name, n in axes.items() if not name.startswith("*") and name != "1"]
    whole = axes.get("*S", ())
    return named[:3] if named else [math.prod(whole)] if None not in whole else []
