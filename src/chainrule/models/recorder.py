"""The last steps of a training, kept so that they can be done again when a number is lost."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule.engines.base import Arrays, Program, Run, Sums
from chainrule.models.feeding import Stretch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

RARELY = 50
"""Weights are copied so rarely that the copies take at most this part of the time: 2 %."""
MOST = 1024
"""Calls of the engine that are kept at most, since each may hold a batch of its own."""
LOOKED_AT = 1024
"""Of the samples trained last, so many are kept at least, for who looks at a batch of them."""


class Call(NamedTuple):
    """One call of the engine.

    Attributes:
        stretch: Its batches.
        scalars: What the update needs at each of its steps.
        passes: How many passes over the data it holds.
        epoch: The first one's number, from 1.
        batch: The number of its first batch, from 1.
    """

    stretch: Stretch
    scalars: Mapping[str, Array]
    passes: int
    epoch: int
    batch: int


@dataclass
class Step:
    """One step done again.

    Attributes:
        before: Parameters and optimizer state before it.
        data: What the batch is of.
        rows: The batch's rows.
        scalars: What the update needed.
        epoch: Its epoch, from 1.
        batch: Its number in the epoch, from 1.
        number: How many steps were done since the copy, with this one.
        is_finite: Whether loss, parameters and state were finite after it.
    """

    before: Run
    data: Arrays
    rows: Array
    scalars: Mapping[str, Array]
    epoch: int
    batch: int
    number: int
    is_finite: bool

    @property
    def arrays(self) -> dict[str, Array]:
        """The batch."""
        return {name: array[self.rows] for name, array in self.data.items()}


class Recorder:
    """Copies the weights now and then, and keeps what each call since was given."""

    def __init__(self) -> None:
        self._start: Run | None = None
        self._calls: list[Call] = []
        self._recent: deque[Stretch] = deque()
        self._rows = 0
        self._due = 0.0

    def note(self, run: Run, call: Call) -> None:
        """Called before each call of the engine."""
        now = time.perf_counter()
        if self._start is None or now >= self._due or len(self._calls) >= MOST:
            self._start = copied(run, self._start)
            self._due = now + RARELY * (time.perf_counter() - now)
            self._calls.clear()
        self._calls.append(call)
        self._recent.append(call.stretch)
        self._rows += len(call.stretch.order)
        while self._rows - len(self._recent[0].order) >= LOOKED_AT:
            self._rows -= len(self._recent.popleft().order)

    def latest(self, most: int) -> dict[str, Array]:
        """Up to so many of the samples trained last, in order, however many calls had them."""
        parts: list[dict[str, Array]] = []
        for stretch in reversed(self._recent):
            rows = stretch.order[-most:]
            parts.append({name: array[rows] for name, array in stretch.data.arrays.items()})
            most -= len(rows)
            if most <= 0:
                break
        parts.reverse()
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def again(
        self, program: Program, rates: Callable[[int], Mapping[str, Array]] | None = None
    ) -> Iterator[Step]:
        """Do the steps since the copy again, on copies, one by one.

        Args:
            program: What runs them.
            rates: From the number of a step to other scalars than they had.
        """
        assert self._start is not None  # noqa: S101  (something was noted)
        run, number = copied(self._start), 0
        for call in self._calls:
            stretch = call.stretch
            each = len(stretch.order) // call.passes
            batches = math.ceil(each / stretch.batch_size)
            for at in range(batches * call.passes):
                own, within = divmod(at, batches)
                first = own * each + within * stretch.batch_size
                rows = stretch.order[first : min(first + stretch.batch_size, (own + 1) * each)]
                before = copied(run)
                scalars = (
                    rates(run.step + 1)
                    if rates
                    else {name: values[at : at + 1] for name, values in call.scalars.items()}
                )
                sums = program.train(run, stretch.data.arrays, rows, stretch.batch_size, scalars)
                number += 1
                yield Step(
                    before,
                    stretch.data.arrays,
                    rows,
                    scalars,
                    call.epoch + own,
                    call.batch + within if call.passes == 1 else within + 1,
                    number,
                    _is_finite(run, sums),
                )


def copied(run: Run, into: Run | None = None) -> Run:
    """A copy; into the memory of another where there is one, which is twice as fast."""
    if into is None or into.states.keys() != run.states.keys():
        return Run(
            run.theta.copy(), {n: s.copy() for n, s in run.states.items()}, run.step, run.seed
        )
    np.copyto(into.theta, run.theta)
    for name, state in run.states.items():
        np.copyto(into.states[name], state)
    into.step, into.seed = run.step, run.seed
    return into


def _is_finite(run: Run, sums: Sums) -> bool:
    vectors = (run.theta, *run.states.values())
    return all(bool(np.isfinite(v).all()) for v in (sums.losses, *vectors))
