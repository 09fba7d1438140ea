"""What went wrong in the first step that lost a number, and the smallest change that avoids it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.base import Program, Run
from chainrule.glass.causes import LARGE, cause_of
from chainrule.glass.nonfinite import NonFinite, find_nonfinite
from chainrule.models.recorder import Recorder, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.glass.trace.record import Language, Notation, Trace
    from chainrule.models.model import Model

    Array = NDArray[Any]

LESS = (0.5, 0.2, 0.1, 0.01, 0.001)
"""Parts of the learning rate that are tried, the largest first."""
SECONDS = 2.0
"""Time that trying may take."""
GROWN = 1e4
"""Weights beyond this have been running away for a while."""


@dataclass(frozen=True, eq=False)
class Breakdown:
    """The first step of a training after which not all numbers were finite.

    Attributes:
        found: The first number, as the NumPy engine computes it; ``None`` if there all are
            finite: then only the native engine's rounding went beyond the edge.
        epoch: The epoch, from 1.
        batch: The batch in the epoch, from 1.
        sample: The row of the data, if the number belongs to one sample.
        cause: Why, in one sentence.
        remedy: What avoids it, in one sentence.
        arrays: The batch, by the names of the plan.
        theta: The weights before the step, as one vector.
        states: The optimizer's state before the step.
    """

    found: NonFinite | None
    epoch: int
    batch: int
    sample: int | None
    cause: str
    remedy: str
    arrays: Mapping[str, Array] = field(repr=False)
    theta: Array = field(repr=False)
    states: Mapping[str, Array] = field(repr=False)
    model: Model = field(repr=False)
    step: int = field(repr=False)

    @property
    def layer(self) -> str:
        """The layer that made the number, or ``""``."""
        return self.found.layer if self.found else ""

    @property
    def tensor(self) -> str:
        """The array that holds the number, or ``""``."""
        return self.found.array if self.found else ""

    def trace(self, *, notation: Notation = "textbook", lang: Language = "en") -> Trace:
        """Every number of the step: its batch, from the weights before it."""
        from chainrule.models.traces import trace_of

        states = {name: state.copy() for name, state in self.states.items()}
        start = Run(self.theta.copy(), states, self.step, self.model.seed or 0)
        return trace_of(self.model, start, self.arrays, notation, lang)

    def __str__(self) -> str:
        where = f"epoch {self.epoch}, batch {self.batch}"
        where += "" if self.sample is None else f", sample {self.sample}"
        if self.found is None:
            return f"{where}: {self.cause} {self.remedy}"
        index = list(self.found.index) or ""
        line = f" ({self.found.line.equation})" if self.found.line else ""
        return (
            f"{self.found.array}{index} = {self.found.value} in {where}{line}. "
            f"{self.cause} {self.remedy}"
        )


def examine(model: Model, recorder: Recorder, program: Program) -> Breakdown | None:
    """Find the step by doing the last ones again; ``None`` if now all stays finite.

    So it is where something between the steps changed weights or data, and when the number was
    lost by what is not part of a step.
    """
    broken = next((step for step in recorder.again(program) if not step.is_finite), None)
    if broken is None:
        return None
    plan, arrays = model.plan, broken.arrays
    scalars = {name: float(values[0]) for name, values in broken.scalars.items()}
    found = find_nonfinite(plan, broken.before, arrays, scalars)
    cause = (
        cause_of(found, plan.dtype) if found else "The native engine's sums went beyond the edge."
    )
    return Breakdown(
        found,
        broken.epoch,
        broken.batch,
        _sample(model, found, broken),
        cause,
        _remedy(model, recorder, program, found, broken),
        arrays,
        broken.before.theta,
        broken.before.states,
        model,
        broken.before.step,
    )


def _sample(model: Model, found: NonFinite | None, broken: Step) -> int | None:
    """The row of the data, where the array has one row per sample."""
    graph = model.plan.train
    if found is None or not found.index or graph is None:
        return None
    shape = graph.shapes.get(found.array.removeprefix("∂L/∂"), (0,))
    if not shape or shape[0] is not None:
        return None
    return int(broken.rows[found.index[0]])


def _remedy(
    model: Model, recorder: Recorder, program: Program, found: NonFinite | None, broken: Step
) -> str:
    if found and found.stage in ("input", "target"):
        return "Remove or replace such rows."
    if found and found.stage == "parameter":
        return "Begin again with finite weights."
    optimizer = model.optimizer
    assert optimizer is not None  # noqa: S101  (it was trained)
    rate = float(broken.scalars["learning_rate"][0])
    part = _enough(model, recorder, program, broken.number)
    if part is not None:
        batches = "batch stays" if broken.number == 1 else f"{broken.number} batches stay"
        return (
            f"The learning rate is too high: with {part * rate:.3g} instead of {rate:.3g} the same "
            f"{batches} finite."
        )
    inputs = [broken.data[name][broken.rows] for name in model.plan.inputs]
    largest = max(float(np.abs(x.astype(np.float64)).max(initial=0)) for x in inputs)
    if largest > LARGE and not model.plan.labels.keys() & set(model.plan.inputs):
        return (
            f"Inputs reach {largest:.3g}: scale them to about 1, as layers.Normalization and "
            "layers.Rescaling do."
        )
    if float(np.abs(broken.before.theta).max(initial=0)) > GROWN:
        return "The weights had run away before: begin again with a smaller learning rate."
    return "A smaller learning rate alone does not avoid it: look at the step with `trace()`."


def _enough(model: Model, recorder: Recorder, program: Program, steps: int) -> float | None:
    """The largest of :data:`LESS` with which so many steps stay finite."""
    optimizer = model.optimizer
    assert optimizer is not None  # noqa: S101
    until = time.monotonic() + SECONDS
    for part in LESS:
        smaller = partial(optimizer.scalars, count=1, part=part)
        for step in recorder.again(program, smaller):
            if not step.is_finite or time.monotonic() > until:
                break
            if step.number == steps:
                return part
    return None
